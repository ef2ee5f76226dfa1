#include <gtest/gtest.h>

#include <cmath>

#include <random>

#include "fixture.hpp"
#include "wire/messages.hpp"

namespace tickspan::engine {
namespace {

// Everything a run says, as text: frames, rows for the store, snapshots. The epoch differs by design and is left out.
std::string run_once(unsigned seed) {
  Bench b;
  b.connect();
  for (const char* name :
       {"ticker:*", "price:*/eur", "trades:kraken:btc/usd", "candles:btc/usd:1m", "candles:eth/eur:5m"}) {
    b.interest.add(*wire::parse_topic(name, *b.engine.snapshot()->catalogue));
  }
  std::mt19937 random(seed);
  std::string out;
  double btc = 60'000;
  for (int i = 0; i < 6000; ++i) {
    btc *= 1 + (static_cast<int>(random() % 201) - 100) * 1e-6;
    const double tick = std::floor(btc * 100) / 100;
    switch (random() % 6) {
      case 0:
        b.push_trade(b.kraken, "BTC/USD", tick, 0.25);
        break;
      case 1:
        b.push_trade(b.binance, "BTCUSDT", tick + 1, 0.125);
        break;
      case 2:
        b.push_quote(b.binance, "ETHUSDT", tick / 20, tick / 20 + 0.01);
        break;
      case 3:
        b.push_quote(b.kraken, "USDT/USD", 0.999, 1.0001);
        break;
      case 4:
        b.push_quote(b.kraken, "EUR/USD", 1.1, 1.1 + (random() % 10) * 1e-4);
        break;
      default:
        b.push_quote(b.kraken, "BTC/USD", tick, tick + 0.5);
        break;
    }
    if (random() % 2000 == 0) b.status(b.kraken, core::FeedState::backing_off);
    if (random() % 500 == 0) b.status(b.kraken, core::FeedState::live);
    if (random() % 3 == 0) b.engine.turn();
    b.clock.advance(std::chrono::milliseconds(random() % 120));
  }
  b.engine.stop();
  const auto s = b.engine.snapshot();
  const auto erase_epoch = [&](std::string text) {
    for (auto at = text.find(s->epoch); at != std::string::npos; at = text.find(s->epoch))
      text.erase(at, s->epoch.size());
    return text;
  };
  for (const auto& f : b.frames.all) out += erase_epoch(*f.json) + '\n';
  for (const auto& row : b.candles()) {
    wire::JsonWriter json(out);
    out += std::to_string(row.series.base.value) + ' ' + std::to_string(row.series.venue.value) + ' ';
    wire::write_candle(json, row.candle);
    out += '\n';
  }
  for (const auto& g : b.gaps())
    out += g.venue + ' ' + core::to_rfc3339(g.start) + ' ' + core::to_rfc3339(g.end) + '\n';
  out += std::to_string(s->position) + '\n';
  for (const core::AssetId id : *s->by_rank) {
    wire::JsonWriter json(out);
    wire::write_ticker(json, *s, *s->row(id), s->usd);
    out += '\n';
  }
  return out;
}

TEST(EngineDeterminism, TheSameTicksGiveTheSameBytes) {
  const std::string first = run_once(42);
  EXPECT_GT(first.size(), 500'000u);
  EXPECT_TRUE(first == run_once(42));
  EXPECT_FALSE(first == run_once(43));
}

}  // namespace
}  // namespace tickspan::engine
