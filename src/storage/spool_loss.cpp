#include "storage/spool_loss.hpp"

#include <algorithm>

namespace tickspan::storage {
namespace {

// Of a store that holds nothing it is not known since when rows were lost.
constexpr core::Duration kUnknownSpan = std::chrono::hours(1);

}  // namespace

void SpoolLoss::know(const core::Catalogue& catalogue) {
  for (const core::Venue& venue : catalogue.venues()) {
    if (!venue.polled) venues_.insert(venue.id);
  }
}

void SpoolLoss::tell(std::uint64_t damaged, std::vector<core::WriteBatch>& next) {
  pending_ = pending_ || damaged > seen_;
  seen_ = std::max(seen_, damaged);
  if (!pending_) return;
  for (core::WriteBatch& batch : next) {
    if (batch.catalogue) know(*batch.catalogue);
    if (!batch.heard_until.is_set()) continue;
    const core::Timestamp end = batch.heard_until;
    const core::Timestamp start = written_until_.is_set() ? std::min(written_until_, end) : end - kUnknownSpan;
    for (const std::string& venue : venues_) {
      const core::Gap gap{venue, {}, start, std::max(end, start + core::Duration{1}), core::GapCause::restart};
      const bool told = std::any_of(batch.gaps.begin(), batch.gaps.end(), [&](const core::Gap& other) {
        return other.venue == venue && other.start == start && other.instrument_symbol.empty();
      });
      if (!told) batch.gaps.push_back(gap);
    }
    return;
  }
}

void SpoolLoss::written(const std::vector<core::WriteBatch>& batches) {
  for (const core::WriteBatch& batch : batches) {
    if (!batch.heard_until.is_set()) continue;
    written_until_ = std::max(written_until_, batch.heard_until);
    pending_ = false;
  }
}

}  // namespace tickspan::storage
