#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "net/http_server.hpp"
#include "runtime/metrics.hpp"
#include "server/answer_cache.hpp"
#include "server/rate_limiter.hpp"
#include "server/router.hpp"
#include "server/services.hpp"

namespace tickspan::server {

/// Takes one web thread's requests from the parsed bytes to the response: limits, route, parameters, snapshot, handler,
/// encoding. Whatever goes wrong on the way becomes a problem document.
/// **Threading**: its web thread. **Ownership**: what it refers to must outlive it.
class Dispatcher {
 public:
  struct Shared {
    const Router& router;
    RateLimiter& limiter;
    std::function<BackendPtr()> backend;
  };
  Dispatcher(Shared shared, Services services, runtime::Metrics& metrics);

  void handle(net::HttpRequest request, net::HttpServer::Respond respond);
  /// Whether a stream may be opened now, for the upgrade and the event stream: else the answer that refuses it.
  std::optional<net::HttpResponse> refuse_stream(const net::HttpRequest& request);
  /// To a request for a stream at a path that has none.
  net::HttpResponse no_such_stream(const net::HttpRequest& request);
  /// To a request for a stream with something wrong in it, or while there is no market to stream.
  net::HttpResponse stream_refused(const net::HttpRequest& request, const core::Error& error);

 private:
  void serve(net::HttpRequest request, const ResponseContext& context, const net::HttpServer::Respond& respond);
  void serve_route(const Route& route, const std::shared_ptr<Call>& call, const ResponseContext& context,
                   const net::HttpServer::Respond& respond);
  /// Fills in parameters, backend and snapshot; the problem where the request cannot be answered.
  std::optional<Problem> prepare(const Route& route, Call& call) const;
  net::HttpResponse answer_page(const net::HttpRequest& request, const ResponseContext& context);
  ResponseContext context_of(const net::HttpRequest& request) const;
  int over_limit(const net::HttpRequest& request, core::Timestamp now);
  void count(const Route* route, int status);

  Shared shared_;
  Services services_;
  AnswerCache cache_;
  runtime::Metrics& metrics_;
  /// By route, the last row for everything else; then by hundreds of the status.
  std::vector<std::vector<runtime::Counter*>> counters_;
  runtime::Counter& over_rate_;
};

}  // namespace tickspan::server
