#include "feeds/coinbase/history.hpp"

#include <fmt/format.h>

#include <array>

#include "feeds/coinbase/advanced_history.hpp"
#include "feeds/decode_support.hpp"
#include "feeds/history_support.hpp"
#include "net/http_message.hpp"

namespace tickspan::feeds {
namespace {

constexpr std::size_t kTrades = 1000;
constexpr std::int64_t kCandles = 300;
constexpr CandleWindows kWindows(kCandles, std::chrono::seconds(1));

class CoinbaseHistory final : public VenueHistory {
 public:
  CoinbaseHistory() {
    limits_.requests_per_minute = 180;  // of 600
    limits_.burst = 3;
    limits_.trades_by_time = false;
    limits_.candles_per_page = kCandles;
  }
  const HistoryLimits& limits() const override { return limits_; }
  const VenueHistory& dialect(std::string_view name) const override {
    if (name == "advanced") return *advanced_;
    return *this;
  }

  std::string target(const HistoryQuery& query, std::string_view cursor) const override {
    const std::string product = "/products/" + net::percent_encode(query.symbol);
    if (query.kind == HistoryKind::trades) {
      return fmt::format("{}/trades?limit={}{}{}", product, kTrades, cursor.empty() ? "" : "&after=", cursor);
    }
    const core::Timestamp from = kWindows.from(query, cursor);
    const core::Timestamp last = kWindows.last(query, cursor);
    return fmt::format("{}/candles?granularity={}&start={}&end={}", product,
                       query.kind == HistoryKind::minutes ? 60 : 3600, from.seconds(), last.seconds());
  }

  core::Result<HistoryPage> decode(const HistoryQuery& query, std::string_view cursor,
                                   std::string_view body) const override {
    return query.kind == HistoryKind::trades ? trades(query, body) : candles(query, cursor, body);
  }

 private:
  // Newest first, and only from the newest backwards: there is no asking by time.
  static core::Result<HistoryPage> trades(const HistoryQuery& query, std::string_view body) {
    constexpr std::array<std::string_view, 5> kKeys = {"trade_id", "side", "size", "price", "time"};
    HistoryPage page;
    TradesSeen seen;
    const auto read = read_objects(body, "coinbase trades", kKeys, [&](auto tokens) -> const char* {
      HistoryTrade trade;
      if (!read_uint(tokens[0], trade.first_id)) return "bad trade_id";
      trade.last_id = trade.first_id;
      const auto time = core::parse_rfc3339(token_text(tokens[4]));
      if (!time || !plausible_time(*time, {})) return "bad time";
      trade.at = *time;
      // The maker's, who was there before.
      if (!read_taker_side(token_text(tokens[1]), "sell", "buy", trade.side)) return "bad side";
      seen.add(trade);
      return add_trade(query, trade, tokens[3], tokens[2], page);
    });
    if (!read) return tl::unexpected(read.error());
    if (seen.rows >= kTrades && seen.oldest >= query.from && seen.oldest_id > 1)
      page.next = std::to_string(seen.oldest_id);
    put_in_order(page);
    return page;
  }

  // Newest first; a minute without trades is left out.
  static core::Result<HistoryPage> candles(const HistoryQuery& query, std::string_view cursor, std::string_view body) {
    HistoryPage page;
    const auto read = read_rows(body, "coinbase candles", [&](auto tokens) -> const char* {
      core::Timestamp start;
      if (tokens.size() < 6) return "a short row";
      if (!read_unix_seconds(tokens[0], start)) return "bad time";
      return add_candle(query, start, tokens[3], tokens[2], tokens[1], tokens[4], tokens[5], {}, page);
    });
    if (!read) return tl::unexpected(read.error());
    kWindows.finish(query, cursor, page);
    return page;
  }

  HistoryLimits limits_;
  std::unique_ptr<VenueHistory> advanced_ = coinbase::make_advanced_history();
};

}  // namespace

std::unique_ptr<VenueHistory> make_coinbase_history() {
  return std::make_unique<CoinbaseHistory>();
}

}  // namespace tickspan::feeds
