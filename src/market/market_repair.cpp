#include <algorithm>

#include "market/composite_minute.hpp"
#include "market/market.hpp"

// What history made anew in the store, after the market had it otherwise or not at all.

namespace tickspan::market {
namespace {

constexpr core::Duration kToldAgo = std::chrono::hours(1);  // older minutes are no news
constexpr core::Duration kRollEvery = std::chrono::seconds(1);

}  // namespace

void Market::on_repair(const core::RepairedCandles& repair, core::Timestamp now) {
  if (repair.series.venue.valid())
    repair_pair(repair, now);
  else
    repair_composite(repair, now);
}

void Market::repair_pair(const core::RepairedCandles& repair, core::Timestamp now) {
  const core::SeriesKey& series = repair.series;
  if (series.venue.index() >= venues_.size()) return;
  for (const std::uint32_t i : venues_[series.venue.index()].pairs) {
    if (pairs_[i].base != series.base || pairs_[i].quote != series.quote) continue;
    CandleSeries& candles = pair_candles_[i];
    for (const core::Candle& hour : repair.hours) candles.put_hour(hour);
    candles.repair(repair.minutes, now, true);
    if (candles.has_finished()) list_finished(i);
    weigh_past(i, now);
    return;
  }
}

// Just after a start nobody has a volume yet, and the first to trade would weigh more than all the others: what the
// store or the venue's own past tells of the half hour before counts, too.
void Market::weigh_past(std::uint32_t pair, core::Timestamp now) {
  constexpr int kMinutes = 30;
  PairState& state = pairs_[pair].state;
  const core::Timestamp heard = state.first_trade_at();
  if (heard.is_set() && now - heard > kMinutes * CandleBuilder::kMinute) return;  // it has long faded
  const core::Timestamp until = (heard.is_set() ? heard : now).floor_to(CandleBuilder::kMinute);
  double volume = 0;
  for (int i = 1; i <= kMinutes; ++i) {
    const core::Timestamp start = until - i * CandleBuilder::kMinute;
    const auto minute = pair_candles_[pair].levels().at(core::Interval::m1, start);
    if (!minute || minute->flat) continue;
    volume += minute->close.to_double() * minute->volume.to_double() *
              PairState::fade(until - start - CandleBuilder::kMinute / 2);
  }
  if (volume <= 0) return;
  state.set_past_volume(volume, until);
  if (pairs_[pair].counts) touch(pairs_[pair].base);
}

void Market::repair_composite(const core::RepairedCandles& repair, core::Timestamp now) {
  const core::AssetId id = repair.series.base;
  if (id.index() >= assets_.size() || id == usd_ || repair.series.quote != usd_) return;
  AssetState& a = assets_[id.index()];
  std::vector<core::Candle> taken;
  for (const core::Candle& minute : repair.minutes) {
    const auto known = a.candles.levels().at(core::Interval::m1, minute.start);
    if (known && !may_be_rebuilt(*known)) {
      a.candles.tell_again(*known);
      continue;
    }
    taken.push_back(minute);
    a.window.add(minute);
    if (minute.start >= now - kToldAgo) repaired_composites_.push_back({id, core::Interval::m1, minute});
  }
  for (const core::Candle& hour : repair.hours) {
    a.candles.put_hour(hour);
    a.window.add_hour(hour);
  }
  a.candles.repair(taken, now, false);
  if (a.candles.has_finished()) collect_composite(id);
  // Windows are told once a minute: now, but not for each asset of a repair.
  if (next_roll_ > now) next_roll_ = std::min(next_roll_, std::max(now, last_roll_ + kRollEvery));
}

}  // namespace tickspan::market
