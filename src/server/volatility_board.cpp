#include "server/volatility_board.hpp"

namespace tickspan::server {

std::shared_ptr<const VolatilityBoard::Ranking> VolatilityBoard::ranking(const core::MarketSnapshot& snapshot,
                                                                         core::AssetId quote) {
  static const auto kEmpty = std::make_shared<const Ranking>();
  if (!snapshot.minutes || !snapshot.by_rank) return kEmpty;
  const auto& closes = snapshot.minutes->closes;
  if (quote.index() >= closes.size() || !closes[quote.index()]) quote = snapshot.usd;
  const std::lock_guard lock(mutex_);
  if (minutes_ != snapshot.minutes || rankings_.size() >= kMaxQuotes) {
    minutes_ = snapshot.minutes;
    rankings_.clear();
  }
  auto& entry = rankings_[quote];
  if (!entry) {
    entry = std::make_shared<const Ranking>(
        analytics::volatility_ranking(*snapshot.minutes, *snapshot.by_rank, quote, snapshot.usd));
  }
  return entry;
}

}  // namespace tickspan::server
