#include "app/world.hpp"

#include <algorithm>

#include "app/past.hpp"
#include "app/sources.hpp"
#include "engine/engine.hpp"
#include "feeds/heard_mark.hpp"
#include "runtime/lifecycle.hpp"
#include "runtime/log.hpp"
#include "storage/cached_store.hpp"
#include "storage/history_service.hpp"
#include "storage/memory_store.hpp"
#include "storage/postgres/postgres_store.hpp"
#include "storage/recent_series.hpp"
#include "storage/spool.hpp"
#include "storage/sqlite/sqlite_store.hpp"

namespace tickspan::app {
namespace {

using namespace std::chrono_literals;

constexpr runtime::Log kLog{"app"};

/// How far back a start reads minutes: the 24 h windows, and the minute that was open.
constexpr auto kRestoreSpan = 24h + 2min;

storage::HistoryServiceOptions service_options(const Config& config) {
  storage::HistoryServiceOptions options;
  options.queue_rows = static_cast<std::size_t>(config.store_queue_rows);
  options.batch_rows = static_cast<std::size_t>(config.store_batch_rows);
  options.batch_time = std::chrono::milliseconds(config.store_batch_ms);
  options.readers = static_cast<std::size_t>(config.store_readers);
  options.durability = config.store_durability;
  options.retention = config.retention;
  return options;
}

storage::postgres::PostgresOptions postgres_options(const Config& config, runtime::Metrics& metrics) {
  storage::postgres::PostgresOptions options;
  options.read_urls = config.store_read_urls;
  options.connections = static_cast<std::size_t>(config.store_connections);
  options.statement_time = std::chrono::milliseconds(config.store_statement_ms);
  options.durability = config.store_durability;
  options.replica_lag = std::chrono::milliseconds(config.store_replica_lag_ms);
  options.retention = config.retention;
  options.metrics = &metrics;
  return options;
}

engine::EngineOptions engine_options(const WorldOptions& world, const Config& config) {
  engine::EngineOptions options;
  options.origin = world.origin;
  options.tracked_assets = static_cast<std::size_t>(config.tracked_assets);
  for (const SymbolConfig& s : config.symbols)
    options.symbols.push_back({s.venue, core::to_lower(s.symbol), core::to_lower(s.asset)});
  options.outlier = static_cast<double>(config.outlier_percent) / 100;
  options.ring_capacity = static_cast<std::size_t>(config.ring_capacity);
  options.store_trades = config.store_ticks == StoreTicks::all;
  options.store_composites = config.store_ticks != StoreTicks::off;
  // Who wants to lose a second at most must save the open minutes every second.
  if (config.store_durability != storage::Durability::relaxed) options.save_open_every = std::chrono::seconds(1);
  return options;
}

}  // namespace

struct World::Impl {
  Impl(WorldOptions world, const Config& configuration, const runtime::Clock& time)
      : options(std::move(world)), config(configuration), clock(time), loop("feed-0") {}

  core::Status open(wire::FrameSink* frames, wire::InterestTable* interest);
  core::Status open_store(core::RestoredState& restored);
  void drain_spool(storage::HistoryStore& store) const;
  std::string spool_folder() const;
  std::unique_ptr<storage::HistoryStore> make_store();
  void make_engine(wire::FrameSink* frames, wire::InterestTable* interest);
  void make_feeds();
  SourceConfig placed(const SourceConfig& source) const;
  void set_symbols(core::VenueId venue, std::shared_ptr<const core::SymbolTable> symbols);

  const WorldOptions options;
  const Config& config;
  const runtime::Clock& clock;
  runtime::Metrics metrics;
  runtime::EventLoop loop;
  std::unique_ptr<storage::HistoryService> history;
  storage::StoreInfo store_info;
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<net::UpstreamDesk> upstreams;
  std::unique_ptr<feeds::HeardMark> heard_mark;
  std::vector<std::unique_ptr<feeds::Feed>> feeds;
  std::unique_ptr<Past> past;
  feeds::ChartSource* charts = nullptr;
  core::VenueId chart_source;
  runtime::StopStack stops;
};

/// What is simulated stays on this machine.
std::unique_ptr<storage::HistoryStore> World::Impl::make_store() {
  if (options.database.empty()) return storage::make_memory_store();
  if (config.store_url.empty() || options.origin != core::Origin::real)
    return storage::sqlite::make_sqlite_store(options.database, {.durability = config.store_durability});
  return storage::postgres::make_postgres_store(config.store_url, postgres_options(config, metrics));
}

core::Status World::Impl::open_store(core::RestoredState& restored) {
  std::unique_ptr<storage::HistoryStore> store = make_store();
  if (config.store_cache_mb > 0 && !options.database.empty()) {
    store = storage::make_cached_store(std::move(store), metrics,
                                       {.max_bytes = static_cast<std::size_t>(config.store_cache_mb) << 20});
  }
  if (auto opened = store->open(); !opened) return opened;
  drain_spool(*store);
  auto state = store->restore(clock.now() - kRestoreSpan);
  if (!state) return tl::unexpected(state.error());
  restored = std::move(*state);
  auto reader = store->reader();
  if (!reader) return tl::unexpected(reader.error());
  auto info = (*reader)->info();
  if (!info) return tl::unexpected(info.error());
  if (auto added = storage::add_recent_series(**reader, clock.now(), restored); !added) return added;
  store_info = *info;
  reader->reset();
  auto service = service_options(config);
  service.spool_folder = spool_folder();
  service.written_until = restored.last_write;
  history = std::make_unique<storage::HistoryService>(std::move(store), service, metrics, clock);
  return {};
}

std::string World::Impl::spool_folder() const {
  return options.database.empty() ? std::string() : options.database + ".spool";
}

// Before the last state is read: it shall hold what the former run could not write.
void World::Impl::drain_spool(storage::HistoryStore& store) const {
  const auto rows = storage::drain_spool(spool_folder(), store);
  if (!rows) kLog.warn("the spool of the last run is not written yet: {}", rows.error().context);
  if (rows && *rows > 0) kLog.info("{} rows that the last run could not write are in the store", *rows);
}

void World::Impl::make_engine(wire::FrameSink* frames, wire::InterestTable* interest) {
  engine::EngineOutputs outputs;
  outputs.frames = frames;
  outputs.interest = interest;
  outputs.store = [service = history.get()](core::WriteBatch& batch) { return service->push(batch); };
  outputs.set_symbols = [this](core::VenueId venue, std::shared_ptr<const core::SymbolTable> symbols) {
    set_symbols(venue, std::move(symbols));
  };
  outputs.load_minutes = [this](core::Timestamp hour, std::vector<std::pair<core::AssetId, std::string>> of) {
    return history->read([this, hour, of = std::move(of)](storage::StoreReader& reader) {
      engine->give(storage::read_old_minutes(reader, hour, of));
    });
  };
  engine = std::make_unique<engine::Engine>(engine_options(options, config), std::move(outputs), clock, metrics);
}

void World::Impl::set_symbols(core::VenueId venue, std::shared_ptr<const core::SymbolTable> symbols) {
  for (const auto& feed : feeds) {
    if (feed->venue() == venue) feed->set_symbols(symbols);
  }
  const core::SnapshotPtr now = engine->snapshot();
  if (past && now) past->set_symbols(now->catalogue->venue(venue).id, std::move(symbols));
}

/// Where this source is in this world: the configured address, or the one this world was told.
SourceConfig World::Impl::placed(const SourceConfig& source) const {
  SourceConfig out = source;
  for (const sim::SimulatedHost& host : options.hosts) {
    if (host.venue != source.name) continue;
    out.ws_url = host.ws_url;
    out.rest_url = host.rest_url;
    out.alternate_ws_url = host.alternate_ws_url;
    out.alternate_rest_url = host.alternate_rest_url;
    out.key = source.name == "coinapi" ? "simulated" : "";  // which answers nobody without one
    out.plan = "pro";                                       // a venue of our own has no quota
  }
  return out;
}

void World::Impl::make_feeds() {
  upstreams = std::make_unique<net::UpstreamDesk>(clock, net::UpstreamOptions{}, &metrics);
  const FeedSurroundings around{loop,        clock,     engine->add_port(), client_options(config, options.ca_file),
                                options.tap, *upstreams};
  heard_mark = std::make_unique<feeds::HeardMark>(loop, around.port, clock);
  if (config.repair_gaps) {
    past = std::make_unique<Past>(
        around, *history, metrics, [e = engine.get()] { return e->snapshot(); },
        [e = engine.get()](core::RepairedCandles& repaired) { return e->repair(repaired); },
        [this](const std::string& venue, core::InstrumentId instrument, std::uint64_t id, core::Timestamp at) {
          const core::VenueId of = engine->snapshot()->catalogue->find_venue(venue);
          for (const auto& feed : feeds) {
            if (feed->venue() == of) feed->know_trade(instrument, id, at);
          }
        },
        config);
  }
  for (const SourceConfig& configured : config.sources) {
    if (!configured.enabled) continue;
    if (!options.only.empty() &&
        std::find(options.only.begin(), options.only.end(), configured.name) == options.only.end())
      continue;
    const SourceConfig source = placed(configured);
    if (auto protocol = make_protocol(source.name)) {
      const core::VenueId venue = engine->add_source(protocol->venue());
      feeds.push_back(make_exchange_feed(around, std::move(protocol), venue, source));
      if (past) past->add(source);
      continue;
    }
    const AggregatorSource& aggregator = aggregator_source(source.name);
    const core::VenueId venue = engine->add_source(aggregator.venue());
    auto feed = aggregator.make(around, venue, source, static_cast<std::size_t>(config.tracked_assets));
    if (aggregator.for_people) {
      charts = feed.get();
      chart_source = venue;
    }
    if (past) past->add_charts(source.name, *feed);
    feeds.push_back(std::move(feed));
  }
}

core::Status World::Impl::open(wire::FrameSink* frames, wire::InterestTable* interest) {
  core::RestoredState restored;
  if (auto opened = open_store(restored); !opened) return opened;
  make_engine(frames, interest);
  if (options.with_feeds) make_feeds();
  engine->restore(restored);
  if (auto started = history->start(); !started) return started;
  stops.push("history", [this] { history->stop(); });
  return {};
}

World::World(WorldOptions options, const Config& config, const runtime::Clock& clock)
    : impl_(std::make_shared<Impl>(std::move(options), config, clock)) {}
World::~World() {
  stop();
}

core::Status World::open(wire::FrameSink* frames, wire::InterestTable* interest) {
  return impl_->open(frames, interest);
}

void World::start() {
  Impl& w = *impl_;
  w.engine->start();
  w.stops.push("engine", [&w] { w.engine->stop(); });
  w.loop.start();
  w.stops.push("feed loop", [&w] { w.loop.stop(); });
  if (w.heard_mark) {
    w.heard_mark->start();
    w.stops.push("heard mark", [&w] { w.heard_mark->stop(); });
  }
  for (const auto& feed : w.feeds) {
    feed->start();
    w.stops.push("feed", [&feed] { feed->stop(); });
  }
  if (w.past) {
    w.past->start();
    w.stops.push("past", [&w] { w.past->stop(); });
  }
}

// Feeds first, then the engine with what is in its rings, then the store with what is in its queue.
void World::stop() {
  impl_->stops.run();
}

bool World::heard_from_any() const {
  const core::SnapshotPtr snapshot = impl_->engine->snapshot();
  if (!snapshot || !snapshot->sources) return false;
  return std::any_of(snapshot->sources->begin(), snapshot->sources->end(),
                     [](const core::SourceRow& row) { return row.as_of.is_set(); });
}

server::BackendPtr World::backend() const {
  auto out = std::make_shared<server::Backend>();
  out->origin = impl_->options.origin;
  out->notice = impl_->options.notice;
  out->snapshot = [engine = impl_->engine.get()] { return engine->snapshot(); };
  out->history = impl_->history.get();
  out->store_info = impl_->store_info;
  out->metrics = &impl_->metrics;
  if (impl_->upstreams) out->upstreams = [desk = impl_->upstreams.get()] { return desk->views(); };
  for (const auto& feed : impl_->feeds) out->feeds.push_back({feed->venue(), &feed->counters()});
  out->chart_source = impl_->chart_source;
  if (impl_->charts != nullptr) {
    out->fetch_chart = [source = impl_->charts](std::string asset, int days, feeds::ChartSource::Done done) {
      source->fetch_chart(std::move(asset), days, std::move(done));
    };
  }
  out->owner = impl_;
  return out;
}
std::string World::store_location() const {
  return impl_->store_info.location;
}

}  // namespace tickspan::app
