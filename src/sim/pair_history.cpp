#include "sim/pair_history.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "sim/noise.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kExactTrades = 2000;
constexpr int kSamples = 60;
constexpr int kDaySamples = 96;
constexpr std::uint64_t kVolumeSalt = 0x63616e646c65;

void add_trade(SimCandle& candle, const SimTrade& trade) {
  if (candle.trades++ == 0) candle.open = candle.high = candle.low = trade.price;
  candle.high = std::max(candle.high, trade.price);
  candle.low = std::min(candle.low, trade.price);
  candle.close = trade.price;
  const double notional = trade.price.to_double() * trade.amount.to_double();
  candle.volume += trade.amount.mantissa;
  candle.quote_volume += notional;
  if (trade.taker_buys) {
    candle.taker_buy_volume += trade.amount.mantissa;
    candle.taker_buy_quote_volume += notional;
  }
}

void fill_exactly(SimCandle& candle, const PairMarket& pair, std::uint64_t end_id) {
  TradeWalk walk(pair, candle.first_id);
  for (; walk.id() < end_id; walk.next()) add_trade(candle, walk.trade());
}

void fill_by_samples(SimCandle& candle, const PairMarket& pair, core::Duration width, core::Timestamp end,
                     std::uint64_t end_id) {
  candle.trades = end_id - candle.first_id;
  candle.open = pair.trade(candle.first_id).price;
  candle.close = pair.trade(end_id - 1).price;
  candle.high = std::max(candle.open, candle.close);
  candle.low = std::min(candle.open, candle.close);
  for (int i = 0; i < kSamples; ++i) {
    const core::Timestamp t = candle.start + width * i / kSamples;
    if (t >= end) break;
    const SimQuote quote = pair.quote(t);
    candle.high = std::max(candle.high, quote.ask);
    candle.low = std::min(candle.low, quote.bid);
  }
  const auto n = static_cast<double>(candle.trades);
  const std::uint64_t bits = hash(pair.stream(), kVolumeSalt, static_cast<std::uint64_t>(candle.start.ns));
  const double scatter = std::max(0.2, 1 + PairMarket::size_variation() / std::sqrt(n) * to_normal(bits));
  const double lots = n * pair.mean_lots(candle.start) * scatter;
  const double unit = std::pow(10.0, -pair.spec().lot_decimals);
  const double share = 0.5 + 0.1 * (to_uniform(hash(bits, 1)) - 0.5);
  candle.volume = std::llround(lots);
  candle.taker_buy_volume = std::llround(lots * share);
  candle.quote_volume = lots * unit * (candle.open.to_double() + candle.close.to_double()) / 2;
  candle.taker_buy_quote_volume = candle.quote_volume * share;
}

}  // namespace

SimCandle make_candle(const PairMarket& pair, core::Timestamp start, core::Duration width, core::Timestamp now) {
  SimCandle candle;
  candle.start = start;
  const core::Timestamp end = std::min(start + width, now);
  candle.first_id = pair.first_trade_at(start);
  const std::uint64_t end_id = std::max(candle.first_id, pair.first_trade_at(end));
  if (end_id == candle.first_id) {
    candle.open = candle.high = candle.low = candle.close = pair.trade(candle.first_id - 1).price;
  } else if (width <= 1min || end_id - candle.first_id <= kExactTrades) {
    fill_exactly(candle, pair, end_id);
  } else {
    fill_by_samples(candle, pair, width, end, end_id);
  }
  return candle;
}

std::vector<SimCandle> make_candles(const PairMarket& pair, core::Timestamp from, core::Timestamp to,
                                    core::Duration width, core::Timestamp now, std::size_t limit) {
  std::vector<SimCandle> candles;
  from = std::max(from, pair.trade(1).time);  // listed since then
  core::Timestamp start = from.floor_to(width);
  if (start < from) start = start + width;
  for (; start < to && start <= now && candles.size() < limit; start = start + width) {
    candles.push_back(make_candle(pair, start, width, now));
  }
  return candles;
}

SimStats make_stats(const PairMarket& pair, core::Timestamp now) {
  SimStats stats;
  stats.at = now;
  const core::Timestamp start = now - 24h;
  stats.first_id = pair.first_trade_at(start);
  stats.last_id = std::max<std::uint64_t>(1, pair.first_trade_at(now) - 1);
  stats.open = pair.trade(stats.first_id).price;
  stats.last = pair.trade(stats.last_id).price;
  stats.high = std::max(stats.open, stats.last);
  stats.low = std::min(stats.open, stats.last);
  // On a fixed grid, so that the figures do not flicker from call to call.
  const core::Duration step = core::Duration(24h) / kDaySamples;
  for (core::Timestamp t = start.floor_to(step) + step; t < now; t = t + step) {
    const SimQuote quote = pair.quote(t);
    stats.high = std::max(stats.high, quote.ask);
    stats.low = std::min(stats.low, quote.bid);
  }
  const auto trades = static_cast<double>(stats.last_id - std::min(stats.first_id, stats.last_id) + 1);
  stats.volume = trades * pair.mean_lots(start + 12h) * std::pow(10.0, -pair.spec().lot_decimals);
  stats.quote_volume = stats.volume * (stats.high.to_double() + stats.low.to_double()) / 2;
  return stats;
}

const SimStats& StatsCache::get(std::size_t index, const PairMarket& pair, core::Timestamp now) {
  if (index >= stats_.size()) stats_.resize(index + 1);
  SimStats& stats = stats_[index];
  if (!stats.at.is_set() || now - stats.at >= 1min || now < stats.at) {
    stats = make_stats(pair, now);
  } else {
    stats.last_id = std::max<std::uint64_t>(1, pair.first_trade_at(now) - 1);
    stats.last = pair.trade(stats.last_id).price;
    stats.high = std::max(stats.high, stats.last);
    stats.low = std::min(stats.low, stats.last);
  }
  return stats;
}

}  // namespace tickspan::sim
