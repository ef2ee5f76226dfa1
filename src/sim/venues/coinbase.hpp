#pragma once

#include "sim/client_message.hpp"
#include "sim/venues/exchange_server.hpp"

namespace tickspan::sim {

/// Coinbase: streams at the prefix itself, REST `/products`, `/time`. Its Advanced Trade host has the same books, its
/// own messages, and REST below `/api/v3/brokerage/market`.
class CoinbaseServer : public ExchangeServer {
 public:
  CoinbaseServer(const VenueContext& context, const std::vector<PairMarket>& pairs)
      : CoinbaseServer("coinbase", context, pairs, false) {}
  net::HttpResponse rest(const RestRequest& request) override;
  std::optional<net::HttpResponse> over_budget(const RestRequest& request) override;

 protected:
  CoinbaseServer(std::string id, const VenueContext& context, const std::vector<PairMarket>& pairs, bool advanced);
  bool prepare(Session& session, std::string_view target) override;
  void received(Session& session, std::string_view text) override;
  void traded(std::size_t pair, std::span<const SimTrade> trades) override;
  void every_second(core::Timestamp now) override;
  void tend(Session& session, core::Timestamp now) override;

 private:
  void subscribe(Session& session, const CoinbaseRequest& request);
  void unsubscribe(Session& session, const CoinbaseRequest& request);
  void acknowledge(Session& session);
  std::string ticker(std::size_t pair, const SimTrade& trade);
  std::string match(std::size_t pair, const SimTrade& trade, std::string_view type) const;
  const std::string& product(std::size_t pair) const { return products_[pair]; }

  // coinbase_advanced.cpp
  void received_advanced(Session& session, const CoinbaseRequest& request);
  void acknowledge_advanced(Session& session);
  void send_advanced(Session& session, std::string_view channel, std::string_view events, bool market_data = true);
  void traded_advanced(std::size_t pair, std::span<const SimTrade> trades);
  void beat_advanced();
  std::string advanced_trades(std::size_t pair, std::span<const SimTrade> trades, std::string_view type) const;
  std::string advanced_ticker(std::size_t pair, const SimTrade& trade, std::string_view type);
  net::HttpResponse rest_advanced(const RestRequest& request, std::string_view path) const;
  net::HttpResponse products_advanced() const;
  net::HttpResponse ticker_advanced(const RestRequest& request, std::size_t pair) const;
  net::HttpResponse candles_advanced(const RestRequest& request, std::size_t pair) const;

  std::string product_info(std::size_t pair) const;
  net::HttpResponse product_ticker(const RestRequest& request, std::size_t pair) const;
  net::HttpResponse product_stats(const RestRequest& request, std::size_t pair);
  net::HttpResponse candles(const RestRequest& request, std::size_t pair) const;
  net::HttpResponse trades(const RestRequest& request, std::size_t pair) const;

  const bool advanced_;  ///< what it speaks: Advanced Trade, or the Exchange's protocol
  std::vector<std::string> products_;
  std::uint64_t seconds_ = 0;
  StatsCache rest_stats_;  // of the REST thread
  RequestBudget budget_{15, 10};
};

class CoinbaseAdvancedServer final : public CoinbaseServer {
 public:
  CoinbaseAdvancedServer(const VenueContext& context, const std::vector<PairMarket>& pairs)
      : CoinbaseServer("coinbase_advanced", context, pairs, true) {}
};

}  // namespace tickspan::sim
