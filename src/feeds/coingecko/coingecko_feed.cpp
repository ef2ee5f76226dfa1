#include "feeds/coingecko/coingecko_feed.hpp"

namespace tickspan::feeds {

std::optional<CoinGeckoPlan> parse_coingecko_plan(std::string_view text) {
  if (text == "keyless") return CoinGeckoPlan::keyless;
  if (text == "demo") return CoinGeckoPlan::demo;
  if (text == "pro") return CoinGeckoPlan::pro;
  return {};
}

core::Venue coingecko_venue() {
  return {"coingecko", "CoinGecko", true, "Data provided by CoinGecko", "https://www.coingecko.com"};
}

}  // namespace tickspan::feeds
