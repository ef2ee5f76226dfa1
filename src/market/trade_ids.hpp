#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace tickspan::market {

/// Remembers the trade ids of one pair, so that what a venue sends twice (after a reconnect, or on two channels) counts
/// once. Ids that run in sequence are remembered for the last 256; others for about as long.
/// **Limits**: 2 KiB per pair, taken with the first id; one slot touched per trade.
class TradeIds {
 public:
  /// False when `id` was seen lately. Id 0 means that the venue has none: always new.
  bool insert(std::uint64_t id) {
    if (id == 0) return true;
    if (!slots_) slots_ = std::make_unique<Slots>();
    std::uint64_t& slot = (*slots_)[id % kSlots];
    if (slot == id) return false;
    slot = id;
    return true;
  }

 private:
  static constexpr std::size_t kSlots = 256;
  using Slots = std::array<std::uint64_t, kSlots>;
  std::unique_ptr<Slots> slots_;
};

}  // namespace tickspan::market
