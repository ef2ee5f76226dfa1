#include "server/series_loader.hpp"

#include <algorithm>

#include "server/guarded.hpp"
#include "server/services.hpp"
#include "server/store_read.hpp"

namespace tickspan::server {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 8s;               // for the aggregator
constexpr core::Duration kWriteDelay = 90s;  // by then a minute that is over is in the store
constexpr std::size_t kMaxGaps = 20'000;     // of the asset alone

// What one visit to the store brings.
struct Stored {
  std::vector<core::Candle> base, quote;
  std::vector<core::MarketPoint> points, quote_points;
  std::vector<core::Gap> gaps;
  std::optional<core::Error> error;
};

struct StoreQuery {
  std::string base_id, quote_id;  ///< `quote_id` empty: USD
  core::Timestamp start, end;
  core::Interval interval;
  int days;
  storage::GapScopes gaps_of;
};

template <typename T>
void take(core::Result<std::vector<T>> result, std::vector<T>& out, std::optional<core::Error>& error) {
  if (result)
    out = std::move(*result);
  else if (!error)
    error = std::move(result.error());
}

Stored read(storage::StoreReader& reader, const StoreQuery& query) {
  Stored out;
  storage::CandleQuery candles{
      .base = query.base_id, .quote = "usd", .interval = query.interval, .start = query.start, .end = query.end};
  const std::size_t most_points = static_cast<std::size_t>(query.days) * 1500;  // one a minute, and some
  take(reader.candles(candles), out.base, out.error);
  take(reader.points(query.base_id, query.start, query.end, most_points), out.points, out.error);
  take(reader.gaps({.start = query.start, .end = query.end, .limit = kMaxGaps, .of = query.gaps_of}), out.gaps,
       out.error);
  if (query.quote_id.empty()) return out;
  candles.base = query.quote_id;
  take(reader.candles(candles), out.quote, out.error);
  take(reader.points(query.quote_id, query.start, query.end, most_points), out.quote_points, out.error);
  return out;
}

LoadedSeries assemble(const Call& call, const SeriesPlan& plan, const Stored& stored) {
  const auto fill = [&](core::AssetId asset, const auto& candles, const auto& points) {
    PriceSeries series(plan.start, plan.end, core::width(plan.interval));
    series.add_candles(candles);
    if (call.snapshot->minutes) series.add_minutes(*call.snapshot->minutes, asset);
    series.add_points(points);
    return series;
  };
  LoadedSeries out{.base = fill(plan.base, stored.base, stored.points)};
  if (plan.quote == call.snapshot->usd) return out;
  out.quote = fill(plan.quote, stored.quote, stored.quote_points);
  const core::AssetRow* unit = call.snapshot->row(plan.quote);
  if (unit != nullptr && unit->has_price()) out.present_rate = 1 / unit->price.to_double();
  return out;
}

// Recorded gaps are shown where they left a mark: where there is nothing, or less than there should be.
void judge(const Call& call, const SeriesPlan& plan, const std::vector<core::Gap>& recorded, LoadedSeries& out) {
  const auto holes = out.base.holes(std::min(plan.end, call.now - kWriteDelay), plan.spacing);
  const auto partial = out.base.incomplete();
  out.complete = holes.empty() && partial.empty();
  auto marks = partial;
  marks.insert(marks.end(), holes.begin(), holes.end());
  std::vector<core::Gap> shown;
  for (const core::Gap& gap : recorded) {
    if (touches(gap, marks)) shown.push_back(gap);
  }
  out.gaps = explain(shown, holes, partial, {plan.start, plan.end});
}

bool wants_aggregator(const Call& call, const SeriesPlan& plan, const LoadedSeries& series) {
  if (!call.backend->fetch_chart) return false;
  core::Duration missing{};
  for (const TimeSpan& hole : series.base.holes(std::min(plan.end, call.now - kWriteDelay), plan.spacing))
    missing += hole.end - hole.start;
  if (missing * 50 > plan.end - plan.start) return true;  // more than a fiftieth
  if (!plan.want_facts) return false;
  const auto& cells = series.base.cells();
  return std::none_of(cells.begin(), cells.end(), [](const auto& cell) { return cell.market_cap || cell.volume_24h; });
}

}  // namespace

double LoadedSeries::rate(std::size_t index) const {
  if (!quote) return 1;
  const PriceSeries::Cell& unit = quote->cells()[index];
  return unit.source == PriceSeries::Source::none ? present_rate : 1 / unit.price.to_double();
}

std::optional<core::Decimal> LoadedSeries::price(std::size_t index) const {
  const PriceSeries::Cell& cell = base.cells()[index];
  if (cell.source == PriceSeries::Source::none) return {};
  return quote ? core::Decimal::from_double(cell.price.to_double() * rate(index)) : std::optional(cell.price);
}

std::string_view LoadedSeries::conversion() const {
  if (!quote) return "none";
  bool own = false;
  bool present = false;
  for (std::size_t i = 0; i < base.cells().size(); ++i) {
    if (base.cells()[i].source == PriceSeries::Source::none) continue;
    (quote->cells()[i].source == PriceSeries::Source::none ? present : own) = true;
  }
  return own && present ? "mixed" : own ? "candles" : "present_rate";
}

std::string LoadedSeries::source(const Call& call) const {
  if (!base.has(PriceSeries::Source::point)) return "composite";
  const core::VenueId charts = call.backend->chart_source;
  // Points may be of a time when there was one.
  const std::string aggregator = charts.valid() ? call.catalogue().venue(charts).id : "aggregator";
  return base.has(PriceSeries::Source::own) ? "composite+" + aggregator : aggregator;
}

void load_series(const CallPtr& call, const SeriesPlan& wanted,
                 std::function<void(tl::expected<LoadedSeries, Problem>)> done) {
  SeriesPlan plan = wanted;
  // A bucket that began before the range would always look empty: the first whole one is the first of the grid.
  const core::Timestamp floor = plan.start.floor_to(core::width(plan.interval));
  if (floor != plan.start) plan.start = floor + core::width(plan.interval);
  const auto finish = [call, plan, done](Stored stored) {
    if (stored.error) return done(tl::unexpected(from_error(*stored.error)));
    auto series = std::make_shared<LoadedSeries>(assemble(*call, plan, stored));
    const auto answer = [call, plan, done, series, gaps = std::move(stored.gaps)](ChartFetcher::Points points) {
      if (points) series->base.add_points(*points);
      judge(*call, plan, gaps, *series);
      done(std::move(*series));
    };
    if (!wants_aggregator(*call, plan, *series)) return answer(nullptr);
    series->asked_aggregator = true;
    call->services->charts->fetch(*call->backend, call->catalogue().asset(plan.base).id, plan.days, kPatience,
                                  call->services->loop, guarded(call, answer));
  };
  if (call->backend->history == nullptr) return finish({});
  const StoreQuery query{.base_id = call->catalogue().asset(plan.base).id,
                         .quote_id = plan.quote == call->snapshot->usd ? "" : call->catalogue().asset(plan.quote).id,
                         .start = plan.start,
                         .end = plan.end,
                         .interval = plan.interval,
                         .days = plan.days,
                         .gaps_of = gap_scopes(call->catalogue(), plan.base, {}, "")};
  const bool reading = read_store<Stored>(
      *call, [query](storage::StoreReader& reader) { return read(reader, query); }, guarded(call, finish));
  if (!reading) done(tl::unexpected(overloaded("too many requests for history wait already")));
}

}  // namespace tickspan::server
