#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "engine/frame_writer.hpp"
#include "engine/snapshot_publisher.hpp"
#include "engine/sources.hpp"
#include "engine/store_outbox.hpp"
#include "market/market.hpp"

namespace tickspan::engine {

/// One turn after the other, without a thread: ring items into the market, time-driven work, publication.
/// **Threading**: snapshot(), give() and repair() from any thread, the rest from the one that takes the turns.
class TurnLoop {
 public:
  TurnLoop(const EngineOptions& options, EngineOutputs outputs, const runtime::Clock& clock, runtime::Metrics& metrics,
           std::string epoch);

  core::VenueId add_source(core::Venue venue);
  void add_port(runtime::FeedPort& port);
  void restore(const core::RestoredState& state);

  /// From any thread.
  void give(core::OldMinutes minutes);
  /// From any thread.
  runtime::PushResult repair(core::RepairedCandles& repaired);

  std::size_t turn(std::size_t max_items);
  /// How long may be slept if nothing arrives.
  core::Duration until_due() const;
  /// The last rows to the store: open candles, last prices. False: it had no room, try again.
  bool finish();
  std::size_t store_waiting() const { return outbox_.waiting(); }
  core::SnapshotPtr snapshot() const { return publisher_.current(); }

 private:
  struct Port {
    runtime::FeedPort* port = nullptr;
    std::vector<core::VenueId> venues;  // whose events came through it
    core::Timestamp taken_until;        // all that was received before, as far as it was pushed, is taken
  };
  struct Venue {
    core::SymbolList list;
    bool listed = false;
    std::uint64_t tracked_version = 0;
    runtime::Counter* outliers = nullptr;
    runtime::Gauge* clock_offset = nullptr;
  };

  std::size_t drain(std::size_t max_items);
  void on_tick(const core::Tick& tick);
  void on_event(Port& port, const core::FeedEvent& event);
  void on_event(Port& port, const core::FeedStatus& status);
  void on_event(Port& port, const core::FeedAlive& alive);
  void on_event(Port& port, const core::SymbolList& list);
  void on_event(Port& port, const core::AggregatorRows& rows);
  void on_event(Port& port, const core::AggregatorRates& rates);
  void on_event(Port& port, const core::ChartPoints& points);
  void on_event(Port& port, const core::FeedLoss& loss);
  void on_event(Port& port, const core::LinkHeard& link);
  void record_restart(const core::AggregatorRows& rows);
  bool is_source(Port& port, core::VenueId venue);
  void choose_symbols(core::VenueId venue);
  void on_time(core::Timestamp now);
  core::Timestamp heard_until(core::Timestamp now) const;
  void load_minutes(core::Timestamp now);
  void take_repairs(core::Timestamp now);
  void tell_short_minutes();
  std::vector<core::Takeover> take_takeovers();
  void publish(core::Timestamp now);

  const EngineOptions options_;
  EngineOutputs outputs_;
  const runtime::Clock& clock_;
  runtime::Metrics& metrics_;
  market::Market market_;
  Sources sources_;
  SnapshotPublisher publisher_;
  FrameWriter frames_;
  StoreOutbox outbox_;
  std::vector<Port> ports_;
  std::vector<Venue> venues_;  // by VenueId index
  std::vector<core::AssetId> changed_;
  std::size_t first_port_ = 0;
  std::uint64_t tracked_version_ = 0;
  bool work_waits_ = false;  // something was taken in since the last publication
  bool finished_ = false;
  core::Timestamp now_, next_sweep_, next_publish_, next_gaps_;
  core::Timestamp restored_mark_,
      restored_facts_;  // when the run before this one, and its ranking aggregator, were heard last
  core::Duration slowest_turn_{};
  core::Timestamp next_load_;
  runtime::BoundedQueue<core::RepairedCandles> repairs_;
  std::mutex given_mutex_;
  std::optional<core::OldMinutes> given_;  // guarded by given_mutex_

  runtime::Counter& ticks_;
  runtime::Counter& turns_;
  runtime::Counter& lost_trades_;
  runtime::Counter& published_;
  runtime::Gauge& turn_seconds_;
  runtime::Gauge& ring_items_;
  runtime::Gauge& store_waiting_;
  runtime::Counter& repaired_;
  runtime::Counter& repairs_refused_;
};

}  // namespace tickspan::engine
