#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "model_engine.hpp"
#include "model_socket.hpp"

namespace tickspan::stream::model {

/// What the protocol forbids has happened.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// All lives of the engine so far, and what of the surroundings a client's model must know.
struct Book {
  std::vector<std::unique_ptr<Pipeline>> pipelines;  ///< the last one is served
  bool gaps_possible = false;                        ///< inboxes are small enough to overflow
  bool catches_up = false;                           ///< what an inbox loses is in the history still
  bool history_ample = false;                        ///< nothing published is ever forgotten, no channel ever paused
  bool slow_possible = false;                        ///< max_queued_bytes can be reached
  bool starting_possible = false;                    ///< there was a time without a market
  std::size_t newest() const { return pipelines.size() - 1; }
};

struct Place {
  std::string epoch;
  std::uint64_t seq = 0;
};
/// What a client keeps from one connection to the next: its place in each lossless channel.
using Memory = std::map<std::string, Place>;

/// One connection and the model of what it may receive; whatever differs from it throws a Violation.
class ModelClient {
 public:
  ModelClient(const Book& book, Memory& memory, std::string name, std::uint16_t port, int receive_buffer);

  struct Asked {
    std::string channel;         ///< canonical
    std::string spelling;        ///< as it is sent
    std::optional<Place> since;  ///< lossless channels only
    bool since_is_true = false;  ///< it is what was really received
  };
  void subscribe(const std::vector<Asked>& asked, std::uint32_t max_rate_ms);
  void unsubscribe(const std::vector<Asked>& asked);
  void ping();
  void say_goodbye();
  void cut() { socket_.cut(); }
  /// Takes what is there. True when something was.
  bool pump(std::size_t max_bytes = std::size_t{1} << 30);
  /// The server has been told to end: from here on it may.
  void expect_end(bool strictly) {
    end_expected_ = true;
    end_strict_ = strictly;
  }

  bool closed() const { return socket_.closed().has_value(); }
  bool greeted() const { return greeted_; }
  int descriptor() const { return socket_.descriptor(); }
  bool stalled = false;  ///< the schedule doesn't read it for now
  bool ever_slow = false;
  /// Nothing is missing: empty; else what is.
  std::string missing() const;
  bool answered() const { return requests_.empty(); }
  std::vector<std::string> channels() const;
  const std::string& name() const { return name_; }
  std::string trace() const;

 private:
  struct Request {
    std::uint64_t id = 0;
    std::string method;
    std::vector<Asked> asked;
    std::uint32_t rate_ms = 0;
    std::size_t pipeline = 0;  ///< served when it was sent
    std::chrono::steady_clock::time_point at;
  };
  struct Subscription {
    bool awaiting = true;              ///< a snapshot must come before anything else
    std::optional<std::size_t> epoch;  ///< index into the book's pipelines
    std::uint64_t last = 0;
    std::optional<std::uint64_t> unforgotten;  ///< it should have been recovered from here, in the newest epoch
    bool fresh = false;                        ///< no update since the snapshot
    std::optional<std::uint64_t> gap_until;    ///< the snapshot awaited has this number
    std::uint32_t rate_ms = 0;
    std::chrono::steady_clock::time_point since;
    std::uint64_t updates = 0, allowance = 2;
  };
  struct Floor {
    std::size_t epoch = 0;
    std::uint64_t seq = 0;
  };
  struct Push;

  void send(Request request, const std::string& text);
  void on_text(std::string_view text);
  void on_push(const Push& push);
  void on_answer(std::string_view text);
  void on_subscribed(const Request& request, const Asked& asked, bool recovered);
  void on_status(const Push& push);
  void on_gap(const Push& push);
  void on_snapshot(const Push& push);
  void on_lossless_snapshot(const Push& push, Subscription& subscription);
  void on_latest_snapshot(const Push& push, Subscription& subscription);
  void on_lossless_update(const Push& push);
  void on_latest_update(const Push& push);
  void check_recent(const Push& push, const Pipeline::Lossless& truth) const;
  void check_rate(const std::string& channel, Subscription& subscription) const;
  void check_row(const Push& push, const std::string& asset, double price) const;
  void raise_floor(const std::string& channel, std::size_t epoch, std::uint64_t seq, bool strictly);
  Subscription& subscription_of(const std::string& channel);
  std::size_t epoch_index(const std::string& epoch) const;
  const Pipeline& pipeline(std::size_t index) const { return *book_.pipelines[index]; }
  bool unknown_asset_possible(const Request& request, const std::string& channel) const;
  void check_close();
  void note(std::string_view what, std::string_view text) const;
  [[noreturn]] void violation(const std::string& what) const;

  const Book& book_;
  Memory& memory_;
  const std::string name_;
  ModelSocket socket_;
  bool greeted_ = false, end_expected_ = false, end_strict_ = false, polite_ = false, saw_wildcard_ = false;
  std::uint64_t next_id_ = 1;
  std::deque<Request> requests_;
  std::map<std::string, Subscription> subscriptions_;
  std::map<std::string, Floor> floors_;
  mutable std::deque<std::string> trace_;
};

bool is_lossless(std::string_view channel);
bool is_wildcard(std::string_view channel);

}  // namespace tickspan::stream::model
