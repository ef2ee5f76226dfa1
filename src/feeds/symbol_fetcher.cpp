#include "feeds/symbol_fetcher.hpp"

#include <algorithm>

#include "net/http_status.hpp"

namespace tickspan::feeds {
namespace {

using core::FeedState;
constexpr std::size_t kMaxBody = 64 << 20;
constexpr core::Duration kTimeout = std::chrono::seconds(30);

net::BackoffOptions scaled_backoff(const SessionContext& context) {
  net::BackoffOptions options;
  options.floor = context.scaled(options.floor);
  options.ceiling = context.scaled(options.ceiling);
  return options;
}

}  // namespace

SymbolFetcher::SymbolFetcher(SessionContext& context, std::vector<std::string> rest_urls, core::Duration refresh,
                             std::uint64_t seed)
    : context_(context),
      hosts_(context.upstreams, net::Service::rest, context.venue_id(), std::move(rest_urls)),
      backoff_(scaled_backoff(context), seed),
      http_(context.loop, context.client),
      timer_(context.loop),
      refresh_(refresh) {}

SymbolFetcher::~SymbolFetcher() {
  if (asked_ != nullptr) asked_->abandoned();
}

void SymbolFetcher::start() {
  fetch();
}

void SymbolFetcher::fetch() {
  const std::string base = hosts_.choose();
  net::Upstream& upstream = hosts_.upstream(base);
  if (const auto admitted = upstream.admit(); !admitted) return come_back(admitted.error());
  asked_ = &upstream;
  const std::string url = join_url(base, context_.spoken_at(base).symbols_target());
  context_.counters.requests.fetch_add(1, std::memory_order_relaxed);
  const auto timeout = std::max(std::chrono::milliseconds(1),
                                std::chrono::duration_cast<std::chrono::milliseconds>(context_.scaled(kTimeout)));
  // The client belongs to this object and calls back no more once destroyed, but for `cancelled`.
  http_.get(
      url, {}, timeout,
      [this, base](core::Result<net::HttpResponse> result) {
        if (!result && result.error().code == core::ErrorCode::cancelled) return;
        take(base, std::move(result));
      },
      kMaxBody);
  if (state_ != FeedState::live) set_state(FeedState::connecting, "asking for the list of pairs");
}

void SymbolFetcher::come_back(const core::Error& error) {
  timer_.start(std::chrono::milliseconds(error.retry_after_ms), [this] { fetch(); });
  if (state_ != FeedState::live && error.code == core::ErrorCode::unavailable)
    set_state(FeedState::backing_off, error.context);
}

void SymbolFetcher::take(const std::string& base, core::Result<net::HttpResponse> result) {
  asked_ = nullptr;
  net::Upstream& upstream = hosts_.upstream(base);
  core::Duration pause = upstream.answered(result);
  const bool answered = result && result->status == 200;
  auto list = list_of(base, std::move(result));
  if (!list) {
    const core::Error& error = list.error();
    if (answered && error.code == core::ErrorCode::rate_limited)
      pause = upstream.throttled(std::chrono::milliseconds(error.retry_after_ms));
    return failed(base, error, pause);
  }
  hosts_.succeed(base);
  backoff_.reset();
  timer_.start(context_.scaled(refresh_), [this] { fetch(); });
  set_state(FeedState::live, {});
  on_list(std::move(*list));
}

core::Result<std::vector<core::ListedPair>> SymbolFetcher::list_of(const std::string& base,
                                                                   core::Result<net::HttpResponse> result) {
  if (!result) return tl::unexpected(result.error());
  if (result->status != 200) {
    return tl::unexpected(net::error_of_status(result->status, result->headers, "list of pairs from " + host_of(base),
                                               context_.clock.now()));
  }
  if (context_.tap)
    context_.record("rest", join_url(base, context_.spoken_at(base).symbols_target()) + "\t" + result->body);
  return context_.spoken_at(base).decode_symbols(result->body);
}

void SymbolFetcher::failed(const std::string& base, const core::Error& error, core::Duration pause) {
  if (error.code == core::ErrorCode::rate_limited)
    context_.counters.rate_limited.fetch_add(1, std::memory_order_relaxed);
  core::Duration delay = std::max(backoff_.next(), pause);
  bool refused = false;
  if (error.code == core::ErrorCode::forbidden) {
    refused = !hosts_.refuse(base);
    delay = refused ? context_.scaled(context_.all_refused_pause) : core::Duration{};
  } else {
    hosts_.fail(base);
  }
  timer_.start(delay, [this, refused] {
    if (refused) hosts_.forgive();
    fetch();
  });
  // A list from yesterday still serves: only the log hears of it.
  if (state_ == FeedState::live)
    return kLog.warn("{}: the list of pairs can't be refreshed: {}", context_.venue_id(), error.context);
  set_state(refused ? FeedState::stopped : FeedState::backing_off,
            (refused ? "every host refuses for good, last: " : "") + error.context);
}

void SymbolFetcher::set_state(FeedState state, std::string detail) {
  if (state_ == state && detail_ == detail) return;
  state_ = state;
  detail_ = std::move(detail);
  on_changed();
}

}  // namespace tickspan::feeds
