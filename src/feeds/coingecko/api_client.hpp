#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/feed_event.hpp"
#include "core/result.hpp"
#include "feeds/coingecko/coingecko_feed.hpp"
#include "net/http_client.hpp"
#include "net/upstream.hpp"

namespace tickspan::feeds::coingecko {

/// The calls to the service: address and key, and the budget and breaker that all who use both share. One call costs
/// one of the budget whatever comes of it.
/// **Threading**: the feed's loop. **Ownership**: all it is given must outlive it. **Limits**: an answer of 32 MiB.
class ApiClient {
 public:
  using Done = std::function<void(core::Result<std::string> body)>;

  ApiClient(runtime::EventLoop& loop, const runtime::Clock& clock, const CoinGeckoOptions& options,
            net::UpstreamDesk& upstreams, core::FeedCounters& counters);

  /// `target`: path and query below the base URL. At once, with the wait: rate_limited when the budget is spent or the
  /// service wants a pause, unavailable when it failed several times in a row. `done` is called from the loop, later,
  /// also after cancel_all() (with `cancelled`).
  core::Status get(const std::string& target, net::CallClass call, Done done);
  /// When the next refresh will want its calls: until then charts may use what will have filled up again by that time.
  void refresh_due(core::Timestamp at) { upstream_.expect(refresh_cost(), at); }
  /// How long until such a call can be made for certain, if nobody else makes one. 0: now.
  core::Duration wait(net::CallClass call) const { return upstream_.wait(call); }
  void cancel_all();
  std::string host() const;

 private:
  core::Result<std::string> judge(const std::string& target, core::Result<net::HttpResponse> result);
  double refresh_cost() const;
  std::string without_key(std::string text) const;

  const runtime::Clock& clock_;
  const CoinGeckoOptions& options_;
  core::FeedCounters& counters_;
  std::string base_url_;
  net::Upstream& upstream_;
  net::HttpClient http_;
  std::size_t under_way_ = 0;
};

}  // namespace tickspan::feeds::coingecko
