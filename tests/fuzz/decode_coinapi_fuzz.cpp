#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "core/assert.hpp"
#include "feeds/coinapi/decode.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickspan;
  namespace coinapi = feeds::coinapi;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  for (const bool invert : {false, true}) {
    if (const auto rates = coinapi::decode_rates(body, core::Timestamp::from_s(1'780'000'000), invert)) {
      for (const auto& rate : *rates)
        TS_ASSERT(rate.rate.is_positive() && !rate.base.empty() && !rate.quote.empty(), "a rate is positive");
    }
  }
  if (const auto assets = coinapi::decode_assets(body)) {
    for (const auto& asset : *assets) {
      TS_ASSERT(!asset.id.empty(), "an asset has a name");
      TS_ASSERT(!asset.price_usd || asset.price_usd->is_positive(), "a price is positive");
    }
  }
  if (const auto points = coinapi::decode_closes(body)) {
    for (const auto& point : *points) TS_ASSERT(point.price > 0 && std::isfinite(point.price), "a price is positive");
    TS_ASSERT(std::is_sorted(points->begin(), points->end(), [](const auto& a, const auto& b) { return a.at < b.at; }),
              "ascending");
  }
  TS_ASSERT(coinapi::decode_error(body).size() <= 200, "a message is short");
  return 0;
}
