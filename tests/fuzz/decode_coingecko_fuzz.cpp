#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "core/assert.hpp"
#include "feeds/coingecko/decode.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickspan;
  namespace coingecko = feeds::coingecko;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  if (const auto rows = coingecko::decode_markets(body, core::Timestamp::from_s(1'780'000'000))) {
    for (const auto& row : *rows) {
      TS_ASSERT(!row.asset_id.empty() && row.rank >= 0, "a row has a name");
      TS_ASSERT(!row.price || row.price->is_positive(), "a price is positive");
      TS_ASSERT(!row.market_cap || (std::isfinite(*row.market_cap) && *row.market_cap >= 0),
                "a capitalisation is finite");
    }
  }
  if (const auto rates = coingecko::decode_exchange_rates(body)) {
    for (const auto& rate : *rates) TS_ASSERT(rate.per_btc.is_positive() && !rate.code.empty(), "a rate is positive");
  }
  if (const auto points = coingecko::decode_market_chart(body)) {
    for (const auto& point : *points) TS_ASSERT(point.price > 0 && std::isfinite(point.price), "a price is positive");
    TS_ASSERT(std::is_sorted(points->begin(), points->end(), [](const auto& a, const auto& b) { return a.at < b.at; }),
              "ascending");
  }
  TS_ASSERT(coingecko::decode_error(body).size() <= 200, "a message is short");
  TS_ASSERT(coingecko::decode_error_code(body) >= 0, "a code is a number");
  return 0;
}
