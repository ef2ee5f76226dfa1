#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/freshness.hpp"
#include "core/time.hpp"
#include "feeds/feed.hpp"
#include "feeds/keyed_api.hpp"
#include "feeds/state_log.hpp"
#include "net/backoff.hpp"
#include "net/loop_timer.hpp"
#include "net/upstream.hpp"
#include "runtime/clock.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/feed_port.hpp"

namespace tickspan::feeds {

/// Where a source works. All of it must outlive the source.
struct SourceSurroundings {
  core::VenueId venue;
  runtime::EventLoop& loop;
  runtime::FeedPort& port;
  const runtime::Clock& clock;
  net::UpstreamDesk& upstreams;
};

/// How a service is asked.
struct PollingOptions {
  KeyedApiOptions api;
  net::UpstreamRules rules;
  core::Duration first_retry = std::chrono::seconds(10);  ///< after a failure, at least; grows to a minute and more
  std::uint64_t seed = 1;                                 ///< of the jitter
  double time_scale = 1;                                  ///< every delay is multiplied by it, for tests
};

/// A source that is asked rather than listened to: rounds of calls within the budget, what becomes of them told as a
/// state, failures tried again. The venue says what a round asks, and reads the answers.
///
/// A key that is refused is tried again after half an hour; every other failure after a back-off, and not before
/// budget and breaker allow it.
/// **Threading**: the loop, but for the accessors. **Ownership**: by shared pointer, so that a chart asked for just
/// before its end is still refused properly; to be stopped before the last one goes.
class PolledSource : public std::enable_shared_from_this<PolledSource> {
 public:
  PolledSource(const SourceSurroundings& around, PollingOptions options);
  virtual ~PolledSource() = default;

  void start();
  void stop();
  void fetch_chart(const std::string& asset_id, int days, ChartSource::Done done);

  core::VenueId venue() const { return around_.venue; }
  runtime::EventLoop& loop() const { return around_.loop; }
  const core::FeedCounters& counters() const { return counters_; }

 protected:
  using Body = core::Result<std::string>;
  using Take = std::function<void(Body body)>;

  /// Before the first round.
  virtual void starting() {}
  /// Asks for the first thing of a round, whose end is begin_again_in().
  virtual void round() = 0;
  /// After a failure: where the round goes on.
  virtual void retry() { begin(); }
  /// Before calls under way are cancelled.
  virtual void stopping() {}
  virtual void chart(const std::string& asset_id, int days, ChartSource::Done done) = 0;

  /// One call of the round, as soon as the budget has room for it. `take` is not called once the source is stopped.
  void ask(const std::string& target, const Take& take);
  /// What `decode` makes of an answer; what it cannot read is counted.
  template <typename Decode>
  auto decoded(const Body& body, Decode decode) -> decltype(decode(*body)) {
    if (!body) return tl::unexpected(body.error());
    auto result = decode(*body);
    if (!result) counters_.undecodable.fetch_add(1, std::memory_order_relaxed);
    return result;
  }
  void failed(const core::Error& error);
  /// The round brought what it was to bring.
  void succeeded() { backoff_.reset(); }
  /// How long ago the round began.
  core::Duration spent() const { return std::max(core::Duration{}, now() - began_at_); }
  /// What is left of `period` since then, or longer where nothing may be asked before.
  core::Duration left_of(core::Duration period) const;
  void begin_again_in(core::Duration delay);
  /// Tells port and log, once per change.
  void set_state(core::FeedState state, std::string detail);
  core::Timestamp now() const { return around_.clock.now(); }
  core::Duration scaled(core::Duration d) const;

  const SourceSurroundings around_;
  core::FeedCounters counters_;
  KeyedApi api_;

 private:
  void begin();
  void flush();

  const std::string name_;
  const double time_scale_;
  net::Backoff backoff_;
  net::LoopTimer timer_, flush_timer_;
  core::FeedState state_ = core::FeedState::idle;
  std::string detail_;
  StateLog state_log_;
  core::Timestamp began_at_;
  bool running_ = false;
};

/// A polled source as a feed. Stops itself when destroyed; charts under way end with `cancelled`.
/// **Threading**: as Feed and ChartSource say. **Ownership**: as SourceSurroundings says.
class PolledFeed final : public Feed, public ChartSource {
 public:
  explicit PolledFeed(std::shared_ptr<PolledSource> source) : source_(std::move(source)) {}
  ~PolledFeed() override;

  core::VenueId venue() const override { return source_->venue(); }
  void start() override;
  void stop() override;
  void set_symbols(std::shared_ptr<const core::SymbolTable>) override {}
  const core::FeedCounters& counters() const override { return source_->counters(); }
  void fetch_chart(std::string asset_id, int days, Done done) override;

 private:
  const std::shared_ptr<PolledSource> source_;
};

}  // namespace tickspan::feeds
