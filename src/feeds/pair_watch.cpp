#include "feeds/pair_watch.hpp"

#include <algorithm>

namespace tickspan::feeds {

void PairWatch::add(core::InstrumentId id, const std::string& symbol, Time now) {
  Pair& pair = pairs_[id];
  pair.symbol = symbol;
  pair.rhythm.resume(now);
}

bool PairWatch::remove(const std::string& symbol) {
  std::erase_if(pairs_, [&](const auto& item) { return item.second.symbol == symbol; });
  return silent_.erase(symbol) > 0;
}

void PairWatch::resume(Time now) {
  for (auto& [id, pair] : pairs_) pair.rhythm.resume(now);
}

const std::string* PairWatch::heard(core::InstrumentId id, core::Timestamp received_at, Time now) {
  const auto it = pairs_.find(id);
  if (it == pairs_.end()) return nullptr;
  Pair& pair = it->second;
  // The first word says nothing of what was before. A pair that is merely slow earns patience for the next time.
  if (pair.last_at.is_set())
    pair.rhythm.heard(now);
  else
    pair.rhythm.resume(now);
  pair.last_at = received_at;
  return !silent_.empty() && silent_.erase(pair.symbol) > 0 ? &pair.symbol : nullptr;
}

core::Timestamp PairWatch::last_at(const std::string& symbol) const {
  const auto it =
      std::find_if(pairs_.begin(), pairs_.end(), [&](const auto& item) { return item.second.symbol == symbol; });
  return it == pairs_.end() ? core::Timestamp{} : it->second.last_at;
}

std::vector<PairWatch::Silence> PairWatch::look(Time now) {
  std::vector<Silence> out;
  for (const auto& [id, pair] : pairs_) {
    const bool known = pair.last_at.is_set();
    const core::Duration patience = known ? pair.rhythm.patience(patience_, 10 * patience_) : patience_;
    if (now - pair.rhythm.last() <= patience || !silent_.insert(pair.symbol).second) continue;
    out.push_back({pair.symbol, pair.last_at});
  }
  return out;
}

}  // namespace tickspan::feeds
