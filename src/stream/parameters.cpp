#include "stream/parameters.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace tickspan::stream {
namespace {

using core::ErrorCode;
using core::fail;

constexpr std::size_t kMaxAssets = 100;
constexpr std::string_view kDefaultAssets = "BTC,ETH,XRP,BCH,ADA,LTC,LINK,XLM,DOT,SOL";

core::Result<int> read_number(std::string_view name, std::string_view text, int low, int high) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size() && value >= low && value <= high) return value;
  return fail(ErrorCode::invalid_argument,
              fmt::format("{}={}: must be a whole number from {} to {}", name, text.substr(0, 40), low, high));
}

std::vector<std::string_view> split(std::string_view list) {
  std::vector<std::string_view> parts;
  while (!list.empty()) {
    const auto comma = list.find(',');
    if (const auto part = list.substr(0, comma); !part.empty()) parts.push_back(part);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return parts;
}

tl::unexpected<core::Error> unknown_asset(std::string_view name, const core::Catalogue& catalogue) {
  const auto near = catalogue.near_matches(name);
  return fail(ErrorCode::not_found,
              near.empty() ? fmt::format("unknown asset '{}'", name.substr(0, 100))
                           : fmt::format("unknown asset '{}'; near: {}", name.substr(0, 100), fmt::join(near, ", ")));
}

}  // namespace

core::Result<PricesParameters> read_prices_parameters(const net::HttpRequest& request,
                                                      const core::Catalogue& catalogue) {
  PricesParameters out;
  for (const auto& [name, value] : net::parse_query(request.query())) {
    if (name == "currency") {
      out.currency = value;
    } else if (name == "limit") {
      const auto limit = read_number(name, value, 1, 250);
      if (!limit) return tl::unexpected(limit.error());
      out.limit = static_cast<std::size_t>(*limit);
    } else if (name == "interval") {
      const auto interval = read_number(name, value, 1, 60);
      if (!interval) return tl::unexpected(interval.error());
      out.interval_s = *interval;
    }
  }
  const auto quote = catalogue.resolve(out.currency);
  if (!quote.valid()) return unknown_asset(out.currency, catalogue);
  out.currency = catalogue.asset(quote).symbol;
  return out;
}

core::Result<std::vector<core::AssetId>> read_ticks_parameters(const net::HttpRequest& request,
                                                               const core::Catalogue& catalogue) {
  std::string list(kDefaultAssets);
  bool asked = false;
  for (const auto& [name, value] : net::parse_query(request.query())) {
    if (name != "assets") continue;
    list = value;
    asked = true;
  }
  const auto names = split(list);
  if (names.empty() || names.size() > kMaxAssets) {
    return fail(ErrorCode::invalid_argument, fmt::format("assets: must name from 1 to {} assets", kMaxAssets));
  }
  std::vector<core::AssetId> assets;
  for (const auto name : names) {
    const auto id = catalogue.resolve(name);
    if (!id.valid() && asked) return unknown_asset(name, catalogue);
    if (id.valid() && std::find(assets.begin(), assets.end(), id) == assets.end()) assets.push_back(id);
  }
  return assets;
}

core::Result<std::vector<wire::Topic>> read_events_parameters(const net::HttpRequest& request,
                                                              const core::Catalogue& catalogue,
                                                              std::size_t max_channels, std::uint32_t bench_channels) {
  std::vector<wire::Topic> topics;
  for (const auto& [name, value] : net::parse_query(request.query())) {
    if (name != "channels") continue;
    for (const auto channel : split(value)) {
      if (topics.size() == max_channels) {
        return fail(ErrorCode::invalid_argument, fmt::format("channels: at most {}", max_channels));
      }
      const auto topic = wire::parse_topic(channel, catalogue, bench_channels);
      if (!topic) return tl::unexpected(topic.error());
      if (std::find(topics.begin(), topics.end(), *topic) == topics.end()) topics.push_back(*topic);
    }
  }
  if (topics.empty()) {
    return fail(ErrorCode::invalid_argument, "channels: must name at least one, e.g. channels=price:btc/usd,ticker:*");
  }
  return topics;
}

}  // namespace tickspan::stream
