#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "sim/coins.hpp"
#include "sim/noise.hpp"
#include "sim/text.hpp"
#include "sim/venues/coingecko.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

constexpr int kDaySamples = 96;
constexpr std::int64_t kMaxPerPage = 250;

struct Window {
  std::string_view name;
  core::Duration length;
};
constexpr Window kWindows[] = {{"1h", 1h},        {"24h", 24h},      {"7d", 7 * 24h},     {"14d", 14 * 24h},
                               {"30d", 30 * 24h}, {"60d", 60 * 24h}, {"200d", 200 * 24h}, {"1y", 365 * 24h}};

net::HttpResponse error(std::string_view text, int status) {
  return json_response(fmt::format(R"({{"error":"{}"}})", text), status);
}

std::string image_url(const SimAsset& coin, std::string_view size) {
  if (coin.image == 0) return "missing_large.png";
  return fmt::format("https://coin-images.coingecko.com/coins/images/{}/{}/{}.png?1696501400", coin.image, size,
                     coin.id);
}

/// A share of the price that stays the same for a coin: where its made-up records lie.
double record(const SimAsset& coin, std::uint64_t salt) {
  return to_uniform(hash(coin.stream, 0x61746800 + salt));
}

std::string amount(double value) {
  return value > 0 ? fmt::format("{}", value) : "null";
}
std::string percent(double value) {
  return fmt::format("{:.5g}", value);
}

}  // namespace

std::vector<CoinGeckoServer::Row> CoinGeckoServer::rows(core::Timestamp now) const {
  const core::Timestamp at = now.floor_to(1min);
  const core::Duration step = core::Duration(24h) / kDaySamples;
  std::vector<Row> list;
  for (std::size_t i = 0; i < context_.model.coin_count(); ++i) {
    Row row;
    row.coin = i;
    row.at = at;
    row.price = row.high = row.low = price(i, at);
    row.market_cap = row.price * context_.model.asset(i).circulating;
    row.volume = context_.model.volume_24h(i, at);
    row.price_day_ago = price(i, at - 24h);
    for (core::Timestamp t = (at - 24h).floor_to(step) + step; t < at; t = t + step) {
      const double p = price(i, t);
      row.high = std::max(row.high, p);
      row.low = std::min(row.low, p);
    }
    list.push_back(row);
  }
  std::sort(list.begin(), list.end(), [](const Row& a, const Row& b) { return a.market_cap > b.market_cap; });
  for (std::size_t i = 0; i < list.size(); ++i) list[i].rank = static_cast<int>(i) + 1;
  return list;
}

std::string CoinGeckoServer::market_json(const RestRequest& request, const Row& row, const Rate& rate) const {
  const SimAsset& coin = context_.model.asset(row.coin);
  const std::string precision = request.get("precision");
  const double unit = rate(row.at);
  const double unit_before = rate(row.at - 24h);
  const auto money = [&](double usd) { return coingecko_price(usd / unit, precision); };
  const auto whole = [&](double value) {
    return std::abs(value) >= 1 ? fmt::format("{:.0f}", value) : fmt::format("{}", value);
  };
  const double now_price = row.price / unit;
  const double before = row.price_day_ago / unit_before;
  const double change = now_price - before;
  const double cap_before = before * coin.circulating;
  const double cap_change = row.market_cap / unit - cap_before;
  const double ath = std::max(row.high, coin.base_price * (1.8 + 4 * record(coin, 1)));
  const double atl = std::min(row.low, coin.base_price * (0.001 + 0.2 * record(coin, 2)));
  std::string out = fmt::format(
      R"({{"id":"{}","symbol":"{}","name":"{}","image":"{}","current_price":{},"market_cap":{},"market_cap_rank":{},)"
      R"("fully_diluted_valuation":{},"total_volume":{},"high_24h":{},"low_24h":{},"price_change_24h":{},"price_change_percentage_24h":{},)"
      R"("market_cap_change_24h":{},"market_cap_change_percentage_24h":{},"circulating_supply":{},"total_supply":{},"max_supply":{},)"
      R"("ath":{},"ath_change_percentage":{},"ath_date":"2021-11-10T14:24:11.849Z","atl":{},"atl_change_percentage":{},"atl_date":"2020-03-13T02:22:55.391Z",)"
      R"("roi":{},"last_updated":"{}")",
      coin.id, coin.symbol, json_text(coin.name), image_url(coin, "large"), money(row.price),
      whole(row.market_cap / unit), row.rank,
      supply_cap(coin) > 0 ? whole(row.price * supply_cap(coin) / unit) : "null", whole(row.volume / unit),
      money(row.high), money(row.low), coingecko_price(change, precision.empty() ? "full" : precision),
      percent((now_price / before - 1) * 100), whole(cap_change), percent(cap_change / cap_before * 100),
      amount(coin.circulating), amount(coin.total), amount(coin.maximum), money(ath),
      percent((row.price / ath - 1) * 100), money(atl), percent((row.price / atl - 1) * 100),
      coin.id == "ethereum" ? fmt::format(R"({{"times":{},"currency":"btc","percentage":{}}})", 44.5071, 4450.71)
                            : std::string("null"),
      core::to_rfc3339(row.at));
  if (request.get("include_rehypothecated") == "true")
    out += fmt::format(R"(,"market_cap_rank_with_rehypothecated":{})", row.rank);
  if (request.get("sparkline") == "true") {
    out += R"(,"sparkline_in_7d":{"price":[)";
    const core::Timestamp hour = row.at.floor_to(1h);
    for (int i = 167; i >= 0; --i)
      out += fmt::format("{}{}", price(row.coin, hour - i * 1h) / rate(hour - i * 1h), i > 0 ? "," : "]}");
  }
  const std::string windows = "," + request.get("price_change_percentage") + ",";
  for (const Window& window : kWindows) {
    if (windows.find(fmt::format(",{},", window.name)) == std::string::npos) continue;
    const core::Timestamp then = row.at - window.length;
    out += fmt::format(R"(,"price_change_percentage_{}_in_currency":{})", window.name,
                       percent((now_price / (price(row.coin, then) / rate(then)) - 1) * 100));
  }
  return out + "}";
}

net::HttpResponse CoinGeckoServer::coins_markets(const RestRequest& request) const {
  const auto currency = request.find("vs_currency");
  if (!currency) return error("Missing parameter vs_currency", 422);
  const auto rate = rate_of(*currency);
  if (!rate) return error("invalid vs_currency", 400);
  const auto per_page = request.integer("per_page", 100, 1, 1'000'000);
  const auto page = request.integer("page", 1, 1, 1'000'000);
  if (!per_page || !page) return error("invalid page or per_page", 400);
  auto list = rows(request.now);
  if (request.find("ids") || request.find("symbols")) {
    const auto named = named_coins(request);
    std::erase_if(list, [&](const Row& row) { return std::find(named.begin(), named.end(), row.coin) == named.end(); });
  }
  const std::string order = request.get("order", "market_cap_desc");
  const auto id = [&](const Row& row) -> const std::string& { return context_.model.asset(row.coin).id; };
  if (order.starts_with("volume"))
    std::sort(list.begin(), list.end(), [](const Row& a, const Row& b) { return a.volume > b.volume; });
  if (order.starts_with("id"))
    std::sort(list.begin(), list.end(), [&](const Row& a, const Row& b) { return id(a) > id(b); });
  if (order.ends_with("_asc")) std::reverse(list.begin(), list.end());
  const auto size = static_cast<std::size_t>(std::min(*per_page, kMaxPerPage));
  const std::size_t first = std::min(list.size(), size * static_cast<std::size_t>(*page - 1));
  const std::size_t last = std::min(list.size(), first + size);
  std::string body = "[";
  for (std::size_t i = first; i < last; ++i) body += (i > first ? "," : "") + market_json(request, list[i], *rate);
  return json_response(body + "]");
}

std::string CoinGeckoServer::market_data_json(const Row& row) const {
  const SimAsset& coin = context_.model.asset(row.coin);
  const auto map = [&](const std::function<std::string(double now, double before)>& value) {
    std::string out;
    for (const Currency& currency : currency_table()) {
      if (!currency.quotable) continue;
      const auto now = context_.model.currency_price(currency.code, row.at);
      const auto before = context_.model.currency_price(currency.code, row.at - 24h);
      out +=
          fmt::format("{}\"{}\":{}", out.empty() ? "" : ",", currency.code, value(now.value_or(1), before.value_or(1)));
    }
    return "{" + out + "}";
  };
  const auto money = [&](double usd) { return map([usd](double now, double) { return coingecko_price(usd / now); }); };
  const double change = row.price - row.price_day_ago;
  std::string windows, windows_in_currency;
  for (const Window& window : kWindows) {
    const double then = price(row.coin, row.at - window.length);
    if (window.name != "1h")
      windows += fmt::format(R"("price_change_percentage_{}":{},)", window.name, percent((row.price / then - 1) * 100));
    windows_in_currency += fmt::format(R"("price_change_percentage_{}_in_currency":{{"usd":{}}},)", window.name,
                                       percent((row.price / then - 1) * 100));
  }
  return fmt::format(
      R"({{"current_price":{},"total_value_locked":null,"mcap_to_tvl_ratio":null,"fdv_to_tvl_ratio":null,"roi":null,"market_cap":{},"market_cap_rank":{},)"
      R"("fully_diluted_valuation":{},"total_volume":{},"high_24h":{},"low_24h":{},"price_change_24h":{},{}"market_cap_change_24h":{},)"
      R"("market_cap_change_percentage_24h":{},"price_change_24h_in_currency":{},{}"total_supply":{},"max_supply":{},"max_supply_infinite":{},)"
      R"("circulating_supply":{},"last_updated":"{}"}})",
      money(row.price), money(row.market_cap), row.rank,
      supply_cap(coin) > 0 ? money(row.price * supply_cap(coin)) : "{}", money(row.volume), money(row.high),
      money(row.low), fmt::format("{}", change), windows, fmt::format("{}", change * coin.circulating),
      percent((row.price / row.price_day_ago - 1) * 100),
      map([&](double now, double before) { return fmt::format("{}", row.price / now - row.price_day_ago / before); }),
      windows_in_currency, amount(coin.total), amount(coin.maximum), coin.maximum > 0 ? "false" : "true",
      amount(coin.circulating), core::to_rfc3339(row.at));
}

net::HttpResponse CoinGeckoServer::coin_page(const RestRequest& request, std::size_t coin_index) const {
  const SimAsset& coin = context_.model.asset(coin_index);
  const auto list = rows(request.now);
  const Row& row = *std::find_if(list.begin(), list.end(), [&](const Row& r) { return r.coin == coin_index; });
  std::string body = fmt::format(
      R"({{"id":"{0}","symbol":"{1}","name":"{2}","web_slug":"{0}","asset_platform_id":null,"platforms":{{"":""}},"detail_platforms":{{"":{{"decimal_place":null,"contract_address":""}}}},)"
      R"("block_time_in_minutes":0,"hashing_algorithm":null,"categories":["Simulated"],"preview_listing":false,"public_notice":null,"additional_notices":[],"has_supply_breakdown":false,)",
      coin.id, coin.symbol, json_text(coin.name));
  if (request.get("localization") != "false")
    body += fmt::format(R"("localization":{{"en":"{}"}},)", json_text(coin.name));
  body += fmt::format(
      R"("description":{{"en":""}},"links":{{"homepage":["","",""],"whitepaper":"","blockchain_site":[""],"official_forum_url":["","",""],"chat_url":["","",""],"announcement_url":["",""],)"
      R"("snapshot_url":null,"twitter_screen_name":"","facebook_username":"","bitcointalk_thread_identifier":null,"telegram_channel_identifier":"","subreddit_url":null,)"
      R"("repos_url":{{"github":[],"bitbucket":[]}}}},"image":{{"thumb":"{}","small":"{}","large":"{}"}},"country_origin":"","genesis_date":null,)"
      R"("sentiment_votes_up_percentage":null,"sentiment_votes_down_percentage":null,"watchlist_portfolio_users":0,"market_cap_rank":{},"market_cap_rank_with_rehypothecated":{},)",
      image_url(coin, "thumb"), image_url(coin, "small"), image_url(coin, "large"), row.rank, row.rank);
  if (request.get("market_data") != "false") body += R"("market_data":)" + market_data_json(row) + ",";
  body += fmt::format(R"("status_updates":[],"last_updated":"{}")", core::to_rfc3339(row.at));
  if (request.get("tickers") != "false") body += R"(,"tickers":[])";
  return json_response(body + "}");
}

}  // namespace tickspan::sim
