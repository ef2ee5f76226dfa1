#pragma once

#include <functional>
#include <memory>

#include "core/catalogue.hpp"
#include "history/level_repair.hpp"
#include "history/repair_watch.hpp"
#include "history/store_link.hpp"
#include "runtime/clock.hpp"

namespace tickspan::history {

/// What has to follow when candles of a pair were made anew: those that somebody wrote over are written again, the
/// hours and days above are summed up.
/// **Threading**: the loop's. **Ownership**: a shared_ptr; link and clock must outlive stop().
class AfterRepair : public std::enable_shared_from_this<AfterRepair> {
 public:
  struct Hooks {
    std::function<core::CataloguePtr()> catalogue;
    std::function<bool()> busy;  ///< whoever hears of it has no room
    /// Minutes of a pair that had to be written again, ascending.
    std::function<void(const core::SeriesKey&, const std::vector<core::Candle>&)> corrected;
    std::function<void(const core::CandleRow&)> hour_summed;
  };
  AfterRepair(StoreLink& link, const runtime::Clock& clock, Hooks hooks)
      : link_(link), clock_(clock), hooks_(std::move(hooks)) {}

  /// Minutes or hours of a pair in [from, to), handed to the store just now. `candles` may be left out: then they are
  /// not looked after.
  void changed(ChangedCandles what, core::SeriesKey series);
  /// The hours and days above alone.
  void add_levels(const ChangedCandles& what);
  /// From time to time.
  void step();
  void stop() { stopped_ = true; }

 private:
  using Looked = std::pair<RepairWatch::Item, core::Result<std::vector<core::Candle>>>;
  void look();
  void take_look(Looked looked);
  void sum_levels();

  StoreLink& link_;
  const runtime::Clock& clock_;
  const Hooks hooks_;
  RepairWatch watch_;
  LevelRepair levels_;
  bool looking_ = false;
  bool summing_ = false;
  bool stopped_ = false;
};

}  // namespace tickspan::history
