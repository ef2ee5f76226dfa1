#include "market_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tickspan::bench {

World::World(int series) : catalogue(std::make_shared<core::Catalogue>()) {
  usd = catalogue->upsert_asset({"usd", "usd", "US Dollar", core::AssetKind::fiat, 0});
  venue = catalogue->upsert_venue({"venue", "Venue", false, "", ""});
  for (int i = 0; i < series; ++i) {
    const std::string id = fmt::format("coin-{}", i);
    assets.push_back(catalogue->upsert_asset({id, fmt::format("c{}", i), "Coin", core::AssetKind::coin, i}));
    instruments.push_back(catalogue->add_instrument({venue, assets.back(), usd, id}));
  }
}

core::WriteBatch World::batch() const {
  core::WriteBatch batch;
  batch.catalogue = catalogue;
  return batch;
}

Market::Market(std::size_t series, std::uint64_t seed) : random_(seed), prices_(series), pairs_(series) {
  for (auto& price : prices_) price = 1'000 + static_cast<std::int64_t>(random_() % 10'000'000);
  std::uint64_t sum = 0;
  for (std::size_t s = 0; s < series; ++s) shares_.push_back(sum += 1'000'000 / (s + 1));
  for (auto& pair : pairs_) pair.id = random_() % 4'000'000'000;
}

core::Candle Market::candle(std::size_t s, core::Timestamp start) {
  const auto exponent = exponent_of(s);
  const std::int64_t open = prices_[s], step = std::max<std::int64_t>(open / 500, 2);
  prices_[s] = std::max<std::int64_t>(
      open + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(2 * step)) - step, 10);
  core::Candle c;
  c.start = start;
  c.open = {open, exponent};
  c.close = {prices_[s], exponent};
  c.high = {std::max(open, prices_[s]) + step / 2, exponent};
  c.low = {std::min(open, prices_[s]) - step / 3, exponent};
  c.volume = {static_cast<std::int64_t>(random_() % 1'000'000'000), -6};
  c.trades = static_cast<std::uint32_t>(random_() % 2000);
  c.final = true;
  return c;
}

std::size_t Market::pick() {
  const std::uint64_t at = random_() % shares_.back();
  return static_cast<std::size_t>(std::upper_bound(shares_.begin(), shares_.end(), at) - shares_.begin());
}

core::Tick Market::trade(const World& world, core::Duration mean_pause) {
  now_ = now_ + core::Duration(random_() % (2 * static_cast<std::uint64_t>(mean_pause.count()) + 1));
  const std::size_t s = pick();
  Pair& pair = pairs_[s];
  const auto stamp = now_.floor_to(std::chrono::milliseconds(1));
  if (stamp != pair.stamp) {
    pair.stamp = stamp;
    pair.received = stamp + core::Duration(30'000'000 + random_() % 20'000'000);
  }
  if (random_() % 2 == 0)
    prices_[s] = std::max<std::int64_t>(10, prices_[s] + static_cast<std::int64_t>(random_() % 11) - 5);
  core::Tick::Trade t;
  t.instrument = world.instruments[s];
  t.trade_id = ++pair.id;
  t.event_time = pair.stamp;
  t.received_at = pair.received;
  t.price = {prices_[s], exponent_of(s)};
  // Many small ones, a few large.
  t.amount = {1 + static_cast<std::int64_t>((random_() % 100'000'000) >> (random_() % 12)), -6};
  t.side = random_() % 2 == 0 ? core::Side::buy : core::Side::sell;
  return core::Tick(t);
}

}  // namespace tickspan::bench
