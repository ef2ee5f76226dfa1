#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "core/tick.hpp"

namespace tickspan::feeds {

/// Watches the trade ids of a venue that numbers the trades of a pair one by one: a number that is left out is a trade
/// that did not come. What comes late or twice is no loss: a missing one is waited for.
/// **Threading**: one thread. **Limits**: sixteen holes a pair between two reports are told apart, more are added up; a
/// jump of more than a million numbers, either way, is a new numbering.
class TradeSequence {
 public:
  struct Lost {
    core::InstrumentId instrument;
    core::Timestamp start, end;  ///< between the trade before, as it happened, and the receipt of the one after
    std::uint64_t trades = 0;    ///< at least so many
  };
  struct Options {
    core::Duration grace = std::chrono::seconds(2);     ///< how long a missing trade is waited for
    core::Duration between = std::chrono::seconds(30);  ///< least time between two reports on one pair
    bool prove = false;  ///< numbers are believed once they were seen to follow one another, and while they mostly do
  };
  explicit TradeSequence(const Options& options) : options_(options) {}

  void add(const core::Tick& trade);
  /// The pair was not listened to in [from, to), which is told as a hole anyhow. What its numbers leave out over it is
  /// told besides where it may not lie in it: the pair had been silent for long against its own rate, or other things
  /// were lost at the time.
  void interrupt(core::InstrumentId instrument, core::Timestamp from, core::Timestamp to);
  /// This trade, made `at`, is the last one known of before the first that was, or will be, heard.
  void know(core::InstrumentId instrument, std::uint64_t id, core::Timestamp at);
  /// Something that has no number was lost.
  void distrust(core::Timestamp at) { distrusted_ = at; }
  /// Tells what did not come in time.
  void collect(core::Timestamp now, const std::function<void(const Lost&)>& tell);

 private:
  struct Range {
    std::uint64_t first = 0, last = 0;
  };
  /// How many trades there were in a time that was listened to.
  struct Rate {
    core::Duration time{};
    std::uint64_t trades = 0;
  };
  struct Pair {
    std::uint64_t first = 0, last = 0;  ///< heard
    core::Timestamp first_at;
    core::Timestamp last_at, happened;   ///< of that number: received, and by the venue if that is earlier
    core::Timestamp away_from, away_to;  ///< not listened to since that number
    Rate rate, rate_before;
    std::vector<Range> missing;
    std::uint64_t uncounted = 0;  ///< missing beyond what is told apart
    core::Timestamp since, start, end, told_at;
  };
  static void found(Pair& pair, Range came);
  static void learn(Pair& pair, std::uint64_t last, core::Timestamp at);
  void jump(core::InstrumentId instrument, Pair& pair, Range left_out, const core::Tick& next);
  void miss(core::InstrumentId instrument, Pair& pair, Range left_out, core::Timestamp from, core::Timestamp to);
  bool may_lie_outside(const Pair& pair, core::Timestamp at) const;
  bool believed() const;

  Options options_;
  std::unordered_map<core::InstrumentId, Pair> pairs_;
  std::vector<core::InstrumentId> waiting_;  ///< pairs that miss something
  core::Timestamp distrusted_;               ///< when something was lost last, of any pair
  std::uint64_t followed_ = 0, broken_ = 0;
};

}  // namespace tickspan::feeds
