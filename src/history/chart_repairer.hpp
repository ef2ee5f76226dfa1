#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/snapshot.hpp"
#include "feeds/feed.hpp"
#include "runtime/clock.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/metrics.hpp"
#include "storage/history_service.hpp"

namespace tickspan::history {

struct ChartRepairerOptions {
  core::Duration tick = std::chrono::seconds(2);
  core::Duration look_every = std::chrono::seconds(30);  ///< for holes in the store
  core::Duration settle = std::chrono::seconds(90);      ///< after the hole: a refresh has priority over the past
  core::Duration horizon = std::chrono::hours(24 * 30);
  core::Duration first_retry = std::chrono::minutes(2);
  int rounds = 4;
  core::Duration patience = std::chrono::hours(24);  ///< of a hole that is older two rounds are enough
};

/// Fills the holes of an aggregator, the newest first, for the assets that it alone knows: out of its charts, whose
/// points are five minutes apart on the last day and an hour before.
///
/// A point in a hole makes a composite minute of that one price, marked incomplete: it is a sample. The points
/// themselves are stored by whoever takes the aggregator's charts. An asset without a point in the hole is lost, with a
/// row of its own, and so is the hole where there is none at all; one in which no asset depended on it is repaired,
/// with nothing expected.
/// **Threading**: everything on the loop's thread, but construction. **Ownership**: all that it is given must outlive
/// it; destroyed on the loop, or when that has stopped. **Limits**: one chart at a time, as the charts' budget allows.
class ChartRepairer {
 public:
  ChartRepairer(runtime::EventLoop& loop, storage::HistoryService& store, const runtime::Clock& clock,
                runtime::Metrics& metrics, std::function<core::SnapshotPtr()> snapshot, std::string venue,
                feeds::ChartSource& charts, ChartRepairerOptions options);
  ~ChartRepairer();
  void start();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tickspan::history
