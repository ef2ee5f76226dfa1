#include "server/handlers/routes.hpp"
#include "server/services.hpp"

namespace tickspan::server {
namespace {

// A request that is in order is taken over as a stream before it comes here; see WebThread::wants_stream().
Outcome answer(const Call& call) {
  if (const auto fine = call.services->check_events(call.request); !fine)
    return tl::unexpected(from_error(fine.error()));
  return Answer{.content_type = "text/event-stream", .cache_control = "no-store"};
}

}  // namespace

Route events_route() {
  return {.path = "/api/v1/events",
          .summary = "Channels of the stream as server-sent events",
          .needs = Needs::snapshot,
          .parameters = {{"channels", ParameterType::names, "", 0, 200}},
          .formatted = false,
          .answer = answer};
}

}  // namespace tickspan::server
