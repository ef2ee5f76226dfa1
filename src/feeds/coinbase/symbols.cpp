#include "feeds/coinbase/symbols.hpp"

#include <array>

#include "feeds/decode_support.hpp"
#include "feeds/json_rows.hpp"

namespace tickspan::feeds::coinbase {

core::Result<std::vector<core::ListedPair>> decode_products(std::string_view body) {
  constexpr std::array<std::string_view, 6> kKeys = {"id",     "base_currency",    "quote_currency",
                                                     "status", "trading_disabled", "cancel_only"};
  std::vector<core::ListedPair> pairs;
  const auto read = read_objects(body, "coinbase products", kKeys, [&](auto row) -> const char* {
    const bool halted = trim_token(row[4]) == "true" || trim_token(row[5]) == "true";
    add_pair(row[0], row[1], row[2], token_text(row[3]) == "online" && !halted, pairs);
    return nullptr;
  });
  if (!read) return tl::unexpected(read.error());
  return pairs;
}

}  // namespace tickspan::feeds::coinbase
