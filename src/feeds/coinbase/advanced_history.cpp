#include "feeds/coinbase/advanced_history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "feeds/decode_support.hpp"
#include "feeds/history_support.hpp"
#include "net/http_message.hpp"

namespace tickspan::feeds::coinbase {
namespace {

constexpr std::size_t kTrades = 1000;
constexpr std::int64_t kCandles = 300;  // of 350

core::Timestamp seconds_of(std::string_view cursor) {
  return core::Timestamp::from_s(static_cast<std::int64_t>(cursor_number(cursor)));
}

class AdvancedHistory final : public VenueHistory {
 public:
  AdvancedHistory() {
    limits_.requests_per_minute = 180;  // of 600
    limits_.burst = 3;
    limits_.candles_per_page = kCandles;
  }
  const HistoryLimits& limits() const override { return limits_; }

  std::string target(const HistoryQuery& query, std::string_view cursor) const override {
    const std::string product = "/api/v3/brokerage/market/products/" + net::percent_encode(query.symbol);
    if (query.kind == HistoryKind::trades) {
      return fmt::format("{}/ticker?limit={}&start={}&end={}", product, kTrades, query.from.seconds(),
                         end_of(query, cursor).seconds());
    }
    const core::Timestamp from = cursor.empty() ? query.from : seconds_of(cursor);
    const core::Timestamp last = std::min(from + candle_width(query.kind) * (kCandles - 1), query.to);
    return fmt::format("{}/candles?granularity={}&start={}&end={}", product,
                       query.kind == HistoryKind::minutes ? "ONE_MINUTE" : "ONE_HOUR", from.seconds(), last.seconds());
  }

  core::Result<HistoryPage> decode(const HistoryQuery& query, std::string_view cursor,
                                   std::string_view body) const override {
    return query.kind == HistoryKind::trades ? trades(query, cursor, body) : candles(query, cursor, body);
  }

 private:
  // Whole seconds: one more, so that the last of them is asked for, too.
  static core::Timestamp end_of(const HistoryQuery& query, std::string_view cursor) {
    return cursor.empty() ? core::Timestamp::from_s(query.to.seconds() + 1) : seconds_of(cursor);
  }

  // Newest first. The oldest second of a full page may go on in the next one, which therefore begins with it; a second
  // with more trades than a page leaves ids out, which whoever asked sees.
  static core::Result<HistoryPage> trades(const HistoryQuery& query, std::string_view cursor, std::string_view body) {
    constexpr std::array<std::string_view, 1> kPath = {"trades"};
    constexpr std::array<std::string_view, 5> kKeys = {"trade_id", "side", "size", "price", "time"};
    HistoryPage page;
    TradesSeen seen;
    const RowPlace place{.path = kPath};
    const auto read = read_objects(body, "coinbase advanced trades", place, kKeys, [&](auto tokens) -> const char* {
      HistoryTrade trade;
      if (!read_uint(token_text(tokens[0]), trade.first_id)) return "bad trade_id";
      trade.last_id = trade.first_id;
      const auto time = core::parse_rfc3339(token_text(tokens[4]));
      if (!time || !plausible_time(*time, {})) return "bad time";
      trade.at = *time;
      if (!read_taker_side(token_text(tokens[1]), "SELL", "BUY", trade.side)) return "bad side";  // the maker's
      seen.add(trade);
      return add_trade(query, trade, tokens[3], tokens[2], page);
    });
    if (!read) return tl::unexpected(read.error());
    if (seen.rows >= kTrades && seen.oldest >= query.from) {
      const std::int64_t next = std::min(seen.oldest.seconds() + 1, end_of(query, cursor).seconds() - 1);
      if (next > query.from.seconds()) page.next = std::to_string(next);
    }
    put_in_order(page);
    return page;
  }

  static core::Result<HistoryPage> candles(const HistoryQuery& query, std::string_view cursor, std::string_view body) {
    constexpr std::array<std::string_view, 1> kPath = {"candles"};
    constexpr std::array<std::string_view, 6> kKeys = {"start", "open", "high", "low", "close", "volume"};
    HistoryPage page;
    const RowPlace place{.path = kPath};
    const auto read = read_objects(body, "coinbase advanced candles", place, kKeys, [&](auto tokens) -> const char* {
      core::Timestamp start;
      if (!read_unix_seconds(token_text(tokens[0]), start)) return "bad time";
      return add_candle(query, start, tokens[1], tokens[2], tokens[3], tokens[4], tokens[5], {}, page);
    });
    if (!read) return tl::unexpected(read.error());
    const core::Timestamp from = cursor.empty() ? query.from : seconds_of(cursor);
    const core::Timestamp next = from + candle_width(query.kind) * kCandles;
    if (next < query.to) page.next = std::to_string(next.seconds());
    put_in_order(page);
    return page;
  }

  HistoryLimits limits_;
};

}  // namespace

std::unique_ptr<VenueHistory> make_advanced_history() {
  return std::make_unique<AdvancedHistory>();
}

}  // namespace tickspan::feeds::coinbase
