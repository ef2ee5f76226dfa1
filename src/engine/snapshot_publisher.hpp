#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/snapshot.hpp"
#include "engine/sources.hpp"
#include "market/market.hpp"

namespace tickspan::engine {

/// Makes the snapshots that readers see. Only blocks with a changed row are copied, everything else is shared with the
/// snapshot before.
/// **Threading**: current() from any thread, the rest is the engine's. A lock held for the copy of one pointer is
/// cheaper than the standard library's atomic shared_ptr, and the thread sanitizer understands it.
class SnapshotPublisher {
 public:
  SnapshotPublisher(market::Market& market, Sources& sources, core::Origin origin, std::string epoch);

  /// Swaps in a new snapshot when anything changed; null otherwise. `changed` are the assets whose rows are new.
  core::SnapshotPtr publish(core::Timestamp now, const std::vector<core::AssetId>& changed);
  core::SnapshotPtr current() const;
  /// The lists of sources and markets are looked at again by the next publish(), not only once a second.
  void sources_changed() { next_lists_ = {}; }

 private:
  bool copy_blocks(const std::vector<core::AssetId>& changed);
  bool refresh_lists(core::Timestamp now);
  bool refresh_catalogue();
  std::shared_ptr<const std::vector<core::AssetId>> ranking() const;
  std::shared_ptr<const std::vector<core::ExchangeRate>> currencies() const;
  bool markets_differ() const;

  market::Market& market_;
  Sources& sources_;
  core::MarketSnapshot next_;  // what the next snapshot starts from
  std::vector<core::MarketRow> markets_;
  core::Timestamp next_lists_;
  mutable std::mutex mutex_;
  core::SnapshotPtr current_;  // guarded by mutex_
};

}  // namespace tickspan::engine
