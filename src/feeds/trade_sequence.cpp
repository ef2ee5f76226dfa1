#include "feeds/trade_sequence.hpp"

#include <algorithm>

namespace tickspan::feeds {
namespace {

constexpr std::size_t kMostRanges = 16;
constexpr std::uint64_t kNewNumbering = 1'000'000;

}  // namespace

void TradeSequence::add(core::InstrumentId instrument, std::uint64_t id, core::Timestamp received_at) {
  if (id == 0) return;  // the venue has none
  Pair& pair = pairs_[instrument];
  const std::uint64_t distance = id > pair.last ? id - pair.last : pair.last - id;
  if (pair.last != 0 && distance <= kNewNumbering) {
    if (id <= pair.last) return found(pair, id);
    if (distance > 1) miss(instrument, pair, id, received_at);
  }
  pair.last = id;
  pair.last_at = received_at;
}

void TradeSequence::miss(core::InstrumentId instrument, Pair& pair, std::uint64_t id, core::Timestamp received_at) {
  if (pair.missing.empty() && pair.uncounted == 0) {
    waiting_.push_back(instrument);
    pair.since = received_at;
    pair.start = pair.last_at;
  }
  pair.end = std::max(received_at, pair.start);
  if (pair.missing.size() < kMostRanges)
    pair.missing.push_back({pair.last + 1, id - 1});
  else
    pair.uncounted += id - 1 - pair.last;
}

void TradeSequence::found(Pair& pair, std::uint64_t id) {
  const auto it = std::find_if(pair.missing.begin(), pair.missing.end(),
                               [id](const Range& range) { return id >= range.first && id <= range.last; });
  if (it == pair.missing.end()) return;
  const Range after{id + 1, it->last};
  it->last = id - 1;
  const bool rest = after.first <= after.last;
  if (it->last >= it->first) {
    if (rest) pair.missing.insert(it + 1, after);
  } else if (rest) {
    *it = after;
  } else {
    pair.missing.erase(it);
  }
}

void TradeSequence::forget(core::InstrumentId instrument) {
  if (const auto it = pairs_.find(instrument); it != pairs_.end()) it->second.last = 0;
}

void TradeSequence::collect(core::Timestamp now, const std::function<void(const Lost&)>& tell) {
  std::erase_if(waiting_, [&](core::InstrumentId instrument) {
    Pair& pair = pairs_[instrument];
    if (pair.missing.empty() && pair.uncounted == 0) return true;
    const bool told_lately = pair.told_at.is_set() && now >= pair.told_at && now - pair.told_at < between_;
    if (now - pair.since < grace_ || told_lately) return false;
    Lost lost{instrument, pair.start, pair.end, pair.uncounted};
    for (const Range& range : pair.missing) lost.trades += range.last - range.first + 1;
    pair.missing.clear();
    pair.uncounted = 0;
    pair.told_at = now;
    tell(lost);
    return true;
  });
}

}  // namespace tickspan::feeds
