#include "server/handlers/routes.hpp"
#include "server/services.hpp"

namespace tickspan::server {
namespace {

constexpr std::string_view kNoStore = "no-store";

struct Checks {
  std::string market = "ok";
  std::string store = "ok";
  bool ready() const { return market == "ok" && store == "ok"; }
};

Checks check(const Call& call) {
  Checks checks;
  if (call.backend == nullptr || call.snapshot == nullptr)
    checks.market = "starting";
  else if (!call.snapshot->ready)
    checks.market = "no price is live";
  if (call.backend != nullptr && call.backend->history != nullptr && !call.backend->history->healthy())
    checks.store = "writes fail";
  return checks;
}

Outcome readiness(const Call& call) {
  const Checks checks = check(call);
  Answer answer{.cache_control = std::string(kNoStore),
                .status = checks.ready() ? 200 : 503,
                .retry_after_s = checks.ready() ? 0 : 1};
  wire::JsonWriter json(answer.body);
  json.begin_object().field("ready", checks.ready()).key("checks").begin_object();
  json.field("market", checks.market).field("store", checks.store).end_object().end_object();
  return answer;
}

Route ready_at(std::string_view path) {
  return {.path = path,
          .summary = "Whether requests can be answered, and what is missing",
          .needs = Needs::nothing,
          .formatted = false,
          .limited = false,
          .answer = readiness};
}

Outcome alive(const Call&) {
  return Answer{.body = "ok\n", .content_type = "text/plain; charset=utf-8", .cache_control = std::string(kNoStore)};
}

Outcome metrics(const Call& call) {
  // The server's own and those of the pipeline behind it; no family is in both.
  std::string body = call.services->metrics.serialize();
  if (call.backend != nullptr && call.backend->metrics != nullptr) body += call.backend->metrics->serialize();
  return Answer{.body = std::move(body),
                .content_type = "text/plain; version=0.0.4; charset=utf-8",
                .cache_control = std::string(kNoStore)};
}

}  // namespace

Route livez_route() {
  return {.path = "/livez",
          .summary = "The process runs",
          .needs = Needs::nothing,
          .formatted = false,
          .limited = false,
          .answer = alive};
}
Route readyz_route() {
  return ready_at("/readyz");
}
Route healthz_route() {
  return ready_at("/healthz");
}
Route metrics_route() {
  return {.path = "/metrics",
          .summary = "Figures for Prometheus",
          .needs = Needs::nothing,
          .formatted = false,
          .limited = false,
          .answer = metrics};
}

}  // namespace tickspan::server
