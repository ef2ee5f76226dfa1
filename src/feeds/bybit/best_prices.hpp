#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/tick.hpp"

namespace tickspan::feeds::bybit {

/// What one message says of the best prices. Tokens; empty: it says nothing of it.
struct PriceChange {
  std::string_view bid, bid_size, ask, ask_size;
  bool bid_gone = false, ask_gone = false;  ///< the side has no orders
  bool snapshot = false;                    ///< what it does not say is none, instead of unchanged

  bool says_something() const {
    return !bid.empty() || !ask.empty() || !bid_size.empty() || !ask_size.empty() || bid_gone || ask_gone;
  }
};

/// Best prices of pairs, put together from a snapshot and messages that hold only what changed. A venue sends a
/// snapshot first whenever it is subscribed to, so that nothing of an earlier connection is left.
/// **Threading**: one thread. **Limits**: 80 bytes per instrument seen.
class BestPrices {
 public:
  /// Null, or what is wrong with the message, which then changes nothing. `quote` gets instrument and prices when both
  /// sides are known.
  const char* apply(core::InstrumentId instrument, const PriceChange& change, std::optional<core::Tick::Quote>& quote);

 private:
  struct Top {
    core::Decimal bid, bid_size, ask, ask_size;  // zero: none
  };
  std::vector<Top> tops_;
};

}  // namespace tickspan::feeds::bybit
