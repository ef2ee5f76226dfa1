#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "feeds/json_rows.hpp"
#include "feeds/venue_history.hpp"

namespace tickspan::feeds {

// What the venues' history decoders share. Tokens are raw JSON values, see decode_support.hpp.

/// `{"error":[…],"result":{"<pair>":[[…],…],"last":…}}`, the envelope of Kraken: the rows of the one pair. `last` is
/// the token of that name. An error in the body is rate_limited, not_found or unavailable.
core::Status read_enveloped_rows(std::string_view body, std::string_view what, std::string& last,
                                 const RowVisitor& visit);

/// Unix seconds with up to nine decimals, exact to the nanosecond.
bool read_unix_seconds(std::string_view token, core::Timestamp& out);
/// A whole number that a cursor of ours holds; 0 when it does not.
std::uint64_t cursor_number(std::string_view cursor);

/// Candles asked for in windows of as many as a page holds, so that it does not matter from which end a venue cuts. The
/// cursor is where the next window begins, in `unit`s since 1970.
class CandleWindows {
 public:
  constexpr CandleWindows(std::int64_t candles, core::Duration unit) : candles_(candles), unit_(unit) {}

  core::Timestamp from(const HistoryQuery& query, std::string_view cursor) const;
  /// Exclusive.
  core::Timestamp end(const HistoryQuery& query, std::string_view cursor) const;
  /// Inclusive: no candle of the window begins later.
  core::Timestamp last(const HistoryQuery& query, std::string_view cursor) const;
  /// Brings the rows of this window into order and names the next, if there is one.
  void finish(const HistoryQuery& query, std::string_view cursor, HistoryPage& page) const;

 private:
  std::int64_t candles_;
  core::Duration unit_;
};

/// Adds a candle of the query's width if it begins in the query's range. Null, or what is wrong with it: prices that
/// are none or contradict each other, a negative volume, a start that is no multiple of the width.
const char* add_candle(const HistoryQuery& query, core::Timestamp start, std::string_view open, std::string_view high,
                       std::string_view low, std::string_view close, std::string_view volume, std::string_view trades,
                       HistoryPage& page);
/// `[[time in ms, open, high, low, close, volume in the base, …],…]`, the candles of one window in any order.
core::Result<HistoryPage> read_candle_rows(std::string_view body, std::string_view what, const RowPlace& place,
                                           const CandleWindows& windows, const HistoryQuery& query,
                                           std::string_view cursor);

/// What an answer held, rows outside the query's range included: where the next page goes on.
struct TradesSeen {
  std::size_t rows = 0;
  std::uint64_t oldest_id = UINT64_MAX;
  core::Timestamp oldest;  ///< not set: there was none

  void add(const HistoryTrade& trade);
};
/// The side that took the offer, by the venue's two words for it. False when it is neither.
bool read_taker_side(std::string_view text, std::string_view buy, std::string_view sell, core::Side& out);
/// Adds a trade if it lies in the query's range. Null, or what is wrong with it.
const char* add_trade(const HistoryQuery& query, HistoryTrade trade, std::string_view price, std::string_view amount,
                      HistoryPage& page);
/// Brings the rows into order and leaves repeated ones out.
void put_in_order(HistoryPage& page);

}  // namespace tickspan::feeds
