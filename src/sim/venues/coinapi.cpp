#include "sim/venues/coinapi.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "sim/text.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kCredits = 1'000'000;
constexpr std::int64_t kMostRows = 100'000;
constexpr int kNoData = 550;

net::HttpResponse error(std::string_view text, int status) {
  return json_response(fmt::format(R"({{"error":"{}"}})", json_text(text)), status);
}

/// Seven digits after the point.
std::string time_text(core::Timestamp at) {
  std::string text = time_us(at);
  text.back() = '0';
  return text += 'Z';
}

/// The whole second of the request, by the venue's clock.
std::string told_time(const RestRequest& request) {
  return time_text(request.now.floor_to(1s) + std::chrono::milliseconds(request.faults.clock_skew_ms));
}

/// As many digits as the real one sends.
std::string number(double value) {
  const int whole = value >= 1 ? static_cast<int>(std::floor(std::log10(value))) + 1 : 1;
  return fmt::format("{:.{}f}", value, std::clamp(28 - whole, 0, 27));
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> items;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find_first_of(",;", begin), text.size());
    if (end > begin) items.push_back(upper(std::string_view(text).substr(begin, end - begin)));
    begin = end + 1;
  }
  return items;
}

std::optional<core::Duration> width_of(std::string_view period) {
  constexpr std::pair<std::string_view, std::chrono::minutes> kPeriods[] = {
      {"1MIN", 1min}, {"5MIN", 5min}, {"15MIN", 15min}, {"1HRS", 1h}, {"4HRS", 4h}, {"1DAY", 24h}};
  for (const auto& [name, width] : kPeriods) {
    if (name == period) return width;
  }
  return {};
}

}  // namespace

std::optional<net::HttpResponse> CoinApiServer::over_budget(const RestRequest& request) {
  const int wait = budget_.take(request.now);
  if (wait == 0) return {};
  auto response = error("Too many requests", 429);
  response.headers.set("Retry-After", std::to_string(wait));
  return response;
}

net::HttpResponse CoinApiServer::rest(const RestRequest& request) {
  if (!request.with_key) return error("Missing API key", 401);
  net::HttpResponse response = answer(request);
  const std::uint64_t used = std::min(kCredits, used_.fetch_add(1, std::memory_order_relaxed) + 1);
  response.headers.set("X-RateLimit-Limit", std::to_string(kCredits));
  response.headers.set("X-RateLimit-Used", std::to_string(used));
  response.headers.set("X-RateLimit-Remaining", std::to_string(kCredits - used));
  response.headers.set("X-RateLimit-Request-Cost", "1");
  return response;
}

net::HttpResponse CoinApiServer::answer(const RestRequest& request) const {
  std::vector<std::string> parts;
  for (std::size_t at = 1; at < request.path.size();) {
    const auto end = std::min(request.path.find('/', at), request.path.size());
    parts.push_back(request.path.substr(at, end - at));
    at = end + 1;
  }
  if (parts.size() < 2 || parts[0] != "v1") return error("Not found", 404);
  if (parts[1] == "assets" && parts.size() == 2) return assets(request);
  if (parts[1] == "exchangerate" && parts.size() == 3) return rates(request, upper(parts[2]));
  if (parts[1] == "exchangerate" && parts.size() == 4) return rate(request, upper(parts[2]), upper(parts[3]));
  if (parts[1] == "ohlcv" && parts.size() == 4 && (parts[3] == "history" || parts[3] == "latest"))
    return ohlcv(request, parts[2], parts[3] == "latest");
  return error("Not found", 404);
}

double CoinApiServer::price(const RestRequest& request, std::string_view symbol, core::Timestamp at) const {
  const double shift = std::pow(10.0, request.faults.price_shift);
  if (symbol == "USD") return 1;
  const auto index = context_.model.find_symbol(lower(symbol));
  return index ? context_.model.true_price(*index, request.frozen_at.is_set() ? request.frozen_at : at) * shift : 0;
}

net::HttpResponse CoinApiServer::rate(const RestRequest& request, std::string_view base, std::string_view quote) const {
  const double of_base = price(request, base, request.now);
  const double of_quote = price(request, quote, request.now);
  if (of_base <= 0 || of_quote <= 0) return error("You requested specific single item that we don't have", kNoData);
  return json_response(fmt::format(R"({{"time":"{}","asset_id_base":"{}","asset_id_quote":"{}","rate":{}}})",
                                   told_time(request), base, quote, number(of_base / of_quote)));
}

net::HttpResponse CoinApiServer::rates(const RestRequest& request, std::string_view base) const {
  const double of_base = price(request, base, request.now);
  if (of_base <= 0) return error("You requested specific single item that we don't have", kNoData);
  std::vector<std::string> wanted = split(request.get("filter_asset_id"));
  if (wanted.empty()) {
    for (std::size_t i = 0; i < context_.model.coin_count(); ++i)
      wanted.push_back(upper(context_.model.asset(i).symbol));
  }
  const bool invert = request.get("invert") == "true";
  std::string rows;
  for (const std::string& quote : wanted) {
    const double of_quote = price(request, quote, request.now);
    if (of_quote <= 0 || quote == base) continue;
    rows += fmt::format(R"({}{{"time":"{}","asset_id_quote":"{}","rate":{}}})", rows.empty() ? "" : ",",
                        told_time(request), quote, number(invert ? of_quote / of_base : of_base / of_quote));
  }
  return json_response(fmt::format(R"({{"asset_id_base":"{}","rates":[{}]}})", base, rows));
}

net::HttpResponse CoinApiServer::assets(const RestRequest& request) const {
  const std::vector<std::string> wanted = split(request.get("filter_asset_id"));
  std::string rows;
  for (std::size_t i = 0; i < context_.model.coin_count(); ++i) {
    const SimAsset& coin = context_.model.asset(i);
    const std::string symbol = upper(coin.symbol);
    if (context_.model.find_symbol(coin.symbol) != i) continue;  // the largest coin of that symbol
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), symbol) == wanted.end()) continue;
    rows += fmt::format(
        R"({}{{"asset_id":"{}","name":"{}","type_is_crypto":1,"data_symbols_count":1,"volume_1day_usd":{:.2f},"price_usd":{}}})",
        rows.empty() ? "" : ",", symbol, json_text(coin.name), context_.model.volume_24h(i, request.now),
        number(price(request, symbol, request.now)));
  }
  return json_response(fmt::format("[{}]", rows));
}

net::HttpResponse CoinApiServer::ohlcv(const RestRequest& request, std::string_view symbol, bool latest) const {
  const auto spot = symbol.find("_SPOT_");
  const std::string_view pair = spot == std::string_view::npos ? std::string_view() : symbol.substr(spot + 6);
  const auto bar = std::min(pair.find('_'), pair.size());
  const std::string_view base = pair.substr(0, bar);
  const std::string_view quote = bar < pair.size() ? pair.substr(bar + 1) : std::string_view();
  if (price(request, base, request.now) <= 0 || price(request, quote, request.now) <= 0)
    return error("You requested specific single item that we don't have", kNoData);
  const auto width = width_of(request.get("period_id"));
  const auto limit = request.integer("limit", 100, 1, kMostRows);
  if (!width || !limit) return error("Wrong format of 'period_id' or 'limit' parameter", 400);
  const auto start = core::parse_rfc3339(request.get("time_start"));
  const auto end = core::parse_rfc3339(request.get("time_end"));
  if (!latest && !start) return error("Parameter 'time_start' is required", 400);
  const core::Timestamp last = std::min(end.value_or(request.now), request.now);
  const core::Timestamp first = latest ? last.floor_to(*width) - *width * (*limit - 1) : start->floor_to(*width);
  std::vector<std::string> rows;
  for (core::Timestamp open = first; open < last && rows.size() < static_cast<std::size_t>(*limit);
       open = open + *width) {
    const core::Timestamp close = std::min(open + *width, last) - 1ms;
    const auto at = [&](core::Timestamp t) { return price(request, base, t) / price(request, quote, t); };
    const double values[] = {at(open), at(open + (close - open) / 3), at(open + (close - open) * 2 / 3), at(close)};
    rows.push_back(fmt::format(
        R"({{"time_period_start":"{}","time_period_end":"{}","time_open":"{}","time_close":"{}","price_open":{},)"
        R"("price_high":{},"price_low":{},"price_close":{},"volume_traded":1.5,"trades_count":3}})",
        time_text(open), time_text(open + *width), time_text(open), time_text(close), number(values[0]),
        number(*std::max_element(std::begin(values), std::end(values))),
        number(*std::min_element(std::begin(values), std::end(values))), number(values[3])));
  }
  if (latest) std::reverse(rows.begin(), rows.end());
  return json_response(fmt::format("[{}]", fmt::join(rows, ",")));
}

}  // namespace tickspan::sim
