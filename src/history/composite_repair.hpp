#pragma once

#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "core/write_batch.hpp"
#include "history/composite_rebuild.hpp"
#include "history/store_link.hpp"
#include "runtime/clock.hpp"

namespace tickspan::history {

/// Composites whose pairs' minutes were made anew, and whose own are rebuilt where they lack (rebuild_composites()).
///
/// What is left to do is not kept: whoever starts again tells of the same repairs again, and what is whole stays.
/// Pairs that come one after the other are waited for, up to a minute: each asset is made once, out of all of them.
/// **Threading**: the loop's. **Ownership**: `link` must outlive it. **Limits**: one job at a time, of up to 50 assets
/// and six hours.
class CompositeRepair {
 public:
  /// What was rebuilt; it is on its way to the store.
  using Rebuilt = std::function<void(const core::RepairedCandles&)>;
  CompositeRepair(StoreLink& link, double outlier, Rebuilt rebuilt)
      : outlier_(outlier), state_(std::make_shared<State>(link, std::move(rebuilt))) {}

  /// Minutes in [from, to) of a pair of this asset are other ones by `now`.
  void changed(core::AssetId asset, core::Timestamp from, core::Timestamp to, core::Timestamp now);
  /// Does what is due.
  void tick(const core::CataloguePtr& catalogue, core::Timestamp now);
  bool idle() const { return !state_->busy && state_->pending.empty(); }

 private:
  struct Range {
    core::Timestamp from, to;
  };
  struct Pending {
    std::map<core::AssetId, Range> assets;
    core::Timestamp first, not_before;  ///< when the first of them came, and when it is to be done
  };
  // The jobs on the reader's threads may end after this is gone.
  struct State {
    State(StoreLink& l, Rebuilt r) : link(l), rebuilt(std::move(r)) {}
    StoreLink& link;
    Rebuilt rebuilt;
    std::map<core::Timestamp, Pending> pending;  ///< by the six hours that it lies in
    bool busy = false;
  };
  static void finish(State& state, const CompositeQuery& query, core::Timestamp now,
                     const core::Result<std::vector<core::RepairedCandles>>& made);
  static void add(State& state, core::AssetId asset, const Range& range, core::Timestamp now, core::Duration wait);

  const double outlier_;
  std::shared_ptr<State> state_;
};

}  // namespace tickspan::history
