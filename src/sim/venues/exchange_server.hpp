#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "sim/message_faults.hpp"
#include "sim/pair_history.hpp"
#include "sim/pair_market.hpp"
#include "sim/venues/venue_server.hpp"

namespace tickspan::sim {

class ExchangeServer;

/// One client of an exchange's streams.
/// **Ownership**: the HTTP server and the exchange share it; either may outlive the socket.
class Session final : public net::WebSocketHandler {
 public:
  Session(ExchangeServer& exchange, std::size_t pairs) : channels(pairs, 0), exchange_(exchange) {}

  void on_open(net::WebSocketPeer& peer) override;
  void on_message(std::string_view text) override;
  void on_pong(std::string_view payload) override;
  void on_close(std::uint16_t code) override;

  /// Through the venue's faults, which are worst to market data. A client that reads too little is cut.
  void send(std::string_view text, bool market_data = true);
  /// What the faults have kept back until now.
  void send_late();
  void ping(std::string_view payload);
  void close(std::uint16_t code, std::string_view reason);
  void abort();
  /// From here on nothing is said and nothing read, but the socket stays: the other end of a half-open connection.
  void die();
  bool dead() const { return dead_; }
  bool open() const { return peer_ != nullptr; }
  bool closed() const { return closed_; }

  std::vector<std::uint8_t> channels;  ///< per pair: bits that mean something to the exchange
  std::vector<std::string> streams;    ///< names as subscribed (Binance)
  bool combined = false;               ///< wrapped messages (Binance)
  bool all_tickers = false;            ///< `!miniTicker@arr` (Binance)
  bool heartbeats = false;             ///< wants those of the connection (Coinbase)
  std::uint64_t sequence = 0;          ///< of the next message (Coinbase)
  bool subscribed = false;             ///< has ever asked for something
  core::Timestamp opened_at;
  core::Timestamp last_sent;
  core::Timestamp last_ping;
  core::Timestamp last_pong;
  std::optional<RequestBudget> inbound;

 private:
  void put(std::string_view text);

  ExchangeServer& exchange_;
  net::WebSocketPeer* peer_ = nullptr;
  MessageFaults faults_;
  bool closing_ = false;
  bool closed_ = false;
  bool dead_ = false;
};

/// What exchanges have in common: sessions, who wants what, trades and quotes at their time. A venue says how they are
/// spelt.
class ExchangeServer : public VenueServer {
 public:
  ExchangeServer(std::string id, const VenueContext& context, const std::vector<PairMarket>& pairs);

  const std::vector<PairMarket>& pairs() const { return pairs_; }
  Totals totals() const override;
  std::shared_ptr<net::WebSocketHandler> accept(const net::HttpRequest& request, std::string_view target,
                                                net::HttpResponse& refusal) final;
  void step(core::Timestamp now) final;
  bool drop_connections(std::string_view pair = {}) final;
  /// By its codes, `BTC/USD`, however the venue spells it.
  const PairMarket* named(std::string_view pair) const;

 protected:
  // What a venue does.
  /// False: no such path.
  virtual bool prepare(Session& session, std::string_view target) = 0;
  virtual void opened(Session&) {}
  virtual void received(Session& session, std::string_view text) = 0;
  virtual void traded(std::size_t pair, std::span<const SimTrade> trades) = 0;
  virtual void quoted(std::size_t /*pair*/, const SimQuote& /*quote*/) {}
  virtual void every_second(core::Timestamp /*now: the true one*/) {}
  virtual void tend(Session& /*session*/, core::Timestamp /*now*/) {}

  // What it can use.
  std::optional<std::size_t> find_pair(std::string_view symbol) const;
  /// As find_pair(), for who wants to listen to it: less those that a fault takes away. Counts those refused.
  std::optional<std::size_t> offered(std::string_view symbol);
  void name_pair(std::string symbol, std::size_t pair) { by_symbol_.emplace(std::move(symbol), pair); }
  void listen(Session& session, std::size_t pair, std::uint8_t bits);
  void ignore(Session& session, std::size_t pair, std::uint8_t bits);
  bool wanted(std::size_t pair, unsigned bits) const { return (interest_[pair] & bits) != 0; }
  template <typename F>
  void each_session(std::size_t pair, unsigned bits, F f) {
    if (!wanted(pair, bits)) return;
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
      if (sessions_[i]->open() && (sessions_[i]->channels[pair] & bits) != 0) f(*sessions_[i]);
    }
  }
  void broadcast(std::size_t pair, unsigned bits, std::string_view text) {
    each_session(pair, bits, [&](Session& session) { session.send(text); });
  }
  const std::vector<std::shared_ptr<Session>>& sessions() const { return sessions_; }
  SimQuote quote_now(std::size_t pair) const { return quote_at(pair, context_.clock.now()); }
  /// The newest trade up to now.
  SimTrade last_trade(std::size_t pair) const;
  const SimStats& stats(std::size_t pair) { return stats_.get(pair, pairs_[pair], now()); }
  /// By the venue's own clock.
  core::Timestamp now() const { return context_.clock.now() + skew(); }

  std::uint8_t quote_bits_ = 0;  ///< channels that need quotes; set by the venue's constructor

 private:
  friend class Session;
  void recount(std::size_t pair);
  void closed();
  void sweep();
  void step_pair(std::size_t pair, core::Timestamp now);
  void tend_sessions();
  core::Duration skew() const { return std::chrono::milliseconds(faults_.clock_skew_ms); }
  SimQuote quote_at(std::size_t pair, core::Timestamp at) const;
  SimTrade told(SimTrade trade) const;

  const std::vector<PairMarket>& pairs_;
  std::unordered_map<std::string, std::size_t> by_symbol_;
  std::vector<std::shared_ptr<Session>> sessions_;
  std::vector<std::uint8_t> interest_;
  std::vector<std::optional<TradeWalk>> walks_;
  std::vector<SimQuote> last_quotes_;
  std::vector<core::Timestamp> next_quotes_;
  std::vector<SimTrade> due_;
  StatsCache stats_;
  core::Timestamp last_step_;
  core::Timestamp next_second_;
  bool sweep_needed_ = false;
  std::uint64_t trades_sent_ = 0, refused_ = 0;
  runtime::Counter& messages_;
};

}  // namespace tickspan::sim
