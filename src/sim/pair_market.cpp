#include "sim/pair_market.hpp"

#include <algorithm>
#include <cmath>

#include "sim/noise.hpp"

namespace tickspan::sim {
namespace {

constexpr double kNoisePeriod = 7;   // market seconds between the knots of a venue's own deviation
constexpr double kBookPeriod = 0.5;  // market seconds that the sizes of the best levels stay
constexpr double kSizeSigma = 1.2;   // of the logarithm of amounts
constexpr std::uint64_t kTimes = 1, kSides = 2, kSizes = 3, kDeviation = 4, kBook = 5;

}  // namespace

PairMarket::PairMarket(const MarketModel& model, PairSpec spec, std::string_view venue)
    : model_(&model),
      spec_(std::move(spec)),
      stream_(hash(model.seed(), text_hash(venue), text_hash(spec_.base_code + "/" + spec_.quote_code))),
      price_unit_(std::pow(10.0, spec_.price_decimals)),
      lot_unit_(std::pow(10.0, spec_.lot_decimals)) {}

PairMarket::Best PairMarket::best(core::Timestamp t) const {
  const double deviation = smooth_noise(hash(stream_, kDeviation), model_->market_seconds(t), kNoisePeriod);
  const double usd = base_price(t);
  const double centre = usd / model_->true_price(spec_.quote, t) * (1 + spec_.noise * deviation) * price_unit_;
  const auto bid = std::max<std::int64_t>(1, std::llround(std::floor(centre * (1 - spec_.half_spread))));
  return {bid, std::max<std::int64_t>(bid + 1, std::llround(std::ceil(centre * (1 + spec_.half_spread)))), usd};
}

std::int64_t PairMarket::lots(std::uint64_t bits, double price, double scale) const {
  const double notional = spec_.median_notional * scale * std::exp(kSizeSigma * to_normal(bits));
  return std::max<std::int64_t>(1, std::llround(notional / price * lot_unit_));
}

SimQuote PairMarket::quote(core::Timestamp t, core::Timestamp frozen_at) const {
  const core::Timestamp at = frozen_at.is_set() ? frozen_at : t;
  const Best top = best(at);
  const auto period = static_cast<std::uint64_t>(static_cast<std::int64_t>(model_->market_seconds(t) / kBookPeriod));
  const std::uint64_t book = hash(stream_, kBook, period);
  const auto price_exponent = static_cast<std::int8_t>(-spec_.price_decimals);
  const auto lot_exponent = static_cast<std::int8_t>(-spec_.lot_decimals);
  return {{top.bid, price_exponent},
          {top.ask, price_exponent},
          {lots(hash(book, 1), top.usd, 3), lot_exponent},
          {lots(hash(book, 2), top.usd, 3), lot_exponent}};
}

void PairMarket::block_times(std::uint64_t block, BlockTimes& out) const {
  const double length = static_cast<double>(kBlock) / spec_.trades_per_second;
  std::array<double, kBlock> positions;
  const std::uint64_t bits = hash(stream_, kTimes, block);
  for (std::size_t i = 0; i < kBlock; ++i) positions[i] = to_uniform(hash(bits, i));
  std::sort(positions.begin(), positions.end());
  const double start = static_cast<double>(block) * length;
  for (std::size_t i = 0; i < kBlock; ++i) out[i] = model_->wire_time(start + positions[i] * length);
}

std::uint64_t PairMarket::first_trade_at(core::Timestamp t) const {
  const double length = static_cast<double>(kBlock) / spec_.trades_per_second;
  const double position = std::floor(model_->market_seconds(t) / length) - 1;  // one early: rounding of times
  auto block = static_cast<std::uint64_t>(std::max(0.0, position));
  BlockTimes times;
  for (;; ++block) {
    block_times(block, times);
    const auto it = std::lower_bound(times.begin(), times.end(), t);
    if (it != times.end()) return block * kBlock + static_cast<std::uint64_t>(it - times.begin()) + 1;
  }
}

SimTrade PairMarket::make_trade(std::uint64_t id, core::Timestamp time, core::Timestamp frozen_at) const {
  const core::Timestamp at = frozen_at.is_set() ? frozen_at : time;
  const Best top = best(at);
  SimTrade trade;
  trade.id = id;
  trade.time = time;
  trade.taker_buys = (hash(stream_, kSides, id) & 1) != 0;
  trade.price = {trade.taker_buys ? top.ask : top.bid, static_cast<std::int8_t>(-spec_.price_decimals)};
  trade.amount = {lots(hash(stream_, kSizes, id), top.usd, 1), static_cast<std::int8_t>(-spec_.lot_decimals)};
  return trade;
}

SimTrade PairMarket::trade(std::uint64_t id) const {
  return TradeWalk(*this, std::max<std::uint64_t>(1, id)).trade();
}

double PairMarket::mean_lots(core::Timestamp t) const {
  return spec_.median_notional * std::exp(kSizeSigma * kSizeSigma / 2) / base_price(t) * lot_unit_;
}

double PairMarket::size_variation() {
  return std::sqrt(std::exp(kSizeSigma * kSizeSigma) - 1);
}

TradeWalk::TradeWalk(const PairMarket& pair, std::uint64_t id) : pair_(&pair), id_(id) {
  pair.block_times((id - 1) / PairMarket::kBlock, times_);
}

void TradeWalk::next() {
  if (id_++ % PairMarket::kBlock == 0) pair_->block_times((id_ - 1) / PairMarket::kBlock, times_);
}

}  // namespace tickspan::sim
