#include "market/composite_minute.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "market/composite.hpp"

namespace tickspan::market {
namespace {

constexpr double kMinutesRemembered = 10;  // as PairState::recent_volume()

using Inputs = std::vector<MinuteInput>;

std::vector<CompositeInput> to_composite(const Inputs& inputs, double (*price_of)(const MinuteInput&)) {
  std::vector<CompositeInput> out;
  out.reserve(inputs.size());
  for (const MinuteInput& i : inputs) {
    CompositeInput one;
    one.price = price_of(i);
    one.volume = i.volume;
    one.state = core::Freshness::live;
    one.venue = i.venue;
    one.pair = static_cast<std::uint32_t>(out.size());
    out.push_back(one);
  }
  return out;
}

double open_of(const MinuteInput& i) {
  return i.candle->open.to_double() * i.unit_open;
}
double high_of(const MinuteInput& i) {
  return i.candle->high.to_double() * i.unit_close;
}
double low_of(const MinuteInput& i) {
  return i.candle->low.to_double() * i.unit_close;
}
double close_of(const MinuteInput& i) {
  return i.candle->close.to_double() * i.unit_close;
}

// Those that count, judged by their closes.
Inputs plausible(const Inputs& inputs, CompositeContext context) {
  auto closes = to_composite(inputs, close_of);
  const CompositePrice price = composite(closes, context);
  if (price.disputed > 0 || price.price <= 0) {
    // Nothing is gained by waiting for who turns out to be right: most are.
    context.before = 0;
    composite(closes, context);
  }
  Inputs out;
  for (const CompositeInput& i : closes) {
    if (i.standing == core::Standing::used) out.push_back(inputs[i.pair]);
  }
  return out;
}

core::Decimal median(const Inputs& inputs, double (*price_of)(const MinuteInput&)) {
  CompositeContext all;
  all.outlier = std::numeric_limits<double>::infinity();
  auto prices = to_composite(inputs, price_of);
  return core::Decimal::from_double(composite(prices, all).price, 12).value_or(core::Decimal{});
}

bool is_priced(const MinuteInput& i) {
  return i.candle->close.is_positive() && i.unit_open > 0 && i.unit_close > 0;
}

bool is_sound(const MinuteInput& i) {
  return !i.candle->incomplete && !i.unit_is_guess;
}

}  // namespace

double fade_of_a_minute() {
  return std::exp(-1 / kMinutesRemembered);
}

std::optional<core::Candle> composite_minute(core::Timestamp start, std::span<const MinuteInput> all, double before,
                                             double outlier) {
  core::Candle c;
  c.start = start;
  c.final = c.rebuilt = c.flat = true;
  core::DecimalSum volume;
  std::uint64_t trades = 0;
  for (const MinuteInput& i : all) {
    if (!is_priced(i)) continue;
    volume.add(i.candle->volume);
    trades += i.candle->trades;
    c.flat = c.flat && i.candle->flat;
  }
  Inputs inputs;
  const auto take = [&](bool sound_only) {
    for (const MinuteInput& i : all) {
      // Who only stands still has no say beside who trades.
      if (is_priced(i) && i.candle->flat == c.flat && (!sound_only || is_sound(i))) inputs.push_back(i);
    }
  };
  take(true);
  c.incomplete = inputs.empty();
  if (c.incomplete) take(false);
  if (inputs.empty()) return {};
  inputs = plausible(inputs, {outlier, before, 0});
  c.close = median(inputs, close_of);
  if (!c.close.is_positive()) return {};
  c.open = c.high = c.low = c.close;
  if (!c.flat) {
    c.open = median(inputs, open_of);
    c.high = std::max({c.open, c.close, median(inputs, high_of)});
    c.low = std::min({c.open, c.close, median(inputs, low_of)});
  }
  c.volume = volume.total();
  c.trades = static_cast<std::uint32_t>(std::min<std::uint64_t>(trades, std::numeric_limits<std::uint32_t>::max()));
  return c;
}

}  // namespace tickspan::market
