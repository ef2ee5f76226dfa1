#include <algorithm>

#include "server/handlers/routes.hpp"
#include "server/lookup.hpp"
#include "server/series_loader.hpp"
#include "server/services.hpp"
#include "wire/messages.hpp"

namespace tickspan::server {
namespace {

using namespace std::chrono_literals;

struct Pair {
  core::AssetId base, quote;
};

tl::expected<Pair, Problem> pair_of(const Call& call) {
  const auto base = asset_of_path(call, 0, "base");
  if (!base) return tl::unexpected(base.error());
  const auto quote = asset_of_path(call, 1, "quote");
  if (!quote) return tl::unexpected(quote.error());
  return Pair{*base, *quote};
}

Outcome current(const Call& call) {
  const auto pair = pair_of(call);
  if (!pair) return tl::unexpected(pair.error());
  const auto row = priced(call, pair->base, pair->quote);
  if (!row) return tl::unexpected(row.error());
  std::string body;
  wire::JsonWriter json(body, call.format);
  json.begin_object()
      .field("pair", wire::pair_name(call.catalogue(), pair->base, pair->quote))
      .field("price", row->quoted.price)
      .field("as_of", row->quoted.as_of)
      .field("state", core::to_string(row->quoted.state))
      .field("origin", core::to_string(call.snapshot->origin))
      .field("source", wire::source_name(call.catalogue(), *row->row))
      .field("source_since", row->row->source_since)
      .end_object();
  return Answer{.body = std::move(body)};
}

std::optional<std::uint32_t> volatility_rank(const Call& call, const Pair& pair) {
  const auto ranking = call.services->volatility->ranking(*call.snapshot, pair.quote);
  const auto it =
      std::find_if(ranking->begin(), ranking->end(), [&](const auto& entry) { return entry.asset == pair.base; });
  return it == ranking->end() ? std::nullopt : std::optional(it->rank);
}

std::string encode_history(const Call& call, const SeriesPlan& plan, const LoadedSeries& series) {
  std::string body;
  body.reserve(70 * series.base.cells().size());
  wire::JsonWriter json(body, call.format);
  json.begin_object()
      .field("pair", wire::pair_name(call.catalogue(), plan.base, plan.quote))
      .key("prices")
      .begin_array();
  for (std::size_t i = 0; i < series.base.cells().size(); ++i) {
    const auto price = series.price(i);
    if (price) json.begin_object().field("timestamp", series.base.cells()[i].at).field("price", *price).end_object();
  }
  json.end_array()
      .field("volatility_rank", volatility_rank(call, {plan.base, plan.quote}))
      .field("complete", series.complete)
      .key("gaps");
  write_gaps(json, series.gaps);
  json.field("origin", core::to_string(call.snapshot->origin))
      .field("source", series.source(call))
      .field("conversion", series.conversion())
      .end_object();
  return body;
}

void history(const CallPtr& call, const Done& done) {
  const auto pair = pair_of(*call);
  if (!pair) return done(tl::unexpected(pair.error()));
  if (const auto row = priced(*call, pair->base, pair->quote); !row) return done(tl::unexpected(row.error()));
  const core::Timestamp end = call->now.floor_to(1min);
  const SeriesPlan plan{.base = pair->base,
                        .quote = pair->quote,
                        .start = end - 24h,
                        .end = end,
                        .interval = core::Interval::m1,
                        .spacing = 15min,
                        .days = 1};
  load_series(call, plan, [call, plan, done](tl::expected<LoadedSeries, Problem> series) {
    if (!series) return done(tl::unexpected(series.error()));
    done(Answer{.body = encode_history(*call, plan, *series)});
  });
}

}  // namespace

Route pair_current_route() {
  return {.path = "/api/prices/{base}/{quote}/current",
          .summary = "The price of a pair",
          .cacheable = true,
          .answer = current};
}

Route pair_history_route() {
  return {.path = "/api/prices/{base}/{quote}/history",
          .summary = "24 hours of a pair, minute by minute, and its volatility rank",
          .answer_later = history};
}

}  // namespace tickspan::server
