#include "feeds/coingecko/api_client.hpp"

#include <algorithm>

#include "feeds/coingecko/decode.hpp"
#include "feeds/host_ring.hpp"
#include "net/http_status.hpp"

namespace tickspan::feeds::coingecko {
namespace {

constexpr std::string_view kPublicUrl = "https://api.coingecko.com/api/v3";
constexpr std::string_view kProUrl = "https://pro-api.coingecko.com/api/v3";
constexpr std::string_view kBudget = "api";
constexpr std::size_t kMaxBody = 32 << 20;
constexpr double kLargestBurst = 60;
// A block by the content network or a refused key: asking again soon would only prolong it.
constexpr core::Duration kLongPause = std::chrono::minutes(5);

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

// 429: ten seconds and more, doubling to a minute and more.
net::BackoffOptions throttle_options(double scale) {
  const auto scaled = [scale](double seconds) {
    return core::Duration(static_cast<std::int64_t>(seconds * scale * 1e9));
  };
  return {scaled(10), scaled(90), scaled(30)};
}

}  // namespace

ApiClient::ApiClient(runtime::EventLoop& loop, const runtime::Clock& clock, const CoinGeckoOptions& options,
                     core::FeedCounters& counters, std::uint64_t seed)
    : clock_(clock),
      options_(options),
      counters_(counters),
      base_url_(base_url_of(options)),
      http_(loop, options.client),
      budget_(clock),
      throttle_backoff_(throttle_options(options.time_scale), seed) {
  const double calls = options.calls_per_minute > 0 ? options.calls_per_minute : plan_calls_per_minute(options.plan);
  calls_per_minute_ = calls / options.time_scale;
  burst_ = std::clamp(calls, 1.0, kLargestBurst);
  budget_.set_limit(std::string(kBudget), {calls_per_minute_, burst_});
}

std::string ApiClient::host() const {
  return host_of(base_url_);
}

core::Duration ApiClient::scaled(core::Duration d) const {
  return core::Duration(static_cast<std::int64_t>(static_cast<double>(d.count()) * options_.time_scale));
}

// One call for each 250 coins, and one for the rates.
double ApiClient::refresh_cost() const {
  return std::min(static_cast<double>((options_.tracked_assets + 249) / 250 + 1), burst_ - 1);
}

double ApiClient::reserve(Priority priority) const {
  if (priority == Priority::refresh) return 0;
  const double minutes = std::max(0.0, static_cast<double>((refresh_due_ - clock_.now()).count()) / 60e9);
  return std::max(0.0, refresh_cost() - minutes * calls_per_minute_);
}

core::Duration ApiClient::wait(Priority priority) const {
  return budget_.wait(kBudget, 1, priority == Priority::refresh ? 0 : refresh_cost());
}

core::Status ApiClient::get(const std::string& target, Priority priority, Done done) {
  if (!budget_.try_take(kBudget, 1, reserve(priority))) {
    core::Error error{core::ErrorCode::rate_limited, "the request budget for CoinGecko is spent", true, 0};
    error.retry_after_ms =
        std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::milliseconds>(wait(priority)).count());
    return tl::unexpected(std::move(error));
  }
  counters_.requests.fetch_add(1, std::memory_order_relaxed);
  net::Headers headers;
  if (!options_.key.empty() && options_.plan == CoinGeckoPlan::demo) headers.add("x-cg-demo-api-key", options_.key);
  if (!options_.key.empty() && options_.plan == CoinGeckoPlan::pro) headers.add("x-cg-pro-api-key", options_.key);
  http_.get(
      join_url(base_url_, target), headers, options_.request_timeout,
      // After `cancelled` this object may be gone: only `done` is looked at.
      [this, target, done = std::move(done)](core::Result<net::HttpResponse> result) {
        if (!result && result.error().code == core::ErrorCode::cancelled) return done(tl::unexpected(result.error()));
        done(judge(target, std::move(result)));
      },
      kMaxBody);
  return {};
}

core::Result<std::string> ApiClient::judge(const std::string& target, core::Result<net::HttpResponse> result) {
  if (!result) return tl::unexpected(result.error());
  const std::string path = target.substr(0, target.find('?'));
  if (result->status == 200) {
    throttle_backoff_.reset();
    counters_.messages.fetch_add(1, std::memory_order_relaxed);
    counters_.bytes.fetch_add(result->body.size(), std::memory_order_relaxed);
    if (options_.tap)
      options_.tap(clock_.now(), "coingecko", "rest", join_url(base_url_, target) + "\t" + result->body);
    return std::move(result->body);
  }
  core::Error error = net::error_of_status(result->status, result->headers, "CoinGecko " + path, clock_.now());
  if (const std::string said = decode_error(result->body); !said.empty()) error.context += ": " + without_key(said);
  throttle(error, result->status);
  return tl::unexpected(std::move(error));
}

// A keyless caller may get 403 where 429 is meant, so both are a matter of waiting, the one longer than the other. A
// request that is refused for what it asks (401 with a range beyond the plan) says nothing about the next one.
void ApiClient::throttle(core::Error& error, int status) {
  core::Duration pause{};
  if (status == 429) {
    pause = std::max(throttle_backoff_.next(), scaled(std::chrono::milliseconds(error.retry_after_ms)));
  } else if (status == 403) {
    pause = std::max(scaled(kLongPause), scaled(std::chrono::milliseconds(error.retry_after_ms)));
    error.code = core::ErrorCode::rate_limited;
    error.retryable = true;
  } else {
    return;
  }
  counters_.rate_limited.fetch_add(1, std::memory_order_relaxed);
  budget_.pause(kBudget, pause);
  error.retry_after_ms = std::chrono::ceil<std::chrono::milliseconds>(pause).count();
}

std::string ApiClient::without_key(std::string text) const {
  if (options_.key.empty()) return text;
  for (auto at = text.find(options_.key); at != std::string::npos; at = text.find(options_.key, at + 3)) {
    text.replace(at, options_.key.size(), "***");
  }
  return text;
}

}  // namespace tickspan::feeds::coingecko
