// A candle's columns in SQLite may hold any integers. What is read is written as columns that read the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/assert.hpp"
#include "storage/sqlite/candle_codec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickspan;
  storage::sqlite::PackedCandle packed;
  std::int64_t* const columns[] = {&packed.open,   &packed.high,       &packed.low,    &packed.close, &packed.scale,
                                   &packed.volume, &packed.volume_exp, &packed.trades, &packed.flags};
  // A byte says how many bytes follow for a column: small numbers are what is stored.
  for (std::int64_t* const column : columns) {
    if (size == 0) break;
    const std::size_t width = std::min<std::size_t>(data[0] % 9, size - 1);
    std::memcpy(column, data + 1, width);
    data += 1 + width;
    size -= 1 + width;
  }
  const auto candle = storage::sqlite::unpack(packed);
  if (!candle) return 0;
  const auto once = storage::sqlite::pack(*candle);
  const auto again = storage::sqlite::unpack(once);
  TS_ASSERT(again.has_value(), "what is written can be read");
  const auto twice = storage::sqlite::pack(*again);
  TS_ASSERT(std::memcmp(&once, &twice, sizeof once) == 0, "and is the same, digit for digit");
  return 0;
}
