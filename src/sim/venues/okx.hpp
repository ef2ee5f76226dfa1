#pragma once

#include "sim/client_message.hpp"
#include "sim/venues/exchange_server.hpp"

namespace tickspan::sim {

/// OKX v5: streams `/ws/v5/public`, REST `/api/v5`.
class OkxServer final : public ExchangeServer {
 public:
  OkxServer(const VenueContext& context, const std::vector<PairMarket>& pairs);
  net::HttpResponse rest(const RestRequest& request) override;
  std::optional<net::HttpResponse> over_budget(const RestRequest& request) override;

 protected:
  bool prepare(Session& session, std::string_view target) override;
  void received(Session& session, std::string_view text) override;
  void traded(std::size_t pair, std::span<const SimTrade> trades) override;
  void quoted(std::size_t pair, const SimQuote& quote) override;
  void tend(Session& session, core::Timestamp now) override;

 private:
  void change(Session& session, const OkxRequest& request, const OkxRequest::Argument& argument);
  void refuse(Session& session, const OkxRequest& request, std::string_view code, std::string_view message) const;
  std::string ticker(std::size_t pair, const SimQuote& quote, const SimStats& stats, core::Timestamp time) const;
  const std::string& symbol(std::size_t pair) const { return symbols_[pair]; }

  net::HttpResponse instruments(const RestRequest& request) const;
  net::HttpResponse tickers(const RestRequest& request);
  net::HttpResponse candles(const RestRequest& request, std::size_t pair, std::int64_t most) const;
  net::HttpResponse trades(const RestRequest& request, std::size_t pair, std::int64_t most) const;

  std::vector<std::string> symbols_;
  StatsCache rest_stats_;  // of the REST thread
  RequestBudget budget_{20, 10};
};

}  // namespace tickspan::sim
