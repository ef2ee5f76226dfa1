#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "runtime/clock.hpp"
#include "runtime/metrics.hpp"

namespace tickspan::sim {

struct SimulatorOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;          ///< 0: any free one
  std::uint64_t seed = 1;
  double speed = 1;                ///< market seconds per real second
  std::size_t assets = 100;        ///< coins, by market capitalisation
  double trades_per_second = 200;  ///< over all pairs and venues, at speed 1
  bool tls = false;                ///< with a throw-away certificate made at start
  std::vector<std::string> venues = {"binance", "coinbase", "kraken", "coingecko"};
};

/// What a feed needs to talk to a simulated venue.
struct SimulatedHost {
  std::string venue;
  std::string ws_url;    ///< `ws://127.0.0.1:PORT/binance`; empty for an aggregator
  std::string rest_url;  ///< `http://127.0.0.1:PORT/binance`
};

/// The venues on loopback: their real protocols over real sockets, from one seeded market model.
/// **Threading**: owner's thread; runs a loop of its own.
class Simulator {
 public:
  Simulator(SimulatorOptions options, const runtime::Clock& clock, runtime::Metrics& metrics);
  ~Simulator();
  core::Status start();
  void stop();
  std::uint16_t port() const;
  std::vector<SimulatedHost> hosts() const;
  /// PEM of the throw-away certificate, to be trusted by clients; empty without TLS.
  std::string certificate_file() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tickspan::sim
