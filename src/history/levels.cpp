#include "history/levels.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "history/recount.hpp"
#include "market/candle_builder.hpp"
#include "market/candle_levels.hpp"

namespace tickspan::history {
namespace {

using core::Candle;
using core::Interval;
using core::Result;
using core::Status;
using core::Timestamp;

constexpr core::Duration kMinute = std::chrono::minutes(1);
constexpr core::Duration kHour = std::chrono::hours(1);
constexpr core::Duration kDay = std::chrono::hours(24);
constexpr std::size_t kMinutesOfHour = 60;

class DaySum {
 public:
  DaySum(storage::StoreReader& reader, const Series& series, LevelSource source, Timestamp now)
      : reader_(reader), series_(series), source_(source), over_((now - kSettled).floor_to(kMinute)) {}

  /// The hours and the day that are to be stored.
  Result<std::vector<core::CandleRow>> rows_of(Timestamp day) {
    const auto minutes = stored(Interval::m1, day);
    const auto hours = stored(Interval::h1, day);
    const auto days = stored(Interval::d1, day);
    for (const auto* list : {&minutes, &hours, &days}) {
      if (!*list) return tl::unexpected(list->error());
    }
    market::CandleLevels levels;
    std::vector<market::CandleLevels::Finished> finished;
    for (Timestamp hour = day; hour < day + kDay; hour = hour + kHour) {
      add_hour(hour, part(*minutes, hour), find(*hours, hour), levels, finished);
    }
    levels.close_until(std::min(day + kDay, over_), finished);
    return rows(finished, *hours, *days);
  }

 private:
  static constexpr core::Duration kSettled = market::CandleBuilder::kLateness;
  using Range = std::pair<std::vector<Candle>::const_iterator, std::vector<Candle>::const_iterator>;

  Result<std::vector<Candle>> stored(Interval interval, Timestamp day) {
    return reader_.candles(
        {series_.name.base, series_.name.quote, series_.name.venue, interval, day, day + kDay, 2000});
  }
  static Range part(const std::vector<Candle>& minutes, Timestamp hour) {
    const auto before = [](const Candle& c, Timestamp t) { return c.start < t; };
    return {std::lower_bound(minutes.begin(), minutes.end(), hour, before),
            std::lower_bound(minutes.begin(), minutes.end(), hour + kHour, before)};
  }
  static const Candle* find(const std::vector<Candle>& candles, Timestamp start) {
    const auto found = std::find_if(candles.begin(), candles.end(), [&](const Candle& c) { return c.start == start; });
    return found == candles.end() ? nullptr : &*found;
  }

  void add_hour(Timestamp hour, Range minutes, const Candle* known, market::CandleLevels& levels,
                std::vector<market::CandleLevels::Finished>& finished) const {
    core::DecimalSum volume;
    for (auto it = minutes.first; it != minutes.second; ++it) volume.add(it->volume);
    const auto count = static_cast<std::size_t>(minutes.second - minutes.first);
    const bool fuller = known != nullptr && count < kMinutesOfHour && known->volume > volume.total();
    if (known != nullptr && known->final && (source_ == LevelSource::hours || count == 0 || fuller)) {
      levels.put_hour(*known, finished);
      return;
    }
    for (auto it = minutes.first; it != minutes.second; ++it) {
      if (it->final) levels.add(*it, finished);
    }
    if (count > 0) levels.close_until(std::min(hour + kHour, over_), finished);
  }

  std::vector<core::CandleRow> rows(const std::vector<market::CandleLevels::Finished>& finished,
                                    const std::vector<Candle>& hours, const std::vector<Candle>& days) const {
    std::map<std::pair<Interval, Timestamp>, Candle> newest;
    for (const auto& [interval, candle] : finished) {
      if (!candle.final || (interval != Interval::d1 && interval != Interval::h1)) continue;
      newest[{interval, candle.start}] = candle;
    }
    std::vector<core::CandleRow> out;
    for (const auto& [key, candle] : newest) {
      const Candle* const known = find(key.first == Interval::h1 ? hours : days, key.second);
      if (known != nullptr && candle.incomplete && known->volume > candle.volume) continue;
      out.push_back({series_.key, key.first, candle});
    }
    return out;
  }

  storage::StoreReader& reader_;
  const Series& series_;
  LevelSource source_;
  Timestamp over_;
};

}  // namespace

Status rebuild_levels(storage::StoreReader& reader, storage::StoreWriter& writer, const Series& series, Timestamp start,
                      Timestamp end, LevelSource source, Timestamp now) {
  DaySum sum(reader, series, source, now);
  core::WriteBatch batch;
  batch.catalogue = series.catalogue;
  for (Timestamp day = start.floor_to(kDay); day < end; day = day + kDay) {
    auto rows = sum.rows_of(day);
    if (!rows) return tl::unexpected(rows.error());
    batch.candles.insert(batch.candles.end(), rows->begin(), rows->end());
    if (batch.candles.size() < 1000 && day + kDay < end) continue;
    if (auto written = writer.write({batch}); !written) return written;
    batch.candles.clear();
  }
  return {};
}

}  // namespace tickspan::history
