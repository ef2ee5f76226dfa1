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
    core::Timestamp start, end;  ///< received between the two (ours); at least this many trades
    std::uint64_t trades = 0;
  };
  /// `grace`: how long a missing trade is waited for. `between`: least time between two reports on one pair.
  TradeSequence(core::Duration grace, core::Duration between) : grace_(grace), between_(between) {}

  void add(core::InstrumentId instrument, std::uint64_t id, core::Timestamp received_at);
  /// It was not listened to for a while: numbers begin anew. What was missing before is still told.
  void forget(core::InstrumentId instrument);
  /// Tells what did not come in time.
  void collect(core::Timestamp now, const std::function<void(const Lost&)>& tell);

 private:
  struct Range {
    std::uint64_t first = 0, last = 0;
  };
  struct Pair {
    std::uint64_t last = 0;
    core::Timestamp last_at;
    std::vector<Range> missing;
    std::uint64_t uncounted = 0;  ///< missing beyond what is told apart
    core::Timestamp since, start, end, told_at;
  };
  static void found(Pair& pair, std::uint64_t id);
  void miss(core::InstrumentId instrument, Pair& pair, std::uint64_t id, core::Timestamp received_at);

  core::Duration grace_, between_;
  std::unordered_map<core::InstrumentId, Pair> pairs_;
  std::vector<core::InstrumentId> waiting_;  ///< pairs that miss something
};

}  // namespace tickspan::feeds
