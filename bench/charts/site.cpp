#include "site.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <stdexcept>

#include "runtime/bounded_queue.hpp"
#include "storage/cached_store.hpp"
#include "storage/sqlite/sqlite_store.hpp"

namespace tickspan::bench {
namespace {

using namespace std::chrono_literals;
using core::Timestamp;

server::ServerOptions server_options() {
  server::ServerOptions options;
  options.listen = {{"127.0.0.1", 0}};
  options.serve_ui = false;
  options.requests_per_second = 0;
  return options;
}

net::HttpServerOptions bare_options() {
  net::HttpServerOptions options;
  options.address = "127.0.0.1";
  options.metric_prefix = "bare";
  return options;
}

void check(const core::Status& status) {
  if (!status) throw std::runtime_error(status.error().context);
}

core::Candle candle(int pair, Timestamp start) {
  const std::int64_t wave = (start.seconds() / 60 * 7919 + pair * 104'729) % 5'000;
  core::Candle out;
  out.start = start;
  out.open = {6'400'000 + wave, -2};
  out.high = {6'405'000 + wave, -2};
  out.low = {6'395'000 + wave, -2};
  out.close = {6'401'000 + wave / 2, -2};
  out.volume = {123'456'789 + wave * 1'000, -8};
  out.trades = static_cast<std::uint32_t>(100 + wave);
  out.final = true;
  return out;
}

}  // namespace

Site::Site(const SiteOptions& options)
    : options_(options),
      server_(server_options(), clock_, metrics_),
      bare_server_(bare_loop_, bare_options(), bare_, metrics_) {
  make_market();
  auto store = storage::sqlite::make_sqlite_store(options.database);
  if (options.cache_mb > 0) {
    store = storage::make_cached_store(std::move(store), metrics_, {.max_bytes = options.cache_mb << 20});
  }
  check(store->open());
  fill(*store);
  history_ = std::make_unique<storage::HistoryService>(std::move(store), storage::HistoryServiceOptions{}, metrics_);
  check(history_->start());
  check(server_.start());
  auto backend = std::make_shared<server::Backend>();
  backend->snapshot = [snapshot = snapshot_] { return snapshot; };
  backend->history = history_.get();
  backend->metrics = &metrics_;
  server_.set_backend(backend);
  bare_loop_.start();
  check(bare_server_.start());
}

Site::~Site() {
  stop_ = true;
  if (writer_.joinable()) writer_.join();
  bare_server_.stop(4000, 100ms);
  bare_loop_.stop();
  server_.stop(1s);
  history_->stop();
}

void Site::make_market() {
  const core::AssetId usd = catalogue_->upsert_asset({"usd", "usd", "US Dollar", core::AssetKind::fiat, 0});
  const core::VenueId venue = catalogue_->upsert_venue({"binance", "Binance", false, "", ""});
  for (int i = 0; i < kPairs; ++i) {
    const core::AssetId asset = catalogue_->upsert_asset(
        {fmt::format("coin-{}", i), fmt::format("c{}", i), "Coin", core::AssetKind::coin, i + 1});
    pairs_.push_back({asset, usd, venue});
    instruments_.push_back(catalogue_->add_instrument({venue, asset, usd, fmt::format("C{}USD", i)}));
  }
  auto snapshot = std::make_shared<core::MarketSnapshot>();
  snapshot->epoch = "bench";
  snapshot->at = clock_.now();
  snapshot->ready = true;
  snapshot->catalogue = catalogue_;
  snapshot->usd = usd;
  auto block = std::make_shared<core::AssetBlock>();
  auto by_rank = std::make_shared<std::vector<core::AssetId>>();
  for (const core::SeriesKey& pair : pairs_) {
    core::AssetRow& row = (*block)[pair.base.index()];
    row.asset = pair.base;
    row.price = {6'400'000, -2};
    row.as_of = clock_.now();
    row.state = core::Freshness::live;
    by_rank->push_back(pair.base);
  }
  static_assert(kPairs < core::kRowsPerBlock, "one block holds them all");
  snapshot->blocks.push_back(std::move(block));
  snapshot->by_rank = std::move(by_rank);
  snapshot->sources = std::make_shared<const std::vector<core::SourceRow>>();
  snapshot->markets = std::make_shared<const std::vector<core::MarketRow>>();
  snapshot->currencies = std::make_shared<const std::vector<core::ExchangeRate>>();
  snapshot_ = std::move(snapshot);
}

void Site::fill(storage::HistoryStore& store) const {
  auto writer = store.writer();
  if (!writer) throw std::runtime_error(writer.error().context);
  const Timestamp minute = clock_.now().floor_to(1min), hour = minute.floor_to(1h);
  for (int pair = 0; pair < kPairs; ++pair) {
    const core::SeriesKey key = pairs_[static_cast<std::size_t>(pair)];
    core::WriteBatch batch;
    batch.catalogue = catalogue_;
    for (int i = kMinutes; i > 0; --i)
      batch.candles.push_back({key, core::Interval::m1, candle(pair, minute - 1min * i)});
    for (int i = kHours; i > 0; --i) batch.candles.push_back({key, core::Interval::h1, candle(pair, hour - 1h * i)});
    check((*writer)->write({batch}));
  }
}

void Site::start_writing() {
  writer_ = std::thread([this] { write(); });
}

void Site::push(core::WriteBatch batch) {
  // Full: what the engine does as well, it offers it again.
  while (!stop_ && history_->push(batch) == runtime::PushResult::full) std::this_thread::sleep_for(1ms);
}

void Site::write() {
  runtime::set_thread_name("ticks");
  constexpr auto kTurn = 10ms;
  const double each = options_.ticks_per_second * std::chrono::duration<double>(kTurn).count();
  double owed = 0;
  std::uint64_t id = 0;
  auto next = std::chrono::steady_clock::now(), candles = next;
  while (!stop_) {
    core::WriteBatch batch;
    batch.catalogue = catalogue_;
    const Timestamp now = clock_.now();
    for (owed += each; owed >= 1; --owed) {
      core::Tick::Trade trade;
      trade.instrument = instruments_[++id % instruments_.size()];
      trade.trade_id = id;
      trade.event_time = trade.received_at = now;
      trade.price = {6'400'000 + static_cast<std::int64_t>(id % 1'000), -2};
      trade.amount = {static_cast<std::int64_t>(1'000 + id % 7'777), -6};
      batch.ticks.emplace_back(trade);
    }
    if (next >= candles) {
      candles = next + 1s;
      for (int pair = 0; pair < kPairs; ++pair) {
        core::Candle open = candle(pair, now.floor_to(1min));
        open.final = false;
        batch.candles.push_back({pairs_[static_cast<std::size_t>(pair)], core::Interval::m1, open});
      }
    }
    push(std::move(batch));
    next += kTurn;
    std::this_thread::sleep_until(next);
  }
}

void Site::Bare::on_request(net::HttpRequest request, net::HttpServer::Respond respond) {
  std::size_t size = 0;
  const std::string_view digits = request.path().substr(1);
  std::from_chars(digits.data(), digits.data() + digits.size(), size);
  if (body_->size() != size) body_ = std::make_shared<const std::string>(size, 'x');
  net::HttpResponse response;
  response.headers.add("Content-Type", "application/json");
  response.shared_body = body_;
  respond(std::move(response));
}

}  // namespace tickspan::bench
