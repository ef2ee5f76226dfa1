#include "server/dispatcher.hpp"

#include <exception>

#include "runtime/log.hpp"
#include "server/ui_pages.hpp"

namespace tickspan::server {
namespace {

constexpr runtime::Log kLog{"server"};
constexpr std::size_t kMaxTarget = 8192;  // bytes of path and query

const std::vector<Parameter>& format_parameters() {
  static const std::vector<Parameter> kFormat = {
      {"time_format", ParameterType::choice, "rfc3339", 0, 0, {"rfc3339", "ms"}},
      {"number_format", ParameterType::choice, "number", 0, 0, {"number", "string"}},
  };
  return kFormat;
}

bool has_prices(const core::SnapshotPtr& snapshot) {
  return snapshot && snapshot->catalogue && snapshot->by_rank && !snapshot->by_rank->empty();
}

}  // namespace

Dispatcher::Dispatcher(Shared shared, Services services, runtime::Metrics& metrics)
    : shared_(std::move(shared)),
      services_(std::move(services)),
      metrics_(metrics),
      over_rate_(
          metrics.counter("tickspan_server_refused_total", "Requests refused at a limit", {{"reason", "rate"}})) {
  const auto row = [&](const std::string& path) {
    std::vector<runtime::Counter*> counters;
    for (const char* status : {"1xx", "2xx", "3xx", "4xx", "5xx"}) {
      counters.push_back(&metrics_.counter("tickspan_server_requests_total", "Requests answered, by path and status",
                                           {{"path", path}, {"status", status}}));
    }
    return counters;
  };
  for (const Route& route : shared_.router.routes()) counters_.push_back(row(std::string(route.path)));
  counters_.push_back(row("other"));
}

void Dispatcher::count(const Route* route, int status) {
  const std::size_t index =
      route == nullptr ? counters_.size() - 1 : static_cast<std::size_t>(route - shared_.router.routes().data());
  counters_[index][static_cast<std::size_t>(status / 100 - 1)]->add();
}

ResponseContext Dispatcher::context_of(const net::HttpRequest& request) const {
  return {services_.clock.now(), request_id_of(request)};
}

int Dispatcher::over_limit(const net::HttpRequest& request, core::Timestamp now) {
  const int wait_s = shared_.limiter.take(request.remote_address, now);
  if (wait_s > 0) over_rate_.add();
  return wait_s;
}

void Dispatcher::handle(net::HttpRequest request, net::HttpServer::Respond respond) {
  const ResponseContext context = context_of(request);
  const std::string path(request.path());
  // `respond` is called once: here only when the handler ended before it could.
  const auto answered = std::make_shared<bool>(false);
  const auto once = [answered, respond = std::move(respond)](net::HttpResponse response) {
    if (!std::exchange(*answered, true)) respond(std::move(response));
  };
  try {
    serve(std::move(request), context, once);
  } catch (const std::exception& error) {
    kLog.error("{} failed ({}): {}", path, context.request_id, error.what());
    net::HttpRequest failed;
    failed.target = path;
    count(nullptr, 500);
    once(make_response(failed, internal_error(), context));
  }
}

void Dispatcher::serve(net::HttpRequest request, const ResponseContext& context,
                       const net::HttpServer::Respond& respond) {
  const auto refuse = [&](const Problem& problem) {
    count(nullptr, problem.status());
    respond(make_response(request, problem, context));
  };
  if (request.target.size() > kMaxTarget) return refuse(uri_too_long(kMaxTarget));
  const Router::Match match = shared_.router.match(request.path());
  if (match.route == nullptr || match.route->limited) {
    if (const int wait_s = over_limit(request, context.now); wait_s > 0) return refuse(rate_limited(wait_s));
  }
  if (request.method == "OPTIONS") return respond(make_options_response(context));
  const bool read = request.method == "GET" || request.method == "HEAD";
  if (match.route == nullptr) {
    net::HttpResponse response = answer_page(request, context);
    if (!read && response.status < 400) return refuse(method_not_allowed(request.method, kAllowedMethods));
    count(nullptr, response.status);
    return respond(std::move(response));
  }
  if (!read) return refuse(method_not_allowed(request.method, kAllowedMethods));
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->path_values = match.path_values;
  call->now = context.now;
  call->services = &services_;
  serve_route(*match.route, call, context, respond);
}

net::HttpResponse Dispatcher::answer_page(const net::HttpRequest& request, const ResponseContext& context) {
  if (auto page = ui_page(services_.ui, services_.serve_ui, request)) {
    return make_response(request, *encode_answer(std::move(*page)), context);
  }
  return make_response(request, unknown_path(request.path(), shared_.router.near(request.path())), context);
}

std::optional<Problem> Dispatcher::prepare(const Route& route, Call& call) const {
  std::vector<Parameter> declared = route.parameters;
  if (route.formatted) declared.insert(declared.end(), format_parameters().begin(), format_parameters().end());
  auto values = parse_parameters(declared, call.request.query());
  if (!values) return values.error();
  call.values = std::move(*values);
  if (route.formatted) {
    call.format.time_as_ms = call.values.text("time_format") == "ms";
    call.format.number_as_string = call.values.text("number_format") == "string";
  }
  call.backend = shared_.backend();
  if (call.backend) call.snapshot = call.backend->snapshot();
  const bool missing = (route.needs == Needs::snapshot && (!call.snapshot || !call.snapshot->catalogue)) ||
                       (route.needs == Needs::prices && !has_prices(call.snapshot));
  return missing ? std::optional(starting()) : std::nullopt;
}

void Dispatcher::serve_route(const Route& route, const std::shared_ptr<Call>& call, const ResponseContext& context,
                             const net::HttpServer::Respond& respond) {
  const auto send = [this, &route, respond](net::HttpResponse response) {
    count(&route, response.status);
    respond(std::move(response));
  };
  if (const auto problem = prepare(route, *call)) return send(make_response(call->request, *problem, context));

  if (route.answer_later) {
    call->on_exception = [send, context, path = std::string(call->request.path())] {
      net::HttpRequest failed;
      failed.target = path;
      send(make_response(failed, internal_error(), context));
    };
    return route.answer_later(call, [call, send, context](Outcome outcome) {
      if (outcome)
        send(make_response(call->request, *encode_answer(std::move(*outcome)), context));
      else
        send(make_response(call->request, outcome.error(), context));
    });
  }
  std::shared_ptr<EncodedAnswer> encoded =
      route.cacheable ? cache_.find(call->snapshot, call->request.target) : nullptr;
  if (!encoded) {
    Outcome outcome = route.answer(*call);
    if (!outcome) return send(make_response(call->request, outcome.error(), context));
    encoded = encode_answer(std::move(*outcome));
    if (route.cacheable) cache_.put(call->snapshot, call->request.target, encoded);
  }
  send(make_response(call->request, *encoded, context));
}

std::optional<net::HttpResponse> Dispatcher::refuse_stream(const net::HttpRequest& request) {
  const ResponseContext context = context_of(request);
  const auto refuse = [&](const Problem& problem) {
    count(nullptr, problem.status());
    return make_response(request, problem, context);
  };
  if (request.target.size() > kMaxTarget) return refuse(uri_too_long(kMaxTarget));
  if (const int wait_s = over_limit(request, context.now); wait_s > 0) return refuse(rate_limited(wait_s));
  return {};
}

net::HttpResponse Dispatcher::no_such_stream(const net::HttpRequest& request) {
  count(nullptr, 404);
  return make_response(request, unknown_path(request.path(), {"/api/v1/stream", "/ws/prices", "/ws"}),
                       context_of(request));
}

net::HttpResponse Dispatcher::stream_refused(const net::HttpRequest& request, const core::Error& error) {
  const Problem problem = error.code == core::ErrorCode::unavailable ? starting() : from_error(error);
  count(nullptr, problem.status());
  return make_response(request, problem, context_of(request));
}

}  // namespace tickspan::server
