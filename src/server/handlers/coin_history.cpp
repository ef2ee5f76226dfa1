#include "server/handlers/routes.hpp"
#include "server/lookup.hpp"
#include "server/series_loader.hpp"
#include "wire/messages.hpp"

namespace tickspan::server {
namespace {

using namespace std::chrono_literals;

// The aggregator's own granularity: 5 minutes for a day, hours up to 90 days, then days.
SeriesPlan plan_for(int days, core::Timestamp now) {
  SeriesPlan plan{.start = now - 24h * days, .end = now, .days = days, .want_facts = true};
  if (days == 1) {
    plan.interval = core::Interval::m5;
    plan.spacing = 15min;
  } else if (days <= 90) {
    plan.interval = core::Interval::h1;
    plan.spacing = 2h;
  } else {
    plan.interval = core::Interval::d1;
    plan.spacing = 48h;
  }
  return plan;
}

// Market caps and volumes are known in USD only; they take the rate of their bucket.
void write_facts(wire::JsonWriter& json, const LoadedSeries& series, std::optional<double> PriceSeries::Cell::*member) {
  json.begin_array();
  for (std::size_t i = 0; i < series.base.cells().size(); ++i) {
    const PriceSeries::Cell& cell = series.base.cells()[i];
    if (!(cell.*member)) continue;
    json.begin_array().value(cell.facts_at.ms()).value(wire::converted(cell.*member, series.rate(i))).end_array();
  }
  json.end_array();
}

// The chart ends with the price of now, unless that is older than what the chart has; it then stands for the bucket
// that is still open.
void write_prices(wire::JsonWriter& json, const Call& call, const SeriesPlan& plan, const LoadedSeries& series) {
  const auto& cells = series.base.cells();
  const core::AssetRow* row = call.snapshot->row(plan.base);
  const auto now = row == nullptr ? std::nullopt : core::quoted_price(*call.snapshot, *row, plan.quote);
  json.begin_array();
  core::Timestamp last;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto price = series.price(i);
    if (!price || (now && cells[i].at > plan.end && row->as_of >= series.base.bucket(i).start)) continue;
    last = std::min(cells[i].at, plan.end);
    json.begin_array().value(last.ms()).value(*price).end_array();
  }
  if (now && row->as_of > last && row->as_of >= plan.start) {
    json.begin_array().value(row->as_of.ms()).value(now->price).end_array();
  }
  json.end_array();
}

std::string encode(const Call& call, const SeriesPlan& plan, const LoadedSeries& series) {
  std::string body;
  wire::JsonWriter json(body, call.format);
  json.begin_object()
      .field("coin_id", call.catalogue().asset(plan.base).id)
      .field("currency", currency_name(call, plan.quote))
      .field("days", plan.days)
      .field("complete", series.complete)
      .key("gaps");
  write_gaps(json, series.gaps);
  json.field("origin", core::to_string(call.snapshot->origin))
      .field("source", series.source(call))
      .field("conversion", series.conversion())
      .key("prices");
  write_prices(json, call, plan, series);
  json.key("market_caps");
  write_facts(json, series, &PriceSeries::Cell::market_cap);
  json.key("total_volumes");
  write_facts(json, series, &PriceSeries::Cell::volume_24h);
  json.end_object();
  return body;
}

void answer(const CallPtr& call, const Done& done) {
  const auto asset = asset_of_path(*call, 0, "coin_id");
  if (!asset) return done(tl::unexpected(asset.error()));
  const auto currency = currency_of(*call, "currency");
  if (!currency) return done(tl::unexpected(currency.error()));
  SeriesPlan plan = plan_for(static_cast<int>(call->values.integer("days")), call->now);
  plan.base = *asset;
  plan.quote = *currency;
  load_series(call, plan, [call, plan, done](tl::expected<LoadedSeries, Problem> series) {
    if (!series) return done(tl::unexpected(series.error()));
    done(Answer{.body = encode(*call, plan, *series)});
  });
}

}  // namespace

Route coin_history_route() {
  return {
      .path = "/history/{coin_id}",
      .summary = "Prices, market caps and volumes of the last days",
      .parameters = {{"days", ParameterType::integer, "30", 1, 365}, {"currency", ParameterType::text, "usd", 0, 64}},
      .answer_later = answer};
}

}  // namespace tickspan::server
