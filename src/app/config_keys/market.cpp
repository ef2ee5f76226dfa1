#include "app/config_keys/key.hpp"

namespace tickspan::app {

std::vector<ConfigKey> market_keys() {
  return {
      {"market.tracked_assets", "How many coins are tracked, by market capitalisation.", "300",
       [](Config& c, const RawValue& v) { return set_int(c.tracked_assets, v, 1, 2'000); }},
      {"market.outlier_percent",
       "How far a venue's price may lie from the others' and still count. What is further off is left out and named.",
       "3", [](Config& c, const RawValue& v) { return set_int(c.outlier_percent, v, 1, 50); }},
      {"market.ring_capacity", "Ticks that may wait between a feed thread and the engine.", "65536",
       [](Config& c, const RawValue& v) { return set_int(c.ring_capacity, v, 1'024, 16'777'216); }},
  };
}

}  // namespace tickspan::app
