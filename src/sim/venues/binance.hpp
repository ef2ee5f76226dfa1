#pragma once

#include "sim/client_message.hpp"
#include "sim/venues/exchange_server.hpp"

namespace tickspan::sim {

/// Binance spot, and Binance.US, which speaks the same: streams `/stream` and `/ws`, REST `/api/v3`.
class BinanceServer final : public ExchangeServer {
 public:
  BinanceServer(const VenueContext& context, const std::vector<PairMarket>& pairs, std::string id = "binance");
  net::HttpResponse rest(const RestRequest& request) override;
  std::optional<net::HttpResponse> over_budget(const RestRequest& request) override;

 protected:
  bool prepare(Session& session, std::string_view target) override;
  void received(Session& session, std::string_view text) override;
  void traded(std::size_t pair, std::span<const SimTrade> trades) override;
  void quoted(std::size_t pair, const SimQuote& quote) override;
  void every_second(core::Timestamp now) override;
  void tend(Session& session, core::Timestamp now) override;

 private:
  void subscribe(Session& session, const std::string& stream);
  void unsubscribe(Session& session, const std::string& stream);
  void answer(Session& session, const BinanceRequest& request);
  /// Sends `data` to all that listen, wrapped where the socket asks for it.
  void publish(std::size_t pair, std::uint8_t bit, std::string_view stream, std::string_view data);
  void send_kline(std::size_t pair, core::Timestamp start, core::Timestamp now);
  std::string mini_ticker(std::size_t pair, core::Timestamp now);
  const std::string& symbol(std::size_t pair) const { return symbols_[pair]; }

  net::HttpResponse exchange_info(const RestRequest& request) const;
  net::HttpResponse klines(const RestRequest& request, std::size_t pair) const;
  net::HttpResponse trades(const RestRequest& request, std::size_t pair, bool aggregated) const;
  net::HttpResponse tickers(const RestRequest& request, bool book_only);
  std::string symbol_info(std::size_t pair) const;
  /// Pairs named by `symbol` or `symbols`, all without either. Nothing: one is unknown.
  std::optional<std::vector<std::size_t>> named_pairs(const RestRequest& request) const;

  std::vector<std::string> symbols_;
  std::vector<std::uint64_t> update_ids_;
  std::vector<std::uint64_t> mini_sent_;  // last trade id in the last miniTicker
  std::uint64_t seconds_ = 0;
  StatsCache rest_stats_;  // of the REST thread
  RequestBudget weight_{6000, 100};
};

}  // namespace tickspan::sim
