#include "sim/venues/coingecko.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "sim/coins.hpp"
#include "sim/text.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

net::HttpResponse error(std::string_view text, int status) {
  return json_response(fmt::format(R"({{"error":"{}"}})", json_text(text)), status);
}

/// A list in one parameter, lower case. Spaces spoil an item, as they do with the real one.
std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> items;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    if (end > begin) items.push_back(lower(std::string_view(text).substr(begin, end - begin)));
    begin = end + 1;
  }
  return items;
}

bool is_true(const RestRequest& request, std::string_view name) {
  return request.get(name) == "true";
}

}  // namespace

std::string coingecko_price(double value, const std::string& precision) {
  const double size = std::abs(value);
  if (size == 0) return "0";
  if (precision == "full") return fmt::format("{}", value);
  if (!precision.empty())
    return fmt::format("{}", std::stod(fmt::format("{:.{}f}", value, std::clamp(std::atoi(precision.c_str()), 0, 18))));
  if (size >= 1e9) return fmt::format("{:.0f}", value);
  const int digits = size >= 1 ? 2 : 5 - static_cast<int>(std::floor(std::log10(size)));
  const double scale = std::pow(10.0, digits);
  const double rounded = std::round(value * scale) / scale;
  if (rounded == std::floor(rounded)) return fmt::format("{:.0f}", rounded);
  return fmt::format("{:.12g}", rounded);
}

std::optional<net::HttpResponse> CoinGeckoServer::over_budget(const RestRequest& request) {
  const int wait = (request.with_key ? keyed_ : keyless_).take(request.now);
  if (wait == 0) return {};
  auto response = json_response(
      R"({"status":{"error_code":429,"error_message":"You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing to subscribe to our API plans for higher rate limits."}})",
      429);
  response.headers.set("Retry-After", std::to_string(wait));
  return response;
}

net::HttpResponse CoinGeckoServer::rest(const RestRequest& request) {
  constexpr std::string_view kRoot = "/api/v3";
  std::string_view path = request.path;
  if (!path.starts_with(kRoot)) return error("Incorrect path. Please check https://www.coingecko.com/api/", 404);
  path.remove_prefix(kRoot.size());
  if (path == "/ping") return json_response(R"({"gecko_says":"(V3) To the Moon!"})");
  if (path == "/simple/price") return simple_price(request);
  if (path == "/simple/supported_vs_currencies") {
    std::vector<std::string> codes;
    for (const Currency& currency : currency_table()) {
      if (currency.quotable) codes.push_back(fmt::format("\"{}\"", currency.code));
    }
    return json_response(fmt::format("[{}]", fmt::join(codes, ",")));
  }
  if (path == "/coins/list") return coins_list(request);
  if (path == "/coins/markets") return coins_markets(request);
  if (path == "/exchange_rates") return exchange_rates(request);
  if (path == "/global") return global(request);
  constexpr std::string_view kCoins = "/coins/";
  if (!path.starts_with(kCoins)) return error("Incorrect path. Please check https://www.coingecko.com/api/", 404);
  path.remove_prefix(kCoins.size());
  const auto slash = std::min(path.find('/'), path.size());
  const auto coin = context_.model.find_id(lower(path.substr(0, slash)));
  const std::string_view part = path.substr(slash);
  if (!coin || *coin >= context_.model.coin_count()) return error("coin not found", 404);
  if (part.empty()) return coin_page(request, *coin);
  if (part == "/market_chart") return market_chart(request, *coin);
  if (part == "/market_chart/range") return market_chart_range(request, *coin);
  if (part == "/ohlc") return ohlc(request, *coin);
  return error("Incorrect path. Please check https://www.coingecko.com/api/", 404);
}

std::optional<CoinGeckoServer::Rate> CoinGeckoServer::rate_of(const std::string& currency) const {
  const auto table = currency_table();
  const std::string code = lower(currency);
  const auto known =
      std::any_of(table.begin(), table.end(), [&](const Currency& c) { return c.quotable && c.code == code; });
  if (!known) return {};
  return Rate([this, code](core::Timestamp t) { return context_.model.currency_price(code, t).value_or(1); });
}

double CoinGeckoServer::supply_cap(const SimAsset& coin) const {
  return coin.maximum > 0 ? coin.maximum : coin.total;
}

std::vector<std::size_t> CoinGeckoServer::named_coins(const RestRequest& request) const {
  std::vector<std::size_t> coins;
  const auto add = [&](std::optional<std::size_t> coin) {
    if (coin && *coin < context_.model.coin_count()) coins.push_back(*coin);
  };
  if (const auto ids = request.find("ids")) {
    for (const auto& id : split_list(*ids)) add(context_.model.find_id(id));
  } else if (const auto symbols = request.find("symbols")) {
    for (const auto& symbol : split_list(*symbols)) add(context_.model.find_symbol(symbol));
  }
  return coins;
}

net::HttpResponse CoinGeckoServer::simple_price(const RestRequest& request) const {
  if (!request.find("ids") && !request.find("symbols")) return error("Missing parameter ids", 422);
  if (!request.find("vs_currencies")) return error("Missing parameter vs_currencies", 422);
  const core::Timestamp at = request.now.floor_to(1min);
  const bool by_symbol = !request.find("ids");
  std::string body;
  for (const std::size_t coin : named_coins(request)) {
    const SimAsset& asset = context_.model.asset(coin);
    const double usd = price(coin, at);
    std::string fields;
    const auto add = [&](const std::string& name, const std::string& value) {
      fields += fmt::format("{}\"{}\":{}", fields.empty() ? "" : ",", name, value);
    };
    for (const auto& code : split_list(request.get("vs_currencies"))) {
      const auto rate = rate_of(code);
      if (!rate) continue;
      const double unit = (*rate)(at);
      add(code, coingecko_price(usd / unit, request.get("precision")));
      if (is_true(request, "include_market_cap"))
        add(code + "_market_cap", fmt::format("{}", usd * asset.circulating / unit));
      if (is_true(request, "include_24hr_vol"))
        add(code + "_24h_vol", fmt::format("{}", context_.model.volume_24h(coin, at) / unit));
      if (!is_true(request, "include_24hr_change")) continue;
      add(code + "_24h_change",
          fmt::format("{}", ((usd / unit) / (price(coin, at - 24h) / (*rate)(at - 24h)) - 1) * 100));
    }
    if (is_true(request, "include_last_updated_at")) add("last_updated_at", std::to_string(at.seconds()));
    body += fmt::format("{}\"{}\":{{{}}}", body.empty() ? "" : ",", by_symbol ? asset.symbol : asset.id, fields);
  }
  return json_response("{" + body + "}");
}

net::HttpResponse CoinGeckoServer::coins_list(const RestRequest& request) const {
  std::string body;
  for (std::size_t i = 0; i < context_.model.coin_count(); ++i) {
    const SimAsset& coin = context_.model.asset(i);
    body += fmt::format(R"({}{{"id":"{}","symbol":"{}","name":"{}"{}}})", body.empty() ? "" : ",", coin.id, coin.symbol,
                        json_text(coin.name), is_true(request, "include_platform") ? R"(,"platforms":{})" : "");
  }
  return json_response("[" + body + "]");
}

net::HttpResponse CoinGeckoServer::exchange_rates(const RestRequest& request) const {
  const core::Timestamp at = request.now.floor_to(1min);
  const double bitcoin = *context_.model.currency_price("btc", at);
  std::string body;
  for (const Currency& currency : currency_table()) {
    const auto unit = context_.model.currency_price(currency.code, at);
    if (!unit) continue;
    const double value = std::round(bitcoin / *unit * 1000) / 1000;
    body += fmt::format(R"({}"{}":{{"name":"{}","unit":"{}","value":{},"type":"{}"}})", body.empty() ? "" : ",",
                        currency.code, json_text(currency.name), json_text(currency.unit), coingecko_price(value, "3"),
                        currency.type);
  }
  return json_response(R"({"rates":{)" + body + "}}");
}

net::HttpResponse CoinGeckoServer::global(const RestRequest& request) const {
  const core::Timestamp at = request.now.floor_to(1min);
  double cap = 0;
  double cap_before = 0;
  double volume = 0;
  double volume_before = 0;
  std::vector<std::pair<std::string, double>> shares;
  for (std::size_t i = 0; i < context_.model.coin_count(); ++i) {
    const SimAsset& coin = context_.model.asset(i);
    const double own = price(i, at) * coin.circulating;
    cap += own;
    cap_before += price(i, at - 24h) * coin.circulating;
    volume += context_.model.volume_24h(i, at);
    volume_before += context_.model.volume_24h(i, at - 24h);
    shares.emplace_back(coin.symbol, own);
  }
  std::sort(shares.begin(), shares.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  shares.resize(std::min<std::size_t>(shares.size(), 10));
  std::string caps, volumes, percentages;
  for (const Currency& currency : currency_table()) {
    if (!currency.quotable) continue;
    const double unit = context_.model.currency_price(currency.code, at).value_or(1);
    caps += fmt::format("{}\"{}\":{}", caps.empty() ? "" : ",", currency.code, cap / unit);
    volumes += fmt::format("{}\"{}\":{}", volumes.empty() ? "" : ",", currency.code, volume / unit);
  }
  for (const auto& [symbol, own] : shares) {
    percentages += fmt::format("{}\"{}\":{}", percentages.empty() ? "" : ",", symbol, own / cap * 100);
  }
  return json_response(fmt::format(
      R"({{"data":{{"active_cryptocurrencies":{},"upcoming_icos":0,"ongoing_icos":49,"ended_icos":3376,"markets":1405,"total_market_cap":{{{}}},)"
      R"("total_volume":{{{}}},"market_cap_percentage":{{{}}},"market_cap_change_percentage_24h_usd":{},"volume_change_percentage_24h_usd":{},"updated_at":{}}}}})",
      context_.model.coin_count(), caps, volumes, percentages, (cap / cap_before - 1) * 100,
      (volume / volume_before - 1) * 100, at.seconds()));
}

}  // namespace tickspan::sim
