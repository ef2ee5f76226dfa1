#pragma once

#include "sim/client_message.hpp"
#include "sim/venues/exchange_server.hpp"

namespace tickspan::sim {

/// Bybit v5 spot: streams `/v5/public/spot`, REST `/v5/market`.
class BybitServer final : public ExchangeServer {
 public:
  BybitServer(const VenueContext& context, const std::vector<PairMarket>& pairs);
  net::HttpResponse rest(const RestRequest& request) override;
  std::optional<net::HttpResponse> over_budget(const RestRequest& request) override;

 protected:
  bool prepare(Session& session, std::string_view target) override;
  void received(Session& session, std::string_view text) override;
  void traded(std::size_t pair, std::span<const SimTrade> trades) override;
  void quoted(std::size_t pair, const SimQuote& quote) override;

 private:
  void answer(Session& session, const BybitRequest& request, bool success, std::string_view message) const;
  void change(Session& session, const BybitRequest& request);
  std::string best(std::size_t pair, const SimQuote& quote) const;
  std::string ticker(std::size_t pair);
  const std::string& symbol(std::size_t pair) const { return symbols_[pair]; }

  net::HttpResponse instruments(const RestRequest& request) const;
  net::HttpResponse tickers(const RestRequest& request);
  net::HttpResponse klines(const RestRequest& request, std::size_t pair) const;
  net::HttpResponse trades(const RestRequest& request, std::size_t pair) const;

  std::vector<std::string> symbols_;
  StatsCache rest_stats_;  // of the REST thread
  RequestBudget budget_{600, 120};
};

}  // namespace tickspan::sim
