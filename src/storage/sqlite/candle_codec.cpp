#include "storage/sqlite/candle_codec.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace tickspan::storage::sqlite {
namespace {

using core::Decimal;

constexpr int kMaxPad = 15;

constexpr std::array<std::int64_t, kMaxPad + 1> kPow10 = [] {
  std::array<std::int64_t, kMaxPad + 1> table{};
  std::int64_t power = 1;
  for (auto& entry : table) {
    entry = power;
    power *= 10;
  }
  return table;
}();

bool exponent_in_range(std::int64_t exponent) {
  return exponent >= std::numeric_limits<std::int8_t>::min() && exponent <= std::numeric_limits<std::int8_t>::max();
}

/// Fills the shared-scale form; false where it does not fit.
bool pack_aligned(const std::array<Decimal, 4>& prices, PackedCandle& out) {
  const int finest = std::min_element(prices.begin(), prices.end(), [](const Decimal& a, const Decimal& b) {
                       return a.exponent < b.exponent;
                     })->exponent;
  if (finest > 0) return false;
  std::array<std::int64_t, 4> values{};
  std::int64_t pads = 0;
  for (std::size_t i = 0; i < prices.size(); ++i) {
    const int pad = prices[i].exponent - finest;
    if (pad > kMaxPad) return false;
    if (__builtin_mul_overflow(prices[i].mantissa, kPow10[static_cast<std::size_t>(pad)], &values[i])) return false;
    pads |= static_cast<std::int64_t>(pad) << (4 * i);
  }
  for (std::size_t i = 1; i < prices.size(); ++i) {
    if (__builtin_sub_overflow(values[i], values[0], &values[i])) return false;
  }
  out.open = values[0];
  out.high = values[1];
  out.low = values[2];
  out.close = values[3];
  out.scale = (pads << 8) | static_cast<std::int64_t>(-finest);
  return true;
}

void pack_raw(const std::array<Decimal, 4>& prices, PackedCandle& out) {
  out.open = prices[0].mantissa;
  out.high = prices[1].mantissa;
  out.low = prices[2].mantissa;
  out.close = prices[3].mantissa;
  for (std::size_t i = 0; i < prices.size(); ++i) {
    out.scale |= static_cast<std::int64_t>(static_cast<std::uint8_t>(prices[i].exponent)) << (8 * i);
  }
  out.flags |= PackedCandle::kRaw;
}

bool unpack_aligned(const PackedCandle& packed, std::array<Decimal, 4>& prices) {
  const int finest = -static_cast<int>(packed.scale & 0xff);
  if (packed.scale < 0 || packed.scale >> 24 != 0 || !exponent_in_range(finest)) return false;
  std::array<std::int64_t, 4> values = {packed.open, packed.high, packed.low, packed.close};
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (__builtin_add_overflow(values[i], values[0], &values[i])) return false;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto pad = static_cast<int>((packed.scale >> (8 + 4 * i)) & 0xf);
    const std::int64_t power = kPow10[static_cast<std::size_t>(pad)];
    if (values[i] % power != 0 || !exponent_in_range(finest + pad)) return false;
    prices[i] = {values[i] / power, static_cast<std::int8_t>(finest + pad)};
  }
  return true;
}

bool unpack_raw(const PackedCandle& packed, std::array<Decimal, 4>& prices) {
  if (packed.scale < 0 || packed.scale >> 32 != 0) return false;
  const std::array<std::int64_t, 4> values = {packed.open, packed.high, packed.low, packed.close};
  for (std::size_t i = 0; i < values.size(); ++i) {
    prices[i] = {values[i], static_cast<std::int8_t>(static_cast<std::uint8_t>(packed.scale >> (8 * i)))};
  }
  return true;
}

}  // namespace

PackedCandle pack(const core::Candle& candle) {
  PackedCandle out;
  out.flags = (candle.final ? PackedCandle::kFinal : 0) | (candle.incomplete ? PackedCandle::kIncomplete : 0) |
              (candle.flat ? PackedCandle::kFlat : 0) | (candle.rebuilt ? PackedCandle::kRebuilt : 0);
  const std::array prices = {candle.open, candle.high, candle.low, candle.close};
  if (!pack_aligned(prices, out)) pack_raw(prices, out);
  out.volume = candle.volume.mantissa;
  out.volume_exp = candle.volume.exponent;
  out.trades = candle.trades;
  return out;
}

std::optional<core::Candle> unpack(const PackedCandle& packed) {
  std::array<Decimal, 4> prices;
  const bool raw = (packed.flags & PackedCandle::kRaw) != 0;
  if (!(raw ? unpack_raw(packed, prices) : unpack_aligned(packed, prices))) return {};
  if (!exponent_in_range(packed.volume_exp) || packed.flags < 0 || packed.flags > 31) return {};
  if (packed.trades < 0 || packed.trades > std::numeric_limits<std::uint32_t>::max()) return {};
  core::Candle candle;
  candle.open = prices[0];
  candle.high = prices[1];
  candle.low = prices[2];
  candle.close = prices[3];
  candle.volume = {packed.volume, static_cast<std::int8_t>(packed.volume_exp)};
  candle.trades = static_cast<std::uint32_t>(packed.trades);
  candle.final = (packed.flags & PackedCandle::kFinal) != 0;
  candle.incomplete = (packed.flags & PackedCandle::kIncomplete) != 0;
  candle.flat = (packed.flags & PackedCandle::kFlat) != 0;
  candle.rebuilt = (packed.flags & PackedCandle::kRebuilt) != 0;
  return candle;
}

}  // namespace tickspan::storage::sqlite
