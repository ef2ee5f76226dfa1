#include "market/candle_builder.hpp"

#include <algorithm>

namespace tickspan::market {
namespace {

// A jump of the clock by more than this (a suspended machine) is not filled with flat candles.
constexpr core::Duration kFillLimit = std::chrono::hours(24);

}  // namespace

const CandleBuilder::Bucket* CandleBuilder::find(core::Timestamp minute) const {
  const Bucket& b = buckets_[static_cast<std::size_t>(minute.ns / kMinute.count()) % kBuckets];
  return b.start == minute && minute.is_set() ? &b : nullptr;
}

CandleBuilder::Bucket* CandleBuilder::bucket_for(core::Timestamp at) {
  const core::Timestamp minute = at.floor_to(kMinute);
  // The first to arrive need not be the first: the lateness counts from the start. A restored close is too old to fill
  // the minute before with.
  if (!next_.is_set()) next_ = last_close_.is_positive() ? minute : (at - kLateness).floor_to(kMinute);
  if (minute < next_ - kRepairMinutes * kMinute || minute.ns <= 0) {
    ++too_late_;
    return nullptr;
  }
  // Data of a later time is proof that time has passed: replays run faster than the clock's visits.
  if (minute > next_) finish_until(at);
  Bucket& b = slot(minute);
  if (b.start != minute) {
    b = Bucket{};
    b.start = minute;
    b.final = b.incomplete = minute < next_;
  }
  newest_ = std::max(newest_, minute);
  return &b;
}

void CandleBuilder::put_price(Bucket& b, const Key& key, const core::Decimal& price) {
  if (b.trades == 0) {
    b.open = b.high = b.low = b.close = price;
    b.open_key = b.close_key = key;
  } else {
    if (price > b.high) b.high = price;
    if (price < b.low) b.low = price;
    if (key < b.open_key) {
      b.open = price;
      b.open_key = key;
    }
    if (key >= b.close_key) {
      b.close = price;
      b.close_key = key;
    }
  }
  ++b.trades;
}

CandleBuilder::Added CandleBuilder::add_trade(core::Timestamp at, const core::Decimal& price,
                                              const core::Decimal& amount, std::uint64_t id) {
  if (at <= counted_until_) return Added::known;
  Bucket* const b = bucket_for(at);
  if (b == nullptr) return Added::too_late;
  if (b->whole) return Added::known;
  put_price(*b, {at.ns, id}, price);
  b->volume.add(amount);
  if (!b->final) return Added::open;
  repair_from(b->start);
  return Added::repaired;
}

void CandleBuilder::add_price(core::Timestamp at, const core::Decimal& price) {
  Bucket* const b = bucket_for(std::max(at, next_));
  if (b != nullptr && !b->whole) put_price(*b, {at.ns, 0}, price);
}

void CandleBuilder::add_volume(core::Timestamp at, const core::Decimal& amount) {
  const core::Timestamp minute = at.floor_to(kMinute);
  const bool repairs =
      minute < next_ && minute >= next_ - kRepairMinutes * kMinute && at > counted_until_ && find(minute) != nullptr;
  Bucket* const b = bucket_for(repairs ? at : std::max(at, next_));
  if (b == nullptr || b->whole) return;
  b->volume.add(amount);
  b->has_volume = true;
  if (b->final) finished_.push_back(to_candle(*b));
}

void CandleBuilder::put(const core::Candle& c) {
  if (!next_.is_set() || c.start < next_ - kRepairMinutes * kMinute || c.start > next_ + 2 * kMinute) return;
  Bucket& b = slot(c.start);
  b = Bucket{};
  b.start = c.start;
  b.open = c.open;
  b.high = c.high;
  b.low = c.low;
  b.close = c.close;
  b.volume.add(c.volume);
  b.has_volume = !c.flat;
  b.trades = c.trades;
  b.final = c.start < next_;
  b.incomplete = c.incomplete;
  b.whole = true;
  b.rebuilt = c.rebuilt;
  newest_ = std::max(newest_, c.start);
}

void CandleBuilder::lean_on(core::Timestamp from, const core::Decimal& close) {
  for (core::Timestamp m = std::max(from, next_ - kRepairMinutes * kMinute); m < next_; m = m + kMinute) {
    Bucket& b = slot(m);
    if (b.start == m && !has_prices(b)) b.open = b.high = b.low = b.close = close;
  }
  last_close_ = close;
}

void CandleBuilder::begin_at(core::Timestamp until) {
  if (!next_.is_set()) next_ = until;
}

void CandleBuilder::advance(core::Timestamp now, bool heard) {
  heard_ = heard;
  if (next_.is_set()) finish_until(now);
}

void CandleBuilder::finish_until(core::Timestamp now) {
  if (now - next_ > kFillLimit) {
    for (std::size_t i = 0; i < kBuckets && next_ <= newest_; ++i, next_ = next_ + kMinute) finish(next_);
    const core::Timestamp resume = (now - kMinute - kLateness).floor_to(kMinute);
    if (resume > next_) next_ = resume;
  }
  for (; next_ + kMinute + kLateness <= now; next_ = next_ + kMinute) finish(next_);
}

void CandleBuilder::finish(core::Timestamp minute) {
  Bucket& b = slot(minute);
  const bool has_data = b.start == minute && (b.trades > 0 || b.has_volume);
  if (!has_data) {
    if (!heard_ || !last_close_.is_positive()) return;
    b = Bucket{};
    b.start = minute;
  }
  if (!has_prices(b)) b.open = b.high = b.low = b.close = last_close_;
  if (!b.close.is_positive()) return;  // volume, but never a price
  b.final = true;
  b.incomplete = b.incomplete || (!b.whole && touches_loss(minute));
  last_close_ = b.close;
  finished_.push_back(to_candle(b));
}

void CandleBuilder::repair_from(core::Timestamp minute) {
  const Bucket& repaired = slot(minute);
  finished_.push_back(to_candle(repaired));
  core::Decimal close = repaired.close;
  for (core::Timestamp m = minute + kMinute; m < next_; m = m + kMinute) {
    Bucket& b = slot(m);
    if (b.start != m) continue;
    if (has_prices(b)) return;
    if (b.close == close) continue;
    b.open = b.high = b.low = b.close = close;
    finished_.push_back(to_candle(b));
  }
  last_close_ = close;
}

void CandleBuilder::mark_incomplete(core::Timestamp from, core::Timestamp to) {
  const bool old_is_over = loss_to_ < next_;
  loss_from_ = old_is_over || !loss_from_.is_set() ? from : std::min(loss_from_, from);
  loss_to_ = std::max(loss_to_, to);
}

bool CandleBuilder::touches_loss(core::Timestamp minute) const {
  return loss_to_.is_set() && loss_from_ < minute + kMinute && loss_to_ >= minute;
}

void CandleBuilder::restore(const core::Candle& candle, core::Timestamp saved_at, core::Timestamp now) {
  if (!candle.close.is_positive()) return;
  last_close_ = candle.close;
  // One that was final has all that was heard of it, also after the mark.
  const core::Timestamp end = candle.start + kMinute;
  counted_until_ = std::max({counted_until_, saved_at, candle.final ? end - core::Duration{1} : saved_at});
  const bool is_over = candle.final || candle.start + kMinute + kLateness <= now;
  if (is_over && now - candle.start > (kRepairMinutes + 1) * kMinute) return;
  // A minute after the last candle was not over when the run ended: whether the source was heard in it nobody knows.
  mark_incomplete(is_over ? std::min(saved_at, candle.start + kMinute) : std::max(saved_at, candle.start), now);
  if (is_over) next_ = std::max((now - kLateness).floor_to(kMinute), candle.start + kMinute);
  if (is_over) return;
  if (!next_.is_set()) next_ = candle.start;
  Bucket& b = slot(candle.start);
  b = Bucket{};
  b.start = candle.start;
  b.open = candle.open;
  b.high = candle.high;
  b.low = candle.low;
  b.close = candle.close;
  b.volume.add(candle.volume);
  b.has_volume = true;
  b.trades = candle.trades;  // none: volume only, at the last close
  b.open_key = {candle.start.ns, 0};
  b.close_key = {std::clamp(saved_at, candle.start, candle.start + kMinute - core::Duration{1}).ns, 0};
  b.incomplete = true;
  newest_ = std::max(newest_, candle.start);
}

core::Candle CandleBuilder::to_candle(const Bucket& b) {
  core::Candle c;
  c.start = b.start;
  c.open = b.open;
  c.high = b.high;
  c.low = b.low;
  c.close = b.close;
  c.volume = b.volume.total();
  c.trades = b.trades;
  c.final = b.final;
  c.incomplete = b.incomplete;
  c.rebuilt = b.rebuilt;
  c.flat = b.trades == 0 && c.volume.is_zero();
  return c;
}

// A venue's own candles may say no number of trades.
bool CandleBuilder::has_prices(const Bucket& b) {
  return b.trades > 0 || (b.whole && b.has_volume);
}

bool CandleBuilder::is_open(const Bucket& b) const {
  return b.start >= next_ && b.start.is_set() && !b.final &&
         (has_prices(b) || (b.has_volume && last_close_.is_positive()));
}

core::Candle CandleBuilder::open_candle_of(const Bucket& b) const {
  core::Candle out = to_candle(b);
  if (!has_prices(b)) out.open = out.high = out.low = out.close = last_close_;
  out.incomplete = out.incomplete || touches_loss(b.start);
  return out;
}

bool CandleBuilder::open_candle(core::Candle& out) const {
  const Bucket* b = newest_ < next_ ? nullptr : find(newest_);
  if (b == nullptr || !is_open(*b)) return false;
  out = open_candle_of(*b);
  return true;
}

void CandleBuilder::open_candles(std::vector<core::Candle>& out) const {
  out.clear();
  if (!next_.is_set()) return;
  for (core::Timestamp minute = next_; minute <= newest_; minute = minute + kMinute) {
    if (const Bucket* const b = find(minute); b != nullptr && is_open(*b)) out.push_back(open_candle_of(*b));
  }
}

}  // namespace tickspan::market
