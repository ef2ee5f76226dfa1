#include "feeds/coinbase/advanced.hpp"

#include <algorithm>
#include <array>

#include "feeds/decode_support.hpp"
#include "feeds/json_rows.hpp"

namespace tickspan::feeds::coinbase {
namespace {

std::string message(std::string_view type, std::string_view channel, std::span<const std::string> symbols) {
  std::string text = R"({"type":")";
  text.append(type).append(R"(","product_ids":[)");
  for (const std::string& symbol : symbols) {
    if (&symbol != symbols.data()) text += ',';
    append_json_string(text, symbol);
  }
  return text.append(R"(],"channel":")").append(channel).append(R"("})");
}

}  // namespace

std::vector<std::string> advanced_messages(std::string_view type, std::span<const std::string> symbols,
                                           std::size_t per_message) {
  std::vector<std::string> messages;
  if (type == "subscribe" && !symbols.empty()) messages.push_back(R"({"type":"subscribe","channel":"heartbeats"})");
  for (std::size_t i = 0; i < symbols.size(); i += per_message) {
    const auto some = symbols.subspan(i, std::min(per_message, symbols.size() - i));
    messages.push_back(message(type, "market_trades", some));
    messages.push_back(message(type, "ticker", some));
  }
  return messages;
}

core::Result<std::vector<core::ListedPair>> decode_advanced_products(std::string_view body) {
  constexpr std::array<std::string_view, 1> kPath = {"products"};
  constexpr std::array<std::string_view, 8> kKeys = {
      "product_id",       "base_currency_id", "quote_currency_id", "status",
      "trading_disabled", "cancel_only",      "product_type",      "alias"};
  std::vector<core::ListedPair> pairs;
  const RowPlace place{.path = kPath};
  const auto read = read_objects(body, "coinbase advanced products", place, kKeys, [&](auto row) -> const char* {
    if (token_text(row[6]) != "SPOT") return nullptr;
    const bool halted = trim_token(row[4]) == "true" || trim_token(row[5]) == "true" || !token_text(row[7]).empty();
    add_pair(row[0], row[1], row[2], token_text(row[3]) == "online" && !halted, pairs);
    return nullptr;
  });
  if (!read) return tl::unexpected(read.error());
  return pairs;
}

}  // namespace tickspan::feeds::coinbase
