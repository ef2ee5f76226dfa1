#pragma once

#include <atomic>

#include "sim/venues/venue_server.hpp"

namespace tickspan::sim {

/// CoinAPI's v1 REST service: `/v1/exchangerate/{base}[/{quote}]`, `/v1/assets`, `/v1/ohlcv/{symbol}/history|latest`.
/// Any key is taken, none is refused; every answer says what is left of the day's credits.
class CoinApiServer final : public VenueServer {
 public:
  explicit CoinApiServer(const VenueContext& context) : VenueServer("coinapi", context) {}
  net::HttpResponse rest(const RestRequest& request) override;
  std::optional<net::HttpResponse> over_budget(const RestRequest& request) override;

 private:
  net::HttpResponse answer(const RestRequest& request) const;
  net::HttpResponse rate(const RestRequest& request, std::string_view base, std::string_view quote) const;
  net::HttpResponse rates(const RestRequest& request, std::string_view base) const;
  net::HttpResponse assets(const RestRequest& request) const;
  net::HttpResponse ohlcv(const RestRequest& request, std::string_view symbol, bool latest) const;
  /// USD for one of it, as this venue tells it; 0: it has no such asset.
  double price(const RestRequest& request, std::string_view symbol, core::Timestamp at) const;

  std::atomic<std::uint64_t> used_{0};
  RequestBudget budget_{20, 1};
};

}  // namespace tickspan::sim
