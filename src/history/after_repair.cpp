#include "history/after_repair.hpp"

#include <utility>

namespace tickspan::history {
namespace {

constexpr std::size_t kLevelsAtOnce = 50;
constexpr std::size_t kLooksAtOnce = 50;

}  // namespace

void AfterRepair::changed(ChangedCandles what, core::SeriesKey series) {
  add_levels(what);
  watch_.add(std::move(what), series, clock_.now());
}

void AfterRepair::add_levels(const ChangedCandles& what) {
  if (what.interval == core::Interval::m1)
    levels_.changed(what.base, what.quote, what.venue, what.from, what.to, clock_.now());
  else if (what.interval == core::Interval::h1)
    levels_.hours_changed(what.base, what.quote, what.venue, what.from, what.to, clock_.now());
}

void AfterRepair::step() {
  look();
  sum_levels();
}

void AfterRepair::look() {
  if (looking_ || link_.busy() || hooks_.busy()) return;
  auto due = watch_.take_due(clock_.now(), kLooksAtOnce);
  if (due.empty()) return;
  const auto job = [due, now = clock_.now()](storage::StoreReader& reader) {
    std::vector<Looked> looked;
    for (const auto& item : due) looked.emplace_back(item, RepairWatch::corrections(reader, item, now));
    return looked;
  };
  looking_ = link_.read<std::vector<Looked>>(job, [weak = weak_from_this()](std::vector<Looked> looked) {
    const auto self = weak.lock();
    if (!self || self->stopped_) return;
    self->looking_ = false;
    for (Looked& each : looked) self->take_look(std::move(each));
  });
  if (looking_) return;
  for (auto& item : due) watch_.put_back(std::move(item), clock_.now());
}

void AfterRepair::take_look(Looked looked) {
  auto& [item, wrong] = looked;
  if (!wrong) return watch_.put_back(std::move(item), clock_.now());
  const auto corrected = watch_.to_correct(item, std::move(*wrong));
  const bool changed = !corrected.empty();
  if (changed) {
    const ChangedCandles& what = item.what;
    core::WriteBatch batch;
    batch.catalogue = hooks_.catalogue();
    for (const core::Candle& candle : corrected) batch.candles.push_back({item.series, what.interval, candle});
    link_.write(std::move(batch));
    add_levels({what.base, what.quote, what.venue, what.interval, corrected.front().start,
                corrected.back().start + core::width(what.interval)});
    hooks_.corrected(item.series, corrected);
  }
  watch_.looked_at(std::move(item), changed, clock_.now());
}

void AfterRepair::sum_levels() {
  if (summing_ || link_.busy() || hooks_.busy()) return;
  auto due = levels_.take_due(clock_.now(), kLevelsAtOnce);
  if (due.empty()) return;
  using Sums = std::vector<std::pair<LevelRepair::Task, core::Result<std::optional<core::Candle>>>>;
  const auto job = [due](storage::StoreReader& reader) {
    Sums sums;
    for (const LevelRepair::Task& task : due) sums.emplace_back(task, LevelRepair::sum(reader, task));
    return sums;
  };
  summing_ = link_.read<Sums>(job, [weak = weak_from_this()](const Sums& sums) {
    const auto self = weak.lock();
    if (!self || self->stopped_) return;
    self->summing_ = false;
    core::WriteBatch batch;
    batch.catalogue = self->hooks_.catalogue();
    for (const auto& [task, candle] : sums) {
      if (!candle) {
        self->levels_.put_back(task, self->clock_.now());
      } else if (*candle && batch.catalogue) {
        const core::SeriesKey series{batch.catalogue->find_id(task.base), batch.catalogue->find_id(task.quote),
                                     batch.catalogue->find_venue(task.venue)};
        batch.candles.push_back({series, task.interval, **candle});
      }
    }
    for (const core::CandleRow& row : batch.candles) {
      if (row.interval == core::Interval::h1) self->hooks_.hour_summed(row);
    }
    if (!batch.candles.empty()) self->link_.write(std::move(batch));
  });
  if (summing_) return;
  for (const LevelRepair::Task& task : due) levels_.put_back(task, clock_.now());
}

}  // namespace tickspan::history
