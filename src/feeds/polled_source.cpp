#include "feeds/polled_source.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tickspan::feeds {
namespace {

using core::FeedState;
using net::CallClass;

constexpr core::Duration kRefusedPause = std::chrono::minutes(30);
constexpr core::Duration kFlushPeriod = std::chrono::milliseconds(250);
// Who waits longer than this for the budget says so.
constexpr core::Duration kQuietWait = std::chrono::minutes(1);

core::Duration times(core::Duration d, double scale) {
  return core::Duration(static_cast<std::int64_t>(static_cast<double>(d.count()) * scale));
}

net::BackoffOptions backoff_options(const PollingOptions& options) {
  return {times(options.first_retry, options.time_scale), times(std::chrono::minutes(1), options.time_scale),
          times(std::chrono::seconds(30), options.time_scale)};
}

}  // namespace

PolledSource::PolledSource(const SourceSurroundings& around, PollingOptions options)
    : around_(around),
      api_(around.loop, around.clock,
           around.upstreams.rest(options.api.venue, options.api.base_url, options.rules, options.api.key), counters_,
           options.api),
      name_(options.api.venue),
      time_scale_(options.time_scale),
      backoff_(backoff_options(options), options.seed),
      timer_(around.loop),
      flush_timer_(around.loop) {}

core::Duration PolledSource::scaled(core::Duration d) const {
  return times(d, time_scale_);
}

void PolledSource::start() {
  if (running_) return;
  running_ = true;
  starting();
  set_state(FeedState::connecting, {});
  flush();
  begin();
}

void PolledSource::stop() {
  if (!running_) return;
  running_ = false;
  timer_.cancel();
  flush_timer_.cancel();
  stopping();
  api_.cancel_all();
  set_state(FeedState::stopped, {});
  around_.port.flush();
}

void PolledSource::fetch_chart(const std::string& asset_id, int days, ChartSource::Done done) {
  if (!running_) return done(core::fail(core::ErrorCode::unavailable, name_ + " is not being asked", true));
  chart(asset_id, days, std::move(done));
}

void PolledSource::begin() {
  began_at_ = now();
  round();
}

void PolledSource::begin_again_in(core::Duration delay) {
  timer_.start(delay, [this] { begin(); });
}

void PolledSource::ask(const std::string& target, const Take& take) {
  const auto started = api_.get(target, CallClass::live, 1, [take](Body body) {
    // Cancelled: the source may be gone.
    if (!body && body.error().code == core::ErrorCode::cancelled) return;
    take(std::move(body));
  });
  if (started) return;
  const std::chrono::milliseconds wait(std::max<std::int64_t>(1, started.error().retry_after_ms));
  if (wait > kQuietWait) set_state(FeedState::backing_off, started.error().context);
  timer_.start(wait, [this, target, take] { ask(target, take); });
}

core::Duration PolledSource::left_of(core::Duration period) const {
  return std::max({core::Duration(std::chrono::milliseconds(1)), period - spent(), api_.wait(CallClass::live)});
}

void PolledSource::failed(const core::Error& error) {
  const bool refused = error.code == core::ErrorCode::forbidden;
  const core::Duration delay =
      std::max({backoff_.next(), api_.wait(CallClass::live), refused ? scaled(kRefusedPause) : core::Duration{}});
  set_state(refused ? FeedState::stopped : FeedState::backing_off, error.context);
  timer_.start(delay, [this] {
    if (state_ == FeedState::backing_off) set_state(FeedState::connecting, detail_);
    retry();
  });
}

void PolledSource::flush() {
  around_.port.flush();
  flush_timer_.start(kFlushPeriod, [this] { flush(); });
}

void PolledSource::set_state(FeedState state, std::string detail) {
  if (state_ == state && detail_ == detail) return;
  state_ = state;
  detail_ = std::move(detail);
  const std::string line = fmt::format("{}: {} at {}{}{}", name_, core::to_string(state_), api_.host(),
                                       detail_.empty() ? "" : ": ", detail_);
  state_log_.changed(state_, line, detail_);
  around_.port.push_event(core::FeedStatus{around_.venue, state_, api_.host(), detail_, now()});
}

PolledFeed::~PolledFeed() {
  stop();
}

void PolledFeed::start() {
  source_->loop().post([weak = std::weak_ptr(source_)] {
    if (const auto source = weak.lock()) source->start();
  });
}

void PolledFeed::stop() {
  source_->loop().run_and_wait([this] { source_->stop(); });
}

void PolledFeed::fetch_chart(std::string asset_id, int days, Done done) {
  // Keeps the parts alive that answer, even where the feed goes before its turn comes.
  source_->loop().post([source = source_, asset_id = std::move(asset_id), days, done = std::move(done)]() mutable {
    source->fetch_chart(asset_id, days, std::move(done));
  });
}

}  // namespace tickspan::feeds
