#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "feeds/coingecko/coingecko_feed.hpp"
#include "feeds/feed.hpp"
#include "feeds/keyed_api.hpp"
#include "net/circuit_breaker.hpp"
#include "runtime/feed_port.hpp"

namespace tickspan::feeds::coingecko {

/// Charts on request: equal requests share one call, answers are kept for a while, and nobody waits for charts that
/// fail every time, though the polls of the same host may succeed and keep its breaker closed.
/// **Threading**: the feed's loop. **Ownership**: `api` must outlive it; cancel() before destruction.
/// **Limits**: 64 different charts under way, 256 askers each, 256 answers kept.
class ChartDesk {
 public:
  ChartDesk(core::VenueId venue, KeyedApi& api, runtime::FeedPort& port, const runtime::Clock& clock,
            const CoinGeckoOptions& options);

  /// `done` is called exactly once, at once or later, also after cancel().
  void fetch(const std::string& asset_id, int days, ChartSource::Done done);
  /// Every chart under way ends with `cancelled`.
  void cancel();

 private:
  using Key = std::pair<std::string, int>;
  using Points = core::Result<std::vector<core::MarketPoint>>;
  struct Kept {
    Points points;
    core::Timestamp at;
  };

  core::Status ask(const Key& key);
  void take(const Key& key, core::Result<std::string> body);
  void keep(const Key& key, const Points& points);
  const Points* find_kept(const Key& key) const;

  core::VenueId venue_;
  KeyedApi& api_;
  runtime::FeedPort& port_;
  const runtime::Clock& clock_;
  const CoinGeckoOptions& options_;
  net::CircuitBreaker breaker_;
  std::map<Key, std::vector<ChartSource::Done>> under_way_;
  std::map<Key, Kept> kept_;
};

}  // namespace tickspan::feeds::coingecko
