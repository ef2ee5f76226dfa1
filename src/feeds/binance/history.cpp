#include "feeds/binance/history.hpp"

#include <fmt/format.h>

#include <array>

#include "feeds/decode_support.hpp"
#include "feeds/history_support.hpp"
#include "net/http_message.hpp"

namespace tickspan::feeds {
namespace {

constexpr std::size_t kRows = 1000;

class BinanceHistory final : public VenueHistory {
 public:
  BinanceHistory(double requests_per_minute, double burst, double weight_per_minute) {
    limits_.requests_per_minute = requests_per_minute;
    limits_.burst = burst;
    limits_.weight_per_minute = weight_per_minute;
  }
  const HistoryLimits& limits() const override { return limits_; }

  std::string target(const HistoryQuery& query, std::string_view cursor) const override {
    const std::string symbol = net::percent_encode(query.symbol);
    if (query.kind == HistoryKind::trades) {
      if (!cursor.empty()) return fmt::format("/api/v3/aggTrades?symbol={}&fromId={}&limit={}", symbol, cursor, kRows);
      return fmt::format("/api/v3/aggTrades?symbol={}&startTime={}&endTime={}&limit={}", symbol, query.from.ms(),
                         query.to.ms(), kRows);
    }
    const std::int64_t from = cursor.empty() ? query.from.ms() : static_cast<std::int64_t>(cursor_number(cursor));
    return fmt::format("/api/v3/klines?symbol={}&interval={}&startTime={}&endTime={}&limit={}", symbol,
                       query.kind == HistoryKind::minutes ? "1m" : "1h", from, query.to.ms() - 1, kRows);
  }

  core::Result<HistoryPage> decode(const HistoryQuery& query, std::string_view /*cursor*/,
                                   std::string_view body) const override {
    return query.kind == HistoryKind::trades ? trades(query, body) : candles(query, body);
  }

 private:
  static core::Result<HistoryPage> trades(const HistoryQuery& query, std::string_view body) {
    constexpr std::array<std::string_view, 7> kKeys = {"a", "p", "q", "f", "l", "T", "m"};
    HistoryPage page;
    std::size_t rows = 0;
    std::uint64_t last_id = 0;
    core::Timestamp newest;
    const auto read = read_objects(body, "binance aggTrades", kKeys, [&](auto tokens) -> const char* {
      HistoryTrade trade;
      std::uint64_t id = 0;
      if (!read_uint(tokens[0], id) || !read_uint(tokens[3], trade.first_id) || !read_uint(tokens[4], trade.last_id))
        return "bad ids";
      if (!read_unix_ms(tokens[5], {}, trade.at)) return "bad time";
      // Whether the buyer was the maker.
      if (!read_taker_side(trim_token(tokens[6]), "false", "true", trade.side)) return "bad side";
      ++rows;
      last_id = std::max(last_id, id);
      newest = std::max(newest, trade.at);
      return add_trade(query, trade, tokens[1], tokens[2], page);
    });
    if (!read) return tl::unexpected(read.error());
    if (rows >= kRows && newest < query.to) page.next = std::to_string(last_id + 1);
    put_in_order(page);
    return page;
  }

  static core::Result<HistoryPage> candles(const HistoryQuery& query, std::string_view body) {
    HistoryPage page;
    std::size_t rows = 0;
    core::Timestamp newest;
    const auto read = read_rows(body, "binance klines", [&](auto tokens) -> const char* {
      core::Timestamp start;
      if (tokens.size() < 9) return "a short row";
      if (!read_unix_ms(tokens[0], {}, start)) return "bad time";
      ++rows;
      newest = std::max(newest, start);
      return add_candle(query, start, tokens[1], tokens[2], tokens[3], tokens[4], tokens[5], tokens[8], page);
    });
    if (!read) return tl::unexpected(read.error());
    const core::Timestamp next = newest + candle_width(query.kind);
    if (rows >= kRows && next < query.to) page.next = std::to_string(next.ms());
    put_in_order(page);
    return page;
  }

  HistoryLimits limits_;
};

}  // namespace

std::unique_ptr<VenueHistory> make_binance_history() {
  // A page of trades weighs 4 of the 6000 a minute that an address has, one of candles 2.
  return std::make_unique<BinanceHistory>(300, 20, 6000);
}

std::unique_ptr<VenueHistory> make_binance_us_history() {
  // Of 1200 a minute.
  return std::make_unique<BinanceHistory>(60, 5, 1200);
}

}  // namespace tickspan::feeds
