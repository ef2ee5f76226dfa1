#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace tickspan::market {

/// Remembers the trade ids of one pair, so that what a venue sends twice (after a reconnect, or over two connections at
/// a time) counts once. Ids that run in sequence are remembered for the last 1,024; of others eight at least, and a
/// hundred but for one case in some hundred thousand.
/// **Limits**: 8 KiB per pair, taken with the first id; one cache line touched per trade.
class TradeIds {
 public:
  /// False when `id` was seen lately. Id 0 means that the venue has none: always new.
  bool insert(std::uint64_t id) {
    if (id == 0) return true;
    if (!sets_) sets_ = std::make_unique<Sets>();
    Set& set = (*sets_)[id % kSets];
    if (std::find(set.begin(), set.end(), id) != set.end()) return false;
    std::copy_backward(set.begin(), set.end() - 1, set.end());  // the oldest goes
    set.front() = id;
    return true;
  }

 private:
  static constexpr std::size_t kSets = 128;
  struct alignas(64) Set : std::array<std::uint64_t, 8> {};
  using Sets = std::array<Set, kSets>;
  std::unique_ptr<Sets> sets_;
};

}  // namespace tickspan::market
