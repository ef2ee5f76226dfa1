#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/feed_event.hpp"
#include "feeds/feed.hpp"
#include "feeds/host_ring.hpp"
#include "feeds/venue_history.hpp"
#include "net/backoff.hpp"
#include "net/http_client.hpp"
#include "net/loop_timer.hpp"
#include "net/upstream.hpp"
#include "runtime/clock.hpp"
#include "runtime/event_loop.hpp"

namespace tickspan::feeds {

struct HistoryFetcherOptions {
  std::string venue;                            ///< for the log
  std::vector<std::string> rest_urls;           ///< tried in order
  std::map<std::string, std::string> dialects;  ///< by address, where it isn't the venue's first
  net::ClientOptions client;
  FrameTap tap;
  std::chrono::milliseconds request_timeout{20'000};
  double share = 1;             ///< of the venue's budget, where another program of ours asks there, too
  std::size_t max_pages = 200;  ///< of one query; more is `too_large`
  unsigned tries = 4;           ///< of one page; being told to wait does not count
  net::BackoffOptions backoff{std::chrono::seconds(1), std::chrono::seconds(30), std::chrono::seconds(30)};
  std::uint64_t seed = 0;  ///< of the jitter; 0: a random one
};

/// Asks a venue's REST service for its past, one page at a time, one query after the other.
///
/// Keeps to the budget and the breaker of the host, which it shares with whoever else asks there: queries that may wait
/// as backfill, the others as repair. What may wait gives way between two pages. A host that refuses for minutes is not
/// waited for: its queries fail, and may work another time.
/// **Threading**: the loop's. **Ownership**: loop, clock, history and desk must outlive it; queries that are not done
/// when it is destroyed are dropped. **Limits**: a body of 8 MiB, `max_pages` a query.
class HistoryFetcher final : public HistorySource {
 public:
  HistoryFetcher(const VenueHistory& history, runtime::EventLoop& loop, const runtime::Clock& clock,
                 net::UpstreamDesk& upstreams, HistoryFetcherOptions options);
  ~HistoryFetcher() override;

  const HistoryLimits& limits() const override { return history_.limits(); }
  void fetch(HistoryQuery query, Done done) override;
  std::size_t waiting() const { return jobs_.size(); }
  /// Requests sent, and those that were told to come later.
  const core::FeedCounters& counters() const { return counters_; }

 private:
  struct Job {
    HistoryQuery query;
    Done done;
    HistoryPage all;
    std::string cursor;
    const VenueHistory* dialect = nullptr;  ///< that `cursor` is of
    std::size_t pages = 0;
    unsigned failures = 0;
    unsigned refusals = 0;
  };
  void step();
  void send();
  const VenueHistory& spoken_at(const std::string& base) const;
  void take(const std::string& base, core::Result<net::HttpResponse> result);
  core::Result<HistoryPage> page_of(const std::string& base, core::Result<net::HttpResponse> result);
  void add(HistoryPage page);
  void failed(const std::string& base, core::Error error, core::Duration pause);
  void finish(core::Result<HistoryPage> result);

  const VenueHistory& history_;
  const runtime::Clock& clock_;
  HistoryFetcherOptions options_;
  HostRing hosts_;
  net::Backoff backoff_;
  net::HttpClient http_;
  net::LoopTimer timer_;
  core::FeedCounters counters_;
  std::deque<Job> jobs_;            ///< the first one is under way
  net::Upstream* asked_ = nullptr;  ///< while a request is under way
};

}  // namespace tickspan::feeds
