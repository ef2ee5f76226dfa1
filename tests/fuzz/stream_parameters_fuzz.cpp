// What a client asks for in the address of a stream.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/assert.hpp"
#include "core/catalogue.hpp"
#include "stream/parameters.hpp"

namespace {

using namespace tickspan;

constexpr std::size_t kMaxChannels = 20;

const core::Catalogue& catalogue() {
  static const core::Catalogue it = [] {
    core::Catalogue c;
    c.upsert_asset({"usd", "usd", "US Dollar", core::AssetKind::fiat, 0});
    c.upsert_asset({"bitcoin", "btc", "Bitcoin", core::AssetKind::coin, 1});
    c.upsert_venue({"kraken", "Kraken", false, "", ""});
    return c;
  }();
  return it;
}

template <typename Value>
void check_refusal(const core::Result<Value>& result) {
  TS_ASSERT(result || (!result.error().context.empty() && result.error().context.size() < 1024), "refused in words");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  net::HttpRequest request;
  request.target = "/ws?" + std::string(reinterpret_cast<const char*>(data), size);
  const auto prices = stream::read_prices_parameters(request, catalogue());
  check_refusal(prices);
  TS_ASSERT(!prices || (prices->limit >= 1 && prices->limit <= 250 && prices->interval_s >= 1), "within bounds");
  const auto ticks = stream::read_ticks_parameters(request, catalogue());
  check_refusal(ticks);
  TS_ASSERT(!ticks || ticks->size() <= 2, "each asset once");
  const auto topics = stream::read_events_parameters(request, catalogue(), kMaxChannels, 100);
  check_refusal(topics);
  TS_ASSERT(!topics || (!topics->empty() && topics->size() <= kMaxChannels), "within bounds");
  return 0;
}
