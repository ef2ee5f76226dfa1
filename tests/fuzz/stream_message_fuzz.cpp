#include <cstdint>
#include <string_view>

#include "core/assert.hpp"
#include "core/catalogue.hpp"
#include "stream/request.hpp"
#include "wire/topic.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickspan;
  static stream::RequestReader reader;
  static const core::Catalogue catalogue = [] {
    core::Catalogue c;
    c.upsert_asset({"usd", "usd", "US Dollar", core::AssetKind::fiat, 0});
    c.upsert_asset({"bitcoin", "btc", "Bitcoin", core::AssetKind::coin, 1});
    c.upsert_venue({"kraken", "Kraken", false, "", ""});
    return c;
  }();
  const auto request = reader.read({reinterpret_cast<const char*>(data), size}, 50);
  TS_ASSERT(request.channels.size() <= 50 && request.since.size() <= 50, "limits kept");
  TS_ASSERT(!request.id.empty(), "an id can always be echoed");
  for (const auto& channel : request.channels) {
    const auto topic = wire::resolve_topic(channel, catalogue);
    if (!topic) continue;
    const auto name = wire::topic_name(*topic, catalogue);
    const auto again = wire::resolve_topic(name, catalogue);
    TS_ASSERT(again && *again == *topic, "the canonical name means the same");
  }
  return 0;
}
