#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/market_data.hpp"
#include "runtime/clock.hpp"
#include "server/backend.hpp"
#include "server/web_loop.hpp"

namespace tickspan::server {

/// Asks the aggregator for an asset's past, once for all who want the same at the same time, and not again for a while:
/// its budget of requests is small. What came of it is kept for kKeep, a refusal for kKeepRefusal.
/// **Threading**: any. **Ownership**: held by shared_ptr; an answer that comes after it has gone is dropped.
class ChartFetcher : public std::enable_shared_from_this<ChartFetcher> {
 public:
  explicit ChartFetcher(const runtime::Clock& clock) : clock_(clock) {}

  using Points = std::shared_ptr<const std::vector<core::MarketPoint>>;
  /// `done` runs on `loop`, exactly once unless the loop ends: with the points, or null when there are none to be had
  /// within `patience`.
  void fetch(const Backend& backend, const std::string& asset_id, int days, std::chrono::milliseconds patience,
             const std::shared_ptr<WebLoop>& loop, std::function<void(Points)> done);
  /// Another pipeline is served from now on: forgets everything.
  void clear();

  static constexpr core::Duration kKeep = std::chrono::minutes(5);
  /// Long enough that a burst of clients asks once, short enough that the chart is there when the budget is.
  static constexpr core::Duration kKeepRefusal = std::chrono::seconds(10);
  static constexpr core::Duration kLost = std::chrono::minutes(2);  ///< a request without an answer is given up
  static constexpr std::size_t kMaxKept = 64;

 private:
  struct Waiter {
    std::shared_ptr<WebLoop> loop;
    std::function<void(Points)> done;
  };
  struct Entry {
    bool finished = false;
    core::Timestamp at;  ///< when asked, then when finished
    Points points;
    std::vector<Waiter> waiters;
  };
  using Key = std::pair<std::uint64_t, std::string>;  ///< generation, "<days>:<asset>"

  void finish(const Key& key, Points points);
  void forget_old(core::Timestamp now);

  const runtime::Clock& clock_;
  std::mutex mutex_;
  std::uint64_t generation_ = 0;  // guarded by mutex_
  std::map<Key, Entry> entries_;  // guarded by mutex_
};

}  // namespace tickspan::server
