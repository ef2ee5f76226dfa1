#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "core/decimal.hpp"
#include "core/time.hpp"
#include "sim/market_model.hpp"

namespace tickspan::sim {

struct SimTrade {
  std::uint64_t id = 0;  ///< contiguous per pair
  core::Timestamp time;
  core::Decimal price;
  core::Decimal amount;  ///< in the base asset
  bool taker_buys = false;
};

struct SimQuote {
  core::Decimal bid;
  core::Decimal ask;
  core::Decimal bid_size;
  core::Decimal ask_size;
};

/// One pair as one venue trades it.
struct PairSpec {
  std::size_t base = 0;  ///< in MarketModel::assets()
  std::size_t quote = 0;
  std::string base_code;   ///< `BTC`
  std::string quote_code;  ///< `USDT`
  int price_decimals = 2;
  int lot_decimals = 8;
  double trades_per_second = 0.1;  ///< of market time
  double half_spread = 1e-4;       ///< relative
  double noise = 2e-4;             ///< of the venue around the true price, relative standard deviation
  double median_notional = 400;    ///< of a trade, USD
};

/// What happens in one pair on one venue: quotes around the venue's own idea of the price, and trades at them. A
/// function of time like the model beneath, so a trade of last week is the same whenever it is asked for.
/// **Threading**: immutable, any thread. The model must outlive it.
class PairMarket {
 public:
  PairMarket(const MarketModel& model, PairSpec spec, std::string_view venue);

  const PairSpec& spec() const { return spec_; }
  const MarketModel& model() const { return *model_; }
  std::uint64_t stream() const { return stream_; }
  /// Best bid and ask at `t`; at the price of `frozen_at`, when that is set.
  SimQuote quote(core::Timestamp t, core::Timestamp frozen_at = {}) const;
  SimTrade trade(std::uint64_t id) const;
  /// The id of the first trade at or after `t`. Ids begin at 1.
  std::uint64_t first_trade_at(core::Timestamp t) const;
  /// Price of the last trade before `t`.
  core::Decimal last_price(core::Timestamp t) const { return trade(first_trade_at(t) - 1).price; }
  /// Mean amount of a trade, in units of the last place of amounts.
  double mean_lots(core::Timestamp t) const;
  /// Standard deviation of amounts over their mean.
  static double size_variation();

 private:
  friend class TradeWalk;
  static constexpr std::size_t kBlock = 16;
  using BlockTimes = std::array<core::Timestamp, kBlock>;

  struct Best {
    std::int64_t bid;  // in price units
    std::int64_t ask;
    double usd;  // true price of the base
  };
  Best best(core::Timestamp t) const;
  double base_price(core::Timestamp t) const { return model_->true_price(spec_.base, t); }
  void block_times(std::uint64_t block, BlockTimes& out) const;
  SimTrade make_trade(std::uint64_t id, core::Timestamp time, core::Timestamp frozen_at) const;
  std::int64_t lots(std::uint64_t bits, double price, double scale) const;

  const MarketModel* model_;
  PairSpec spec_;
  std::uint64_t stream_;
  double price_unit_;
  double lot_unit_;
};

/// Goes through the trades of a pair in order, sixteen at a time beneath.
class TradeWalk {
 public:
  TradeWalk(const PairMarket& pair, std::uint64_t id);
  std::uint64_t id() const { return id_; }
  core::Timestamp time() const { return times_[(id_ - 1) % PairMarket::kBlock]; }
  SimTrade trade(core::Timestamp frozen_at = {}) const { return pair_->make_trade(id_, time(), frozen_at); }
  void next();

 private:
  const PairMarket* pair_;
  std::uint64_t id_;
  PairMarket::BlockTimes times_;
};

}  // namespace tickspan::sim
