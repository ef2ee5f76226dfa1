#include "feeds/bybit/history.hpp"

#include <fmt/format.h>

#include <array>

#include "feeds/bybit/answer.hpp"
#include "feeds/decode_support.hpp"
#include "feeds/history_support.hpp"
#include "net/http_message.hpp"

namespace tickspan::feeds {
namespace {

constexpr std::size_t kTrades = 60;
constexpr std::int64_t kCandles = 1000;
constexpr CandleWindows kWindows(kCandles, std::chrono::milliseconds(1));

class BybitHistory final : public VenueHistory {
 public:
  BybitHistory() {
    limits_.requests_per_minute = 300;  // of 7200
    limits_.burst = 5;
    limits_.trades_by_time = false;
  }
  const HistoryLimits& limits() const override { return limits_; }

  std::string target(const HistoryQuery& query, std::string_view cursor) const override {
    const std::string symbol = net::percent_encode(query.symbol);
    if (query.kind == HistoryKind::trades)
      return fmt::format("/v5/market/recent-trade?category=spot&symbol={}&limit={}", symbol, kTrades);
    // Both bounds are inclusive.
    const core::Timestamp from = kWindows.from(query, cursor);
    const core::Timestamp last = kWindows.last(query, cursor);
    return fmt::format("/v5/market/kline?category=spot&symbol={}&interval={}&start={}&end={}&limit={}", symbol,
                       query.kind == HistoryKind::minutes ? 1 : 60, from.ms(), last.ms(), kCandles);
  }

  core::Result<HistoryPage> decode(const HistoryQuery& query, std::string_view cursor,
                                   std::string_view body) const override {
    if (query.kind == HistoryKind::trades) return trades(query, body);
    return read_candle_rows(body, "bybit kline", bybit::kAnswer, kWindows, query, cursor);
  }

 private:
  // The newest there are, newest first; there is no asking for older ones.
  static core::Result<HistoryPage> trades(const HistoryQuery& query, std::string_view body) {
    constexpr std::array<std::string_view, 5> kKeys = {"execId", "side", "size", "price", "time"};
    HistoryPage page;
    TradesSeen seen;
    const auto read = read_objects(body, "bybit recent-trade", bybit::kAnswer, kKeys, [&](auto tokens) -> const char* {
      HistoryTrade trade;
      if (!bybit::read_trade_id(token_text(tokens[0]), trade.first_id)) return "bad execId";
      trade.last_id = trade.first_id;
      if (!read_unix_ms(tokens[4], {}, trade.at)) return "bad time";
      if (!read_taker_side(token_text(tokens[1]), "Buy", "Sell", trade.side)) return "bad side";
      seen.add(trade);
      return add_trade(query, trade, tokens[3], tokens[2], page);
    });
    if (!read) return tl::unexpected(read.error());
    if (seen.rows >= kTrades && seen.oldest >= query.from) {
      return core::fail(core::ErrorCode::too_large, "bybit recent-trade: the newest " + std::to_string(seen.rows) +
                                                        " trades do not reach back so far");
    }
    put_in_order(page);
    return page;
  }

  HistoryLimits limits_;
};

}  // namespace

std::unique_ptr<VenueHistory> make_bybit_history() {
  return std::make_unique<BybitHistory>();
}

}  // namespace tickspan::feeds
