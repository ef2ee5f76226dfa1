#pragma once

#include "sim/client_message.hpp"
#include "sim/venues/exchange_server.hpp"

namespace tickspan::sim {

/// Kraken: streams `/v2`, REST `/0/public` with its old spellings.
class KrakenServer final : public ExchangeServer {
 public:
  KrakenServer(const VenueContext& context, const std::vector<PairMarket>& pairs);
  net::HttpResponse rest(const RestRequest& request) override;
  std::optional<net::HttpResponse> over_budget(const RestRequest& request) override;

 protected:
  bool prepare(Session& session, std::string_view target) override;
  void opened(Session& session) override;
  void received(Session& session, std::string_view text) override;
  void traded(std::size_t pair, std::span<const SimTrade> trades) override;
  void quoted(std::size_t pair, const SimQuote& quote) override;
  void tend(Session& session, core::Timestamp now) override;

 private:
  /// The three spellings of a pair.
  struct Names {
    std::string v2;     ///< `BTC/USD`
    std::string ws;     ///< `XBT/USD`
    std::string alt;    ///< `XBTUSD`
    std::string key;    ///< `XXBTZUSD`
    std::string base;   ///< `XXBT`
    std::string quote;  ///< `ZUSD`
  };
  static Names spell(const PairSpec& spec);

  void subscribe(Session& session, const KrakenRequest& request);
  void unsubscribe(Session& session, const KrakenRequest& request);
  void acknowledge(Session& session, const KrakenRequest& request, std::string_view symbol, core::Timestamp time_in);
  void refuse(Session& session, const KrakenRequest& request, std::string_view error, std::string_view symbol,
              core::Timestamp time_in);
  std::string ticker(std::size_t pair, std::string_view type);
  std::string trades_message(std::size_t pair, std::span<const SimTrade> trades, std::string_view type) const;
  std::string instruments() const;

  std::optional<std::size_t> rest_pair(std::string_view name) const;
  net::HttpResponse asset_pairs(const RestRequest& request) const;
  net::HttpResponse tickers(const RestRequest& request);
  net::HttpResponse ohlc(const RestRequest& request) const;
  net::HttpResponse trade_list(const RestRequest& request) const;
  std::string ticker_info(std::size_t pair, core::Timestamp now);

  std::vector<Names> names_;
  StatsCache rest_stats_;  // of the REST thread
  RequestBudget budget_{5, 1};
};

}  // namespace tickspan::sim
