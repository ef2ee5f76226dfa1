#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/candle.hpp"
#include "core/catalogue.hpp"
#include "core/snapshot.hpp"
#include "feeds/venue_history.hpp"
#include "runtime/clock.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/metrics.hpp"
#include "storage/history_service.hpp"

namespace tickspan::history {

struct BackfillerOptions {
  core::Duration tick = std::chrono::seconds(1);
  core::Duration settle = std::chrono::seconds(90);  ///< after a source is live: the minute it came in is over
  core::Duration minutes = std::chrono::hours(24);
  core::Duration hours = std::chrono::hours(24 * 30);
  core::Duration first_retry = std::chrono::minutes(1);  ///< doubles with each failure
  int tries = 5;
  core::Duration look_again = std::chrono::minutes(10);  ///< at silence that nothing had ended; doubles each time
  int looks = 6;
};

/// Gives each pair that is listened to its recent past, once per run: a day of minutes of every pair, then a month of
/// hours, of what the store lacks or has incomplete. A pair that trades seldom has no live minutes before its first
/// trade: those since its past was fetched follow. In the background, as the venues' budgets allow.
/// **Threading**: everything on the loop's thread, but construction. **Ownership**: all that it is given must outlive
/// it; destroyed on the loop, or when that has stopped. **Limits**: one query at a time per venue.
class Backfiller {
 public:
  /// Candles of a pair in [from, to) were written.
  using Changed = std::function<void(const std::string& venue, const std::string& symbol, core::Interval interval,
                                     core::Timestamp from, core::Timestamp to)>;
  Backfiller(runtime::EventLoop& loop, storage::HistoryService& store, const runtime::Clock& clock,
             runtime::Metrics& metrics, std::function<core::SnapshotPtr()> snapshot, Changed changed,
             BackfillerOptions options);
  ~Backfiller();

  void add_source(const std::string& venue, feeds::HistorySource& source);
  void set_symbols(const std::string& venue, std::shared_ptr<const core::SymbolTable> symbols);
  void start();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tickspan::history
