#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/engine.hpp"

namespace tickspan::engine {

using namespace std::chrono_literals;

inline constexpr core::Timestamp kStart = core::Timestamp::from_s(1'700'000'040);  // on a minute

/// Keeps every frame that was published.
class FrameLog : public wire::FrameSink {
 public:
  void publish(std::span<const wire::Frame> frames) override {
    for (const wire::Frame& f : frames) all.push_back(f);
  }
  std::vector<wire::Frame> of(wire::TopicKind kind) const {
    std::vector<wire::Frame> out;
    std::copy_if(all.begin(), all.end(), std::back_inserter(out), [&](const auto& f) { return f.topic.kind == kind; });
    return out;
  }
  std::vector<wire::Frame> all;
};

/// An engine without a thread: two exchanges and an aggregator behind one port, a manual clock, everything kept.
struct Bench {
  explicit Bench(EngineOptions options = {}) : engine(options, outputs(), clock, metrics) {
    binance = engine.add_source({"binance", "Binance", false, "", ""});
    kraken = engine.add_source({"kraken", "Kraken", false, "", ""});
    gecko = engine.add_source({"coingecko", "CoinGecko", true, "Data provided by CoinGecko", ""});
    port = &engine.add_port();
  }

  EngineOutputs outputs() {
    EngineOutputs out;
    out.frames = &frames;
    out.interest = &interest;
    out.store = [this](core::WriteBatch& batch) {
      if (store_full) return runtime::PushResult::full;
      batches.push_back(std::move(batch));
      return runtime::PushResult::ok;
    };
    out.set_symbols = [this](core::VenueId venue, std::shared_ptr<const core::SymbolTable> table) {
      tables.emplace_back(venue, std::move(table));
    };
    return out;
  }

  void connect() {
    for (const core::VenueId v : {binance, kraken})
      port->push_event(core::FeedStatus{v, core::FeedState::live, "host", "", clock.now()});
    port->push_event(core::SymbolList{binance, {{"BTCUSDT", "btc", "usdt"}, {"ETHUSDT", "eth", "usdt"}}});
    port->push_event(
        core::SymbolList{kraken, {{"BTC/USD", "btc", "usd"}, {"USDT/USD", "usdt", "usd"}, {"EUR/USD", "eur", "usd"}}});
    run();
  }
  void status(core::VenueId venue, core::FeedState state) {
    port->push_event(core::FeedStatus{venue, state, "host", "why", clock.now()});
    run();
  }
  core::InstrumentId pair(core::VenueId venue, std::string_view symbol) {
    return engine.snapshot()->catalogue->find_instrument(venue, symbol);
  }
  core::AssetId asset(std::string_view id) { return engine.snapshot()->catalogue->find_id(id); }
  void push_quote(core::VenueId venue, std::string_view symbol, double bid, double ask) {
    port->push(core::Tick(core::Tick::Quote{pair(venue, symbol),
                                            clock.now(),
                                            {},
                                            *core::Decimal::from_double(bid),
                                            *core::Decimal::from_double(ask),
                                            {},
                                            {}}));
  }
  void push_trade(core::VenueId venue, std::string_view symbol, double price, double amount = 1) {
    port->push(
        core::Tick(core::Tick::Trade{pair(venue, symbol), clock.now(), clock.now(), *core::Decimal::from_double(price),
                                     *core::Decimal::from_double(amount), ++trade_id, core::Side::buy}));
  }
  /// Turns until the rings are empty, then one with a publication.
  void run() {
    while (engine.turn() > 0) {
    }
    clock.advance(20ms);
    while (engine.turn() > 0) {
    }
  }
  /// Steps of 100 ms with a sign of life from both exchanges each second.
  void pass(core::Duration d) {
    const core::Timestamp end = clock.now() + d;
    for (int i = 0; clock.now() < end; ++i) {
      if (i % 10 == 0) {
        for (const core::VenueId v : {binance, kraken}) port->push_event(core::FeedAlive{v, clock.now()});
      }
      engine.turn();
      clock.advance(std::min<core::Duration>(100ms, end - clock.now()));
    }
    run();
  }
  const core::AssetRow& row(std::string_view id) {
    kept = engine.snapshot();
    return *kept->row(kept->catalogue->find_id(id));
  }
  core::AssetFacts facts(std::string id, std::string symbol, int rank, double price) {
    core::AssetFacts f;
    f.asset_id = std::move(id);
    f.symbol = symbol;
    f.name = symbol;
    f.rank = rank;
    f.price = core::Decimal::from_double(price);
    f.market_cap = price * 1e6;
    f.received_at = clock.now();
    return f;
  }
  template <typename Visit>
  void rows_written(Visit visit) const {
    for (const core::WriteBatch& b : batches) visit(b);
  }
  std::vector<core::Gap> gaps() const {
    std::vector<core::Gap> out;
    rows_written([&](const auto& b) { out.insert(out.end(), b.gaps.begin(), b.gaps.end()); });
    return out;
  }
  std::vector<core::CandleRow> candles() const {
    std::vector<core::CandleRow> out;
    rows_written([&](const auto& b) { out.insert(out.end(), b.candles.begin(), b.candles.end()); });
    return out;
  }

  runtime::ManualClock clock{kStart};
  runtime::Metrics metrics;
  FrameLog frames;
  wire::InterestTable interest;
  std::vector<core::WriteBatch> batches;
  std::vector<std::pair<core::VenueId, std::shared_ptr<const core::SymbolTable>>> tables;
  bool store_full = false;
  std::uint64_t trade_id = 0;
  core::SnapshotPtr kept;
  Engine engine;
  core::VenueId binance, kraken, gecko;
  runtime::FeedPort* port = nullptr;
};

}  // namespace tickspan::engine
