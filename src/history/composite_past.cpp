#include "history/composite_past.hpp"

#include <algorithm>
#include <set>

#include "market/instrument_mapper.hpp"

namespace tickspan::history {
namespace {

using core::Candle;
using core::Interval;
using core::Status;
using core::Timestamp;
using Which = LevelRepair::Which;

constexpr core::Duration kLive = std::chrono::minutes(10);
constexpr core::Duration kHour = std::chrono::hours(1);
constexpr core::Duration kDay = std::chrono::hours(24);
constexpr core::Duration kMinutesPiece = std::chrono::hours(6);
constexpr core::Duration kHoursPiece = 90 * kDay;

/// The asset and all that its price may be told in, as far as it is a composite itself.
std::vector<core::AssetId> with_units(const core::Catalogue& names, core::AssetId asset) {
  std::set<core::AssetId> found{asset};
  std::vector<core::AssetId> out{asset};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const core::AssetId base = out[i];
    const int level = market::conversion_level(names.asset(base));
    for (const core::Instrument& pair : names.instruments()) {
      if (pair.base != base || market::conversion_level(names.asset(pair.quote)) >= level) continue;
      if (names.asset(pair.quote).id != "usd" && found.insert(pair.quote).second) out.push_back(pair.quote);
    }
  }
  std::stable_sort(out.begin(), out.end(), [&](core::AssetId a, core::AssetId b) {
    return market::conversion_level(names.asset(a)) < market::conversion_level(names.asset(b));
  });
  return out;
}

}  // namespace

core::CataloguePtr with_pairs(const core::Catalogue& known, const std::vector<storage::SeriesName>& stored) {
  auto out = std::make_shared<core::Catalogue>(known);
  for (const storage::SeriesName& name : stored) {
    const core::AssetId base = out->find_id(name.base), quote = out->find_id(name.quote);
    if (name.venue.empty() || !base.valid() || !quote.valid()) continue;
    const core::VenueId venue = out->upsert_venue({name.venue, name.venue, false, "", ""});
    out->add_instrument({venue, base, quote, name.base + "/" + name.quote});
  }
  return out;
}

core::Result<std::uint64_t> CompositeFiller::run(const CompositePast& past, Timestamp now) {
  past_ = past;
  past_.from = past.from.floor_to(kHour);
  until_ = now - kLive;
  past_.to = std::min(past.to, until_);
  assets_ = with_units(*past.catalogue, past.asset);
  written_ = 0;
  if (past.minutes) {
    if (auto done = fill_minutes(); !done) return tl::unexpected(done.error());
  }
  if (auto done = fill_hours(); !done) return tl::unexpected(done.error());
  return written_;
}

core::Result<std::vector<core::RepairedCandles>> CompositeFiller::rebuild(Interval interval, Timestamp from,
                                                                          Timestamp to) {
  return rebuild_composites(reader_, {past_.catalogue, assets_, from, to, until_, past_.outlier, interval});
}

Status CompositeFiller::fill_minutes() {
  for (Timestamp at = past_.from; at < past_.to;) {
    const Timestamp end = std::min(past_.to, at.floor_to(kMinutesPiece) + kMinutesPiece);
    const auto made = rebuild(Interval::m1, at, end);
    if (!made) return tl::unexpected(made.error());
    for (const core::RepairedCandles& one : *made) {
      if (auto written = put(one.series.base, Interval::m1, one.minutes); !written) return written;
    }
    for (const core::AssetId asset : assets_) {
      const bool changed =
          std::any_of(made->begin(), made->end(), [&](const auto& m) { return m.series.base == asset; });
      auto summed = sum_above(asset, Interval::h1, at, end, changed ? Which::changed : Which::missing);
      if (!summed) return summed;
    }
    at = end;
    if (auto go_on = done_until("1m", at); !go_on) return go_on;
  }
  return {};
}

// The days, too: of whichever hours there are.
Status CompositeFiller::fill_hours() {
  const Timestamp to = past_.to.floor_to(kHour);
  for (Timestamp at = past_.from; at < to;) {
    const Timestamp end = std::min(to, at.floor_to(kHoursPiece) + kHoursPiece);
    auto made = rebuild(Interval::h1, at, end);
    if (!made) return tl::unexpected(made.error());
    for (core::RepairedCandles& one : *made) {
      if (auto left = leave_sums(name_of(one.series.base), one.hours); !left) return left;
      if (auto written = put(one.series.base, Interval::h1, one.hours); !written) return written;
    }
    for (const core::AssetId asset : assets_) {
      if (auto days = sum_above(asset, Interval::d1, at, end, Which::changed); !days) return days;
    }
    at = end;
    if (auto go_on = done_until("1h", at); !go_on) return go_on;
  }
  return {};
}

// An hour that is the sum of its minutes knows more than one made of hours.
Status CompositeFiller::leave_sums(const storage::SeriesName& name, std::vector<Candle>& hours) {
  if (hours.empty()) return {};
  storage::CandleQuery query{.base = name.base,
                             .quote = name.quote,
                             .interval = Interval::h1,
                             .start = hours.front().start,
                             .end = hours.back().start + kHour};
  const auto known = reader_.candles(query);
  if (!known) return tl::unexpected(known.error());
  query.interval = Interval::m1;
  query.limit = 1;
  std::vector<Candle> out;
  auto next = known->begin();
  for (const Candle& hour : hours) {
    while (next != known->end() && next->start < hour.start) ++next;
    const bool whole = next != known->end() && next->start == hour.start && next->final && !next->incomplete;
    if (whole) {
      query.start = hour.start;
      query.end = hour.start + kHour;
      const auto minute = reader_.candles(query);
      if (!minute) return tl::unexpected(minute.error());
      if (!minute->empty()) continue;
    }
    out.push_back(hour);
  }
  hours = std::move(out);
  return {};
}

Status CompositeFiller::sum_above(core::AssetId asset, Interval interval, Timestamp from, Timestamp to, Which which) {
  const auto sums = LevelRepair::sums(reader_, name_of(asset), interval, from, to, until_, which);
  if (!sums) return tl::unexpected(sums.error());
  return put(asset, interval, *sums);
}

Status CompositeFiller::put(core::AssetId asset, Interval interval, const std::vector<Candle>& candles) {
  if (candles.empty()) return {};
  core::WriteBatch batch;
  batch.catalogue = past_.catalogue;
  const core::SeriesKey series{asset, past_.catalogue->find_id("usd"), {}};
  for (const Candle& candle : candles) batch.candles.push_back({series, interval, candle});
  if (auto written = write_(std::move(batch)); !written) return written;
  written_ += candles.size();
  return {};
}

storage::SeriesName CompositeFiller::name_of(core::AssetId asset) const {
  return {past_.catalogue->asset(asset).id, "usd", ""};
}

Status CompositeFiller::done_until(std::string_view level, Timestamp at) {
  const auto all = static_cast<double>((past_.to - past_.from).count());
  const double share = at >= past_.to.floor_to(kHour) ? 1 : static_cast<double>((at - past_.from).count()) / all;
  if (tell_) tell_({level, at, share, written_, 0, {}});
  return may_go_on_ ? may_go_on_() : Status{};
}

}  // namespace tickspan::history
