#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/candle.hpp"
#include "core/result.hpp"
#include "core/tick.hpp"

namespace tickspan::feeds {

enum class HistoryKind : std::uint8_t { trades, minutes, hours };

/// What happened on one pair of a venue in [from, to). Candles: those that begin in it.
struct HistoryQuery {
  HistoryKind kind = HistoryKind::trades;
  std::string symbol;  ///< as in the venue's list of pairs
  core::Timestamp from, to;
  bool may_wait = false;  ///< it is asked after all that may not
};

/// A trade of the past, or several that the venue reports as one: the fills of one order at one price.
struct HistoryTrade {
  core::Timestamp at;
  core::Decimal price, amount;
  std::uint64_t first_id = 0, last_id = 0;  ///< equal for a single trade
  core::Side side = core::Side::unknown;
};

/// One answer. Rows outside the query's range are left out, the others ascend by time (and id).
struct HistoryPage {
  std::vector<HistoryTrade> trades;
  std::vector<core::Candle> candles;  ///< not `final`: the caller knows the time. Without a count of trades: 0
  std::string next;                   ///< where to go on; empty: this was the last page
};

struct HistoryLimits {
  double requests_per_minute = 60;  ///< well below what the venue allows an address: others may share it
  double burst = 1;
  double weight_per_minute = 0;    ///< what X-MBX-USED-WEIGHT-1M counts up to; 0: not told
  std::size_t newest_candles = 0;  ///< the venue has only so many candles up to now; 0: all
  std::size_t candles_per_page = 1000;
  bool trades_by_time = true;  ///< false: pages of trades go back from now, so that the distant past is far
};

/// How one venue is asked for its past, without any I/O.
/// **Threading**: const and stateless, any thread.
class VenueHistory {
 public:
  virtual ~VenueHistory() = default;
  virtual const HistoryLimits& limits() const = 0;
  /// As VenueProtocol::dialect(). Cursors of one dialect mean nothing in another.
  virtual const VenueHistory& dialect(std::string_view /*name*/) const { return *this; }
  /// REST path and query of the page at `cursor`: empty for the first, then HistoryPage::next.
  virtual std::string target(const HistoryQuery& query, std::string_view cursor) const = 0;
  /// Decodes the answer to target(query, cursor). rate_limited, not_found and unavailable where the venue says so in
  /// the body; parse_error for what is not its protocol.
  virtual core::Result<HistoryPage> decode(const HistoryQuery& query, std::string_view cursor,
                                           std::string_view body) const = 0;
};

/// A venue's past, asked for in the background.
/// **Threading**: one loop; `done` runs there, later, exactly once, unless the source is gone before.
class HistorySource {
 public:
  using Done = std::function<void(core::Result<HistoryPage>)>;
  virtual ~HistorySource() = default;
  virtual const HistoryLimits& limits() const = 0;
  /// All pages of the query as one, in order. An error stands for the whole: retryable when it may work another time.
  virtual void fetch(HistoryQuery query, Done done) = 0;
};

/// The length of the candles asked for; a minute for trades.
core::Duration candle_width(HistoryKind kind);

}  // namespace tickspan::feeds
