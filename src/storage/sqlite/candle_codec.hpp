#pragma once

#include <cstdint>
#include <optional>

#include "core/candle.hpp"

namespace tickspan::storage::sqlite {

/// A candle as integers that SQLite stores in few bytes (it spends 0 on 0 and 1, 1 to 8 on others), exact to the digit
/// and to the representation: 1.50 comes back as 1.50.
///
/// The four prices share one power of ten, that of the finest; high, low and close are counted from the open:
///   price = (open + delta) * 10^-(scale & 255), its last `pad` digits being zeros that its own form does not have,
///   where the pads of open, high, low and close are four bits each of scale >> 8.
/// Where that does not fit (prices 16 digits apart, no room in 64 bits) flag `raw` is set: the four are plain mantissas
/// and `scale` holds their four exponents, eight bits each, the open's lowest.
struct PackedCandle {
  static constexpr std::int64_t kFinal = 1, kIncomplete = 2, kFlat = 4, kRaw = 8, kRebuilt = 16;
  std::int64_t open = 0, high = 0, low = 0, close = 0, scale = 0;
  std::int64_t volume = 0, volume_exp = 0, trades = 0, flags = 0;
};

PackedCandle pack(const core::Candle& candle);
/// Nothing when the numbers cannot have come from pack(): the file is damaged. `start` is not part of it.
std::optional<core::Candle> unpack(const PackedCandle& packed);

}  // namespace tickspan::storage::sqlite
