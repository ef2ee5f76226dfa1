#include "storage/memory_store.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>

#include "storage/batch_rows.hpp"
#include "storage/candle_aggregate.hpp"

namespace tickspan::storage {
namespace {

using core::Candle;
using core::Result;
using core::Timestamp;

using CandleMap = std::map<std::int64_t, Candle>;  // by start, seconds

struct Rows {
  std::map<SeriesName, std::array<CandleMap, core::kIntervals.size()>> candles;
  std::map<SeriesName, std::map<std::int64_t, StoredTrade>> trades;         // by trade_key
  std::map<std::string, std::map<std::int64_t, core::MarketPoint>> points;  // by asset, ms
  std::vector<core::Asset> assets;
  std::map<std::string, std::size_t> asset_index;
  std::map<std::string, core::AssetFacts> facts;
  std::map<std::string, core::RestoredState::Price> prices;
  std::map<GapKey, core::Gap> gaps;
  std::map<TakeoverKey, core::Takeover> takeovers;
  Timestamp last_write;
};

struct Data : Rows {
  std::mutex mutex;  // guards the rows
};

void write_assets(Rows& data, const core::Catalogue& catalogue) {
  for (const core::Asset& asset : catalogue.assets()) {
    const auto [at, added] = data.asset_index.try_emplace(asset.id, data.assets.size());
    if (added) {
      data.assets.push_back(asset);
    } else {
      data.assets[at->second] = asset;
    }
  }
}

void write_batch(Rows& data, const core::WriteBatch& batch) {
  if (batch.catalogue_changed) write_assets(data, *batch.catalogue);
  for (const auto& row : batch.candles) {
    auto& levels = data.candles[series_name(*batch.catalogue, row.series)];
    levels[static_cast<std::size_t>(row.interval)][row.candle.start.seconds()] = row.candle;
  }
  for (const auto& tick : batch.ticks) {
    auto& trades = data.trades[series_name(*batch.catalogue, batch.catalogue->instrument(tick.instrument()))];
    trades[trade_key(tick)] = {trade_time(tick), tick.received_at(), tick.price(),
                               tick.amount(),    tick.trade_id(),    tick.side()};
  }
  for (const auto& row : batch.composites) {
    data.trades[series_name(*batch.catalogue, row.series)][trade_key(row.tick)] = {
        trade_time(row.tick), row.tick.received_at(), row.tick.price(), row.tick.amount(), 0, core::Side::unknown};
  }
  for (const auto& row : batch.prices) {
    const std::string& id = batch.catalogue->asset(row.asset).id;
    data.prices[id] = {id, row.price_usd, row.as_of, row.source};
  }
  for (const auto& row : batch.facts) data.facts[row.asset_id] = row;
  for (const auto& row : batch.points) {
    core::MarketPoint point = row.point;
    point.at = Timestamp::from_ms(point.at.ms());
    data.points[batch.catalogue->asset(row.asset).id][point.at.ms()] = point;
  }
  for (const auto& gap : batch.gaps) {
    core::Gap& known = data.gaps.try_emplace(key_of(gap), gap).first->second;
    if (core::gives_way(known, gap)) known = gap;
  }
  for (const auto& takeover : batch.takeovers) data.takeovers[key_of(takeover)] = takeover;
  data.last_write = std::max(data.last_write, batch.heard_until);
}

/// Takes up to `room` of the entries for which `expired` holds; the map is ordered so that those come first.
template <typename Map, typename Expired>
void erase_front(Map& map, std::size_t& room, Expired expired) {
  while (room > 0 && !map.empty() && expired(*map.begin())) {
    map.erase(map.begin());
    --room;
  }
}

using Levels = std::array<CandleMap, core::kIntervals.size()>;

std::vector<Candle> newest_candles(const Levels& levels, const CandleQuery& query);

/// Whole hours of what is below an hour, whole days below a day; the sums that readers were given are kept first.
void expire_candles(Levels& levels, const Expiry& older_than, std::size_t& room, std::size_t& over) {
  for (const core::Interval interval : core::kIntervals) {
    CandleMap& rows = levels[static_cast<std::size_t>(interval)];
    const Timestamp cutoff = cutoff_of(older_than, interval);
    const core::Duration piece = core::width(interval < core::Interval::h1 ? core::Interval::h1 : core::Interval::d1);
    while (room > 0 && !rows.empty() && rows.begin()->second.start < cutoff) {
      const Timestamp start = rows.begin()->second.start.floor_to(piece);
      for (const core::Interval longer : {core::Interval::h1, core::Interval::d1}) {
        if (interval >= longer) continue;
        const Timestamp first = start.floor_to(core::width(longer));
        const auto sum = newest_candles(levels, {"", "", "", longer, first, first + core::width(longer), 1});
        if (!sum.empty()) levels[static_cast<std::size_t>(longer)][first.seconds()] = sum.front();
      }
      const std::size_t before = rows.size();
      rows.erase(rows.begin(), rows.lower_bound((start + piece).seconds()));
      const std::size_t gone = before - rows.size();
      over += gone - std::min(room, gone);
      room -= std::min(room, gone);
    }
  }
}

class MemoryWriter final : public StoreWriter {
 public:
  explicit MemoryWriter(std::shared_ptr<Data> data) : data_(std::move(data)) {}

  core::Status write(const std::vector<core::WriteBatch>& batches) override {
    for (const auto& batch : batches) {
      if (const auto valid = validate(batch); !valid) return valid;
    }
    const std::lock_guard lock(data_->mutex);
    for (const auto& batch : batches) write_batch(*data_, batch);
    return {};
  }

  Result<std::size_t> expire(const Expiry& older_than, std::size_t max_rows) override {
    const std::lock_guard lock(data_->mutex);
    std::size_t room = max_rows, over = 0;
    for (auto& [name, levels] : data_->candles) expire_candles(levels, older_than, room, over);
    for (auto& [asset, points] : data_->points) {
      erase_front(points, room, [&](const auto& entry) { return entry.second.at < older_than.points; });
    }
    for (auto& [name, trades] : data_->trades) {
      for (auto it = trades.begin(); room > 0 && it != trades.end();) {
        const bool expired = it->second.at < older_than.ticks;
        it = expired ? trades.erase(it) : std::next(it);
        room -= expired ? 1 : 0;
      }
    }
    return max_rows - room + over;
  }

 private:
  std::shared_ptr<Data> data_;
};

std::vector<Candle> newest_stored(const CandleMap& candles, const SecondRange& range, std::size_t limit) {
  std::vector<Candle> out;
  auto it = candles.lower_bound(range.end);
  while (it != candles.begin() && out.size() < limit) {
    --it;
    if (it->first < range.begin) break;
    out.push_back(it->second);
  }
  std::reverse(out.begin(), out.end());
  return out;
}

Timestamp newest_final(const CandleMap& candles) {
  const auto found =
      std::find_if(candles.rbegin(), candles.rend(), [](const auto& entry) { return entry.second.final; });
  return found == candles.rend() ? Timestamp{} : found->second.start;
}

std::vector<Candle> newest_aggregated(const Levels& levels, const CandleQuery& query,
                                      const std::vector<SecondRange>& ranges) {
  const CandleMap& minutes = levels[static_cast<std::size_t>(core::Interval::m1)];
  const Timestamp newest = minutes.empty() ? Timestamp{} : minutes.rbegin()->second.start;
  if (query.interval > core::Interval::h1) {
    std::vector<Candle> hours;
    for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
      const auto found = newest_candles(levels, hours_within(query, *range));
      hours.insert(hours.end(), found.begin(), found.end());
    }
    const auto reach = reach_of(newest, newest_final(levels[static_cast<std::size_t>(core::Interval::h1)]));
    if (auto sum = aggregate_hours(hours, query.interval, reach, query.limit)) return std::move(*sum);
  }
  MinuteAggregator aggregator(query.interval, newest, query.limit);
  for (const SecondRange& range : ranges) {
    bool more = true;
    for (auto it = minutes.lower_bound(range.end); more && it != minutes.begin();) {
      --it;
      if (it->first < range.begin) break;
      more = aggregator.add(it->second);
    }
    if (!more) break;
  }
  return aggregator.take();
}

std::vector<Candle> newest_candles(const Levels& levels, const CandleQuery& query) {
  const auto& stored_level = levels[static_cast<std::size_t>(query.interval)];
  auto stored = newest_stored(stored_level, second_range(query.start, query.end), query.limit);
  if (query.interval == core::Interval::m1 || query.stored_only) return stored;
  const auto ranges = to_aggregate(query, stored);
  return merge_newest(std::move(stored), newest_aggregated(levels, query, ranges), query.limit);
}

class MemoryReader final : public StoreReader {
 public:
  explicit MemoryReader(std::shared_ptr<Data> data) : data_(std::move(data)) {}

  Result<std::vector<Candle>> candles(const CandleQuery& query) override {
    const std::lock_guard lock(data_->mutex);
    const auto series = data_->candles.find({query.base, query.quote, query.venue});
    if (series == data_->candles.end() || query.end <= query.start) return std::vector<Candle>{};
    return newest_candles(series->second, query);
  }

  Result<std::vector<core::MarketPoint>> points(const std::string& asset_id, Timestamp start, Timestamp end,
                                                std::size_t limit) override {
    const std::lock_guard lock(data_->mutex);
    std::vector<core::MarketPoint> out;
    const auto points = data_->points.find(asset_id);
    if (points == data_->points.end()) return out;
    for (auto it = points->second.rbegin(); it != points->second.rend() && out.size() < limit; ++it) {
      if (it->second.at >= start && it->second.at < end) out.push_back(it->second);
    }
    std::reverse(out.begin(), out.end());
    return out;
  }

  Result<std::vector<core::Gap>> gaps(const GapQuery& query) override {
    const std::lock_guard lock(data_->mutex);
    std::vector<core::Gap> out;
    for (auto it = data_->gaps.rbegin(); it != data_->gaps.rend() && out.size() < query.limit; ++it) {
      if (chooses(query, it->second)) out.push_back(it->second);
    }
    std::reverse(out.begin(), out.end());
    return out;
  }

  Result<std::vector<core::Takeover>> takeovers(const TakeoverQuery& query) override {
    const std::lock_guard lock(data_->mutex);
    std::vector<core::Takeover> out;
    for (auto it = data_->takeovers.rbegin(); it != data_->takeovers.rend() && out.size() < query.limit; ++it) {
      if (chooses(query, it->second)) out.push_back(it->second);
    }
    std::reverse(out.begin(), out.end());
    return out;
  }

  Result<std::vector<StoredTrade>> trades(const TradeQuery& query) override {
    const std::lock_guard lock(data_->mutex);
    std::vector<std::pair<std::int64_t, StoredTrade>> found;
    const auto trades = data_->trades.find({query.base, query.quote, query.venue});
    if (trades == data_->trades.end()) return std::vector<StoredTrade>{};
    for (const auto& [key, trade] : trades->second) {
      if (trade.at >= query.start && trade.at < query.end) found.emplace_back(key, trade);
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
      return std::tie(a.second.at, a.first) < std::tie(b.second.at, b.first);
    });
    if (found.size() > query.limit) found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(query.limit));
    std::vector<StoredTrade> out;
    for (const auto& entry : found) out.push_back(entry.second);
    return out;
  }

  Result<std::vector<SeriesName>> series() override {
    const std::lock_guard lock(data_->mutex);
    std::vector<SeriesName> out;
    for (const auto& [name, levels] : data_->candles) out.push_back(name);
    for (const auto& [name, trades] : data_->trades) {
      if (!data_->candles.contains(name)) out.push_back(name);
    }
    return out;
  }

  Result<StoreInfo> info() override {
    const std::lock_guard lock(data_->mutex);
    std::uint64_t bytes = 0;
    for (const auto& [name, levels] : data_->candles) {
      for (const auto& level : levels) bytes += level.size() * sizeof(CandleMap::value_type);
    }
    for (const auto& [name, trades] : data_->trades) bytes += trades.size() * sizeof(StoredTrade);
    for (const auto& [asset, points] : data_->points) bytes += points.size() * sizeof(core::MarketPoint);
    return StoreInfo{"memory", "this process", 0, bytes, bytes};
  }

 private:
  std::shared_ptr<Data> data_;
};

core::RestoredState read_state(const Rows& data, Timestamp since) {
  core::RestoredState state;
  state.assets = data.assets;
  for (const auto& [id, facts] : data.facts) state.facts.push_back(facts);
  for (const auto& [id, price] : data.prices) state.prices.push_back(price);
  const std::int64_t first = second_range(since, since).begin;
  for (const auto& [name, levels] : data.candles) {
    if (name.quote != "usd" || !name.venue.empty()) continue;
    core::RestoredState::Minutes minutes{name.base, {}};
    const CandleMap& stored = levels[static_cast<std::size_t>(core::Interval::m1)];
    for (auto it = stored.lower_bound(first); it != stored.end(); ++it) minutes.candles.push_back(it->second);
    if (!minutes.candles.empty()) state.minutes.push_back(std::move(minutes));
  }
  state.last_write = data.last_write;
  return state;
}

/// The rows of a store at one moment, for one owner.
std::shared_ptr<Data> copy_of(Data& data) {
  auto copy = std::make_shared<Data>();
  const std::lock_guard lock(data.mutex);
  static_cast<Rows&>(*copy) = data;
  return copy;
}

class MemorySnapshot final : public StoreSnapshot {
 public:
  explicit MemorySnapshot(Data& data) : data_(copy_of(data)), reader_(data_) {}
  StoreReader& reader() override { return reader_; }
  Result<core::RestoredState> state(Timestamp since) override { return read_state(*data_, since); }

 private:
  const std::shared_ptr<Data> data_;
  MemoryReader reader_;
};

class MemoryTransaction final : public StoreTransaction {
 public:
  explicit MemoryTransaction(std::shared_ptr<Data> data)
      : data_(std::move(data)), copy_(copy_of(*data_)), writer_(copy_), reader_(copy_) {}
  StoreWriter& writer() override { return writer_; }
  StoreReader& reader() override { return reader_; }
  core::Status commit() override {
    if (writer_.failure) return tl::unexpected(*writer_.failure);
    const std::lock_guard lock(data_->mutex);
    static_cast<Rows&>(*data_) = *copy_;
    return {};
  }

 private:
  struct Writer final : StoreWriter {
    explicit Writer(std::shared_ptr<Data> data) : rows(std::move(data)) {}
    core::Status write(const std::vector<core::WriteBatch>& batches) override {
      if (failure) return tl::unexpected(*failure);
      auto status = rows.write(batches);
      if (!status) failure = status.error();
      return status;
    }
    Result<std::size_t> expire(const Expiry& older_than, std::size_t max_rows) override {
      return rows.expire(older_than, max_rows);
    }
    MemoryWriter rows;
    std::optional<core::Error> failure;
  };

  const std::shared_ptr<Data> data_, copy_;
  Writer writer_;
  MemoryReader reader_;
};

class MemoryStore final : public HistoryStore {
 public:
  core::Status open() override { return {}; }
  Result<std::unique_ptr<StoreWriter>> writer() override { return std::make_unique<MemoryWriter>(data_); }
  Result<std::unique_ptr<StoreReader>> reader() override { return std::make_unique<MemoryReader>(data_); }
  Result<std::unique_ptr<StoreSnapshot>> snapshot() override { return std::make_unique<MemorySnapshot>(*data_); }
  Result<std::unique_ptr<StoreTransaction>> transaction() override {
    return std::make_unique<MemoryTransaction>(data_);
  }

  Result<core::RestoredState> restore(Timestamp since) override {
    const std::lock_guard lock(data_->mutex);
    return read_state(*data_, since);
  }

 private:
  std::shared_ptr<Data> data_ = std::make_shared<Data>();
};

}  // namespace

std::unique_ptr<HistoryStore> make_memory_store() {
  return std::make_unique<MemoryStore>();
}

}  // namespace tickspan::storage
