#include "feeds/okx/history.hpp"

#include <fmt/format.h>

#include <array>

#include "feeds/decode_support.hpp"
#include "feeds/history_support.hpp"
#include "feeds/okx/answer.hpp"
#include "net/http_message.hpp"

namespace tickspan::feeds {
namespace {

constexpr std::size_t kTrades = 100;
constexpr std::int64_t kCandles = 100;
constexpr CandleWindows kWindows(kCandles, std::chrono::milliseconds(1));

class OkxHistory final : public VenueHistory {
 public:
  OkxHistory() {
    limits_.requests_per_minute = 240;  // of 600
    limits_.burst = 5;
    limits_.candles_per_page = kCandles;
  }
  const HistoryLimits& limits() const override { return limits_; }

  std::string target(const HistoryQuery& query, std::string_view cursor) const override {
    const std::string symbol = net::percent_encode(query.symbol);
    if (query.kind == HistoryKind::trades) {
      // `after` means older than: type 2 by time, type 1 by id.
      if (cursor.empty()) {
        return fmt::format("/api/v5/market/history-trades?instId={}&type=2&after={}&limit={}", symbol, query.to.ms(),
                           kTrades);
      }
      return fmt::format("/api/v5/market/history-trades?instId={}&type=1&after={}&limit={}", symbol, cursor, kTrades);
    }
    // Both bounds are exclusive.
    const core::Timestamp from = kWindows.from(query, cursor);
    const core::Timestamp end = kWindows.end(query, cursor);
    return fmt::format("/api/v5/market/history-candles?instId={}&bar={}&after={}&before={}&limit={}", symbol,
                       query.kind == HistoryKind::minutes ? "1m" : "1H", end.ms(), from.ms() - 1, kCandles);
  }

  core::Result<HistoryPage> decode(const HistoryQuery& query, std::string_view cursor,
                                   std::string_view body) const override {
    if (query.kind == HistoryKind::trades) return trades(query, cursor, body);
    return read_candle_rows(body, "okx history-candles", okx::kAnswer, kWindows, query, cursor);
  }

 private:
  // Newest first, backwards from `to`.
  static core::Result<HistoryPage> trades(const HistoryQuery& query, std::string_view cursor, std::string_view body) {
    constexpr std::array<std::string_view, 5> kKeys = {"tradeId", "side", "sz", "px", "ts"};
    HistoryPage page;
    TradesSeen seen;
    const auto read = read_objects(body, "okx history-trades", okx::kAnswer, kKeys, [&](auto tokens) -> const char* {
      HistoryTrade trade;
      if (!read_uint(token_text(tokens[0]), trade.first_id)) return "bad tradeId";
      trade.last_id = trade.first_id;
      if (!read_unix_ms(tokens[4], {}, trade.at)) return "bad ts";
      if (!read_taker_side(token_text(tokens[1]), "buy", "sell", trade.side)) return "bad side";
      seen.add(trade);
      return add_trade(query, trade, tokens[3], tokens[2], page);
    });
    if (!read) return tl::unexpected(read.error());
    if (seen.rows >= kTrades && seen.oldest >= query.from && seen.oldest_id > 1) {
      page.next = std::to_string(seen.oldest_id);
      if (page.next == cursor)
        return core::fail(core::ErrorCode::protocol_error, "okx history-trades: the cursor stands still");
    }
    put_in_order(page);
    return page;
  }

  HistoryLimits limits_;
};

}  // namespace

std::unique_ptr<VenueHistory> make_okx_history() {
  return std::make_unique<OkxHistory>();
}

}  // namespace tickspan::feeds
