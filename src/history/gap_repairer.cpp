#include "history/gap_repairer.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <set>
#include <utility>

#include "history/after_repair.hpp"
#include "history/composite_repair.hpp"
#include "history/hole.hpp"
#include "history/pair_repair.hpp"
#include "history/store_link.hpp"
#include "runtime/log.hpp"
#include "storage/gap_pair.hpp"

namespace tickspan::history {
namespace {

using core::Timestamp;

constexpr runtime::Log kLog{"history"};
constexpr core::Duration kMinute = std::chrono::minutes(1);
constexpr core::Duration kEdge = std::chrono::minutes(1);  // of trades before and after, to see that none is missing
constexpr core::Duration kSweepEvery = std::chrono::hours(1);   // for holes that are too old
constexpr core::Duration kLevelsOpen = std::chrono::hours(25);  // so long a repaired minute's day may not be over

}  // namespace

struct GapRepairer::Impl : std::enable_shared_from_this<GapRepairer::Impl> {
  struct Worker {
    std::string venue;
    feeds::HistorySource* source = nullptr;
    std::shared_ptr<const core::SymbolTable> symbols;
    Holes holes;
    bool busy = false;
    bool levels_checked = false;
  };

  Impl(runtime::EventLoop& l, storage::HistoryService& s, const runtime::Clock& c, runtime::Metrics& metrics,
       std::function<core::SnapshotPtr()> snap, GapRepairerOptions o)
      : loop(l),
        link(l, s),
        clock(c),
        snapshot(std::move(snap)),
        options(std::move(o)),
        engine(options.tell_engine),
        composites(link, options.outlier, [this](const core::RepairedCandles& made) { composite_rebuilt(made); }),
        timer(l.context()),
        open(metrics.gauge("tickspan_history_holes_open", "Holes that wait for their repair or are under it")),
        repaired(metrics.counter("tickspan_history_holes_repaired_total", "Holes filled")),
        lost(metrics.counter("tickspan_history_holes_lost_total", "Holes that could not be filled")),
        trades(metrics.counter("tickspan_history_trades_recovered_total", "Trades that filled holes")),
        candles(metrics.counter("tickspan_history_candles_recovered_total", "Minutes made anew from a venue's past")),
        rebuilt(metrics.counter("tickspan_history_composites_rebuilt_total",
                                "Composite minutes rebuilt from their pairs' minutes")),
        pair_repair(std::make_shared<PairRepair>(link, clock, options.store_ticks)),
        after(std::make_shared<AfterRepair>(link, clock, after_hooks())) {}

  void start() { tick(); }
  void stop() {
    stopped = true;
    pair_repair->stop();
    after->stop();
    timer.cancel();
  }
  void tick();
  void look();
  void give_up(std::vector<core::Gap> old);
  void take_gaps(const FoundHoles& found);
  void check_levels(Worker& worker, const std::vector<core::Gap>& gaps);
  void step(Worker& worker);
  bool ready(const Worker& worker, const Hole& hole) const;
  Hole* choose(Worker& worker);
  void begin(Worker& worker, Hole& hole);
  void mark_unlisted(const Hole& hole, const core::CataloguePtr& names);
  void repair_next(Worker& worker, Hole& hole);
  std::optional<PairTask> task_of(const Worker& worker, const Hole& hole, const std::string& symbol) const;
  void ask(Worker& worker, PairTask task);
  void ask_former(Worker& worker, PairTask task);
  void take(Worker& worker, const PairTask& task, core::Result<PairFill> made);
  void fill(Worker& worker, const PairTask& task, PairFill fill);
  void next_pair(Worker& worker, const PairTask& task);
  void finish(Worker& worker, Hole& hole);
  void composite_rebuilt(const core::RepairedCandles& made);
  AfterRepair::Hooks after_hooks();
  template <typename Value, typename Job, typename Then>
  bool read(Job job, Then then);
  core::CataloguePtr catalogue() const {
    const auto now = snapshot();
    return now ? now->catalogue : nullptr;
  }

  runtime::EventLoop& loop;
  StoreLink link;
  const runtime::Clock& clock;
  const std::function<core::SnapshotPtr()> snapshot;
  const GapRepairerOptions options;
  EngineLink engine;
  CompositeRepair composites;
  boost::asio::steady_timer timer;
  runtime::Gauge& open;
  runtime::Counter &repaired, &lost, &trades, &candles, &rebuilt;
  std::shared_ptr<PairRepair> pair_repair;
  std::map<std::string, Worker> workers;
  std::shared_ptr<AfterRepair> after;
  Timestamp next_look, next_sweep;
  std::vector<storage::SeriesName> series;  ///< all that the store has, where a hole is open
  HoleSight sight;
  bool looking = false, stopped = false;
};

/// `then(Impl&, Value)` runs on the loop, if this still exists. False: no room.
template <typename Value, typename Job, typename Then>
bool GapRepairer::Impl::read(Job job, Then then) {
  return link.read<Value>(job, [weak = weak_from_this(), then](Value value) {
    const auto self = weak.lock();
    if (self && !self->stopped) then(*self, std::move(value));
  });
}

void GapRepairer::Impl::tick() {
  if (stopped) return;
  link.offer();
  engine.offer();
  const Timestamp now = clock.now();
  if (now >= next_look) look();
  for (auto& [venue, worker] : workers) step(worker);
  after->step();
  if (!engine.busy()) composites.tick(catalogue(), now);
  timer.expires_after(options.tick);
  timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!error && self) self->tick();
  });
}

void GapRepairer::Impl::look() {
  if (looking) return;
  const Timestamp now = clock.now();
  next_look = now + options.look_every;
  const bool sweep = now >= next_sweep;
  if (sweep) next_sweep = now + kSweepEvery;
  HoleQuery query{now - options.horizon, now + std::chrono::hours(24)};
  query.old = sweep;
  const auto unchecked = [](const auto& item) { return !item.second.levels_checked; };
  if (std::any_of(workers.begin(), workers.end(), unchecked)) query.repaired_since = now - kLevelsOpen;
  const auto job = [query](storage::StoreReader& reader) { return find_holes(reader, query); };
  looking = read<FoundHoles>(job, [](Impl& self, FoundHoles found) {
    self.looking = false;
    self.series = std::move(found.series);
    self.take_gaps(found);
  });
}

// Nobody will ask for them any more, and that is what their rows shall say.
void GapRepairer::Impl::give_up(std::vector<core::Gap> old) {
  if (old.empty()) return;
  core::WriteBatch batch;
  batch.gaps = std::move(old);
  for (core::Gap& gap : batch.gaps) gap.state = core::GapState::lost;
  kLog.info("{} holes are too old to be filled", batch.gaps.size());
  lost.add(batch.gaps.size());
  batch.catalogue = catalogue();
  link.write(std::move(batch));
}

void GapRepairer::Impl::take_gaps(const FoundHoles& found) {
  if (!sight.clear(found, kLog)) return;
  give_up(found.old);
  std::map<std::string_view, std::set<std::pair<Timestamp, std::string>>> present;
  for (const core::Gap& gap : *found.open) {
    const auto worker = workers.find(gap.venue);
    if (worker == workers.end()) continue;
    const auto key = std::pair(gap.start, gap.instrument_symbol);
    present[gap.venue].insert(key);
    Hole& hole = worker->second.holes[key];
    if (hole.done && gap.end > hole.gap().end) hole = {};  // its last word had not been written when it was filled
    if (!hole.begun) hole.gap() = gap;
  }
  std::size_t count = 0;
  for (auto& [venue, worker] : workers) {
    const auto& still = present[venue];
    std::erase_if(worker.holes, [&](const auto& item) {
      return !still.contains(item.first) && (item.second.done || !item.second.begun);
    });
    count += still.size();
    check_levels(worker, found.repaired);
  }
  open.set(static_cast<double>(count));
}

// What was repaired before a restart may have hours and days that were not over then.
void GapRepairer::Impl::check_levels(Worker& worker, const std::vector<core::Gap>& gaps) {
  const auto names = catalogue();
  if (worker.levels_checked || !worker.symbols || !names) return;
  worker.levels_checked = true;
  const Timestamp now = clock.now();
  for (const core::Gap& gap : gaps) {
    if (gap.venue != worker.venue) continue;
    Hole hole;
    hole.gap() = gap;
    for (const std::string& symbol : worker.symbols->symbols()) {
      const core::InstrumentId id = worker.symbols->find(symbol);
      if (!gap.instrument_symbol.empty() && gap.instrument_symbol != symbol) continue;
      if (id.index() >= names->instruments().size()) continue;
      const core::Instrument& pair = names->instrument(id);
      after->changed({names->asset(pair.base).id, names->asset(pair.quote).id, worker.venue, core::Interval::m1,
                      hole.from(), hole.to()},
                     {pair.base, pair.quote, pair.venue});
      composites.changed(pair.base, hole.from(), hole.to(), now);
    }
  }
}

// A hole is over when its source is live again, for long enough that the row in the store is the last word.
bool GapRepairer::Impl::ready(const Worker& worker, const Hole& hole) const {
  const Timestamp now = clock.now();
  if (hole.done || now < hole.not_before || now < hole.to() + options.settle) return false;
  if (hole.begun) return true;
  const auto current = snapshot();
  // One pair's hole waits for the pair.
  const std::string& symbol = hole.gap().instrument_symbol;
  if (!symbol.empty() && !task_of(worker, hole, symbol)) return false;
  const core::SourceRow* const row = current ? source_row(*current, worker.venue) : nullptr;
  return row != nullptr && row->feed == core::FeedState::live && now >= row->since + options.settle;
}

Hole* GapRepairer::Impl::choose(Worker& worker) {
  Hole* newest = nullptr;
  const auto current = snapshot();
  const core::SourceRow* const row = current ? source_row(*current, worker.venue) : nullptr;
  for (auto& [key, hole] : worker.holes) {
    if (!hole.begun && row != nullptr && goes_on(*row, hole.gap())) hole.not_before = clock.now() + options.settle;
    if (ready(worker, hole) && (newest == nullptr || hole.gap().end > newest->gap().end)) newest = &hole;
  }
  return newest;
}

void GapRepairer::Impl::step(Worker& worker) {
  if (worker.busy || !worker.symbols || link.busy() || engine.busy()) return;
  Hole* const hole = choose(worker);
  if (hole == nullptr) return;
  if (!hole->begun) begin(worker, *hole);
  repair_next(worker, *hole);
}

void GapRepairer::Impl::begin(Worker& worker, Hole& hole) {
  hole.begun = true;
  take_along(hole, worker.holes, clock.now(), options.settle, options.trades_up_to);
  if (!hole.gap().instrument_symbol.empty()) {
    hole.todo = {hole.gap().instrument_symbol};
    return;
  }
  hole.todo = larger_last(*worker.symbols);
  const auto names = catalogue();
  if (!names) return;
  hole.former = former_pairs(*names, worker.venue, *worker.symbols, series);
  hole.todo.insert(hole.todo.begin(), hole.former.begin(), hole.former.end());
  mark_unlisted(hole, names);
}

void GapRepairer::Impl::mark_unlisted(const Hole& hole, const core::CataloguePtr& names) {
  using Read = core::Result<std::vector<storage::SeriesName>>;
  const auto job = [hole, stored = series, names](storage::StoreReader& reader) {
    return unlisted_pairs(reader, hole, *names, stored);
  };
  const auto then = [hole](Impl& self, const Read& pairs) {
    if (!pairs) return kLog.warn("pairs that are not listed any more can't be read: {}", pairs.error().context);
    core::WriteBatch batch;
    batch.catalogue = self.catalogue();
    batch.gaps = gaps_of(hole, *pairs);
    if (!batch.gaps.empty()) self.link.write(std::move(batch));
  };
  if (!read<Read>(job, then)) kLog.warn("{}: pairs that are not listed any more can't be read now", hole.gap().venue);
}

// A pair that nobody listened to just before the hole has none.
void GapRepairer::Impl::ask_former(Worker& worker, PairTask task) {
  const storage::CandleQuery query{.base = task.base,
                                   .quote = task.quote,
                                   .venue = worker.venue,
                                   .start = task.from - kHeardBefore,
                                   .end = task.from + kMinute,
                                   .limit = 1};
  using Read = core::Result<std::vector<core::Candle>>;
  worker.busy = true;
  const bool reading = read<Read>([query](storage::StoreReader& reader) { return reader.candles(query); },
                                  [&worker, task](Impl& self, const Read& before) {
                                    std::erase(worker.holes[task.hole].former, task.symbol);
                                    if (before && before->empty()) return self.next_pair(worker, task);
                                    self.ask(worker, task);
                                  });
  if (!reading) worker.busy = false;  // the next step tries again
}

void GapRepairer::Impl::repair_next(Worker& worker, Hole& hole) {
  while (!hole.todo.empty()) {
    const auto task = task_of(worker, hole, hole.todo.back());
    const bool former = std::find(hole.former.begin(), hole.former.end(), hole.todo.back()) != hole.former.end();
    if (task && former) return ask_former(worker, *task);
    if (task) return ask(worker, *task);
    hole.todo.pop_back();  // not a pair any more
  }
  if (hole.end_round(clock.now(), options.rounds, options.first_retry, options.patience)) finish(worker, hole);
}

std::optional<PairTask> GapRepairer::Impl::task_of(const Worker& worker, const Hole& hole,
                                                   const std::string& symbol) const {
  const auto names = catalogue();
  if (!names) return {};
  const auto known = storage::pair_of_gap(*names, worker.venue, symbol);
  if (!known || !known->instrument.valid()) return {};
  const core::Instrument& pair = names->instrument(known->instrument);
  const Timestamp from = hole.from();
  const Timestamp to = hole.to();
  const bool by_trades = to - from <= options.trades_up_to &&
                         (worker.source->limits().trades_by_time || clock.now() - from <= options.recent);
  feeds::HistoryQuery query{feeds::HistoryKind::minutes, pair.venue_symbol, from, to};
  if (by_trades || !has_candles(*worker.source, from, clock.now()))
    query = {feeds::HistoryKind::trades, pair.venue_symbol, from - kEdge,
             std::min(to + kEdge, std::max(to, clock.now()))};
  return PairTask{{hole.gap().start, hole.gap().instrument_symbol},
                  symbol,
                  names->asset(pair.base).id,
                  names->asset(pair.quote).id,
                  worker.venue,
                  {pair.base, pair.quote, pair.venue},
                  known->instrument,
                  from,
                  to,
                  std::move(query)};
}

void GapRepairer::Impl::ask(Worker& worker, PairTask task) {
  worker.busy = true;
  pair_repair->run(*worker.source, std::move(task),
                   [weak = weak_from_this(), &worker](const PairTask& of, core::Result<PairFill> made) {
                     const auto self = weak.lock();
                     if (self && !self->stopped) self->take(worker, of, std::move(made));
                   });
}

void GapRepairer::Impl::take(Worker& worker, const PairTask& task, core::Result<PairFill> made) {
  if (made) {
    fill(worker, task, std::move(*made));
  } else {
    Hole& hole = worker.holes[task.hole];
    kLog.debug("{} {}: {}", worker.venue, task.symbol, made.error().context);
    (made.error().retryable ? hole.failed : hole.lost).push_back(task.symbol);
  }
  next_pair(worker, task);
}

void GapRepairer::Impl::fill(Worker& worker, const PairTask& task, PairFill fill) {
  Hole& hole = worker.holes[task.hole];
  core::WriteBatch batch;
  batch.catalogue = catalogue();
  for (const core::Candle& minute : fill.minutes) batch.candles.push_back({task.series, core::Interval::m1, minute});
  if (options.store_ticks) batch.ticks = ticks_of(hole, task, fill, clock.now());
  candles.add(fill.minutes.size());
  trades.add(static_cast<std::uint64_t>(count_fill(hole, fill)));
  if (fill.whole)
    ++hole.repaired;
  else
    hole.lost.push_back(task.symbol);
  if (const auto last = last_trade(hole, task, fill); last && options.tell_last)
    options.tell_last(worker.venue, task.instrument, last->last_id, last->at);
  if (!fill.minutes.empty()) {
    link.write(std::move(batch));
    composites.changed(task.series.base, task.from, task.to, clock.now());
    engine.send({task.series, fill.minutes, {}});
    after->changed(
        {task.base, task.quote, worker.venue, core::Interval::m1, task.from, task.to, std::move(fill.minutes)},
        task.series);
  }
}

void GapRepairer::Impl::next_pair(Worker& worker, const PairTask& task) {
  worker.busy = false;
  auto& todo = worker.holes[task.hole].todo;
  if (!todo.empty() && todo.back() == task.symbol) todo.pop_back();
  step(worker);
}

void GapRepairer::Impl::finish(Worker& worker, Hole& hole) {
  const auto rows = hole.result();
  const bool filled = rows.front().state == core::GapState::repaired;
  (filled ? repaired : lost).add();
  kLog.info("{}: the hole from {} to {} ({}) is {}: {} pairs repaired, {} lost", worker.venue,
            core::to_rfc3339(hole.gap().start), core::to_rfc3339(hole.gap().end), core::to_string(hole.gap().cause),
            core::to_string(rows.front().state), hole.repaired, hole.lost.size());
  core::WriteBatch batch;
  batch.catalogue = catalogue();
  batch.gaps = rows;
  link.write(std::move(batch));
}

void GapRepairer::Impl::composite_rebuilt(const core::RepairedCandles& made) {
  rebuilt.add(made.minutes.size());
  if (const auto names = catalogue()) {
    after->add_levels({names->asset(made.series.base).id, names->asset(made.series.quote).id, "", core::Interval::m1,
                       made.minutes.front().start, made.minutes.back().start + kMinute});
  }
  engine.send(made);
}

AfterRepair::Hooks GapRepairer::Impl::after_hooks() {
  return {[this] { return catalogue(); }, [this] { return engine.busy(); },
          [this](const core::SeriesKey& pair, const std::vector<core::Candle>& minutes) {
            composites.changed(pair.base, minutes.front().start, minutes.back().start + kMinute, clock.now());
            engine.send({pair, minutes, {}});
          },
          [this](const core::CandleRow& hour) {
            engine.send({hour.series, {}, {hour.candle}});
          }};
}

GapRepairer::GapRepairer(runtime::EventLoop& loop, storage::HistoryService& store, const runtime::Clock& clock,
                         runtime::Metrics& metrics, std::function<core::SnapshotPtr()> snapshot,
                         GapRepairerOptions options)
    : impl_(std::make_shared<Impl>(loop, store, clock, metrics, std::move(snapshot), std::move(options))) {}

GapRepairer::~GapRepairer() {
  impl_->stop();
}

void GapRepairer::add_source(const std::string& venue, feeds::HistorySource& source) {
  Impl::Worker& worker = impl_->workers[venue];
  worker.venue = venue;
  worker.source = &source;
}

void GapRepairer::set_symbols(const std::string& venue, std::shared_ptr<const core::SymbolTable> symbols) {
  if (const auto it = impl_->workers.find(venue); it != impl_->workers.end()) it->second.symbols = std::move(symbols);
}

void GapRepairer::changed(const std::string& venue, const std::string& symbol, core::Interval interval,
                          core::Timestamp from, core::Timestamp to) {
  const auto names = impl_->catalogue();
  if (!names) return;
  const core::InstrumentId id = names->find_instrument(names->find_venue(venue), symbol);
  if (!id.valid()) return;
  const core::Instrument& pair = names->instrument(id);
  impl_->after->changed({names->asset(pair.base).id, names->asset(pair.quote).id, venue, interval, from, to},
                        {pair.base, pair.quote, pair.venue});
  if (interval == core::Interval::m1) impl_->composites.changed(pair.base, from, to, impl_->clock.now());
}

void GapRepairer::start() {
  impl_->start();
}

}  // namespace tickspan::history
