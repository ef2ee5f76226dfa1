#include "history/minute_writer.hpp"

#include <algorithm>

#include "history/recount.hpp"

namespace tickspan::history {
namespace {

using core::Candle;
using core::Result;
using core::Status;

constexpr core::Duration kMinute = std::chrono::minutes(1);
constexpr std::size_t kBatchRows = 2000;
constexpr std::size_t kMostGaps = 100'000;
constexpr std::int64_t kWidestLookup = 20'000;  // candles

Result<std::vector<Candle>> stored_between(storage::StoreReader& reader, const storage::SeriesName& series,
                                           core::Interval interval, core::Timestamp first, core::Timestamp last) {
  return reader.candles({series.base, series.quote, series.venue, interval, first, last + core::width(interval),
                         static_cast<std::size_t>(kWidestLookup) + 1});
}

/// The stored candle of `start` among ascending ones.
const Candle* find(const std::vector<Candle>& stored, core::Timestamp start) {
  const auto at = std::lower_bound(stored.begin(), stored.end(), start,
                                   [](const Candle& c, core::Timestamp t) { return c.start < t; });
  return at != stored.end() && at->start == start ? &*at : nullptr;
}

/// A recounted minute that says no more than the stored one.
bool keeps(const Candle& stored, const Candle& fresh) {
  if (stored.volume > fresh.volume || (fresh.flat && !stored.flat)) return true;
  return same_numbers(stored, fresh) && stored.trades == fresh.trades && stored.final &&
         stored.incomplete == fresh.incomplete && stored.flat == fresh.flat;
}

}  // namespace

Result<std::size_t> drop_unchanged(storage::StoreReader& reader, const storage::SeriesName& series,
                                   core::Interval interval, std::vector<core::CandleRow>& rows, bool tells_of_parts) {
  const auto [first, last] = std::minmax_element(
      rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.candle.start < b.candle.start; });
  if (first == rows.end()) return std::size_t{0};
  const bool together = (last->candle.start - first->candle.start) / core::width(interval) < kWidestLookup;
  std::vector<Candle> stored;
  if (together) {
    auto read = stored_between(reader, series, interval, first->candle.start, last->candle.start);
    if (!read) return tl::unexpected(read.error());
    stored = std::move(*read);
  }
  std::vector<core::CandleRow> changed;
  for (const core::CandleRow& row : rows) {
    if (!together) {
      auto read = stored_between(reader, series, interval, row.candle.start, row.candle.start);
      if (!read) return tl::unexpected(read.error());
      stored = std::move(*read);
    }
    const Candle* const known = find(stored, row.candle.start);
    const bool says_more = known != nullptr && ((row.candle.trades != 0 && known->trades != row.candle.trades) ||
                                                (tells_of_parts && known->incomplete != row.candle.incomplete));
    if (known == nullptr || !known->final || says_more || !same_numbers(*known, row.candle)) changed.push_back(row);
  }
  const std::size_t dropped = rows.size() - changed.size();
  rows = std::move(changed);
  return dropped;
}

Status MinuteWriter::load_gaps(core::Timestamp start, core::Timestamp end) {
  auto gaps = reader_.gaps(series_.name.venue, start, end, kMostGaps);
  if (!gaps) return tl::unexpected(gaps.error());
  gaps_ = std::move(*gaps);
  std::erase_if(gaps_, [](const core::Gap& gap) { return gap.state == core::GapState::repaired; });
  return {};
}

bool MinuteWriter::in_gap(core::Timestamp minute) {
  for (; next_gap_ < gaps_.size() && gaps_[next_gap_].start < minute + kMinute; ++next_gap_) {
    silent_until_ = std::max(silent_until_, gaps_[next_gap_].end);
  }
  return silent_until_ > minute;
}

Status MinuteWriter::put(const Candle& candle) {
  if (candle.flat && in_gap(candle.start)) return {};
  waiting_.push_back(candle);
  const bool full =
      waiting_.size() >= kBatchRows || (candle.start - waiting_.front().start) / kMinute >= kWidestLookup - 1;
  return full ? flush() : Status{};
}

Status MinuteWriter::flush() {
  if (waiting_.empty()) return {};
  const core::Timestamp last = waiting_.back().start;
  core::Timestamp first = waiting_.front().start;
  if ((last - first) / kMinute >= kWidestLookup) first = last;  // one jump: what lies before is looked up by itself
  core::WriteBatch batch;
  batch.catalogue = series_.catalogue;
  const auto stored = stored_between(reader_, series_.name, core::Interval::m1, first, last);
  if (!stored) return tl::unexpected(stored.error());
  for (const Candle& candle : waiting_) {
    const Candle* known = find(*stored, candle.start);
    std::vector<Candle> one;
    if (candle.start < first) {
      auto read = stored_between(reader_, series_.name, core::Interval::m1, candle.start, candle.start);
      if (!read) return tl::unexpected(read.error());
      one = std::move(*read);
      known = find(one, candle.start);
    }
    if (known == nullptr || !keeps(*known, candle)) batch.candles.push_back({series_.key, core::Interval::m1, candle});
  }
  waiting_.clear();
  written_ += batch.candles.size();
  return batch.candles.empty() ? Status{} : writer_.write({batch});
}

}  // namespace tickspan::history
