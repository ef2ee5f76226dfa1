#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "runtime/clock.hpp"
#include "runtime/metrics.hpp"
#include "sim/certificate.hpp"
#include "sim/faults.hpp"
#include "sim/market_model.hpp"
#include "sim/pair_market.hpp"

namespace tickspan::sim {

/// All there are, by their names in the configuration.
std::vector<std::string> simulated_venues();

struct SimulatorOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: any free one
  std::uint64_t seed = 1;
  double speed = 1;                                       ///< market seconds per real second
  std::size_t assets = 100;                               ///< coins, by market capitalisation
  double trades_per_second = 200;                         ///< over all pairs and venues, at speed 1
  bool tls = false;                                       ///< with a throw-away certificate made at start
  CertificateFault certificate = CertificateFault::none;  ///< what is wrong with it
  bool dns = false;                                       ///< venues have names; a name server over UDP knows them
  std::vector<std::string> venues = simulated_venues();
  std::map<std::string, VenueFaults> faults;  ///< by venue, from the start on
};

/// What a feed needs to talk to a simulated venue.
struct SimulatedHost {
  std::string venue;
  std::string ws_url;  ///< `ws://127.0.0.1:PORT/binance`, or by name; empty for an aggregator
  std::string
      rest_url;  ///< `http://127.0.0.1:PORT/binance`; an aggregator's ends like the real one's: `/coingecko/api/v3`
  std::string alternate_ws_url;  ///< of the venue's second host, where it is simulated, too; else empty
  std::string alternate_rest_url;
};

/// The venues on loopback: their real protocols over real sockets, from one seeded market model.
/// Times on the wire are those of the clock; `speed` makes the market livelier, not the clock faster.
/// **Threading**: owner's thread; runs two loops of its own, one for sockets, one that works out REST answers.
class Simulator {
 public:
  Simulator(SimulatorOptions options, const runtime::Clock& clock, runtime::Metrics& metrics);
  ~Simulator();
  /// invalid_argument for options that make no sense, io_error when address and port are taken.
  core::Status start();
  void stop();
  std::uint16_t port() const;
  std::vector<SimulatedHost> hosts() const;
  /// PEM of the throw-away certificate, to be trusted by clients; empty without TLS.
  std::string certificate_file() const;
  /// `127.0.0.1:PORT`, where the names in hosts() are known; empty where they are addresses.
  std::string nameserver() const;

  // The truth, and the means to trouble it. After start().
  const MarketModel& market() const;
  /// Of an exchange; empty for other venues.
  const std::vector<PairMarket>& pairs(const std::string& venue) const;
  void set_faults(const std::string& venue, const VenueFaults& faults);
  void drop_connections(const std::string& venue);
  /// Trades sent by now to anybody who listened.
  std::uint64_t trades_sent(const std::string& venue) const;
  std::size_t sockets(const std::string& venue) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tickspan::sim
