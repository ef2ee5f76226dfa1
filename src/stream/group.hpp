#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "stream/batch.hpp"
#include "wire/topic.hpp"

namespace tickspan::stream {

class Client;

/// One subscription. `rate_ms`: latest-value messages come at most that often; 0 is as they are.
struct Subscribed {
  wire::Topic topic;
  std::uint32_t rate_ms = 0;
  friend bool operator==(const Subscribed&, const Subscribed&) = default;
};

/// What a client listens to, by topic key.
using SubscriptionSet = std::vector<Subscribed>;
const Subscribed* find_subscribed(const SubscriptionSet& set, std::uint64_t key);
/// Replaces the entry of the same topic.
void add_subscribed(SubscriptionSet& set, const Subscribed& added);
bool remove_subscribed(SubscriptionSet& set, std::uint64_t key);

/// Clients with the same subscriptions. A channel knows groups, not clients: what a turn has for them is noted, and
/// gathered into one run of bytes, once for all.
///
/// A *round* is the frames of one turn that are this group's. A client remembers the last round that it had or that is
/// not for it.
/// **Threading**: the shard's thread.
class alignas(64) Group {  // what a message touches of each of its thousands of listeners is in the first line
 private:
  std::vector<std::uint32_t> frames_;
  std::uint64_t round_ = 0;
  std::size_t next_ = 0, left_ = 0;

 public:
  bool listed = false;  ///< among the shard's groups that have a round under way
  /// Whether any subscription has a rate: then its messages are picked for each client.
  const bool paced;
  const SubscriptionSet set;

  explicit Group(SubscriptionSet wanted);

  void add(Client& client);
  void remove(Client& client);
  bool empty() const { return members_.size() == left_; }
  const std::vector<Client*>& members() const { return members_; }

  /// The frame is this group's. True when it is the first one since finish(): a round begins.
  bool take(std::uint32_t index) {
    if (frames_.empty()) {
      frames_.push_back(index);
      ++round_;
      return true;
    }
    if (frames_.back() != index) frames_.push_back(index);  // an exact and a wildcard subscription may both want it
    return false;
  }
  /// take() is near: what it writes to is fetched, in two steps, the object first.
  void expect() const { __builtin_prefetch(this, 1); }
  void expect_soon() const { __builtin_prefetch(frames_.data() + frames_.size(), 1); }
  void expect_members() const {
    expect_soon();
    if (!members_.empty()) __builtin_prefetch(members_.front(), 1);
  }
  const std::vector<std::uint32_t>& frames() const { return frames_; }
  std::uint64_t round() const { return round_; }
  /// The next member that has not had this round; null when there is none.
  Client* next_waiting();
  /// Whether next_waiting() has given some of the members already, and not all.
  bool half_done() const { return next_ > 0; }
  /// The round's frames as bytes, good until the arena's reset().
  std::string_view bytes(const Batch& batch, Arena& arena);
  std::string_view deflated(Batch& batch);
  /// The round is over: nobody waits for it any more.
  void finish();

 private:
  std::vector<Client*> members_;  // null where one left during a round
  std::string deflated_;
  std::string_view bytes_;
};

/// All groups, by what they listen to.
class GroupTable {
 public:
  /// `created` tells whether it is new.
  Group& find_or_create(SubscriptionSet set, bool& created);
  void erase(Group& group);
  std::vector<std::unique_ptr<Group>> take_all();
  std::size_t size() const { return groups_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const SubscriptionSet& set) const;
    std::size_t operator()(const std::unique_ptr<Group>& group) const { return (*this)(group->set); }
  };
  struct Equal {
    using is_transparent = void;
    static const SubscriptionSet& of(const SubscriptionSet& set) { return set; }
    static const SubscriptionSet& of(const std::unique_ptr<Group>& group) { return group->set; }
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return of(a) == of(b);
    }
  };
  std::unordered_set<std::unique_ptr<Group>, Hash, Equal> groups_;
};

}  // namespace tickspan::stream
