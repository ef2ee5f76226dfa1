#include "history/backfiller.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "history/minutes.hpp"
#include "history/store_link.hpp"
#include "runtime/log.hpp"

namespace tickspan::history {
namespace {

using core::Timestamp;

constexpr runtime::Log kLog{"history"};
constexpr core::Duration kWritten = std::chrono::seconds(15);   // by then the live candle before is in the store
constexpr core::Duration kPublished = std::chrono::minutes(2);  // by then a venue tells of a candle that is over

struct Item {
  std::string symbol;
  feeds::HistoryKind kind = feeds::HistoryKind::minutes;
  int failures = 0;
  Timestamp not_before;
  Timestamp from;  ///< set: the silence that began here was not over
  int looks = 0;
};

struct Task {
  Item item;
  core::SeriesKey series;
  storage::CandleQuery query;  ///< what the store is asked, [start, end) is the range to be had
};

using Candles = std::shared_ptr<const std::vector<core::Candle>>;

core::Interval interval_of(feeds::HistoryKind kind) {
  return kind == feeds::HistoryKind::hours ? core::Interval::h1 : core::Interval::m1;
}

}  // namespace

struct Backfiller::Impl : std::enable_shared_from_this<Backfiller::Impl> {
  struct Worker {
    std::string venue;
    feeds::HistorySource* source = nullptr;
    std::set<std::string> known;
    std::deque<Item> minutes, hours, silent;
    bool busy = false;
    bool told = true;
    std::size_t filled = 0;
  };

  Impl(runtime::EventLoop& l, storage::HistoryService& store, const runtime::Clock& c, runtime::Metrics& metrics,
       std::function<core::SnapshotPtr()> snap, Changed tell, BackfillerOptions o)
      : link(l, store),
        clock(c),
        snapshot(std::move(snap)),
        changed(std::move(tell)),
        options(o),
        timer(l.context()),
        waiting(metrics.gauge("tickspan_history_backfill_waiting", "Pairs and levels that wait for their past")),
        candles(metrics.counter("tickspan_history_backfill_candles_total", "Candles taken from venues' pasts")) {}

  void tick();
  bool live(const Worker& worker) const;
  void step(Worker& worker);
  std::optional<Task> task_of(const Worker& worker, const Item& item) const;
  void ask_store(Worker& worker, Task task);
  void take_stored(Worker& worker, const Task& task, core::Result<std::vector<core::Candle>> stored);
  void take_page(Worker& worker, const Task& task, const feeds::HistoryQuery& query, const Candles& stored,
                 core::Result<feeds::HistoryPage> page);
  void tell_written(const Worker& worker, const Task& task, const std::vector<core::Candle>& written) const;
  void again(Worker& worker, Item item);
  void look_again(Worker& worker, Item item, Timestamp from);
  std::optional<Item> next_of(Worker& worker) const;
  core::CataloguePtr catalogue() const {
    const auto now = snapshot();
    return now ? now->catalogue : nullptr;
  }

  StoreLink link;
  const runtime::Clock& clock;
  const std::function<core::SnapshotPtr()> snapshot;
  const Changed changed;
  const BackfillerOptions options;
  boost::asio::steady_timer timer;
  runtime::Gauge& waiting;
  runtime::Counter& candles;
  std::map<std::string, Worker> workers;
  bool stopped = false;
};

void Backfiller::Impl::tick() {
  if (stopped) return;
  link.offer();
  std::size_t count = 0;
  for (auto& [venue, worker] : workers) {
    step(worker);
    count += worker.minutes.size() + worker.hours.size() + (worker.busy ? 1 : 0);
    if (worker.told || worker.busy || !worker.minutes.empty() || !worker.hours.empty()) continue;
    worker.told = true;
    kLog.info("{}: the recent past of {} pairs is in the store; {} series were filled", venue, worker.known.size(),
              worker.filled);
  }
  waiting.set(static_cast<double>(count));
  timer.expires_after(options.tick);
  timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!error && self) self->tick();
  });
}

bool Backfiller::Impl::live(const Worker& worker) const {
  const auto current = snapshot();
  if (!current || !current->sources || !current->catalogue) return false;
  const core::VenueId id = current->catalogue->find_venue(worker.venue);
  return std::any_of(current->sources->begin(), current->sources->end(), [&](const core::SourceRow& row) {
    return row.venue == id && row.feed == core::FeedState::live && clock.now() >= row.since + options.settle;
  });
}

void Backfiller::Impl::step(Worker& worker) {
  if (worker.busy || link.busy() || !live(worker)) return;
  const auto item = next_of(worker);
  if (!item) return;
  if (auto task = task_of(worker, *item)) ask_store(worker, std::move(*task));
}

std::optional<Item> Backfiller::Impl::next_of(Worker& worker) const {
  const auto due = [&](const Item& item) { return clock.now() >= item.not_before; };
  auto& queue = !worker.minutes.empty() ? worker.minutes : !worker.hours.empty() ? worker.hours : worker.silent;
  const bool in_order = &queue != &worker.silent;
  const auto at = in_order ? queue.begin() : std::find_if(queue.begin(), queue.end(), due);
  if (at == queue.end() || !due(*at)) return {};
  Item item = std::move(*at);
  queue.erase(at);
  return item;
}

std::optional<Task> Backfiller::Impl::task_of(const Worker& worker, const Item& item) const {
  const auto names = catalogue();
  if (!names) return {};
  const core::InstrumentId id = names->find_instrument(names->find_venue(worker.venue), item.symbol);
  if (!id.valid()) return {};
  const core::Instrument& pair = names->instrument(id);
  const core::Interval interval = interval_of(item.kind);
  const core::Duration width = core::width(interval);
  const Timestamp end = (clock.now() - kWritten).floor_to(width);
  Timestamp start = end - (interval == core::Interval::h1 ? options.hours : options.minutes);
  if (item.from.is_set()) start = item.from - width;  // with the close before
  if (const std::size_t newest = worker.source->limits().newest_candles; newest > 2)
    start = std::max(start, end - width * (static_cast<std::int64_t>(newest) - 2));
  return Task{item,
              {pair.base, pair.quote, pair.venue},
              {.base = names->asset(pair.base).id,
               .quote = names->asset(pair.quote).id,
               .venue = worker.venue,
               .interval = interval,
               .start = start,
               .end = end}};
}

void Backfiller::Impl::ask_store(Worker& worker, Task task) {
  using Stored = core::Result<std::vector<core::Candle>>;
  worker.busy = true;
  const bool reading = link.read<Stored>([query = task.query](storage::StoreReader& r) { return r.candles(query); },
                                         [weak = weak_from_this(), &worker, task](Stored stored) {
                                           const auto self = weak.lock();
                                           if (self && !self->stopped)
                                             self->take_stored(worker, task, std::move(stored));
                                         });
  if (!reading) again(worker, task.item);
}

void Backfiller::Impl::take_stored(Worker& worker, const Task& task, core::Result<std::vector<core::Candle>> stored) {
  if (!stored) return again(worker, task.item);
  const auto range = missing_range(*stored, task.query.interval, task.query.start, task.query.end);
  if (!range) {
    worker.busy = false;
    return;
  }
  const auto before = std::make_shared<const std::vector<core::Candle>>(std::move(*stored));
  // Holes come first.
  feeds::HistoryQuery query{task.item.kind, task.item.symbol, range->first, range->second, true};
  worker.source->fetch(query,
                       [weak = weak_from_this(), &worker, task, query, before](core::Result<feeds::HistoryPage> page) {
                         const auto self = weak.lock();
                         if (self && !self->stopped) self->take_page(worker, task, query, before, std::move(page));
                       });
}

// What is stored whole stays: many a venue counts no trades in its candles.
void Backfiller::Impl::take_page(Worker& worker, const Task& task, const feeds::HistoryQuery& query,
                                 const Candles& stored, core::Result<feeds::HistoryPage> page) {
  if (!page && page.error().retryable) return again(worker, task.item);
  worker.busy = false;
  if (!page) return kLog.debug("{} {}: {}", worker.venue, task.item.symbol, page.error().context);
  core::Decimal last_close;
  for (const core::Candle& candle : *stored) {
    if (candle.start < query.from) last_close = candle.close;
  }
  auto made = whole_candles(page->candles, task.query.interval, query.from, query.to, last_close);
  const auto silent = drop_silence(made, clock.now() - kPublished - core::width(task.query.interval));
  if (silent) look_again(worker, task.item, *silent);
  keep_stored(made, *stored);
  if (made.empty()) return;
  core::WriteBatch batch;
  batch.catalogue = catalogue();
  for (const core::Candle& candle : made) batch.candles.push_back({task.series, task.query.interval, candle});
  candles.add(made.size());
  ++worker.filled;
  link.write(std::move(batch));
  tell_written(worker, task, made);
}

// Of each run of them, so that nobody takes what lies between for written.
void Backfiller::Impl::tell_written(const Worker& worker, const Task& task,
                                    const std::vector<core::Candle>& written) const {
  if (!changed) return;
  const core::Duration width = core::width(task.query.interval);
  for (auto first = written.begin(); first != written.end();) {
    const auto last = std::adjacent_find(
        first, written.end(), [&](const core::Candle& a, const core::Candle& b) { return b.start != a.start + width; });
    const Timestamp to = (last == written.end() ? written.back() : *last).start + width;
    changed(worker.venue, task.item.symbol, task.query.interval, first->start, to);
    first = last == written.end() ? last : std::next(last);
  }
}

void Backfiller::Impl::again(Worker& worker, Item item) {
  worker.busy = false;
  if (++item.failures >= options.tries) {
    kLog.debug("{} {}: its past could not be had", worker.venue, item.symbol);
    return;
  }
  item.not_before = clock.now() + options.first_retry * (std::int64_t{1} << (item.failures - 1));
  (item.kind == feeds::HistoryKind::hours ? worker.hours : worker.minutes).push_back(std::move(item));
}

void Backfiller::Impl::look_again(Worker& worker, Item item, Timestamp from) {
  if (item.kind != feeds::HistoryKind::minutes || item.looks >= options.looks) return;
  item.not_before = clock.now() + options.look_again * (std::int64_t{1} << item.looks);
  ++item.looks;
  item.failures = 0;
  item.from = from;
  worker.silent.push_back(std::move(item));
}

Backfiller::Backfiller(runtime::EventLoop& loop, storage::HistoryService& store, const runtime::Clock& clock,
                       runtime::Metrics& metrics, std::function<core::SnapshotPtr()> snapshot, Changed changed,
                       BackfillerOptions options)
    : impl_(std::make_shared<Impl>(loop, store, clock, metrics, std::move(snapshot), std::move(changed), options)) {}

Backfiller::~Backfiller() {
  impl_->stopped = true;
  impl_->timer.cancel();
}

void Backfiller::add_source(const std::string& venue, feeds::HistorySource& source) {
  Impl::Worker& worker = impl_->workers[venue];
  worker.venue = venue;
  worker.source = &source;
}

void Backfiller::set_symbols(const std::string& venue, std::shared_ptr<const core::SymbolTable> symbols) {
  const auto it = impl_->workers.find(venue);
  if (it == impl_->workers.end() || !symbols) return;
  Impl::Worker& worker = it->second;
  std::vector<std::string> added;
  for (std::string& symbol : symbols->symbols()) {
    if (worker.known.insert(symbol).second) added.push_back(std::move(symbol));
  }
  std::sort(added.begin(), added.end(),
            [&](const std::string& a, const std::string& b) { return symbols->find(a) < symbols->find(b); });
  for (const std::string& symbol : added) {
    worker.minutes.push_back({symbol, feeds::HistoryKind::minutes, 0, {}});
    worker.hours.push_back({symbol, feeds::HistoryKind::hours, 0, {}});
  }
  worker.told = worker.told && added.empty();
}

void Backfiller::start() {
  impl_->tick();
}

}  // namespace tickspan::history
