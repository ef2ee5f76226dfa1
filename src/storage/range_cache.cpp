#include "storage/range_cache.hpp"

#include <algorithm>
#include <string>

#include "storage/batch_rows.hpp"

namespace tickspan::storage {
namespace {

using core::Interval;
using core::Timestamp;

constexpr std::size_t kEntryOverhead = 256;  // of its nodes and control blocks
constexpr std::size_t kGapBytes = sizeof(core::Gap) + 32;
constexpr std::size_t kMostGaps = 16'384;

/// Long enough that a chart needs few, short enough that reading a whole one costs little where parts must be added up.
constexpr std::int64_t buckets(Interval level) {
  switch (level) {
    case Interval::m1:
    case Interval::m5:
      return 256;
    case Interval::m15:
      return 128;
    case Interval::h1:
      return 64;
    case Interval::h4:
      return 32;
    case Interval::d1:
      return 16;
  }
  return 1;
}

std::int64_t chunk_of(Interval level, Timestamp start) {
  const std::int64_t width = chunk_width(level).count();
  return start.floor_to(core::Duration{width}).ns / width;
}

std::size_t bytes_of(const CandleChunk& chunk) {
  return kEntryOverhead + chunk.candles.capacity() * sizeof(core::Candle);
}

}  // namespace

core::Duration chunk_width(Interval level) {
  return core::width(level) * buckets(level);
}

std::size_t RangeCache::NameHash::operator()(const SeriesName& name) const noexcept {
  const std::hash<std::string> hash;
  return (hash(name.base) * 31 + hash(name.quote)) * 31 + hash(name.venue);
}

RangeCache::RangeCache(std::size_t max_bytes, std::optional<core::Duration> max_age, runtime::Metrics& metrics,
                       std::function<Steady::time_point()> now)
    : max_bytes_(max_bytes),
      max_gaps_(std::min(kMostGaps, max_bytes / 8 / kGapBytes)),
      max_age_(max_age),
      now_(std::move(now)),
      hits_(metrics.counter("tickspan_storage_cache_hits_total", "Reads of candles and gaps answered from memory")),
      misses_(metrics.counter("tickspan_storage_cache_misses_total",
                              "Reads of candles and gaps that had to ask the store")),
      bypassed_(metrics.counter("tickspan_storage_cache_bypassed_total", "Reads too long to be kept in memory")),
      evicted_(metrics.counter("tickspan_storage_cache_evictions_total", "Runs of candles that made room for others")),
      invalidated_(metrics.counter("tickspan_storage_cache_invalidations_total",
                                   "Runs of candles and lists of gaps dropped because they were written to")),
      bytes_gauge_(metrics.gauge("tickspan_storage_cache_bytes", "Bytes of candles and gaps kept in memory")) {}

bool RangeCache::too_old(Steady::time_point since) const {
  return max_age_ && now_() - since >= *max_age_;
}

RangeCache::Look RangeCache::look(const SeriesName& name, Interval level, std::int64_t first, std::int64_t last) {
  Look out;
  out.chunks.resize(static_cast<std::size_t>(last - first + 1));
  const std::lock_guard lock(mutex_);
  Series& series = series_[name];
  out.version = series.version;
  out.quiet = !all_written_ && !written_.contains(name);
  std::size_t found = 0;
  auto& places = series.levels[level];
  for (auto it = places.lower_bound(first); it != places.end() && it->first <= last;) {
    const Place place = it->second;
    ++it;
    if (too_old(place->since)) {
      drop(place);
      continue;
    }
    out.chunks[static_cast<std::size_t>(place->index - first)] = place->chunk;
    entries_.splice(entries_.begin(), entries_, place);
    ++found;
  }
  out.whole = found == out.chunks.size();
  (out.whole ? hits_ : misses_).add();
  return out;
}

bool RangeCache::fill(const SeriesName& name, Interval level, std::int64_t first, const std::vector<ChunkPtr>& chunks,
                      const Look& look) {
  const std::lock_guard lock(mutex_);
  Series& series = series_[name];
  if (!look.quiet || series.version != look.version) return false;
  auto& places = series.levels[level];
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const std::int64_t index = first + static_cast<std::int64_t>(i);
    const auto known = places.find(index);  // read by two at the same time
    if (known != places.end()) drop(known->second);
    entries_.push_front({&series, level, index, chunks[i], bytes_of(*chunks[i]), now_()});
    places[index] = entries_.begin();
    bytes_ += entries_.front().bytes;
  }
  make_room();
  show_bytes();
  return true;
}

RangeCache::GapLook RangeCache::look_gaps() {
  const std::lock_guard lock(mutex_);
  if (gaps_ && too_old(gaps_since_)) gaps_ = nullptr;
  if (too_many_gaps_ && too_old(gaps_since_)) too_many_gaps_ = false;
  (gaps_ ? hits_ : misses_).add();
  return {gaps_, gaps_version_, !all_written_ && !gaps_written_, too_many_gaps_};
}

void RangeCache::fill_gaps(GapList all, const GapLook& look) {
  const std::lock_guard lock(mutex_);
  if (!look.quiet || gaps_version_ != look.version) return;
  gaps_since_ = now_();
  too_many_gaps_ = all->size() > max_gaps_;
  gaps_ = too_many_gaps_ ? nullptr : std::move(all);
  gap_bytes_ = gaps_ ? gaps_->size() * kGapBytes : 0;
  make_room();
  show_bytes();
}

void RangeCache::note_foreign(std::uint64_t writes) {
  const std::lock_guard lock(mutex_);
  if (writes <= foreign_writes_) return;  // a reader that was told earlier
  foreign_writes_ = writes;
  drop_all();
}

void RangeCache::begin_write(const std::vector<core::WriteBatch>& batches) {
  const std::lock_guard lock(mutex_);
  for (const core::WriteBatch& batch : batches) {
    if (!batch.gaps.empty()) {
      gaps_written_ = true;
      drop_gaps();
    }
    if (!batch.candles.empty()) touch_candles(batch);
  }
  show_bytes();
}

/// A candle is in its own level and, added up, in all longer ones. What names no series the store will refuse.
void RangeCache::touch_candles(const core::WriteBatch& batch) {
  std::map<core::SeriesKey, Series*> by_key;  // null: nobody has asked for it
  for (const core::CandleRow& row : batch.candles) {
    const auto [at, added] = by_key.try_emplace(row.series, nullptr);
    if (added) {
      const auto name = find_series_name(batch, row.series);
      if (!name) continue;
      written_.insert(*name);
      const auto known = series_.find(*name);
      if (known == series_.end()) continue;
      at->second = &known->second;
      ++at->second->version;
      drop_unsettled(*at->second);
    }
    if (at->second == nullptr) continue;
    for (const Interval level : core::kIntervals) {
      if (level >= row.interval) drop_at(*at->second, level, row.candle.start);
    }
  }
}

void RangeCache::drop_unsettled(Series& series) {
  for (auto& [level, places] : series.levels) {
    for (auto it = places.begin(); it != places.end();) {
      const Place place = it->second;
      ++it;
      if (place->chunk->settled) continue;
      drop(place);
      invalidated_.add();
    }
  }
}

void RangeCache::drop_at(Series& series, Interval level, Timestamp start) {
  const auto places = series.levels.find(level);
  if (places == series.levels.end()) return;
  const auto found = places->second.find(chunk_of(level, start));
  if (found == places->second.end()) return;
  drop(found->second);
  invalidated_.add();
}

void RangeCache::drop_gaps() {
  ++gaps_version_;
  too_many_gaps_ = false;
  gap_bytes_ = 0;
  if (gaps_) invalidated_.add();
  gaps_ = nullptr;
}

/// Deleted minutes are in longer candles, too; and where the newest of a series go, what reaches as far is judged anew.
void RangeCache::begin_expiry(const Expiry& older_than) {
  const std::lock_guard lock(mutex_);
  all_written_ = true;
  drop_gaps();
  const Timestamp until = std::max({older_than.minutes, older_than.hours, older_than.days}) + core::width(Interval::d1);
  for (auto& [name, series] : series_) {
    ++series.version;
    for (auto& [level, places] : series.levels) {
      while (!places.empty() && places.begin()->first <= chunk_of(level, until)) {
        drop(places.begin()->second);
        invalidated_.add();
      }
    }
    drop_unsettled(series);
  }
  show_bytes();
}

void RangeCache::begin_any_write() {
  const std::lock_guard lock(mutex_);
  all_written_ = true;
  drop_all();
}

void RangeCache::drop_all() {
  drop_gaps();
  for (auto& [name, series] : series_) ++series.version;
  invalidated_.add(entries_.size());
  while (!entries_.empty()) drop(entries_.begin());
  show_bytes();
}

void RangeCache::end_write() {
  const std::lock_guard lock(mutex_);
  written_.clear();
  all_written_ = gaps_written_ = false;
}

void RangeCache::drop(Place place) {
  bytes_ -= place->bytes;
  place->series->levels[place->level].erase(place->index);
  entries_.erase(place);
}

void RangeCache::make_room() {
  while (!entries_.empty() && bytes_ + gap_bytes_ > max_bytes_) {
    drop(std::prev(entries_.end()));
    evicted_.add();
  }
}

void RangeCache::show_bytes() {
  bytes_gauge_.set(static_cast<double>(bytes_ + gap_bytes_));
}

}  // namespace tickspan::storage
