#include "feeds/keyed_api.hpp"

#include "feeds/host_ring.hpp"
#include "net/http_status.hpp"

namespace tickspan::feeds {

KeyedApi::KeyedApi(runtime::EventLoop& loop, const runtime::Clock& clock, net::Upstream& upstream,
                   core::FeedCounters& counters, KeyedApiOptions options)
    : clock_(clock),
      upstream_(upstream),
      counters_(counters),
      options_(std::move(options)),
      http_(loop, options_.client) {}

std::string KeyedApi::host() const {
  return host_of(options_.base_url);
}

core::Status KeyedApi::get(const std::string& target, net::CallClass call, double cost, Done done) {
  if (auto admitted = upstream_.admit(call, cost); !admitted) return admitted;
  counters_.requests.fetch_add(1, std::memory_order_relaxed);
  net::Headers headers;
  headers.add("Accept", "application/json");
  if (!options_.key.empty()) headers.add(options_.key_header, options_.key);
  http_.get(
      join_url(options_.base_url, target), headers, options_.request_timeout,
      [this, upstream = &upstream_, target, done = std::move(done)](core::Result<net::HttpResponse> result) {
        const bool cancelled = !result && result.error().code == core::ErrorCode::cancelled;
        if (!cancelled) return done(judge(target, std::move(result)));
        upstream->abandoned();
        done(tl::unexpected(result.error()));
      },
      options_.max_body);
  return {};
}

core::Result<std::string> KeyedApi::judge(const std::string& target, core::Result<net::HttpResponse> result) {
  const core::Duration pause = upstream_.answered(result);
  if (!result) return tl::unexpected(result.error());
  const std::string path = target.substr(0, target.find('?'));
  if (result->status == 200) {
    counters_.messages.fetch_add(1, std::memory_order_relaxed);
    counters_.bytes.fetch_add(result->body.size(), std::memory_order_relaxed);
    if (options_.tap)
      options_.tap(clock_.now(), options_.venue, "rest", join_url(options_.base_url, target) + "\t" + result->body);
    return std::move(result->body);
  }
  core::Error error =
      net::error_of_status(result->status, result->headers, options_.service + " " + path, clock_.now());
  if (options_.error_text) {
    if (const std::string said = options_.error_text(result->body); !said.empty())
      error.context += ": " + without_key(said);
  }
  if (pause.count() > 0) error.retry_after_ms = std::chrono::ceil<std::chrono::milliseconds>(pause).count();
  // A 403 with a pause is one that this service means as 429.
  if (result->status == 403 && pause.count() > 0) {
    error.code = core::ErrorCode::rate_limited;
    error.retryable = true;
  }
  if (error.code == core::ErrorCode::rate_limited) counters_.rate_limited.fetch_add(1, std::memory_order_relaxed);
  return tl::unexpected(std::move(error));
}

std::string KeyedApi::without_key(std::string text) const {
  if (options_.key.empty()) return text;
  for (auto at = text.find(options_.key); at != std::string::npos; at = text.find(options_.key, at + 3)) {
    text.replace(at, options_.key.size(), "***");
  }
  return text;
}

}  // namespace tickspan::feeds
