#include "storage/cached_store.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "storage/range_cache.hpp"

namespace tickspan::storage {
namespace {

using core::Candle;
using core::Interval;
using core::Result;
using core::Timestamp;

constexpr std::int64_t kMostChunks = 512;                    // of one query; a longer one is no chart
constexpr core::Duration kGoesOn = std::chrono::minutes(2);  // see MinuteAggregator: what "was never closed" means
constexpr Timestamp kFarFuture = Timestamp::from_s(7'258'118'400);  // 2200: sums of times stay far from the end

struct Span {
  std::int64_t first, last;
};

/// The chunks of a query; nothing where it is not for the cache.
std::optional<Span> chunks_of(const CandleQuery& query) {
  if (query.stored_only) return {};  // what is kept may be summed up
  if (query.start.ns < 0 || query.end <= query.start || query.end > kFarFuture || query.limit == 0) return {};
  const core::Duration width = chunk_width(query.interval);
  const Span span{query.start.ns / width.count(), (query.end.ns - 1) / width.count()};
  if (span.last - span.first >= kMostChunks) return {};
  return span;
}

/// The newest `limit` of what lies in the range.
std::vector<Candle> cut(const std::vector<ChunkPtr>& chunks, const CandleQuery& query) {
  const auto before = [](const Candle& candle, Timestamp t) { return candle.start < t; };
  std::vector<std::pair<const Candle*, const Candle*>> runs;  // newest first
  std::size_t room = query.limit, total = 0;
  for (auto chunk = chunks.rbegin(); chunk != chunks.rend() && room > 0; ++chunk) {
    const auto& candles = (*chunk)->candles;
    const Candle* const end = candles.data() + candles.size();
    const Candle* first = std::lower_bound(candles.data(), end, query.start, before);
    const Candle* const last = std::lower_bound(first, end, query.end, before);
    first = std::max(first, last - std::min(static_cast<std::size_t>(last - first), room));
    const auto size = static_cast<std::size_t>(last - first);
    runs.emplace_back(first, last);
    room -= size;
    total += size;
  }
  std::vector<Candle> out;
  out.reserve(total);
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) out.insert(out.end(), run->first, run->second);
  return out;
}

struct Ended {
  explicit Ended(RangeCache& the_cache) : cache(the_cache) {}
  ~Ended() { cache.end_write(); }
  Ended(const Ended&) = delete;
  Ended& operator=(const Ended&) = delete;
  RangeCache& cache;
};

class CachedWriter final : public StoreWriter {
 public:
  CachedWriter(std::unique_ptr<StoreWriter> writer, std::shared_ptr<RangeCache> cache)
      : writer_(std::move(writer)), cache_(std::move(cache)) {}

  core::Status write(const std::vector<core::WriteBatch>& batches) override {
    cache_->begin_write(batches);
    const Ended ended(*cache_);
    return writer_->write(batches);
  }

  core::Status sync() override { return writer_->sync(); }

  Result<std::size_t> expire(const Expiry& older_than, std::size_t max_rows) override {
    cache_->begin_expiry(older_than);
    const Ended ended(*cache_);
    return writer_->expire(older_than, max_rows);
  }

 private:
  std::unique_ptr<StoreWriter> writer_;
  std::shared_ptr<RangeCache> cache_;
};

class CachedReader final : public StoreReader {
 public:
  CachedReader(std::unique_ptr<StoreReader> reader, std::shared_ptr<RangeCache> cache)
      : reader_(std::move(reader)), cache_(std::move(cache)) {}

  Result<std::vector<Candle>> candles(const CandleQuery& query) override {
    const auto span = chunks_of(query);
    if (!span) {
      cache_->count_bypass();
      return reader_->candles(query);
    }
    const SeriesName series{query.base, query.quote, query.venue};
    if (auto noted = note_foreign(); !noted) return tl::unexpected(noted.error());
    auto look = cache_->look(series, query.interval, span->first, span->last);
    if (look.whole) return cut(look.chunks, query);
    if (look.quiet) {
      auto filled = fill(series, query, *span, look);
      if (!filled) return tl::unexpected(filled.error());
      if (*filled) return cut(look.chunks, query);
    }
    // Something is being written: only one read of the store sees one state of it.
    return reader_->candles(query);
  }

  Result<std::vector<core::Takeover>> takeovers(const TakeoverQuery& query) override {
    return reader_->takeovers(query);
  }

  Result<std::vector<core::Gap>> gaps(const GapQuery& query) override {
    if (auto noted = note_foreign(); !noted) return tl::unexpected(noted.error());
    auto look = cache_->look_gaps();
    if (!look.all && look.quiet && !look.too_many) {
      auto all = reader_->gaps("", {std::numeric_limits<std::int64_t>::min() + 1},
                               {std::numeric_limits<std::int64_t>::max()}, cache_->max_gaps() + 1);
      if (!all) return all;
      if (auto noted = note_foreign(); !noted) return tl::unexpected(noted.error());
      const auto kept = std::make_shared<const std::vector<core::Gap>>(std::move(*all));
      cache_->fill_gaps(kept, look);
      if (kept->size() <= cache_->max_gaps()) look.all = kept;
    }
    if (!look.all) return reader_->gaps(query);
    std::vector<core::Gap> out;
    for (auto gap = look.all->rbegin(); gap != look.all->rend() && out.size() < query.limit; ++gap) {
      if (chooses(query, *gap)) out.push_back(*gap);
    }
    std::reverse(out.begin(), out.end());
    return out;
  }

  Result<std::vector<core::MarketPoint>> points(const std::string& asset_id, Timestamp start, Timestamp end,
                                                std::size_t limit) override {
    return reader_->points(asset_id, start, end, limit);
  }
  Result<std::vector<StoredTrade>> trades(const TradeQuery& query) override { return reader_->trades(query); }
  Result<std::vector<SeriesName>> series() override { return reader_->series(); }
  Result<StoreInfo> info() override { return reader_->info(); }
  Result<std::uint64_t> foreign_writes() override { return reader_->foreign_writes(); }

 private:
  /// Before each look at the cache, so that nothing is answered from before another program's commit; and after each
  /// read that is to be taken in, so that what is joined is of one state.
  core::Status note_foreign() {
    const auto writes = reader_->foreign_writes();
    if (!writes) return tl::unexpected(writes.error());
    cache_->note_foreign(*writes);
    return {};
  }

  /// Reads what is missing, in one go, so that it is of one state. False when it was written to meanwhile.
  Result<bool> fill(const SeriesName& series, const CandleQuery& query, const Span& span, RangeCache::Look& look) {
    std::size_t first = 0, last = look.chunks.size() - 1;
    while (look.chunks[first]) ++first;
    while (look.chunks[last]) --last;
    const core::Duration width = chunk_width(query.interval);
    const auto begins = [&](std::size_t i) {
      return Timestamp{} + width * (span.first + static_cast<std::int64_t>(i));
    };
    auto reach = newest_minute(query);
    if (!reach) return tl::unexpected(reach.error());
    CandleQuery part = query;
    part.start = begins(first);
    part.end = begins(last + 1);
    part.limit = std::numeric_limits<std::size_t>::max();
    const auto read = reader_->candles(part);
    if (!read) return tl::unexpected(read.error());
    if (auto noted = note_foreign(); !noted) return tl::unexpected(noted.error());
    std::vector<ChunkPtr> fresh;
    auto from = read->begin();
    for (std::size_t i = first; i <= last; ++i) {
      const Timestamp end = begins(i + 1);
      const auto to = std::find_if(from, read->end(), [&](const Candle& candle) { return candle.start >= end; });
      const bool settled = query.interval == Interval::m1 || (reach->is_set() && end + kGoesOn <= *reach);
      fresh.push_back(std::make_shared<const CandleChunk>(CandleChunk{{from, to}, settled}));
      look.chunks[i] = fresh.back();
      from = to;
    }
    return cache_->fill(series, query.interval, span.first + static_cast<std::int64_t>(first), fresh, look);
  }

  /// How far the series reaches. Read before what is judged by it, so that it never says too much.
  Result<Timestamp> newest_minute(const CandleQuery& query) {
    if (query.interval == Interval::m1) return Timestamp{};
    CandleQuery newest = query;
    newest.interval = Interval::m1;
    newest.start = {};
    newest.end = kFarFuture;
    newest.limit = 1;
    const auto found = reader_->candles(newest);
    if (!found) return tl::unexpected(found.error());
    return found->empty() ? Timestamp{} : found->back().start;
  }

  std::unique_ptr<StoreReader> reader_;
  std::shared_ptr<RangeCache> cache_;
};

/// Nothing is kept while it lasts: whatever it writes may be committed at any time.
class CachedTransaction final : public StoreTransaction {
 public:
  CachedTransaction(std::unique_ptr<Ended> ended, std::shared_ptr<RangeCache> cache,
                    std::unique_ptr<StoreTransaction> transaction)
      : cache_(std::move(cache)), ended_(std::move(ended)), transaction_(std::move(transaction)) {}
  StoreWriter& writer() override { return transaction_->writer(); }
  StoreReader& reader() override { return transaction_->reader(); }
  core::Status commit() override { return transaction_->commit(); }

 private:
  // In the order in which they are made; they go the other way round.
  std::shared_ptr<RangeCache> cache_;
  std::unique_ptr<Ended> ended_;
  std::unique_ptr<StoreTransaction> transaction_;
};

class CachedStore final : public HistoryStore {
 public:
  CachedStore(std::unique_ptr<HistoryStore> store, runtime::Metrics& metrics, CacheOptions options)
      : store_(std::move(store)),
        cache_(std::make_shared<RangeCache>(options.max_bytes, store_->keeps_for(), metrics, options.now)) {}

  core::Status open() override { return store_->open(); }
  Result<std::unique_ptr<StoreWriter>> writer() override {
    auto made = store_->writer();
    if (!made) return made;
    return std::make_unique<CachedWriter>(std::move(*made), cache_);
  }
  Result<std::unique_ptr<StoreReader>> reader() override {
    auto made = store_->reader();
    if (!made) return made;
    return std::make_unique<CachedReader>(std::move(*made), cache_);
  }
  Result<std::unique_ptr<StoreSnapshot>> snapshot() override { return store_->snapshot(); }
  Result<std::unique_ptr<StoreTransaction>> transaction() override {
    auto made = store_->transaction();
    if (!made) return made;
    cache_->begin_any_write();
    return std::make_unique<CachedTransaction>(std::make_unique<Ended>(*cache_), cache_, std::move(*made));
  }
  Result<core::RestoredState> restore(Timestamp since) override { return store_->restore(since); }
  std::optional<core::Duration> keeps_for() const override { return store_->keeps_for(); }

 private:
  std::unique_ptr<HistoryStore> store_;
  std::shared_ptr<RangeCache> cache_;
};

}  // namespace

std::unique_ptr<HistoryStore> make_cached_store(std::unique_ptr<HistoryStore> store, runtime::Metrics& metrics,
                                                CacheOptions options) {
  return std::make_unique<CachedStore>(std::move(store), metrics, std::move(options));
}

}  // namespace tickspan::storage
