#include "feeds/kraken/history.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "feeds/decode_support.hpp"
#include "feeds/history_support.hpp"
#include "net/http_message.hpp"

namespace tickspan::feeds {
namespace {

constexpr std::size_t kTrades = 1000;

/// REST goes by other names than the WebSocket: `BTC/USD` is `XBTUSD`.
std::string rest_name(std::string_view symbol) {
  const auto code = [](std::string_view name) {
    return name == "BTC" ? std::string("XBT") : name == "DOGE" ? std::string("XDG") : std::string(name);
  };
  const auto slash = std::min(symbol.find('/'), symbol.size());
  const auto quote = slash < symbol.size() ? symbol.substr(slash + 1) : std::string_view{};
  return net::percent_encode(code(symbol.substr(0, slash)) + code(quote));
}

class KrakenHistory final : public VenueHistory {
 public:
  KrakenHistory() {
    limits_.requests_per_minute = 40;  // of about one a second
    limits_.newest_candles = 720;
    limits_.candles_per_page = 720;
  }
  const HistoryLimits& limits() const override { return limits_; }

  std::string target(const HistoryQuery& query, std::string_view cursor) const override {
    const std::string pair = rest_name(query.symbol);
    if (query.kind == HistoryKind::trades) {
      // One earlier, whether or not `since` itself is part of the answer.
      const auto since = cursor.empty() ? std::to_string(query.from.ns - 1) : std::string(cursor);
      return fmt::format("/0/public/Trades?pair={}&since={}&count={}", pair, since, kTrades);
    }
    return fmt::format("/0/public/OHLC?pair={}&interval={}&since={}", pair, query.kind == HistoryKind::minutes ? 1 : 60,
                       query.from.seconds() - 1);
  }

  core::Result<HistoryPage> decode(const HistoryQuery& query, std::string_view cursor,
                                   std::string_view body) const override {
    return query.kind == HistoryKind::trades ? trades(query, cursor, body) : candles(query, body);
  }

 private:
  static core::Result<HistoryPage> trades(const HistoryQuery& query, std::string_view cursor, std::string_view body) {
    HistoryPage page;
    std::size_t rows = 0;
    core::Timestamp newest;
    std::string last;
    const auto read = read_enveloped_rows(body, "kraken Trades", last, [&](auto tokens) -> const char* {
      HistoryTrade trade;
      if (tokens.size() < 7) return "a short row";
      if (!read_unix_seconds(tokens[2], trade.at)) return "bad time";
      if (!read_taker_side(token_text(tokens[3]), "b", "s", trade.side)) return "bad side";
      if (!read_uint(tokens[6], trade.first_id)) return "bad trade_id";
      trade.last_id = trade.first_id;
      ++rows;
      newest = std::max(newest, trade.at);
      return add_trade(query, trade, tokens[0], tokens[1], page);
    });
    if (!read) return tl::unexpected(read.error());
    if (rows >= kTrades && newest < query.to) {
      const std::uint64_t next = cursor_number(token_text(last));
      if (next == 0) return core::fail(core::ErrorCode::parse_error, "kraken Trades: bad last");
      if (std::to_string(next) == cursor)
        return core::fail(core::ErrorCode::protocol_error, "kraken Trades: the cursor stands still");
      page.next = std::to_string(next);
    }
    put_in_order(page);
    return page;
  }

  static core::Result<HistoryPage> candles(const HistoryQuery& query, std::string_view body) {
    HistoryPage page;
    std::string last;
    const auto read = read_enveloped_rows(body, "kraken OHLC", last, [&](auto tokens) -> const char* {
      core::Timestamp start;
      if (tokens.size() < 8) return "a short row";
      if (!read_unix_seconds(tokens[0], start)) return "bad time";
      return add_candle(query, start, tokens[1], tokens[2], tokens[3], tokens[4], tokens[6], tokens[7], page);
    });
    if (!read) return tl::unexpected(read.error());
    put_in_order(page);
    return page;
  }

  HistoryLimits limits_;
};

}  // namespace

std::unique_ptr<VenueHistory> make_kraken_history() {
  return std::make_unique<KrakenHistory>();
}

}  // namespace tickspan::feeds
