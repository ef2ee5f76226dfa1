#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/sources.hpp"
#include "history/backfiller.hpp"
#include "history/chart_repairer.hpp"
#include "history/gap_repairer.hpp"

namespace tickspan::app {

/// What one world knows of before it listened: the venues' pasts, asked in the background to fill holes,
/// and for what was before the first start.
/// **Threading**: the owner's thread, before start() and with stop(); set_symbols() from any.
/// **Ownership**: all that it is given must outlive it.
class Past {
 public:
  using TellLast = decltype(history::GapRepairerOptions::tell_last);
  Past(const FeedSurroundings& around, storage::HistoryService& store, runtime::Metrics& metrics,
       std::function<core::SnapshotPtr()> snapshot, history::TellRepaired tell_engine, TellLast tell_last,
       const Config& config);
  ~Past();

  void add(const SourceConfig& source);
  /// An aggregator, which fills its own holes. `charts` must outlive stop().
  void add_charts(const std::string& venue, feeds::ChartSource& charts);
  void set_symbols(const std::string& venue, std::shared_ptr<const core::SymbolTable> symbols);
  void start();
  /// Before the loop is stopped.
  void stop();

 private:
  const FeedSurroundings around_;
  storage::HistoryService& store_;
  runtime::Metrics& metrics_;
  const std::function<core::SnapshotPtr()> snapshot_;
  std::vector<PastOfVenue> venues_;
  std::unique_ptr<history::GapRepairer> repairer_;
  std::unique_ptr<history::Backfiller> backfiller_;  ///< null: not wanted
  std::vector<std::unique_ptr<history::ChartRepairer>> charts_;
};

}  // namespace tickspan::app
