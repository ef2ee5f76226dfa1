#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/snapshot.hpp"
#include "core/write_batch.hpp"
#include "market/instrument_mapper.hpp"
#include "runtime/bounded_queue.hpp"
#include "runtime/clock.hpp"
#include "runtime/feed_port.hpp"
#include "runtime/metrics.hpp"
#include "wire/frame.hpp"

namespace tickspan::engine {

struct EngineOptions {
  core::Origin origin = core::Origin::real;
  std::size_t tracked_assets = 300;    ///< coins kept, by market capitalisation
  double outlier = 0.03;               ///< how far a pair may lie from the others and still price its base
  std::size_t ring_capacity = 65'536;  ///< ticks per feed thread
  std::size_t repair_rows = 65'536;    ///< repaired candles that may wait
  std::vector<market::SymbolOverride> symbols = {};           ///< what venues mean by theirs
  bool store_trades = false;                                  ///< hand trades to the store, too
  bool store_composites = false;                              ///< and composite prices, one a second and asset
  core::Duration save_open_every = std::chrono::seconds(10);  ///< how old a saved candle that is open may get
  core::Duration publish_interval = std::chrono::milliseconds(10);
};

/// Where the engine's results go. Called on the engine's thread, never waits.
struct EngineOutputs {
  wire::FrameSink* frames = nullptr;        ///< may be null
  wire::InterestTable* interest = nullptr;  ///< may be null: nobody listens
  /// The store's queue; on `full` the engine keeps the batch, merges and offers it again, then records a gap.
  std::function<runtime::PushResult(core::WriteBatch&)> store;
  /// Which pairs a venue is to listen to, after its symbol list or the tracked set changed.
  std::function<void(core::VenueId, std::shared_ptr<const core::SymbolTable>)> set_symbols;
  /// Asks for the stored minutes of these composites in [hour, hour + 1 h); Engine::give() answers, from any thread.
  /// False: not now; it is asked again. May be empty: then the windows of 7 and 30 days are known at full hours only.
  std::function<bool(core::Timestamp hour, std::vector<std::pair<core::AssetId, std::string>> of)> load_minutes;
};

/// The single writer of the market's state: one turn takes a batch of ticks through market and analytics into one
/// outbox.
///
/// Construct, add sources and ports, restore, start: in this order. Without start() the owner may call turn() itself,
/// with a manual clock: that is how replay and tests get the same candles every run.
/// **Threading**: snapshot() from any thread; everything else from the owner's until start(), then the engine's own.
class Engine {
 public:
  Engine(EngineOptions options, EngineOutputs outputs, const runtime::Clock& clock, runtime::Metrics& metrics);
  ~Engine();

  core::VenueId add_source(core::Venue venue);
  /// One per feed thread; lives as long as the engine.
  runtime::FeedPort& add_port();
  /// What the store had: shown as `stale` until heard of again.
  void restore(const core::RestoredState& state);

  /// The answer to EngineOutputs::load_minutes. From any thread; the newest answer counts.
  void give(core::OldMinutes minutes);

  /// Candles that history made anew and stored: taken in within 100 ms, as time allows. From any thread. `full`: they
  /// are left with the caller, who offers them again.
  [[nodiscard]] runtime::PushResult repair(core::RepairedCandles& repaired);

  void start();
  /// Takes what is in the rings through, closes nothing early, hands the open candles to the store, joins.
  void stop();

  core::SnapshotPtr snapshot() const;
  /// One turn at the clock's present time: up to `max_items` ring items, time-driven work, publication when due.
  /// Returns the number of items taken.
  std::size_t turn(std::size_t max_items = 256);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tickspan::engine
