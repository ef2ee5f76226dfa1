// Ticks per second from the ring to the outbox on one core: 300 coins on three exchanges, a fifth trades, the rest
// quotes, a listener on `ticker:*`, frames encoded, rows handed over, snapshots swapped in as in production. The ring
// is filled outside the measured time. Prints the rounds' median.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "engine/engine.hpp"

namespace {

using namespace tickspan;
using namespace std::chrono_literals;

constexpr int kAssets = 300;
constexpr std::size_t kBatch = 32'768;

struct CountingSink : wire::FrameSink {
  void publish(std::span<const wire::Frame> batch) override {
    frames += batch.size();
    for (const wire::Frame& f : batch) bytes += f.json->size();
  }
  std::size_t frames = 0, bytes = 0;
};

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

struct World {
  World() : engine(options(), outputs(), clock, metrics) {
    for (const char* id : {"binance", "coinbase", "kraken"})
      venues.push_back(engine.add_source({id, id, false, "", ""}));
    const core::VenueId gecko = engine.add_source({"coingecko", "CoinGecko", true, "", ""});
    port = &engine.add_port();
    core::AggregatorRows rows{gecko, {}, clock.now(), 60s};
    for (int i = 0; i < kAssets; ++i) {
      core::AssetFacts f;
      f.asset_id = "coin-" + std::to_string(i);
      f.symbol = "c" + std::to_string(i);
      f.name = f.asset_id;
      f.rank = i + 1;
      f.price = core::Decimal{100 + i, 0};
      f.market_cap = 1e9;
      f.received_at = clock.now();
      rows.rows.push_back(f);
    }
    port->push_event(rows);
    for (const core::VenueId v : venues) {
      port->push_event(core::FeedStatus{v, core::FeedState::live, "", "", clock.now()});
      core::SymbolList list{v, {}};
      for (int i = 0; i < kAssets; ++i) list.pairs.push_back({"C" + std::to_string(i), "c" + std::to_string(i), "usd"});
      port->push_event(list);
    }
    while (engine.turn() > 0) {
    }
    clock.advance(1s);
    engine.turn();
    instruments = engine.snapshot()->catalogue->instruments().size();
    wire::Topic all;
    all.kind = wire::TopicKind::ticker;
    all.quote = engine.snapshot()->usd;
    interest.add(all);
    prices.assign(instruments, 10'000'000);
  }

  static engine::EngineOptions options() {
    engine::EngineOptions o;
    o.tracked_assets = 600;  // ours and the seed's
    return o;
  }

  engine::EngineOutputs outputs() {
    engine::EngineOutputs out;
    out.frames = &sink;
    out.interest = &interest;
    out.store = [this](core::WriteBatch& batch) {
      rows_stored += batch.rows();
      batch = {};
      return runtime::PushResult::ok;
    };
    return out;
  }

  void fill() {
    for (std::size_t i = 0; i < kBatch; ++i) {
      // Most of the traffic belongs to few pairs, as on the venues.
      const double u = static_cast<double>(random() % 1'000'000) * 1e-6;
      const auto n = static_cast<std::uint32_t>(u * u * static_cast<double>(instruments));
      std::int64_t& price = prices[n];
      price += static_cast<std::int64_t>(random() % 21) - 10;
      const core::Timestamp now = clock.now();
      if (random() % 5 == 0) {
        const core::Decimal amount{static_cast<std::int64_t>(random() % 100'000 + 1), -5};
        port->push(
            core::Tick(core::Tick::Trade{{n}, now, now - 3ms, {price, -5}, amount, ++trade_id, core::Side::buy}));
      } else {
        port->push(
            core::Tick(core::Tick::Quote{{n}, now, now - 3ms, {price - 1, -5}, {price + 1, -5}, {5, -1}, {7, -1}}));
      }
    }
  }

  runtime::ManualClock clock;
  runtime::Metrics metrics;
  CountingSink sink;
  wire::InterestTable interest;
  std::size_t rows_stored = 0;
  engine::Engine engine;
  std::vector<core::VenueId> venues;
  runtime::FeedPort* port = nullptr;
  std::size_t instruments = 0;
  std::vector<std::int64_t> prices;
  std::uint64_t trade_id = 0;
  std::mt19937_64 random{1};
};

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 15;
  World world;
  std::vector<double> rates;
  std::size_t total = 0;
  for (int round = 0; round < rounds; ++round) {
    double seconds = 0;
    std::size_t ticks = 0;
    for (int part = 0; part < 16; ++part) {
      world.fill();
      const double begin = cpu_seconds();
      // The engine's clock runs as fast as the work does, so that publications and minutes come as often as in
      // production.
      double told = begin;
      while (const std::size_t n = world.engine.turn()) {
        ticks += n;
        const double now = cpu_seconds();
        world.clock.advance(core::Duration{static_cast<std::int64_t>((now - told) * 1e9)});
        told = now;
      }
      seconds += cpu_seconds() - begin;
    }
    total += ticks;
    rates.push_back(static_cast<double>(ticks) / seconds);
  }
  std::sort(rates.begin(), rates.end());
  std::printf("engine: %.2f million ticks/s from ring to outbox on one core (median of %d rounds; %.2f..%.2f)\n",
              rates[rates.size() / 2] * 1e-6, rounds, rates.front() * 1e-6, rates.back() * 1e-6);
  std::printf("        %zu ticks, %zu pairs, %zu frames (%zu bytes), %zu rows for the store, %llu snapshots\n", total,
              world.instruments, world.sink.frames, world.sink.bytes, world.rows_stored,
              static_cast<unsigned long long>(world.metrics.counter("tickspan_engine_published_total", "").value()));
  // A figure of an engine that took nothing in would be a fine one, too.
  const bool worked =
      total == static_cast<std::size_t>(rounds) * 16 * kBatch && world.sink.frames > 0 && world.rows_stored > 0;
  if (!worked) std::fprintf(stderr, "engine_bench: ticks were lost or nothing came out\n");
  return worked ? 0 : 1;
}
