#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "analytics/volatility.hpp"
#include "core/snapshot.hpp"

namespace tickspan::server {

/// The volatility ranking per quote, computed once for each new minute and shared by all who ask.
/// **Threading**: any. **Limits**: kMaxQuotes rankings are kept.
class VolatilityBoard {
 public:
  using Ranking = std::vector<analytics::VolatilityRank>;
  /// Empty before there are minutes. In a quote without minutes of its own (a fiat rate that is only polled) the
  /// ranking is that in USD: a constant rate does not change a log return.
  std::shared_ptr<const Ranking> ranking(const core::MarketSnapshot& snapshot, core::AssetId quote);
  static constexpr std::size_t kMaxQuotes = 32;

 private:
  std::mutex mutex_;
  std::shared_ptr<const core::MinuteHistory> minutes_;                          // guarded by mutex_
  std::unordered_map<core::AssetId, std::shared_ptr<const Ranking>> rankings_;  // of minutes_; guarded by mutex_
};

}  // namespace tickspan::server
