#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "net/http_message.hpp"
#include "runtime/event_loop.hpp"

namespace tickspan::net {

struct ClientTls {
  std::string ca_file;  ///< PEM; empty: the system's
  bool verify = true;
};

/// How outbound connections are made; the same for HTTP and WebSocket.
struct ClientOptions {
  std::string proxy_url;  ///< `http://[user:password@]host:port`, used by CONNECT for https/wss; empty: direct
  std::string no_proxy;   ///< comma-separated host suffixes; loopback is never proxied
  std::vector<std::string> nameservers;  ///< `127.0.0.1:53`, `[::1]:53`; empty: the system's
  ClientTls tls;
  std::chrono::milliseconds connect_timeout{10'000};  ///< up to half of it for the name
  std::string user_agent = "tickspan/" TICKSPAN_VERSION;
  /// From HTTPS_PROXY, https_proxy, NO_PROXY, no_proxy.
  static ClientOptions from_environment();
};

/// One-shot HTTP/1.1 requests over TLS or plain, gzip understood.
/// **Threading**: get() from the loop thread; `done` runs there, exactly once, also after cancel (with `cancelled`).
class HttpClient {
 public:
  HttpClient(runtime::EventLoop& loop, ClientOptions options);
  ~HttpClient();
  using Done = std::function<void(core::Result<HttpResponse>)>;
  /// Any status is a response, not an error. Errors: unavailable (DNS, connect, TLS), timeout, protocol_error,
  /// too_large.
  void get(const std::string& url, const Headers& headers, std::chrono::milliseconds timeout, Done done,
           std::size_t max_body = 32 << 20);
  void cancel_all();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tickspan::net
