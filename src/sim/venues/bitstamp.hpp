#pragma once

#include "sim/client_message.hpp"
#include "sim/venues/exchange_server.hpp"

namespace tickspan::sim {

/// Bitstamp v2: streams at the prefix itself, REST `/api/v2`.
class BitstampServer final : public ExchangeServer {
 public:
  BitstampServer(const VenueContext& context, const std::vector<PairMarket>& pairs);
  net::HttpResponse rest(const RestRequest& request) override;
  std::optional<net::HttpResponse> over_budget(const RestRequest& request) override;

 protected:
  bool prepare(Session& session, std::string_view target) override;
  void received(Session& session, std::string_view text) override;
  void traded(std::size_t pair, std::span<const SimTrade> trades) override;
  void quoted(std::size_t pair, const SimQuote& quote) override;

 private:
  void change(Session& session, const BitstampRequest& request);
  std::string book(std::size_t pair, const SimQuote& quote) const;
  const std::string& symbol(std::size_t pair) const { return symbols_[pair]; }

  net::HttpResponse markets() const;
  net::HttpResponse ticker(const RestRequest& request, std::size_t pair);
  net::HttpResponse ohlc(const RestRequest& request, std::size_t pair) const;
  net::HttpResponse transactions(const RestRequest& request, std::size_t pair) const;

  std::vector<std::string> symbols_;
  StatsCache rest_stats_;  // of the REST thread
  RequestBudget budget_{400, 16};
};

}  // namespace tickspan::sim
