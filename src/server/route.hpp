#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/snapshot.hpp"
#include "net/http_message.hpp"
#include "server/backend.hpp"
#include "server/parameters.hpp"
#include "wire/json_writer.hpp"

namespace tickspan::server {

struct Services;

/// A body with what the header has to say about it.
struct Answer {
  std::string body;
  std::shared_ptr<const std::string> shared_body;  ///< instead of `body`
  std::shared_ptr<const std::string> gzipped;      ///< the same, compressed beforehand; may be null
  std::string content_type = "application/json";
  std::string cache_control = "no-cache";  ///< kept, but asked for again each time by its ETag
  int status = 200;
  int retry_after_s = 0;
  std::string etag;  ///< empty: made from the body
};
using Outcome = tl::expected<Answer, Problem>;
/// Takes the outcome on the web thread, exactly once.
using Done = std::function<void(Outcome)>;

/// One request on its way to a handler: parsed, validated, and with the one snapshot that it is answered from.
struct Call {
  net::HttpRequest request;
  std::vector<std::string> path_values;  ///< of the `{…}` in the route's path, decoded, in order
  Values values;
  wire::Format format;
  core::Timestamp now;
  BackendPtr backend;          ///< null where the route does not need one and there is none
  core::SnapshotPtr snapshot;  ///< as `backend`
  const Services* services = nullptr;
  std::function<void()> on_exception;  ///< answers 500; for tasks that run outside of the handler

  const core::Catalogue& catalogue() const { return *snapshot->catalogue; }
};
using CallPtr = std::shared_ptr<const Call>;

/// What a handler needs before it can say anything.
enum class Needs : std::uint8_t {
  nothing,   ///< answers always
  snapshot,  ///< a pipeline is attached
  prices,    ///< and at least one price is known; else 503 `starting`
};

/// One path of the API. The table of all of them is the contract: api/openapi.yaml is tested against it.
struct Route {
  std::string_view path;  ///< `/price/{coin_id}`; a trailing slash in a request does not matter
  std::string_view summary;
  Needs needs = Needs::prices;
  std::vector<Parameter> parameters = {};
  bool formatted = true;   ///< takes `time_format` and `number_format`
  bool cacheable = false;  ///< the body depends on nothing but the request and the snapshot
  bool limited = true;     ///< counts against the client's budget of requests
  /// One of the two.
  std::function<Outcome(const Call&)> answer = nullptr;
  std::function<void(CallPtr, Done)> answer_later = nullptr;
};

}  // namespace tickspan::server
