#include "feeds/history_fetcher.hpp"

#include <algorithm>
#include <utility>

#include "feeds/history_support.hpp"
#include "net/http_status.hpp"
#include "runtime/log.hpp"

namespace tickspan::feeds {
namespace {

constexpr runtime::Log kLog{"feeds"};
constexpr std::size_t kMaxBody = 8 << 20;
constexpr unsigned kMostRefusals = 20;  // of one page, for want of budget
// What a closed host may keep a query waiting; a host that refuses for good is closed for longer.
constexpr std::chrono::milliseconds kPatience = std::chrono::minutes(2);

net::UpstreamRules rules_of(const HistoryLimits& limits, const HistoryFetcherOptions& options) {
  const double share = options.share;
  net::UpstreamRules rules;
  rules.rate = net::RateLimit{limits.requests_per_minute * share, std::max(1.0, limits.burst * share)};
  rules.quota.weight_per_minute = limits.weight_per_minute;
  rules.throttle = options.backoff;
  return rules;
}

}  // namespace

HistoryFetcher::HistoryFetcher(const VenueHistory& history, runtime::EventLoop& loop, const runtime::Clock& clock,
                               net::UpstreamDesk& upstreams, HistoryFetcherOptions options)
    : history_(history),
      clock_(clock),
      options_(std::move(options)),
      hosts_(upstreams, net::Service::rest, options_.venue, options_.rest_urls, rules_of(history.limits(), options_)),
      backoff_(options_.backoff, options_.seed),
      http_(loop, options_.client),
      timer_(loop) {}

HistoryFetcher::~HistoryFetcher() {
  if (asked_ != nullptr) asked_->abandoned();
}

void HistoryFetcher::fetch(HistoryQuery query, Done done) {
  jobs_.push_back({std::move(query), std::move(done), {}, {}});
  // Not at once: the caller need not expect its answer before this returns.
  const bool first = jobs_.size() == 1 || !jobs_.back().query.may_wait;
  if (first && asked_ == nullptr) timer_.start({}, [this] { step(); });
}

void HistoryFetcher::step() {
  if (jobs_.empty() || asked_ != nullptr) return;
  // Between two pages a query that may wait gives way.
  std::stable_partition(jobs_.begin(), jobs_.end(), [](const Job& job) { return !job.query.may_wait; });
  const auto call = jobs_.front().query.may_wait ? net::CallClass::backfill : net::CallClass::repair;
  auto admitted = hosts_.upstream(hosts_.choose()).admit(call);
  if (admitted) return send();
  const std::chrono::milliseconds wait(admitted.error().retry_after_ms);
  if (admitted.error().code == core::ErrorCode::unavailable && wait > kPatience)
    return finish(tl::unexpected(std::move(admitted.error())));
  timer_.start(wait, [this] { step(); });
}

const VenueHistory& HistoryFetcher::spoken_at(const std::string& base) const {
  const auto found = options_.dialects.find(base);
  return found == options_.dialects.end() ? history_ : history_.dialect(found->second);
}

void HistoryFetcher::send() {
  const std::string base = hosts_.current();
  asked_ = &hosts_.upstream(base);
  counters_.requests.fetch_add(1, std::memory_order_relaxed);
  Job& job = jobs_.front();
  const VenueHistory& dialect = spoken_at(base);
  // Pages of two protocols don't fit together: the query begins anew where the other one is spoken.
  if (job.dialect != &dialect) {
    job.all = {};
    job.cursor.clear();
    job.pages = 0;
    job.dialect = &dialect;
  }
  const std::string url = join_url(base, dialect.target(job.query, job.cursor));
  // The client belongs to this object and calls back no more once destroyed, but for `cancelled`.
  http_.get(
      url, {}, options_.request_timeout,
      [this, base](core::Result<net::HttpResponse> result) {
        if (!result && result.error().code == core::ErrorCode::cancelled) return;
        take(base, std::move(result));
      },
      kMaxBody);
}

core::Result<HistoryPage> HistoryFetcher::page_of(const std::string& base, core::Result<net::HttpResponse> result) {
  if (!result) return tl::unexpected(result.error());
  const Job& job = jobs_.front();
  if (result->status != 200) {
    return tl::unexpected(net::error_of_status(
        result->status, result->headers, "history of " + job.query.symbol + " from " + host_of(base), clock_.now()));
  }
  counters_.messages.fetch_add(1, std::memory_order_relaxed);
  counters_.bytes.fetch_add(result->body.size(), std::memory_order_relaxed);
  if (options_.tap) {
    options_.tap(clock_.now(), options_.venue, "rest",
                 join_url(base, job.dialect->target(job.query, job.cursor)) + "\t" + result->body);
  }
  return job.dialect->decode(job.query, job.cursor, result->body);
}

void HistoryFetcher::take(const std::string& base, core::Result<net::HttpResponse> result) {
  net::Upstream& upstream = *std::exchange(asked_, nullptr);
  core::Duration pause = upstream.answered(result);
  const bool answered = result && result->status == 200;
  auto page = page_of(base, std::move(result));
  if (!page) {
    core::Error& error = page.error();
    if (answered && error.code == core::ErrorCode::rate_limited)
      pause = upstream.throttled(std::chrono::milliseconds(error.retry_after_ms));
    return failed(base, std::move(error), pause);
  }
  hosts_.succeed(base);
  backoff_.reset();
  add(std::move(*page));
}

void HistoryFetcher::add(HistoryPage page) {
  Job& job = jobs_.front();
  auto& all = job.all;
  all.trades.insert(all.trades.end(), page.trades.begin(), page.trades.end());
  all.candles.insert(all.candles.end(), page.candles.begin(), page.candles.end());
  job.failures = job.refusals = 0;
  if (page.next.empty()) {
    put_in_order(all);
    return finish(std::move(all));
  }
  if (++job.pages >= options_.max_pages) {
    return finish(core::fail(core::ErrorCode::too_large,
                             options_.venue + ": the history of " + job.query.symbol + " is too long"));
  }
  job.cursor = std::move(page.next);
  if (job.query.may_wait) {
    // Others came while the page was under way.
    const auto others = std::find_if(jobs_.begin() + 1, jobs_.end(), [](const Job& j) { return j.query.may_wait; });
    std::rotate(jobs_.begin(), jobs_.begin() + 1, others);
  }
  step();
}

void HistoryFetcher::failed(const std::string& base, core::Error error, core::Duration pause) {
  Job& job = jobs_.front();
  if (error.code == core::ErrorCode::rate_limited) {
    counters_.rate_limited.fetch_add(1, std::memory_order_relaxed);
    error.retryable = true;
    if (++job.refusals >= kMostRefusals) return finish(tl::unexpected(std::move(error)));
    return step();
  }
  if (error.code == core::ErrorCode::forbidden && hosts_.refuse(base)) return step();
  const bool again = error.retryable || error.code == core::ErrorCode::timeout;
  if (!again) return finish(tl::unexpected(std::move(error)));
  hosts_.fail(base);
  error.retryable = true;
  if (++job.failures >= options_.tries) return finish(tl::unexpected(std::move(error)));
  timer_.start(std::max(backoff_.next(), pause), [this] { step(); });
}

void HistoryFetcher::finish(core::Result<HistoryPage> result) {
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  if (!result) kLog.debug("{}: {}", options_.venue, result.error().context);
  timer_.start({}, [this] { step(); });
  job.done(std::move(result));
}

}  // namespace tickspan::feeds
