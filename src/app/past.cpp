#include "app/past.hpp"

namespace tickspan::app {

Past::Past(const FeedSurroundings& around, storage::HistoryService& store, runtime::Metrics& metrics,
           std::function<core::SnapshotPtr()> snapshot, history::TellRepaired tell_engine, TellLast tell_last,
           const Config& config)
    : around_(around), store_(store), metrics_(metrics), snapshot_(std::move(snapshot)) {
  history::GapRepairerOptions options;
  options.store_ticks = config.store_ticks == StoreTicks::all;
  options.outlier = static_cast<double>(config.outlier_percent) / 100;
  options.tell_engine = std::move(tell_engine);
  options.tell_last = std::move(tell_last);
  repairer_ = std::make_unique<history::GapRepairer>(around_.loop, store, around_.clock, metrics, snapshot_,
                                                     std::move(options));
  if (!config.backfill) return;
  backfiller_ = std::make_unique<history::Backfiller>(
      around_.loop, store, around_.clock, metrics, snapshot_,
      [repairer = repairer_.get()](const std::string& venue, const std::string& symbol, core::Interval interval,
                                   core::Timestamp from,
                                   core::Timestamp to) { repairer->changed(venue, symbol, interval, from, to); },
      history::BackfillerOptions{});
}

Past::~Past() {
  stop();
}

void Past::add(const SourceConfig& source) {
  auto past = make_past({around_.loop, around_.clock, around_.client, around_.tap, around_.upstreams}, source);
  if (!past) return;
  repairer_->add_source(past->venue, *past->fetcher);
  if (backfiller_) backfiller_->add_source(past->venue, *past->fetcher);
  venues_.push_back(std::move(*past));
}

void Past::add_charts(const std::string& venue, feeds::ChartSource& charts) {
  charts_.push_back(std::make_unique<history::ChartRepairer>(around_.loop, store_, around_.clock, metrics_, snapshot_,
                                                             venue, charts, history::ChartRepairerOptions{}));
}

void Past::set_symbols(const std::string& venue, std::shared_ptr<const core::SymbolTable> symbols) {
  around_.loop.post([this, venue, symbols = std::move(symbols)] {
    if (repairer_) repairer_->set_symbols(venue, symbols);
    if (backfiller_) backfiller_->set_symbols(venue, symbols);
  });
}

void Past::start() {
  around_.loop.run_and_wait([this] {
    repairer_->start();
    if (backfiller_) backfiller_->start();
    for (const auto& charts : charts_) charts->start();
  });
}

void Past::stop() {
  around_.loop.run_and_wait([this] {
    charts_.clear();
    backfiller_.reset();
    repairer_.reset();
    venues_.clear();
  });
}

}  // namespace tickspan::app
