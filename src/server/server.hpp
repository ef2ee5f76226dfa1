#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "net/client_address.hpp"
#include "runtime/clock.hpp"
#include "runtime/metrics.hpp"
#include "server/backend.hpp"
#include "stream/hub.hpp"
#include "wire/frame.hpp"

namespace tickspan::server {

struct ListenAddress {
  std::string address = "0.0.0.0";
  std::uint16_t port = 8000;
};

struct ServerOptions {
  std::vector<ListenAddress> listen{{}};
  std::size_t threads = 0;  ///< 0: one per core
  bool serve_ui = true;     ///< false: the API alone
  std::string tls_certificate_file, tls_key_file;
  net::TrustedProxies trusted_proxies;          ///< whose word about their clients' addresses is taken
  bool deflate = true;                          ///< permessage-deflate for the clients that offer it
  std::size_t requests_per_second = 200;        ///< per client address, bursts of twice that; 0: no limit
  std::size_t max_connections = 18'000;         ///< of all threads and addresses together
  std::size_t max_connections_per_address = 0;  ///< of one client; 0: no limit
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds idle_timeout{75'000};
  std::size_t max_header_bytes = 16 * 1024, max_body_bytes = 1024 * 1024;
  stream::StreamOptions stream;  ///< its message size is the sockets', too
};

/// Everything clients talk to: REST, streams, documentation pages and the embedded dashboard.
/// **Threading**: start(), stop() and set_backend() from the owner's thread; frames() is the engine's sink.
class Server {
 public:
  Server(ServerOptions options, const runtime::Clock& clock, runtime::Metrics& metrics);
  ~Server();

  /// Binds every address first; io_error names the one that is taken. Until set_backend(), answers 503 with
  /// Retry-After, but /livez and the page are there.
  core::Status start();
  /// Refuse, drain, close streams with 4000, within `patience`.
  void stop(std::chrono::milliseconds patience);
  /// Goes over to another pipeline: stream clients are told by a new epoch and get fresh snapshots.
  void set_backend(BackendPtr backend);
  /// Reads certificate and key again; connections that are open keep the old one. False: there is no TLS. An error
  /// (io_error names the file) leaves the old one in place.
  core::Result<bool> reload_tls();
  wire::FrameSink& frames();
  wire::InterestTable& interest();
  /// The port really bound, by index into `listen`.
  std::uint16_t port(std::size_t index = 0) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tickspan::server
