#include "history/store_copy.hpp"

#include <limits>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "history/pages.hpp"
#include "history/verify.hpp"

namespace tickspan::history {
namespace {

using core::Result;
using core::Status;
using core::Timestamp;

constexpr std::size_t kBatchRows = 5000;
constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

class Copier {
 public:
  Copier(storage::StoreSnapshot& from, storage::StoreWriter& to, const CopyProgress& progress)
      : from_(from), reader_(from.reader()), to_(to), progress_(progress) {}

  Result<StoreCopy> run() {
    auto state = from_.state(kEndOfTime);  // everything but minutes
    if (!state) return tl::unexpected(state.error());
    auto series = reader_.series();
    if (!series) return tl::unexpected(series.error());
    std::sort(series->begin(), series->end());
    name_all(*state, *series);
    auto copied = copy_state(*state);
    for (auto name = series->begin(); copied && name != series->end(); ++name) copied = copy_series(*name);
    for (auto id = assets_.begin(); copied && id != assets_.end(); ++id) copied = copy_points(id->first, id->second);
    if (copied) copied = copy_gaps();
    if (copied) copied = copy_takeovers();
    if (copied) copied = flush();
    if (copied) copied = copy_mark(state->last_write);
    if (!copied) return tl::unexpected(copied.error());
    return copy_;
  }

 private:
  struct Keys {
    core::SeriesKey key;
    core::InstrumentId instrument;
  };

  /// One catalogue that resolves all that is copied. The assets that the store knows come first, as it has them.
  void name_all(const core::RestoredState& state, const std::vector<storage::SeriesName>& series) {
    auto names = std::make_shared<core::Catalogue>();
    for (const core::Asset& asset : state.assets) assets_[asset.id] = names->upsert_asset(asset);
    const auto known = std::make_shared<const core::Catalogue>(*names);
    if (!state.assets.empty()) stored_assets_ = known;
    const auto asset = [&](const std::string& id) {
      const auto found = assets_.find(id);
      if (found != assets_.end()) return found->second;
      return assets_[id] = names->upsert_asset({id, id, id, core::AssetKind::coin, 0});
    };
    for (const auto& price : state.prices) asset(price.asset_id);
    for (const storage::SeriesName& name : series) {
      Keys& keys = keys_[name];
      keys.key.base = asset(name.base);
      keys.key.quote = asset(name.quote);
      if (name.venue.empty()) continue;
      keys.key.venue = names->upsert_venue({name.venue, name.venue, false, "", ""});
      keys.instrument =
          names->add_instrument({keys.key.venue, keys.key.base, keys.key.quote, name.base + "/" + name.quote});
    }
    catalogue_ = std::move(names);
    batch_.catalogue = catalogue_;
  }

  Status copy_state(const core::RestoredState& state) {
    if (stored_assets_) {
      core::WriteBatch batch;
      batch.catalogue = stored_assets_;
      batch.catalogue_changed = true;
      if (auto written = to_.write({batch}); !written) return written;
    }
    batch_.facts = state.facts;
    for (const auto& price : state.prices) {
      batch_.prices.push_back({assets_.at(price.asset_id), price.price_usd, price.as_of, price.source});
    }
    return flush();
  }

  /// All rows of a kind: most series are short, so the first look is at all of it.
  template <typename Query, typename Visit>
  Status each(Query query, Visit visit) {
    return for_each_row(kBeginOfTime, kEndOfTime, query, visit, kEndOfTime - kBeginOfTime);
  }

  Status copy_series(const storage::SeriesName& name) {
    what_ = describe(name);
    const Keys& keys = keys_.at(name);
    for (const core::Interval interval : core::kIntervals) {
      storage::CandleQuery query{name.base, name.quote, name.venue, interval, {}, {}, 0, true};
      const auto copied = each(
          [&](Timestamp from, Timestamp to, std::size_t limit) {
            query.start = from;
            query.end = to;
            query.limit = limit;
            return reader_.candles(query);
          },
          [&](const core::Candle& candle) {
            ++copy_.candles;
            batch_.candles.push_back({keys.key, interval, candle});
            return flush_when_full();
          });
      if (!copied) return copied;
    }
    return copy_trades(name, keys);
  }

  /// Of a series without a venue they are composite prices.
  Status copy_trades(const storage::SeriesName& name, const Keys& keys) {
    storage::TradeQuery query{name.base, name.quote, name.venue, {}, {}, 0};
    return each(
        [&](Timestamp from, Timestamp to, std::size_t limit) {
          query.start = from;
          query.end = to;
          query.limit = limit;
          return reader_.trades(query);
        },
        [&](const storage::StoredTrade& stored) {
          ++copy_.trades;
          if (name.venue.empty()) {
            batch_.composites.push_back({keys.key, core::composite_tick(stored.at, stored.price)});
            return flush_when_full();
          }
          core::Tick::Trade trade;
          trade.instrument = keys.instrument;
          trade.received_at = stored.received_at;
          trade.event_time = stored.at;
          trade.price = stored.price;
          trade.amount = stored.amount;
          trade.trade_id = stored.trade_id;
          trade.side = stored.side;
          batch_.ticks.emplace_back(trade);
          return flush_when_full();
        });
  }

  Status copy_points(const std::string& id, core::AssetId asset) {
    what_ = id;
    return each([&](Timestamp from, Timestamp to, std::size_t limit) { return reader_.points(id, from, to, limit); },
                [&](const core::MarketPoint& point) {
                  ++copy_.points;
                  batch_.points.push_back({asset, point});
                  return flush_when_full();
                });
  }

  Status copy_gaps() {
    auto gaps = reader_.gaps("", kBeginOfTime, kEndOfTime, kAll);
    if (!gaps) return tl::unexpected(gaps.error());
    for (core::Gap& gap : *gaps) {
      ++copy_.gaps;
      batch_.gaps.push_back(std::move(gap));
      if (auto flushed = flush_when_full(); !flushed) return flushed;
    }
    return {};
  }

  Status copy_takeovers() {
    what_ = "takeovers";
    return each([&](Timestamp from, Timestamp to, std::size_t limit) { return reader_.takeovers("", from, to, limit); },
                [&](const core::Takeover& takeover) {
                  ++copy_.takeovers;
                  batch_.takeovers.push_back(takeover);
                  return flush_when_full();
                });
  }

  /// Last, when all that it vouches for is there: the next start knows from it since when nothing was heard.
  Status copy_mark(Timestamp last_write) {
    if (!last_write.is_set()) return {};
    batch_.heard_until = last_write;
    return flush();
  }

  Status flush_when_full() { return batch_.rows() < kBatchRows ? Status{} : flush(); }
  Status flush() {
    if (batch_.rows() == 0) return {};
    auto written = to_.write({batch_});
    batch_ = {};
    batch_.catalogue = catalogue_;
    if (progress_) progress_(what_, copy_.rows());
    return written;
  }

  storage::StoreSnapshot& from_;
  storage::StoreReader& reader_;
  storage::StoreWriter& to_;
  const CopyProgress& progress_;
  std::map<std::string, core::AssetId> assets_;
  std::map<storage::SeriesName, Keys> keys_;
  core::CataloguePtr catalogue_, stored_assets_;
  core::WriteBatch batch_;
  StoreCopy copy_;
  std::string what_ = "assets";
};

}  // namespace

Result<StoreCopy> copy_store(storage::StoreSnapshot& from, storage::StoreWriter& to, const CopyProgress& progress) {
  return Copier(from, to, progress).run();
}

Result<bool> is_empty(storage::HistoryStore& store) {
  auto reader = store.reader();
  if (!reader) return tl::unexpected(reader.error());
  const auto series = (*reader)->series();
  if (!series) return tl::unexpected(series.error());
  const auto gaps = (*reader)->gaps("", kBeginOfTime, kEndOfTime, 1);
  if (!gaps) return tl::unexpected(gaps.error());
  const auto state = store.restore(kEndOfTime);
  if (!state) return tl::unexpected(state.error());
  return series->empty() && gaps->empty() && state->facts.empty() && state->prices.empty();
}

}  // namespace tickspan::history
