#include "feeds/bitstamp/history.hpp"

#include <fmt/format.h>

#include <array>

#include "feeds/decode_support.hpp"
#include "feeds/history_support.hpp"
#include "net/http_message.hpp"

namespace tickspan::feeds {
namespace {

constexpr std::int64_t kCandles = 1000;
constexpr CandleWindows kWindows(kCandles, std::chrono::seconds(1));

class BitstampHistory final : public VenueHistory {
 public:
  BitstampHistory() {
    limits_.requests_per_minute = 300;  // of 1000
    limits_.burst = 5;
    limits_.trades_by_time = false;
  }
  const HistoryLimits& limits() const override { return limits_; }

  std::string target(const HistoryQuery& query, std::string_view cursor) const override {
    const std::string symbol = net::percent_encode(query.symbol);
    if (query.kind == HistoryKind::trades) return fmt::format("/api/v2/transactions/{}/?time=hour", symbol);
    // Both bounds are inclusive. As many as the window holds, so that it does not matter from which end they are
    // counted.
    const core::Duration width = candle_width(query.kind);
    const core::Timestamp from = kWindows.from(query, cursor);
    const core::Timestamp last = kWindows.last(query, cursor);
    return fmt::format("/api/v2/ohlc/{}/?step={}&limit={}&start={}&end={}", symbol, width / std::chrono::seconds(1),
                       (last - from) / width + 1, from.seconds(), last.seconds());
  }

  core::Result<HistoryPage> decode(const HistoryQuery& query, std::string_view cursor,
                                   std::string_view body) const override {
    return query.kind == HistoryKind::trades ? trades(query, body) : candles(query, cursor, body);
  }

 private:
  // All of the last hour, newest first, with times in whole seconds.
  static core::Result<HistoryPage> trades(const HistoryQuery& query, std::string_view body) {
    constexpr std::array<std::string_view, 5> kKeys = {"tid", "type", "amount", "price", "date"};
    HistoryPage page;
    TradesSeen seen;
    const auto read = read_objects(body, "bitstamp transactions", kKeys, [&](auto tokens) -> const char* {
      HistoryTrade trade;
      if (!read_uint(token_text(tokens[0]), trade.first_id)) return "bad tid";
      trade.last_id = trade.first_id;
      if (!read_unix_seconds(token_text(tokens[4]), trade.at)) return "bad date";
      if (!read_taker_side(token_text(tokens[1]), "0", "1", trade.side)) return "bad type";
      seen.add(trade);
      return add_trade(query, trade, tokens[3], tokens[2], page);
    });
    if (!read) return tl::unexpected(read.error());
    if (!seen.oldest.is_set() || seen.oldest > query.from) {
      return core::fail(core::ErrorCode::too_large,
                        "bitstamp transactions: the trades of the last hour do not reach back so far");
    }
    put_in_order(page);
    return page;
  }

  static core::Result<HistoryPage> candles(const HistoryQuery& query, std::string_view cursor, std::string_view body) {
    static constexpr std::array<std::string_view, 2> kPath = {"data", "ohlc"};
    constexpr std::array<std::string_view, 6> kKeys = {"timestamp", "open", "high", "low", "close", "volume"};
    HistoryPage page;
    const auto read =
        read_objects(body, "bitstamp ohlc", RowPlace{.path = kPath}, kKeys, [&](auto tokens) -> const char* {
          core::Timestamp start;
          if (!read_unix_seconds(token_text(tokens[0]), start)) return "bad timestamp";
          return add_candle(query, start, tokens[1], tokens[2], tokens[3], tokens[4], tokens[5], {}, page);
        });
    if (!read) return tl::unexpected(read.error());
    kWindows.finish(query, cursor, page);
    return page;
  }

  HistoryLimits limits_;
};

}  // namespace

std::unique_ptr<VenueHistory> make_bitstamp_history() {
  return std::make_unique<BitstampHistory>();
}

}  // namespace tickspan::feeds
