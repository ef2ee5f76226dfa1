#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/feed_event.hpp"
#include "core/result.hpp"
#include "feeds/feed.hpp"
#include "net/http_client.hpp"
#include "net/upstream.hpp"
#include "runtime/clock.hpp"
#include "runtime/event_loop.hpp"

namespace tickspan::feeds {

struct KeyedApiOptions {
  std::string service;     ///< `CoinAPI`: what people call it
  std::string venue;       ///< `coinapi`: for the tap
  std::string base_url;    ///< `https://rest.coinapi.io`
  std::string key_header;  ///< the header that carries the key, where there is one
  std::string key;         ///< secret: sent as a header, taken out of whatever the service says
  std::chrono::milliseconds request_timeout{20'000};
  std::size_t max_body = 32 << 20;
  net::ClientOptions client;
  FrameTap tap;
  /// What the service says went wrong, of the body of a refusal; may be empty.
  std::function<std::string(std::string_view body)> error_text;
};

/// Calls to a service that may want a key: each one passes the breaker of the host and the budget of the key, which all
/// who use them share, and costs its part of that whatever comes of it.
/// **Threading**: the loop. **Ownership**: loop, clock, counters and upstream must outlive it.
class KeyedApi {
 public:
  using Done = std::function<void(core::Result<std::string> body)>;

  KeyedApi(runtime::EventLoop& loop, const runtime::Clock& clock, net::Upstream& upstream, core::FeedCounters& counters,
           KeyedApiOptions options);

  /// `target`: path and query below the base URL, without the key. Refused at once, with the wait, when budget or
  /// breaker want none. `done` is called from the loop, later, also after cancel_all() (with `cancelled`): then this
  /// object may be gone.
  core::Status get(const std::string& target, net::CallClass call, double cost, Done done);
  /// How long until such a call can be made, if nobody else makes one. 0: now.
  core::Duration wait(net::CallClass call, double cost = 1) const { return upstream_.wait(call, cost); }
  /// Live calls that will be wanted at `due`: less important ones leave room for them.
  void expect(double cost, core::Timestamp due) { upstream_.expect(cost, due); }
  void cancel_all() { http_.cancel_all(); }
  std::string host() const;

 private:
  core::Result<std::string> judge(const std::string& target, core::Result<net::HttpResponse> result);
  std::string without_key(std::string text) const;

  const runtime::Clock& clock_;
  net::Upstream& upstream_;
  core::FeedCounters& counters_;
  KeyedApiOptions options_;
  net::HttpClient http_;
};

}  // namespace tickspan::feeds
