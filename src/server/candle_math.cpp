#include "server/candle_math.hpp"

#include <algorithm>

namespace tickspan::server {
namespace {

core::Decimal divided(const core::Decimal& price, double unit) {
  return core::Decimal::from_double(price.to_double() / unit).value_or(core::Decimal{});
}

core::Candle converted(core::Candle candle, double unit_open, double unit_close) {
  candle.open = divided(candle.open, unit_open);
  candle.close = divided(candle.close, unit_close);
  candle.high = std::max({divided(candle.high, unit_close), candle.open, candle.close});
  candle.low = std::min({divided(candle.low, unit_close), candle.open, candle.close});
  return candle;
}

// One bucket in the making.
struct Bucket {
  core::Candle candle;
  core::DecimalSum volume;
  bool only_flat = true;

  void add(const core::Candle& next) {
    if (only_flat && !next.flat) {  // what was flat before says nothing beside a price that was paid
      candle.open = next.open;
      candle.high = next.high;
      candle.low = next.low;
      only_flat = false;
    } else if (!next.flat) {
      candle.high = std::max(candle.high, next.high);
      candle.low = std::min(candle.low, next.low);
    }
    candle.close = next.close;
    candle.trades += next.trades;
    candle.incomplete = candle.incomplete || next.incomplete;
    candle.rebuilt = candle.rebuilt || next.rebuilt;
    candle.final = candle.final && next.final;
    volume.add(next.volume);
  }
};

}  // namespace

ConvertedCandles convert_candles(std::span<const core::Candle> usd, std::span<const core::Candle> quote_usd,
                                 double present_usd) {
  ConvertedCandles out;
  out.candles.reserve(usd.size());
  auto unit = quote_usd.begin();
  for (const core::Candle& candle : usd) {
    while (unit != quote_usd.end() && unit->start < candle.start) ++unit;
    const bool own =
        unit != quote_usd.end() && unit->start == candle.start && unit->open.is_positive() && unit->close.is_positive();
    (own ? out.own_rates : out.present_rates) = true;
    out.candles.push_back(own ? converted(candle, unit->open.to_double(), unit->close.to_double())
                              : converted(candle, present_usd, present_usd));
  }
  return out;
}

std::vector<core::Candle> aggregate_candles(std::span<const core::Candle> candles, core::Interval interval,
                                            core::Timestamp now) {
  std::vector<core::Candle> out;
  std::optional<Bucket> bucket;
  const auto close = [&] {
    if (!bucket) return;
    bucket->candle.volume = bucket->volume.total();
    bucket->candle.flat = bucket->only_flat;
    bucket->candle.final = bucket->candle.final && bucket->candle.start + core::width(interval) <= now;
    out.push_back(bucket->candle);
    bucket.reset();
  };
  for (const core::Candle& candle : candles) {
    const core::Timestamp start = candle.start.floor_to(core::width(interval));
    if (bucket && bucket->candle.start != start) close();
    if (!bucket) {
      bucket.emplace();
      bucket->candle = {.start = start,
                        .open = candle.open,
                        .high = candle.high,
                        .low = candle.low,
                        .close = candle.close,
                        .final = true};
    }
    bucket->add(candle);
  }
  close();
  return out;
}

}  // namespace tickspan::server
