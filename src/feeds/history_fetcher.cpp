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

}  // namespace

HistoryFetcher::HistoryFetcher(const VenueHistory& history, runtime::EventLoop& loop, const runtime::Clock& clock,
                               net::RateBudget& budget, HistoryFetcherOptions options)
    : history_(history),
      clock_(clock),
      budget_(budget),
      options_(std::move(options)),
      hosts_(options_.rest_urls),
      backoff_(options_.backoff, options_.seed),
      breaker_(clock),
      http_(loop, options_.client),
      timer_(loop) {
  const net::RateLimit limit{history.limits().requests_per_minute * options_.share,
                             std::max(1.0, history.limits().burst * options_.share)};
  for (const std::string& url : options_.rest_urls) budget_.set_limit(url, limit);
}

HistoryFetcher::~HistoryFetcher() = default;

void HistoryFetcher::fetch(HistoryQuery query, Done done) {
  auto place = jobs_.end();
  if (!query.may_wait) {
    // One that is under way stays where it is; between its pages it gives way.
    const auto first = jobs_.begin() + (asking_ ? 1 : 0);
    place = std::find_if(first, jobs_.end(), [](const Job& job) { return job.query.may_wait; });
  }
  jobs_.insert(place, {std::move(query), std::move(done), {}, {}});
  // Not at once: the caller need not expect its answer before this returns.
  if (jobs_.size() == 1 && !asking_) timer_.start({}, [this] { step(); });
}

void HistoryFetcher::step() {
  if (jobs_.empty() || asking_) return;
  const std::string& host = hosts_.current();
  core::Duration wait = budget_.wait(host);
  if (wait.count() == 0 && !breaker_.allow()) wait = std::max(breaker_.wait(), core::Duration(std::chrono::seconds(1)));
  if (wait.count() == 0 && !budget_.try_take(host)) wait = std::chrono::milliseconds(10);
  if (wait.count() > 0) return timer_.start(wait, [this] { step(); });
  send();
}

const VenueHistory& HistoryFetcher::spoken_at(const std::string& base) const {
  const auto found = options_.dialects.find(base);
  return found == options_.dialects.end() ? history_ : history_.dialect(found->second);
}

void HistoryFetcher::send() {
  asking_ = true;
  const std::string base = hosts_.current();
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
        asking_ = false;
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
  auto page = page_of(base, std::move(result));
  if (!page) return failed(base, page.error());
  hosts_.succeed(base);
  breaker_.success();
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

void HistoryFetcher::failed(const std::string& base, core::Error error) {
  Job& job = jobs_.front();
  core::Duration delay = std::max(backoff_.next(), core::Duration(std::chrono::milliseconds(error.retry_after_ms)));
  if (error.code == core::ErrorCode::rate_limited) {
    counters_.rate_limited.fetch_add(1, std::memory_order_relaxed);
    budget_.pause(base, delay);
    error.retryable = true;
    if (++job.refusals >= kMostRefusals) return finish(tl::unexpected(std::move(error)));
    return step();
  }
  if (error.code == core::ErrorCode::forbidden && hosts_.refuse(base)) return step();
  const bool again = error.retryable || error.code == core::ErrorCode::timeout;
  if (!again) return finish(tl::unexpected(std::move(error)));
  hosts_.fail(base);
  breaker_.failure();
  error.retryable = true;
  if (++job.failures >= options_.tries) return finish(tl::unexpected(std::move(error)));
  timer_.start(delay, [this] { step(); });
}

void HistoryFetcher::finish(core::Result<HistoryPage> result) {
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  if (!result) kLog.debug("{}: {}", options_.venue, result.error().context);
  timer_.start({}, [this] { step(); });
  job.done(std::move(result));
}

}  // namespace tickspan::feeds
