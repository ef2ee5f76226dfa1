#include <algorithm>

#include "server/handlers/routes.hpp"
#include "server/lookup.hpp"
#include "server/markets_view.hpp"
#include "server/problem.hpp"
#include "wire/messages.hpp"

// What each venue says of each pair, and the best of it.

namespace tickspan::server {
namespace {

tl::expected<core::AssetId, Problem> asset_of(const Call& call, std::string_view parameter) {
  const std::string& name = call.values.text(parameter);
  if (name.empty()) return core::AssetId{};
  const core::AssetId id = call.catalogue().resolve(name);
  if (!id.valid()) return tl::unexpected(unknown_asset(call.catalogue(), parameter, name));
  return id;
}

tl::expected<MarketFilter, Problem> filter_of(const Call& call) {
  MarketFilter filter;
  const auto base = asset_of(call, "base");
  if (!base) return tl::unexpected(base.error());
  const auto quote = asset_of(call, "quote");
  if (!quote) return tl::unexpected(quote.error());
  filter.base = *base;
  filter.quote = *quote;
  if (const std::string& name = call.values.text("venue"); !name.empty()) {
    filter.venue = call.catalogue().find_venue(name);
    std::vector<std::string> near;
    for (const core::Venue& venue : call.catalogue().venues()) near.push_back(venue.id);
    if (!filter.venue.valid()) return tl::unexpected(invalid_parameters({{"venue", name, "a source", near}}));
  }
  return filter;
}

std::string context_of(const Call& call, std::string_view list) {
  std::string out(list);
  for (const std::string_view name : {"base", "quote", "venue"}) out += ':' + call.values.text(name);
  return out;
}

struct Page {
  std::size_t start = 0, end = 0;
  std::string context;
};
tl::expected<Page, Problem> page_of(const Call& call, std::string_view list, std::size_t size) {
  Page page;
  page.context = context_of(call, list);
  const auto start = page_start(call, page.context);
  if (!start) return tl::unexpected(start.error());
  page.start = *start;
  page.end = std::min(size, *start + static_cast<std::size_t>(call.values.integer("limit")));
  return page;
}

Outcome answer_markets(const Call& call) {
  const auto filter = filter_of(call);
  if (!filter) return tl::unexpected(filter.error());
  const auto markets = markets_of(*call.snapshot, *filter);
  const auto page = page_of(call, "markets", markets.size());
  if (!page) return tl::unexpected(page.error());
  std::string body;
  wire::JsonWriter json(body, call.format);
  json.begin_object().field("origin", core::to_string(call.snapshot->origin)).key("data").begin_array();
  for (std::size_t i = page->start; i < page->end; ++i) write_market(json, call, markets[i]);
  json.end_array();
  write_next_cursor(json, page->end, markets.size(), page->context);
  json.end_object();
  return Answer{.body = std::move(body)};
}

// The markets of one pair, with the best bid and ask among those whose price is plausible and fresh.
struct PairView {
  std::vector<MarketView> markets;
  const MarketView* bid = nullptr;
  const MarketView* ask = nullptr;
};

bool quotes(const MarketView& view) {
  const core::MarketRow& row = *view.row;
  if (row.state > core::Freshness::quiet || row.standing == core::Standing::outlier) return false;
  return row.bid.is_positive() && row.ask.is_positive() && !(row.ask < row.bid);
}

std::vector<PairView> pairs_of(const std::vector<MarketView>& markets) {
  std::vector<PairView> out;
  const auto same = [](const MarketView& a, const MarketView& b) {
    return a.instrument->base == b.instrument->base && a.instrument->quote == b.instrument->quote;
  };
  for (const MarketView& view : markets) {
    if (out.empty() || !same(out.back().markets.front(), view)) out.emplace_back();
    out.back().markets.push_back(view);
  }
  for (PairView& pair : out) {
    for (const MarketView& view : pair.markets) {
      if (!quotes(view)) continue;
      if (pair.bid == nullptr || pair.bid->row->bid < view.row->bid) pair.bid = &view;
      if (pair.ask == nullptr || view.row->ask < pair.ask->row->ask) pair.ask = &view;
    }
  }
  return out;
}

void write_best(wire::JsonWriter& json, const Call& call, std::string_view name, const MarketView* best,
                core::Decimal core::MarketRow::*price) {
  json.key(name);
  if (best == nullptr) {
    json.null();
    return;
  }
  json.begin_object()
      .field("price", best->row->*price)
      .field("venue", call.catalogue().venue(best->instrument->venue).id)
      .field("as_of", best->row->as_of)
      .field("state", core::to_string(best->row->state))
      .end_object();
}

void write_pair(wire::JsonWriter& json, const Call& call, const PairView& pair) {
  const core::Instrument& i = *pair.markets.front().instrument;
  const auto live = std::count_if(pair.markets.begin(), pair.markets.end(),
                                  [](const MarketView& view) { return view.row->state == core::Freshness::live; });
  json.begin_object()
      .field("pair", wire::pair_name(call.catalogue(), i.base, i.quote))
      .field("base", call.catalogue().asset(i.base).id)
      .field("quote", call.catalogue().asset(i.quote).id)
      .key("venues")
      .begin_array();
  for (const MarketView& view : pair.markets) json.value(call.catalogue().venue(view.instrument->venue).id);
  json.end_array().field("live_venues", static_cast<std::int64_t>(live));
  write_best(json, call, "best_bid", pair.bid, &core::MarketRow::bid);
  write_best(json, call, "best_ask", pair.ask, &core::MarketRow::ask);
  // Across venues the best bid may lie above the best ask: then it is negative.
  json.field("spread_bps", pair.bid == nullptr ? std::nullopt : spread_bps(pair.bid->row->bid, pair.ask->row->ask))
      .end_object();
}

Outcome answer_pairs(const Call& call) {
  const auto filter = filter_of(call);
  if (!filter) return tl::unexpected(filter.error());
  const auto markets = markets_of(*call.snapshot, *filter);
  const auto pairs = pairs_of(markets);
  const auto page = page_of(call, "pairs", pairs.size());
  if (!page) return tl::unexpected(page.error());
  std::string body;
  wire::JsonWriter json(body, call.format);
  json.begin_object().field("origin", core::to_string(call.snapshot->origin)).key("data").begin_array();
  for (std::size_t i = page->start; i < page->end; ++i) write_pair(json, call, pairs[i]);
  json.end_array();
  write_next_cursor(json, page->end, pairs.size(), page->context);
  json.end_object();
  return Answer{.body = std::move(body)};
}

std::vector<Parameter> parameters() {
  return {{"base", ParameterType::text, "", 0, 64},
          {"quote", ParameterType::text, "", 0, 64},
          {"venue", ParameterType::text, "", 0, 64},
          {"limit", ParameterType::integer, "250", 1, 1000},
          {"cursor", ParameterType::text, "", 0, 64}};
}

}  // namespace

Route markets_route() {
  return {.path = "/api/v1/markets",
          .summary = "What each venue says of each pair, and whether it counts",
          .needs = Needs::snapshot,
          .parameters = parameters(),
          .answer = answer_markets};
}

Route pairs_route() {
  return {.path = "/api/v1/pairs",
          .summary = "Pairs, with the best bid and ask of all venues",
          .needs = Needs::snapshot,
          .parameters = parameters(),
          .answer = answer_pairs};
}

}  // namespace tickspan::server
