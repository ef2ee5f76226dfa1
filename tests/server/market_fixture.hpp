#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/clock.hpp"
#include "runtime/metrics.hpp"
#include "server/backend.hpp"

namespace tickspan::test {

/// A small market made by hand, at 2026-06-01T12:00:30.500Z: bitcoin, ethereum, dogecoin (from the aggregator alone,
/// without facts), a coin nobody prices, the dollar and the euro (1.25 dollars). The last 24 h of minutes of the first
/// two.
class MarketFixture {
 public:
  MarketFixture();

  core::Timestamp now() const { return clock.now(); }
  core::Timestamp minute() const { return now().floor_to(std::chrono::minutes(1)); }
  core::AssetId asset(std::string_view id) const { return catalogue->find_id(id); }
  std::shared_ptr<const core::MarketSnapshot> snapshot() const {
    return std::make_shared<const core::MarketSnapshot>(market);
  }
  /// A backend that serves `market` as it is now, without a store.
  /// A stream that is well, and a REST service that is not.
  static std::vector<net::UpstreamView> upstreams();
  std::shared_ptr<server::Backend> backend() const;

  core::Candle candle(core::Timestamp start, const char* price, bool incomplete = false) const;
  /// 1 m candles of an asset in USD for [start, end), all at one price.
  void add_candles(core::WriteBatch& batch, std::string_view id, core::Timestamp start, core::Timestamp end,
                   const char* price) const;

  runtime::ManualClock clock;
  std::shared_ptr<core::Catalogue> catalogue = std::make_shared<core::Catalogue>();
  core::MarketSnapshot market;
  core::VenueId kraken, binance, coingecko;
  core::FeedCounters kraken_counters;

 private:
  void add_rows();
  void add_minutes();
};

}  // namespace tickspan::test
