#include <algorithm>

#include "server/candle_math.hpp"
#include "server/guarded.hpp"
#include "server/handlers/routes.hpp"
#include "server/lookup.hpp"
#include "server/price_series.hpp"
#include "server/store_read.hpp"
#include "wire/messages.hpp"

namespace tickspan::server {
namespace {

using namespace std::chrono_literals;

constexpr core::Duration kWriteDelay = 90s;   // by then a minute that is over is in the store
constexpr core::Duration kFollowed = 25h;     // so long repairs look after what they made, flat minutes above all
constexpr std::int64_t kMaxBuckets = 10'080;  // of a finer level that is read for a conversion: a week of minutes
constexpr std::size_t kMaxGaps = 20'000;      // of the pair alone

struct Plan {
  core::AssetId base, quote;
  std::string base_id, quote_id;
  std::string venue;  ///< empty: the composite
  core::Interval interval = core::Interval::m1;
  core::Interval level = core::Interval::m1;  ///< what is read: finer than asked for where a conversion needs it
  core::Timestamp start, end;
  std::size_t limit = 0;
  bool fixed_range = false;  ///< the client named both ends
  bool convert = false;
  bool unlisted = false;  ///< the venue does not name the pair at present; the store may know it
  storage::GapScopes gaps_of;
};

struct Read {
  std::vector<core::Candle> base, quote;
  std::vector<core::Gap> gaps;
  bool known = true;  ///< the pair, at the venue
  std::optional<core::Error> error;
};

Problem bad_range(const Call& call, core::Timestamp start, core::Timestamp end) {
  const bool start_given = call.values.time("start").has_value();
  return invalid_parameters({{start_given ? "start" : "end",
                              core::to_rfc3339(start_given ? start : end),
                              start_given ? "a time before end (" + core::to_rfc3339(end) + ")" : "a time after start",
                              {}}});
}

Problem no_such_venue(const Call& call, const std::string& name) {
  std::vector<std::string> near;
  for (const core::Venue& venue : call.catalogue().venues()) {
    if (!venue.polled) near.push_back(venue.id);
  }
  return invalid_parameters({{"venue", name, "an exchange that is listened to", std::move(near)}});
}

tl::expected<void, Problem> choose_venue(const Call& call, Plan& plan) {
  const std::string& name = call.values.text("venue");
  if (name.empty()) return {};
  const core::Catalogue& catalogue = call.catalogue();
  const core::VenueId venue = catalogue.find_venue(name);
  if (!venue.valid() || catalogue.venue(venue).polled) return tl::unexpected(no_such_venue(call, name));
  plan.venue = catalogue.venue(venue).id;
  const auto& listed = catalogue.instruments();
  plan.unlisted = std::none_of(listed.begin(), listed.end(), [&](const core::Instrument& i) {
    return i.venue == venue && i.base == plan.base && i.quote == plan.quote;
  });
  return {};
}

Problem not_traded(const Call& call, const Plan& plan) {
  const core::Catalogue& catalogue = call.catalogue();
  std::vector<std::string> near;
  for (const core::Instrument& i : catalogue.instruments()) {
    if (i.base == plan.base && catalogue.venue(i.venue).id == plan.venue)
      near.push_back(wire::pair_name(catalogue, i.base, i.quote));
  }
  const std::string pair = wire::pair_name(catalogue, plan.base, plan.quote);
  return unknown_pair(plan.venue + " does not trade " + pair,
                      {"quote", pair, "a pair that the venue trades", std::move(near)});
}

// The newest `limit` candles of the range: where that is less than the range, the answer begins there and says so.
tl::expected<void, Problem> choose_range(const Call& call, Plan& plan) {
  const core::Duration width = core::width(plan.interval);
  const auto start = call.values.time("start");
  const auto end = call.values.time("end");
  plan.end = end.value_or(call.now);
  plan.start = start.value_or(plan.end - 24h);
  if (plan.start >= plan.end) return tl::unexpected(bad_range(call, plan.start, plan.end));
  plan.fixed_range = start && end;
  const core::Timestamp last = core::Timestamp{plan.end.ns - 1}.floor_to(width);
  plan.start = std::max(plan.start, last - width * (static_cast<std::int64_t>(plan.limit) - 1));
  // A candle belongs to the range by its start; the first whole bucket is the first that can be complete.
  if (plan.start.floor_to(width) != plan.start) plan.start = plan.start.floor_to(width) + width;
  return {};
}

core::Interval conversion_level(const Plan& plan) {
  const core::Duration range = plan.end - plan.start;
  if (range / 1min <= kMaxBuckets) return core::Interval::m1;
  if (plan.interval >= core::Interval::h1 && range / 1h <= kMaxBuckets) return core::Interval::h1;
  return plan.interval;
}

tl::expected<Plan, Problem> plan_of(const Call& call) {
  Plan plan;
  const auto base = asset_of_path(call, 0, "base");
  if (!base) return tl::unexpected(base.error());
  const auto quote = asset_of_path(call, 1, "quote");
  if (!quote) return tl::unexpected(quote.error());
  plan.base = *base;
  plan.quote = *quote;
  plan.base_id = call.catalogue().asset(*base).id;
  plan.quote_id = call.catalogue().asset(*quote).id;
  plan.interval = *core::parse_interval(call.values.text("interval"));
  plan.limit = static_cast<std::size_t>(call.values.integer("limit"));
  if (auto venue = choose_venue(call, plan); !venue) return tl::unexpected(venue.error());
  if (auto range = choose_range(call, plan); !range) return tl::unexpected(range.error());
  plan.convert = plan.venue.empty() && plan.quote != call.snapshot->usd;
  plan.level = plan.convert ? conversion_level(plan) : plan.interval;
  plan.gaps_of = gap_scopes(call.catalogue(), plan.base, plan.venue.empty() ? core::AssetId{} : plan.quote, plan.venue);
  if (plan.unlisted) plan.gaps_of.insert({plan.venue, ""});
  if (plan.convert) {
    const core::AssetRow* unit = call.snapshot->row(plan.quote);
    if (unit == nullptr || !unit->has_price()) return tl::unexpected(no_price_yet(plan.quote_id, "usd"));
  }
  return plan;
}

Read read(storage::StoreReader& reader, const Plan& plan) {
  Read out;
  storage::CandleQuery query{.base = plan.base_id,
                             .quote = plan.convert ? "usd" : plan.quote_id,
                             .venue = plan.venue,
                             .interval = plan.level,
                             .start = plan.start,
                             .end = plan.end};
  const auto take = [&](auto result, auto& into) {
    if (result)
      into = std::move(*result);
    else if (!out.error)
      out.error = std::move(result.error());
  };
  if (plan.unlisted) {
    std::vector<storage::SeriesName> stored;
    take(reader.series(), stored);
    const storage::SeriesName wanted{plan.base_id, plan.quote_id, plan.venue};
    out.known = std::find(stored.begin(), stored.end(), wanted) != stored.end();
    if (!out.known) return out;
  }
  take(reader.candles(query), out.base);
  take(reader.gaps({.start = plan.start, .end = plan.end, .limit = kMaxGaps, .of = plan.gaps_of}), out.gaps);
  if (!plan.convert) return out;
  query.base = plan.quote_id;
  take(reader.candles(query), out.quote);
  return out;
}

struct Result {
  std::vector<core::Candle> candles;
  std::string_view conversion = "none";
  std::vector<ShownGap> gaps;
  bool complete = false;
};

Result assemble(const Call& call, const Plan& plan, Read& stored) {
  Result result;
  if (plan.convert) {
    const double unit = call.snapshot->row(plan.quote)->price.to_double();
    auto converted = convert_candles(stored.base, stored.quote, unit);
    result.conversion = !converted.present_rates ? "candles" : converted.own_rates ? "mixed" : "present_rate";
    result.candles = plan.level == plan.interval ? std::move(converted.candles)
                                                 : aggregate_candles(converted.candles, plan.interval, call.now);
  } else {
    result.candles = std::move(stored.base);
  }
  PriceSeries grid(plan.start, plan.end, core::width(plan.interval));
  grid.add_candles(result.candles);
  const auto holes = grid.holes(std::min(plan.end, call.now - kWriteDelay), core::Duration{});
  const auto partial = grid.incomplete();
  std::erase_if(stored.gaps, [&](const core::Gap& gap) {
    return gap.state == core::GapState::repaired && !touches(gap, holes) && !touches(gap, partial);
  });
  result.gaps = explain(stored.gaps, holes, partial, {plan.start, plan.end});
  result.complete = result.gaps.empty();
  return result;
}

// Closed candles of a closed range, once nothing follows them any more by itself: late trades and repairs do for a day.
// Not for ever: a past that is fetched or imported may still replace them, and what was rebuilt changes with the past
// of every other venue. With a hole, or rates of now, they change anyway.
bool is_settled(const Call& call, const Plan& plan, const Result& result) {
  const bool all_settled = std::all_of(result.candles.begin(), result.candles.end(),
                                       [](const core::Candle& c) { return c.final && !c.rebuilt; });
  return plan.fixed_range && plan.end + kFollowed < call.now && all_settled && result.complete &&
         result.conversion == "none" && call.snapshot->origin == core::Origin::real;
}

std::string encode(const Call& call, const Plan& plan, const Result& result) {
  std::string body;
  body.reserve(200 * (result.candles.size() + 2));
  wire::JsonWriter json(body, call.format);
  json.begin_object()
      .field("base", plan.base_id)
      .field("quote", currency_name(call, plan.quote))
      .field("pair", wire::pair_name(call.catalogue(), plan.base, plan.quote))
      .field("interval", core::to_string(plan.interval))
      .field("venue", plan.venue.empty() ? std::nullopt : std::optional(plan.venue))
      .field("origin", core::to_string(call.snapshot->origin))
      .field("source", plan.venue.empty() ? std::string("composite") : plan.venue)
      .field("conversion", result.conversion)
      .field("start", plan.start)
      .field("end", plan.end)
      .field("complete", result.complete)
      .key("gaps");
  write_gaps(json, result.gaps);
  json.key("candles").begin_array();
  const auto count = plan.venue.empty() ? wire::TradeCount::known : wire::TradeCount::may_be_unknown;
  for (const core::Candle& candle : result.candles) wire::write_candle(json, candle, count);
  json.end_array().end_object();
  return body;
}

void answer(const CallPtr& call, const Done& done) {
  auto plan = plan_of(*call);
  if (!plan) return done(tl::unexpected(plan.error()));
  const auto finish = [call, plan = *plan, done](Read stored) {
    if (stored.error) return done(tl::unexpected(from_error(*stored.error)));
    if (!stored.known) return done(tl::unexpected(not_traded(*call, plan)));
    const Result result = assemble(*call, plan, stored);
    Answer answer{.body = encode(*call, plan, result)};
    if (is_settled(*call, plan, result)) answer.cache_control = "public, max-age=86400";
    done(std::move(answer));
  };
  const bool reading = read_store<Read>(
      *call, [plan = *plan](storage::StoreReader& reader) { return read(reader, plan); }, guarded(call, finish));
  if (!reading) done(tl::unexpected(overloaded("too many requests for history wait already")));
}

}  // namespace

Route candles_route() {
  return {.path = "/api/v1/candles/{base}/{quote}",
          .summary = "Candles of a pair",
          .parameters = {{"interval", ParameterType::choice, "1m", 0, 0, {"1m", "5m", "15m", "1h", "4h", "1d"}},
                         {"start", ParameterType::time},
                         {"end", ParameterType::time},
                         {"limit", ParameterType::integer, "500", 1, 5000},
                         {"venue", ParameterType::text, "", 0, 64}},
          .answer_later = answer};
}

}  // namespace tickspan::server
