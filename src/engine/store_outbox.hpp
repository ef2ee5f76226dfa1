#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/write_batch.hpp"
#include "engine/engine.hpp"
#include "market/market.hpp"
#include "runtime/bounded_queue.hpp"

namespace tickspan::engine {

/// What the engine has for the store and has not handed over yet.
///
/// When the store's queue is full the rows stay here, rows of one key merged into the newest, and are offered again.
/// Only beyond kMostRows are the oldest candles and trades given up; a gap with cause `overflow` tells of them.
/// **Threading**: the engine's.
class StoreOutbox {
 public:
  using Push = std::function<runtime::PushResult(core::WriteBatch&)>;
  static constexpr std::size_t kMostRows = 65'536;

  StoreOutbox(Push push, const market::Market& market, const EngineOptions& options);

  bool enabled() const { return static_cast<bool>(push_); }
  /// Minutes, hours and days are stored: a month of hours is 720 rows that way, not 43,200 to be added up at each read,
  /// for a sixtieth more of writing; and it outlives the minutes' retention. The levels between are read from those.
  void add_candle(const core::SeriesKey& series, core::Interval interval, const core::Candle& candle);
  void add_tick(const core::Tick& tick);
  void add_facts(const core::AggregatorRows& rows);
  void add_points(const core::ChartPoints& points);
  void add_gaps(std::vector<core::Gap> gaps);
  void add_takeovers(std::vector<core::Takeover> takeovers);
  void set_catalogue_changed() { batch_.catalogue_changed = true; }
  /// The row's price goes with the next batch of last prices.
  void price_changed(core::AssetId asset);

  /// Whether collect() will save the open candles.
  bool open_candles_due(core::Timestamp now) const { return enabled() && now >= next_candles_; }
  /// What is due by time: last prices every 5 s, composite prices every second, one point per coin every 5 min, and
  /// open candles every `save_open_every`: then all that was heard before `heard_until` is in the batch or before it.
  void collect(core::Timestamp now, core::Timestamp heard_until);
  /// All open candles and last prices, whenever they were saved last.
  void collect_all(core::Timestamp now, core::Timestamp heard_until);
  /// Hands over what there is, at most every 100 ms unless there is much of it. False: the store is full.
  bool flush(core::Timestamp now, bool at_once = false);
  std::size_t waiting() const { return batch_.rows(); }

 private:
  struct Saved {
    core::Timestamp start;
    std::uint32_t trades = 0;
    core::Decimal volume;
  };
  /// Of what was given up.
  struct Lost {
    core::Timestamp from, to;
    void add(core::Timestamp begin, core::Timestamp end);
  };
  void collect_prices();
  void collect_composites();
  void collect_open_candles();
  void collect_points(core::Timestamp now);
  void save_open(const core::SeriesKey& series, const market::CandleBuilder& builder, Saved& saved);
  void merge();
  void give_up_oldest();
  void tell_losses();

  Push push_;
  const market::Market& market_;
  const core::Duration save_open_every_;
  const bool composites_;
  core::WriteBatch batch_;
  std::vector<bool> unsaved_;            // by AssetId index
  std::vector<core::Timestamp> stored_;  // the newest composite price, by AssetId index
  std::vector<Saved> saved_pairs_, saved_assets_;
  std::vector<core::Candle> open_;
  core::Timestamp next_prices_, next_composites_, next_candles_, next_points_, next_flush_;
  Lost lost_, lost_composites_;
  std::size_t merged_rows_ = 0;
};

}  // namespace tickspan::engine
