#include "feeds/coingecko/api_client.hpp"

#include <algorithm>

#include "feeds/coingecko/decode.hpp"
#include "feeds/host_ring.hpp"
#include "net/http_status.hpp"

namespace tickspan::feeds::coingecko {
namespace {

constexpr std::string_view kPublicUrl = "https://api.coingecko.com/api/v3";
constexpr std::string_view kProUrl = "https://pro-api.coingecko.com/api/v3";
constexpr std::size_t kMaxBody = 32 << 20;
constexpr double kLargestBurst = 60;

double plan_calls_per_minute(CoinGeckoPlan plan) {
  switch (plan) {
    case CoinGeckoPlan::keyless:
      return 5;
    case CoinGeckoPlan::demo:
      return 30;
    case CoinGeckoPlan::pro:
      return 250;
  }
  return 5;
}

std::string base_url_of(const CoinGeckoOptions& options) {
  if (!options.base_url.empty()) return options.base_url;
  return std::string(options.plan == CoinGeckoPlan::pro ? kProUrl : kPublicUrl);
}

net::UpstreamRules rules_of(const CoinGeckoOptions& options) {
  const double calls = options.calls_per_minute > 0 ? options.calls_per_minute : plan_calls_per_minute(options.plan);
  net::UpstreamRules rules;
  rules.rate = net::RateLimit{calls, std::clamp(calls, 1.0, kLargestBurst)};
  // A keyless caller may get 403 where 429 is meant.
  rules.forbidden_is_throttling = true;
  // 429: ten seconds and more, doubling to a minute and more.
  rules.throttle = {std::chrono::seconds(10), std::chrono::seconds(90), std::chrono::seconds(30)};
  return rules;
}

}  // namespace

ApiClient::ApiClient(runtime::EventLoop& loop, const runtime::Clock& clock, const CoinGeckoOptions& options,
                     net::UpstreamDesk& upstreams, core::FeedCounters& counters)
    : clock_(clock),
      options_(options),
      counters_(counters),
      base_url_(base_url_of(options)),
      upstream_(upstreams.rest("coingecko", base_url_, rules_of(options), options.key)),
      http_(loop, options.client) {}

std::string ApiClient::host() const {
  return host_of(base_url_);
}

// One call for each 250 coins, and one for the rates.
double ApiClient::refresh_cost() const {
  return static_cast<double>((options_.tracked_assets + 249) / 250 + 1);
}

void ApiClient::cancel_all() {
  if (under_way_ > 0) upstream_.abandoned();
  under_way_ = 0;
  http_.cancel_all();
}

core::Status ApiClient::get(const std::string& target, net::CallClass call, Done done) {
  if (auto admitted = upstream_.admit(call); !admitted) return admitted;
  ++under_way_;
  counters_.requests.fetch_add(1, std::memory_order_relaxed);
  net::Headers headers;
  if (!options_.key.empty() && options_.plan == CoinGeckoPlan::demo) headers.add("x-cg-demo-api-key", options_.key);
  if (!options_.key.empty() && options_.plan == CoinGeckoPlan::pro) headers.add("x-cg-pro-api-key", options_.key);
  http_.get(
      join_url(base_url_, target), headers, options_.request_timeout,
      // After `cancelled` this object may be gone: only `done` is looked at.
      [this, target, done = std::move(done)](core::Result<net::HttpResponse> result) {
        if (!result && result.error().code == core::ErrorCode::cancelled) return done(tl::unexpected(result.error()));
        --under_way_;
        done(judge(target, std::move(result)));
      },
      kMaxBody);
  return {};
}

core::Result<std::string> ApiClient::judge(const std::string& target, core::Result<net::HttpResponse> result) {
  const core::Duration pause = upstream_.answered(result);
  if (!result) return tl::unexpected(result.error());
  const std::string path = target.substr(0, target.find('?'));
  if (result->status == 200) {
    counters_.messages.fetch_add(1, std::memory_order_relaxed);
    counters_.bytes.fetch_add(result->body.size(), std::memory_order_relaxed);
    if (options_.tap)
      options_.tap(clock_.now(), "coingecko", "rest", join_url(base_url_, target) + "\t" + result->body);
    return std::move(result->body);
  }
  core::Error error = net::error_of_status(result->status, result->headers, "CoinGecko " + path, clock_.now());
  if (const std::string said = decode_error(result->body); !said.empty()) error.context += ": " + without_key(said);
  // A request that is refused for what it asks (401 with a range beyond the plan) says nothing about the next one.
  if (result->status == 429 || result->status == 418 || result->status == 403) {
    counters_.rate_limited.fetch_add(1, std::memory_order_relaxed);
    error.code = core::ErrorCode::rate_limited;
    error.retryable = true;
  }
  if (pause.count() > 0) error.retry_after_ms = std::chrono::ceil<std::chrono::milliseconds>(pause).count();
  return tl::unexpected(std::move(error));
}

std::string ApiClient::without_key(std::string text) const {
  if (options_.key.empty()) return text;
  for (auto at = text.find(options_.key); at != std::string::npos; at = text.find(options_.key, at + 3)) {
    text.replace(at, options_.key.size(), "***");
  }
  return text;
}

}  // namespace tickspan::feeds::coingecko
