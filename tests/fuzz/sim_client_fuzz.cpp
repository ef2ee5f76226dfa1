#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/assert.hpp"
#include "sim/client_message.hpp"

// What clients send to the simulated venues: one text, read as each venue would.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickspan;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto binance = sim::parse_binance_request(text);
  const auto coinbase = sim::parse_coinbase_request(text);
  const auto kraken = sim::parse_kraken_request(text);
  const auto okx = sim::parse_okx_request(text);
  const auto bybit = sim::parse_bybit_request(text);
  const auto bitstamp = sim::parse_bitstamp_request(text);
  TS_ASSERT(binance.has_value() == coinbase.has_value() && coinbase.has_value() == kraken.has_value() &&
                kraken.has_value() == okx.has_value() && okx.has_value() == bybit.has_value() &&
                bybit.has_value() == bitstamp.has_value(),
            "all agree on what is JSON");
  if (kraken) TS_ASSERT(kraken->interval >= 1 && kraken->interval <= 21'600, "intervals are within bounds");
  if (binance) TS_ASSERT(!binance->id.empty(), "an id is always JSON");
  return 0;
}
