#include <algorithm>

#include "server/guarded.hpp"
#include "server/handlers/routes.hpp"
#include "server/lookup.hpp"
#include "server/price_series.hpp"
#include "server/store_read.hpp"
#include "server/time_page.hpp"
#include "storage/gap_pair.hpp"
#include "wire/messages.hpp"

namespace tickspan::server {
namespace {

struct Plan {
  TimePage page;
  storage::GapQuery query;
};
using Read = core::Result<std::vector<core::Gap>>;

Problem bad(std::string_view name, const std::string& value, std::string_view allowed,
            std::vector<std::string> near = {}) {
  return invalid_parameters({{std::string(name), value, std::string(allowed), std::move(near)}});
}

void choose(storage::GapQuery& query, storage::GapScopes scopes) {
  if (query.of) std::erase_if(scopes, [&](const auto& scope) { return !query.of->contains(scope); });
  query.of = std::move(scopes);
}

tl::expected<void, Problem> choose_source(const Call& call, storage::GapQuery& query) {
  const std::string& name = call.values.text("venue");
  query.venue = name;
  if (name.empty() || name == core::kComposite) return {};
  const core::VenueId id = call.catalogue().find_venue(name);
  std::vector<std::string> near{std::string(core::kComposite)};
  for (const core::Venue& venue : call.catalogue().venues()) near.push_back(venue.id);
  if (!id.valid()) return tl::unexpected(bad("venue", name, "a source", std::move(near)));
  query.venue = call.catalogue().venue(id).id;
  return {};
}

tl::expected<void, Problem> choose_pair(const Call& call, storage::GapQuery& query) {
  const std::string& pair = call.values.text("pair");
  if (pair.empty()) return {};
  const auto slash = pair.find('/');
  if (slash == std::string::npos) return tl::unexpected(bad("pair", pair, "two assets with a slash, as btc/usd"));
  core::AssetId sides[2];
  const std::string names[2] = {pair.substr(0, slash), pair.substr(slash + 1)};
  for (std::size_t i = 0; i < 2; ++i) {
    sides[i] = call.catalogue().resolve(names[i]);
    if (!sides[i].valid()) return tl::unexpected(unknown_asset(call.catalogue(), "pair", names[i]));
  }
  choose(query, gap_scopes(call.catalogue(), sides[0], sides[1], ""));
  return {};
}

tl::expected<storage::GapQuery, Problem> query_of(const Call& call) {
  storage::GapQuery query;
  if (auto source = choose_source(call, query); !source) return tl::unexpected(source.error());
  if (auto pair = choose_pair(call, query); !pair) return tl::unexpected(pair.error());
  if (const std::string& name = call.values.text("asset"); !name.empty()) {
    const core::AssetId asset = call.catalogue().resolve(name);
    if (!asset.valid()) return tl::unexpected(unknown_asset(call.catalogue(), "asset", name));
    choose(query, gap_scopes(call.catalogue(), asset, {}, ""));
  }
  if (const std::string& state = call.values.text("state"); !state.empty()) query.state = core::parse_gap_state(state);
  return query;
}

tl::expected<Plan, Problem> plan_of(const Call& call) {
  auto query = query_of(call);
  if (!query) return tl::unexpected(query.error());
  std::string list = "gaps";
  for (const char* name : {"venue", "pair", "asset", "state"}) list += '\n' + call.values.text(name);
  auto page = time_page(call, std::move(list));
  if (!page) return tl::unexpected(page.error());
  query->start = page->start;
  query->end = page->end;
  query->limit = page->limit + 1;  // one more tells whether there is another page
  if (page->before) query->before = {page->before->at, page->before->name, page->before->symbol};
  return Plan{std::move(*page), std::move(*query)};
}

void write_gap(wire::JsonWriter& json, const Call& call, const core::Gap& gap) {
  const auto one = storage::pair_of_gap(call.catalogue(), gap.venue, gap.instrument_symbol);
  const bool whole_source = gap.instrument_symbol.empty();
  json.begin_object()
      .field("venue", gap.venue)
      .field("symbol", whole_source ? std::nullopt : std::optional(gap.instrument_symbol))
      .field("pair", one ? std::optional(wire::pair_name(call.catalogue(), one->base, one->quote)) : std::nullopt)
      .field("start", gap.start)
      .field("end", gap.end)
      .field("cause", core::to_string(gap.cause))
      .field("state", core::to_string(gap.state))
      .field("expected", gap.expected < 0 ? std::nullopt : std::optional(gap.expected))
      .field("recovered", gap.recovered)
      .end_object();
}

std::string encode(const Call& call, const TimePage& page, const std::vector<core::Gap>& gaps) {
  std::string body;
  wire::JsonWriter json(body, call.format);
  json.begin_object().field("start", page.start).field("end", page.end).key("data").begin_array();
  const std::size_t size = std::min(gaps.size(), page.limit);
  for (std::size_t i = 0; i < size; ++i) write_gap(json, call, gaps[gaps.size() - 1 - i]);
  json.end_array();
  std::optional<TimePage::Place> last;
  if (gaps.size() > size) {
    const core::Gap& gap = gaps[gaps.size() - size];
    last = {gap.start, gap.venue, gap.instrument_symbol};
  }
  write_next_cursor(json, page, last);
  json.end_object();
  return body;
}

void answer(const CallPtr& call, const Done& done) {
  auto plan = plan_of(*call);
  if (!plan) return done(tl::unexpected(plan.error()));
  const auto finish = [call, page = plan->page, done](Read gaps) {
    if (!gaps) return done(tl::unexpected(from_error(gaps.error())));
    done(Answer{.body = encode(*call, page, *gaps)});
  };
  const bool reading = read_store<Read>(
      *call, [query = plan->query](storage::StoreReader& reader) { return reader.gaps(query); }, guarded(call, finish));
  if (!reading) done(tl::unexpected(overloaded("too many requests for history wait already")));
}

}  // namespace

Route gaps_route() {
  return {.path = "/api/v1/gaps",
          .summary = "Times in which a source was not heard, and what became of them",
          .needs = Needs::snapshot,
          .parameters = {{"venue", ParameterType::text, "", 0, 64},
                         {"pair", ParameterType::text, "", 0, 128},
                         {"asset", ParameterType::text, "", 0, 128},
                         {"start", ParameterType::time},
                         {"end", ParameterType::time},
                         {"state", ParameterType::choice, "", 0, 0, {"open", "repaired", "lost"}},
                         {"limit", ParameterType::integer, "100", 1, 1000},
                         {"cursor", ParameterType::text, "", 0, 1024}},
          .answer_later = answer};
}

}  // namespace tickspan::server
