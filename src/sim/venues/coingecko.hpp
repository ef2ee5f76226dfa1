#pragma once

#include <functional>

#include "sim/venues/venue_server.hpp"

namespace tickspan::sim {

/// The aggregator's v3 API below `/api/v3`. Prices are those of the last full minute, as the real one caches them.
class CoinGeckoServer final : public VenueServer {
 public:
  explicit CoinGeckoServer(const VenueContext& context) : VenueServer("coingecko", context) {}
  std::string_view rest_root() const override { return "/api/v3"; }
  net::HttpResponse rest(const RestRequest& request) override;
  std::optional<net::HttpResponse> over_budget(const RestRequest& request) override;

 private:
  /// A coin's figures at one moment, in USD.
  struct Row {
    std::size_t coin = 0;
    int rank = 0;
    core::Timestamp at;
    double price = 0;
    double market_cap = 0;
    double volume = 0;
    double price_day_ago = 0;
    double high = 0;
    double low = 0;
  };
  /// What a currency was worth when; charts ask for many moments.
  using Rate = std::function<double(core::Timestamp)>;
  /// Nothing: not a currency it knows.
  std::optional<Rate> rate_of(const std::string& currency) const;

  net::HttpResponse simple_price(const RestRequest& request) const;
  net::HttpResponse coins_list(const RestRequest& request) const;
  net::HttpResponse coins_markets(const RestRequest& request) const;
  net::HttpResponse coin_page(const RestRequest& request, std::size_t coin) const;
  net::HttpResponse market_chart(const RestRequest& request, std::size_t coin) const;
  net::HttpResponse market_chart_range(const RestRequest& request, std::size_t coin) const;
  net::HttpResponse chart(const RestRequest& request, std::size_t coin,
                          const std::vector<core::Timestamp>& times) const;
  net::HttpResponse ohlc(const RestRequest& request, std::size_t coin) const;
  net::HttpResponse exchange_rates(const RestRequest& request) const;
  net::HttpResponse global(const RestRequest& request) const;

  std::vector<Row> rows(core::Timestamp now) const;
  std::string market_json(const RestRequest& request, const Row& row, const Rate& rate) const;
  std::string market_data_json(const Row& row) const;
  std::vector<std::size_t> named_coins(const RestRequest& request) const;
  double price(std::size_t coin, core::Timestamp t) const { return context_.model.true_price(coin, t); }
  double supply_cap(const SimAsset& coin) const;

  RequestBudget keyless_{6, 10.0 / 60};
  RequestBudget keyed_{20, 100.0 / 60};
};

/// Numbers as the aggregator rounds them: two decimals from 1 on, six digits below; `precision` overrides.
std::string coingecko_price(double value, const std::string& precision = {});

}  // namespace tickspan::sim
