#include "feeds/okx/history.hpp"

#include <fmt/format.h>

#include <algorithm>
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
    return query.kind == HistoryKind::trades ? trades(query, cursor, body) : candles(query, cursor, body);
  }

 private:
  // Newest first, backwards from `to`.
  static core::Result<HistoryPage> trades(const HistoryQuery& query, std::string_view cursor, std::string_view body) {
    constexpr std::array<std::string_view, 5> kKeys = {"tradeId", "side", "sz", "px", "ts"};
    HistoryPage page;
    std::size_t rows = 0;
    std::uint64_t oldest_id = UINT64_MAX;
    core::Timestamp oldest;
    const auto read = read_objects(body, "okx history-trades", okx::kAnswer, kKeys, [&](auto tokens) -> const char* {
      HistoryTrade trade;
      if (!read_uint(token_text(tokens[0]), trade.first_id)) return "bad tradeId";
      trade.last_id = trade.first_id;
      if (!read_unix_ms(tokens[4], {}, trade.at)) return "bad ts";
      const auto side = token_text(tokens[1]);
      if (side != "buy" && side != "sell") return "bad side";
      trade.side = side == "buy" ? core::Side::buy : core::Side::sell;
      ++rows;
      oldest_id = std::min(oldest_id, trade.first_id);
      if (!oldest.is_set() || trade.at < oldest) oldest = trade.at;
      return add_trade(query, trade, tokens[3], tokens[2], page);
    });
    if (!read) return tl::unexpected(read.error());
    if (rows >= kTrades && oldest >= query.from && oldest_id > 1) {
      page.next = std::to_string(oldest_id);
      if (page.next == cursor)
        return core::fail(core::ErrorCode::protocol_error, "okx history-trades: the cursor stands still");
    }
    put_in_order(page);
    return page;
  }

  // Newest first: time, open, high, low, close, volume in the base.
  static core::Result<HistoryPage> candles(const HistoryQuery& query, std::string_view cursor, std::string_view body) {
    HistoryPage page;
    const auto read = read_rows(body, "okx history-candles", okx::kAnswer, [&](auto tokens) -> const char* {
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

std::unique_ptr<VenueHistory> make_okx_history() {
  return std::make_unique<OkxHistory>();
}

}  // namespace tickspan::feeds
