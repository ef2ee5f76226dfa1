#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/feed_event.hpp"
#include "core/result.hpp"
#include "feeds/coingecko/coingecko_feed.hpp"
#include "net/backoff.hpp"
#include "net/http_client.hpp"
#include "net/rate_budget.hpp"

namespace tickspan::feeds::coingecko {

/// How much of the budget a call must leave to others.
enum class Priority : std::uint8_t {
  refresh,  ///< the tracked set and the rates: may take the last call
  chart,    ///< on request: leaves enough for the next refresh
};

/// The calls to the service: address, key, budget, and the pauses it asks for. One call costs one of the budget
/// whatever comes of it.
/// **Threading**: the feed's loop. **Limits**: an answer of 32 MiB.
class ApiClient {
 public:
  using Done = std::function<void(core::Result<std::string> body)>;

  ApiClient(runtime::EventLoop& loop, const runtime::Clock& clock, const CoinGeckoOptions& options,
            core::FeedCounters& counters, std::uint64_t seed);

  /// `target`: path and query below the base URL. rate_limited at once, with the wait, when the budget is spent or the
  /// service wants a pause. `done` is called from the loop, later, also after cancel_all() (with `cancelled`).
  core::Status get(const std::string& target, Priority priority, Done done);
  /// When the next refresh will want its calls: until then charts may use what will have filled up again by that time.
  void refresh_due(core::Timestamp at) { refresh_due_ = at; }
  /// How long until such a call can be made for certain, if nobody else makes one. 0: now.
  core::Duration wait(Priority priority) const;
  void cancel_all() { http_.cancel_all(); }
  std::string host() const;

 private:
  core::Result<std::string> judge(const std::string& target, core::Result<net::HttpResponse> result);
  void throttle(core::Error& error, int status);
  double refresh_cost() const;
  double reserve(Priority priority) const;
  std::string without_key(std::string text) const;
  core::Duration scaled(core::Duration d) const;

  const runtime::Clock& clock_;
  const CoinGeckoOptions& options_;
  core::FeedCounters& counters_;
  std::string base_url_;
  double calls_per_minute_ = 0;
  double burst_ = 0;
  core::Timestamp refresh_due_;
  net::HttpClient http_;
  net::RateBudget budget_;
  net::Backoff throttle_backoff_;
};

}  // namespace tickspan::feeds::coingecko
