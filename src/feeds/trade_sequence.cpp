#include "feeds/trade_sequence.hpp"

#include <algorithm>
#include <utility>

namespace tickspan::feeds {
namespace {

constexpr std::size_t kMostRanges = 16;
constexpr std::uint64_t kNewNumbering = 1'000'000;
constexpr core::Duration kRateTurn = std::chrono::minutes(10);
constexpr std::uint64_t kRateKnown = 10;        // trades
constexpr int kLongSilence = 3;                 // times the mean distance of its trades
constexpr int kDistrust = 30;                   // graces
constexpr std::uint64_t kProof = 50;            // numbers that followed one another
constexpr std::uint64_t kFollowsForBreak = 20;  // and for each that did not

}  // namespace

void TradeSequence::add(const core::Tick& trade) {
  const std::uint64_t last = trade.trade_id();
  if (last == 0 || trade.fills() == 0 || trade.fills() > last) return;  // the venue has none
  const Range came{last - trade.fills() + 1, last};
  Pair& pair = pairs_[trade.instrument()];
  const std::uint64_t distance = last > pair.last ? last - pair.last : pair.last - last;
  if (pair.last != 0 && distance <= kNewNumbering) {
    if (last <= pair.last) return found(pair, came);
    if (came.first > pair.last + 1)
      jump(trade.instrument(), pair, {pair.last + 1, came.first - 1}, trade);
    else
      ++followed_;
    learn(pair, last, trade.received_at());
  }
  if (pair.first == 0) {
    pair.first = came.first;
    pair.first_at = trade.received_at();
  }
  pair.last = last;
  pair.last_at = trade.received_at();
  const bool earlier = trade.event_time().is_set() && trade.event_time() < pair.last_at;
  pair.happened = earlier ? trade.event_time() : pair.last_at;
  pair.away_from = pair.away_to = {};
}

// Over the mean of ten to twenty minutes: trades come in bursts.
void TradeSequence::learn(Pair& pair, std::uint64_t last, core::Timestamp at) {
  if (pair.away_from.is_set()) return;
  if (pair.rate.time >= kRateTurn) pair.rate_before = std::exchange(pair.rate, {});
  pair.rate.time += std::max(at - pair.last_at, core::Duration{});
  pair.rate.trades += last - pair.last;
}

void TradeSequence::jump(core::InstrumentId instrument, Pair& pair, Range left_out, const core::Tick& next) {
  const core::Timestamp end = std::max(next.received_at(), next.event_time());
  if (pair.away_from.is_set()) {
    if (believed() && may_lie_outside(pair, next.received_at())) miss(instrument, pair, left_out, pair.happened, end);
    return;
  }
  const bool told = believed();
  ++broken_;
  if (!told) return;
  distrust(next.received_at());
  miss(instrument, pair, left_out, pair.happened, end);
}

bool TradeSequence::may_lie_outside(const Pair& pair, core::Timestamp at) const {
  if (distrusted_.is_set() && distrusted_ >= pair.away_from - kDistrust * options_.grace) return true;
  const std::uint64_t trades = pair.rate.trades + pair.rate_before.trades;
  if (trades < kRateKnown) return false;
  const core::Duration mean = (pair.rate.time + pair.rate_before.time) / static_cast<std::int64_t>(trades);
  return (at - pair.last_at) - (pair.away_to - pair.away_from) > kLongSilence * mean;
}

bool TradeSequence::believed() const {
  return !options_.prove || (followed_ >= kProof && broken_ * kFollowsForBreak <= followed_);
}

void TradeSequence::miss(core::InstrumentId instrument, Pair& pair, Range left_out, core::Timestamp from,
                         core::Timestamp to) {
  if (pair.missing.empty() && pair.uncounted == 0) {
    waiting_.push_back(instrument);
    pair.since = pair.end = to;
    pair.start = from;
  }
  pair.start = std::min(pair.start, from);
  pair.end = std::max({pair.end, to, pair.start});
  if (pair.missing.size() < kMostRanges)
    pair.missing.push_back(left_out);
  else
    pair.uncounted += left_out.last - left_out.first + 1;
}

void TradeSequence::found(Pair& pair, Range came) {
  std::vector<Range> left;
  for (const Range& range : pair.missing) {
    if (came.last < range.first || came.first > range.last) {
      left.push_back(range);
      continue;
    }
    if (range.first < came.first) left.push_back({range.first, came.first - 1});
    if (range.last > came.last) left.push_back({came.last + 1, range.last});
  }
  pair.missing = std::move(left);
}

void TradeSequence::know(core::InstrumentId instrument, std::uint64_t id, core::Timestamp at) {
  Pair& pair = pairs_[instrument];
  if (pair.first == 0) {
    if (id <= pair.last) return;
    pair.last = id;
    pair.last_at = pair.happened = at;
    return;
  }
  const bool left_out = pair.first > id + 1 && pair.first - id <= kNewNumbering;
  if (left_out && believed()) miss(instrument, pair, {id + 1, pair.first - 1}, at, std::max(at, pair.first_at));
}

void TradeSequence::interrupt(core::InstrumentId instrument, core::Timestamp from, core::Timestamp to) {
  const auto it = pairs_.find(instrument);
  if (it == pairs_.end() || it->second.last == 0) return;
  Pair& pair = it->second;
  if (!pair.away_from.is_set()) pair.away_from = std::max(from, pair.last_at);
  pair.away_to = std::max(to, pair.away_from);
}

void TradeSequence::collect(core::Timestamp now, const std::function<void(const Lost&)>& tell) {
  std::erase_if(waiting_, [&](core::InstrumentId instrument) {
    Pair& pair = pairs_[instrument];
    if (pair.missing.empty() && pair.uncounted == 0) return true;
    const bool told_lately = pair.told_at.is_set() && now >= pair.told_at && now - pair.told_at < options_.between;
    if (now - pair.since < options_.grace || told_lately) return false;
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
