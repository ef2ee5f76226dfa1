#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "history/composite_rebuild.hpp"
#include "history/past_filler.hpp"

namespace tickspan::history {

/// What is known of the stored pairs: `known` with an instrument for each of them.
core::CataloguePtr with_pairs(const core::Catalogue& known, const std::vector<storage::SeriesName>& stored);

struct CompositePast {
  core::CataloguePtr catalogue;  ///< see with_pairs()
  core::AssetId asset;
  core::Timestamp from, to;
  bool minutes = true;  ///< else hours and days alone
  double outlier = 0.03;
};

/// Composites of an asset, and of what its pairs are quoted in, for a past that was fetched: by the rule of
/// rebuild_composites(), so that what was told whole stays. Minutes out of the pairs' minutes; hours of those, or where
/// nobody has the minutes out of the pairs' hours; days of the hours. Each piece is one transaction; a run that ended
/// is made anew by the next one, which writes what differs.
/// **Threading**: the caller's; blocks. **Ownership**: all that it is given must outlive it.
/// **Limits**: a piece is six hours of minutes, or a quarter of a year of hours, of each pair of the assets.
class CompositeFiller {
 public:
  /// Asked between pieces. An error ends the run.
  using MayGoOn = std::function<core::Status()>;
  CompositeFiller(storage::StoreReader& reader, PastFiller::Write write, PastFiller::Tell tell, MayGoOn may_go_on)
      : reader_(reader), write_(std::move(write)), tell_(std::move(tell)), may_go_on_(std::move(may_go_on)) {}

  /// Returns how many candles were written. `now`: what is younger than ten minutes is left to the live ones.
  core::Result<std::uint64_t> run(const CompositePast& past, core::Timestamp now);

 private:
  core::Status fill_minutes();
  core::Status fill_hours();
  core::Status leave_sums(const storage::SeriesName& name, std::vector<core::Candle>& hours);
  core::Status sum_above(core::AssetId asset, core::Interval interval, core::Timestamp from, core::Timestamp to,
                         LevelRepair::Which which);
  core::Status put(core::AssetId asset, core::Interval interval, const std::vector<core::Candle>& candles);
  core::Result<std::vector<core::RepairedCandles>> rebuild(core::Interval interval, core::Timestamp from,
                                                           core::Timestamp to);
  storage::SeriesName name_of(core::AssetId asset) const;
  core::Status done_until(std::string_view level, core::Timestamp at);

  storage::StoreReader& reader_;
  PastFiller::Write write_;
  PastFiller::Tell tell_;
  MayGoOn may_go_on_;
  CompositePast past_;
  std::vector<core::AssetId> assets_;  ///< units before what is quoted in them
  core::Timestamp until_;
  std::uint64_t written_ = 0;
};

}  // namespace tickspan::history
