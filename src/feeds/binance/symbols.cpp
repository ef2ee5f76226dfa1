#include "feeds/binance/symbols.hpp"

#include <array>

#include "feeds/decode_support.hpp"
#include "feeds/json_rows.hpp"

namespace tickspan::feeds::binance {

core::Result<std::vector<core::ListedPair>> decode_exchange_info(std::string_view body) {
  static constexpr std::array<std::string_view, 1> kPath = {"symbols"};
  constexpr std::array<std::string_view, 5> kKeys = {"symbol", "baseAsset", "quoteAsset", "status",
                                                     "isSpotTradingAllowed"};
  std::vector<core::ListedPair> pairs;
  const auto read = read_objects(body, "binance exchangeInfo", {.path = kPath}, kKeys, [&](auto row) -> const char* {
    const bool spot = row[4].empty() || trim_token(row[4]) == "true";
    add_pair(row[0], row[1], row[2], spot && token_text(row[3]) == "TRADING", pairs);
    return nullptr;
  });
  if (!read) return tl::unexpected(read.error());
  return pairs;
}

}  // namespace tickspan::feeds::binance
