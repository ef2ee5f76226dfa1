#include "feeds/bybit/history.hpp"

#include <fmt/format.h>

#include <algorithm>
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
    return query.kind == HistoryKind::trades ? trades(query, body) : candles(query, cursor, body);
  }

 private:
  // The newest there are, newest first; there is no asking for older ones.
  static core::Result<HistoryPage> trades(const HistoryQuery& query, std::string_view body) {
    constexpr std::array<std::string_view, 5> kKeys = {"execId", "side", "size", "price", "time"};
    HistoryPage page;
    std::size_t rows = 0;
    core::Timestamp oldest;
    const auto read = read_objects(body, "bybit recent-trade", bybit::kAnswer, kKeys, [&](auto tokens) -> const char* {
      HistoryTrade trade;
      if (!bybit::read_trade_id(token_text(tokens[0]), trade.first_id)) return "bad execId";
      trade.last_id = trade.first_id;
      if (!read_unix_ms(tokens[4], {}, trade.at)) return "bad time";
      const auto side = token_text(tokens[1]);
      if (side != "Buy" && side != "Sell") return "bad side";
      trade.side = side == "Buy" ? core::Side::buy : core::Side::sell;
      ++rows;
      if (!oldest.is_set() || trade.at < oldest) oldest = trade.at;
      return add_trade(query, trade, tokens[3], tokens[2], page);
    });
    if (!read) return tl::unexpected(read.error());
    if (rows >= kTrades && oldest >= query.from) {
      return core::fail(core::ErrorCode::too_large,
                        "bybit recent-trade: the newest " + std::to_string(rows) + " trades do not reach back so far");
    }
    put_in_order(page);
    return page;
  }

  // Newest first: time, open, high, low, close, volume in the base, turnover.
  static core::Result<HistoryPage> candles(const HistoryQuery& query, std::string_view cursor, std::string_view body) {
    HistoryPage page;
    const auto read = read_rows(body, "bybit kline", bybit::kAnswer, [&](auto tokens) -> const char* {
      core::Timestamp start;
      if (tokens.size() < 6) return "a short row";
      if (!read_unix_ms(tokens[0], {}, start)) return "bad time";
      return add_candle(query, start, tokens[1], tokens[2], tokens[3], tokens[4], tokens[5], {}, page);
    });
    if (!read) return tl::unexpected(read.error());
    kWindows.finish(query, cursor, page);
    return page;
  }

  HistoryLimits limits_;
};

}  // namespace

std::unique_ptr<VenueHistory> make_bybit_history() {
  return std::make_unique<BybitHistory>();
}

}  // namespace tickspan::feeds
