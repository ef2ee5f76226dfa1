#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "sim/text.hpp"
#include "sim/venues/coingecko.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

constexpr core::Duration kDay = 24h;

net::HttpResponse error(std::string_view text, int status) {
  return json_response(fmt::format(R"({{"error":"{}"}})", text), status);
}

/// One level deeper than the other errors, as the real one has it.
net::HttpResponse too_far(core::Timestamp now) {
  return json_response(
      fmt::format(
          R"({{"error":{{"status":{{"timestamp":"{}+00:00","error_code":10012,"error_message":"Your request exceeds the allowed time range. Public API users are limited to querying historical data within the past 365 days. Upgrade to a paid plan to enjoy full historical data access: https://www.coingecko.com/en/api/pricing. "}}}}}})",
          core::to_rfc3339(now).substr(0, 23)),
      401);
}

/// Multiples of `step` in [from, to), then `last`.
std::vector<core::Timestamp> grid(core::Timestamp from, core::Timestamp to, core::Duration step) {
  std::vector<core::Timestamp> times;
  core::Timestamp t = from.floor_to(step);
  if (t < from) t = t + step;
  for (; t < to; t = t + step) times.push_back(t);
  return times;
}

/// Seconds (or milliseconds, when that large), or an ISO date.
std::optional<core::Timestamp> parse_moment(const std::string& text) {
  if (const auto time = core::parse_rfc3339(text)) return time;
  const bool date = text.size() > 4 && text[4] == '-';
  if (date) return core::parse_rfc3339(text + (text.size() == 10 ? "T00:00:00Z" : ":00Z"));
  const auto number = core::Decimal::parse(text);
  if (!number || !number->is_positive()) return {};
  const double value = number->to_double();
  const double ms = value > 1e11 ? value : value * 1000;
  if (ms > 4e12) return {};
  return core::Timestamp::from_ms(static_cast<std::int64_t>(ms));
}

}  // namespace

net::HttpResponse CoinGeckoServer::chart(const RestRequest& request, std::size_t coin,
                                         const std::vector<core::Timestamp>& times) const {
  const auto rate = rate_of(request.get("vs_currency"));
  if (!rate) return error("invalid vs_currency", 400);
  const double circulating = context_.model.asset(coin).circulating;
  const std::string precision = request.get("precision", "full");
  std::string prices, caps, volumes;
  for (const core::Timestamp t : times) {
    const double unit = (*rate)(t);
    const double value = price(coin, t) / unit;
    const char* comma = prices.empty() ? "" : ",";
    prices += fmt::format("{}[{},{}]", comma, t.ms(), coingecko_price(value, precision));
    caps += fmt::format("{}[{},{}]", comma, t.ms(), value * circulating);
    volumes += fmt::format("{}[{},{}]", comma, t.ms(), context_.model.volume_24h(coin, t) / unit);
  }
  return json_response(
      fmt::format(R"({{"prices":[{}],"market_caps":[{}],"total_volumes":[{}]}})", prices, caps, volumes));
}

net::HttpResponse CoinGeckoServer::market_chart(const RestRequest& request, std::size_t coin) const {
  if (!request.find("vs_currency")) return error("Missing parameter vs_currency", 422);
  if (!request.find("days")) return error("Missing parameter days", 422);
  const std::string days_text = request.get("days");
  if (days_text == "max") return too_far(request.now);
  const auto days = core::Decimal::parse(days_text);
  if (!days || !days->is_positive()) return error("invalid days", 400);
  if (days->to_double() > 365) return too_far(request.now);
  const auto span =
      std::chrono::duration_cast<core::Duration>(std::chrono::duration<double>(days->to_double() * 86'400));
  const std::string interval = request.get("interval");
  core::Duration step = span <= kDay ? 5min : span <= 90 * kDay ? core::Duration(1h) : kDay;
  if (interval == "daily") step = kDay;
  if (interval == "hourly") step = 1h;
  if (interval == "hourly" && span > 100 * kDay) return error("invalid interval for the range", 400);
  auto times = grid(request.now - span, request.now, step);
  times.push_back(core::Timestamp::from_ms(request.now.ms()));  // off the grid
  return chart(request, coin, times);
}

net::HttpResponse CoinGeckoServer::market_chart_range(const RestRequest& request, std::size_t coin) const {
  if (!request.find("vs_currency")) return error("Missing parameter vs_currency", 422);
  const auto from = parse_moment(request.get("from"));
  const auto until = parse_moment(request.get("to"));
  if (!from || !until) return error("Missing parameter from or to", 422);
  if (*until < *from) return error("invalid date range", 400);
  if (*from < request.now - 365 * kDay - 1h) return too_far(request.now);
  const core::Timestamp to = std::min(*until, request.now);
  const core::Duration span = to - *from;
  core::Duration step = span > 90 * kDay ? kDay : core::Duration(1h);
  if (span <= kDay && request.now - to < 5min) step = 5min;
  const std::string interval = request.get("interval");
  if (interval == "daily") step = kDay;
  if (interval == "hourly") step = 1h;
  return chart(request, coin, grid(*from, to + core::Duration(1), step));
}

net::HttpResponse CoinGeckoServer::ohlc(const RestRequest& request, std::size_t coin) const {
  if (!request.find("vs_currency")) return error("Missing parameter vs_currency", 422);
  const auto rate = rate_of(request.get("vs_currency"));
  if (!rate) return error("invalid vs_currency", 400);
  if (request.get("days") == "max") return too_far(request.now);
  constexpr std::int64_t kAllowed[] = {1, 7, 14, 30, 90, 180, 365};
  const auto days = request.integer("days", 0, 1, 365);
  if (!days || std::find(std::begin(kAllowed), std::end(kAllowed), *days) == std::end(kAllowed))
    return error("invalid days", 400);
  const core::Duration width = *days <= 2 ? core::Duration(30min) : *days <= 30 ? core::Duration(4h) : 4 * kDay;
  constexpr int kSamples = 24;
  std::string rows;
  // The time of a row is its candle's close.
  for (const core::Timestamp close : grid(request.now - *days * kDay, request.now, width)) {
    const core::Timestamp open = close - width;
    double high = 0;
    double low = 0;
    double first = 0;
    double last = 0;
    for (int i = 0; i <= kSamples; ++i) {
      const core::Timestamp t = open + width * i / kSamples;
      last = price(coin, t) / (*rate)(t);
      if (i == 0) first = high = low = last;
      high = std::max(high, last);
      low = std::min(low, last);
    }
    rows += fmt::format("{}[{},{},{},{},{}]", rows.empty() ? "" : ",", close.ms(), coingecko_price(first),
                        coingecko_price(high), coingecko_price(low), coingecko_price(last));
  }
  return json_response("[" + rows + "]");
}

}  // namespace tickspan::sim
