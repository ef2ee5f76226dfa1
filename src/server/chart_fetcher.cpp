#include "server/chart_fetcher.hpp"

#include <utility>

#include "runtime/log.hpp"

namespace tickspan::server {
namespace {

constexpr runtime::Log kLog{"server"};

}  // namespace

void ChartFetcher::fetch(const Backend& backend, const std::string& asset_id, int days,
                         std::chrono::milliseconds patience, const std::shared_ptr<WebLoop>& loop,
                         std::function<void(Points)> done) {
  if (!backend.fetch_chart) return loop->post([done = std::move(done)] { done(nullptr); });
  // Both the answer and the deadline come on the loop's thread, so no lock decides which was first. The first takes the
  // function away, and what it holds with it: a source that never answers keeps nothing alive.
  const auto pending = std::make_shared<std::function<void(Points)>>(std::move(done));
  const auto once = [pending](const Points& points) {
    if (const auto first = std::exchange(*pending, nullptr)) first(points);
  };
  Key key;
  {
    const std::lock_guard lock(mutex_);
    forget_old(clock_.now());
    key = {generation_, std::to_string(days) + ':' + asset_id};
    const auto [it, added] = entries_.try_emplace(key);
    if (it->second.finished) return loop->post([once, points = it->second.points] { once(points); });
    if (added) it->second.at = clock_.now();
    it->second.waiters.push_back({loop, once});
    loop->after(patience, [once] { once(nullptr); });
    if (!added) return;
  }
  // Not under the lock: a refusal answers at once. No reference to the backend goes into the callback, so that none can
  // be the last one, on one of the backend's own threads.
  backend.fetch_chart(
      asset_id, days, [self = weak_from_this(), key, asset_id](core::Result<std::vector<core::MarketPoint>> result) {
        const auto fetcher = self.lock();
        if (!fetcher) return;
        if (!result) kLog.debug("no chart of {}: {}", asset_id, result.error().context);
        fetcher->finish(key,
                        result ? std::make_shared<const std::vector<core::MarketPoint>>(std::move(*result)) : nullptr);
      });
}

void ChartFetcher::finish(const Key& key, Points points) {
  std::vector<Waiter> waiters;
  {
    const std::lock_guard lock(mutex_);
    const auto it = entries_.find(key);
    if (it == entries_.end() || it->second.finished) return;
    it->second.finished = true;
    it->second.at = clock_.now();
    it->second.points = points;
    waiters.swap(it->second.waiters);
  }
  for (Waiter& waiter : waiters) {
    waiter.loop->post([done = std::move(waiter.done), points] { done(points); });
  }
}

void ChartFetcher::forget_old(core::Timestamp now) {
  const auto lifetime = [](const Entry& e) { return !e.finished ? kLost : e.points ? kKeep : kKeepRefusal; };
  std::erase_if(entries_, [&](const auto& item) { return now - item.second.at > lifetime(item.second); });
  if (entries_.size() < kMaxKept) return;
  std::erase_if(entries_, [](const auto& item) { return item.second.finished; });
}

void ChartFetcher::clear() {
  const std::lock_guard lock(mutex_);
  ++generation_;
  std::erase_if(entries_, [](const auto& item) { return item.second.finished; });
}

}  // namespace tickspan::server
