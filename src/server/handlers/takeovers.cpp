#include <algorithm>

#include "server/guarded.hpp"
#include "server/handlers/routes.hpp"
#include "server/lookup.hpp"
#include "server/store_read.hpp"
#include "server/time_page.hpp"

// Whose word a price was, and from when on.

namespace tickspan::server {
namespace {

struct Plan {
  std::string asset;  ///< id; empty: all
  TimePage page;
};
using Read = core::Result<std::vector<core::Takeover>>;

tl::expected<Plan, Problem> plan_of(const Call& call) {
  Plan plan;
  if (const std::string& name = call.values.text("asset"); !name.empty()) {
    const core::AssetId id = call.catalogue().resolve(name);
    if (!id.valid()) return tl::unexpected(unknown_asset(call.catalogue(), "asset", name));
    plan.asset = call.catalogue().asset(id).id;
  }
  auto page = time_page(call, "takeovers\n" + call.values.text("asset"));
  if (!page) return tl::unexpected(page.error());
  plan.page = std::move(*page);
  return plan;
}

// One more than the page holds tells whether there is another. Of one asset the one before the range, too: it tells who
// was in charge when it began.
Read read(storage::StoreReader& reader, const Plan& plan) {
  const TimePage& page = plan.page;
  storage::TakeoverQuery query{page.start, page.end, page.limit + 1, plan.asset};
  if (!plan.asset.empty()) query.start = {};
  if (page.before) query.before = {page.before->at, page.before->name};
  return reader.takeovers(query);
}

std::optional<std::string> named(const std::string& source) {
  return source.empty() ? std::nullopt : std::optional(source);
}

std::string encode(const Call& call, const Plan& plan, const std::vector<core::Takeover>& found) {
  const TimePage& page = plan.page;
  const auto in_range = std::find_if(found.begin(), found.end(), [&](const auto& t) { return t.at >= page.start; });
  const auto size = std::min(static_cast<std::size_t>(found.end() - in_range), page.limit);
  const auto oldest = found.end() - static_cast<std::ptrdiff_t>(size);
  std::optional<std::string> before;
  if (!plan.asset.empty() && !found.empty()) before = named(size > 0 ? oldest->from : found.back().to);
  std::string body;
  wire::JsonWriter json(body, call.format);
  json.begin_object()
      .field("start", page.start)
      .field("end", page.end)
      .field("before", before)
      .key("data")
      .begin_array();
  for (auto takeover = found.end(); takeover != oldest;) {
    --takeover;
    json.begin_object()
        .field("asset", takeover->asset)
        .field("at", takeover->at)
        .field("from", named(takeover->from))
        .field("to", takeover->to)
        .field("cause", core::to_string(takeover->cause))
        .end_object();
  }
  json.end_array();
  std::optional<TimePage::Place> last;
  if (oldest != in_range) last = {oldest->at, oldest->asset};
  write_next_cursor(json, page, last);
  json.end_object();
  return body;
}

void answer(const CallPtr& call, const Done& done) {
  const auto plan = plan_of(*call);
  if (!plan) return done(tl::unexpected(plan.error()));
  const auto finish = [call, plan = *plan, done](Read found) {
    if (!found) return done(tl::unexpected(from_error(found.error())));
    done(Answer{.body = encode(*call, plan, *found)});
  };
  const bool reading = read_store<Read>(
      *call, [plan = *plan](storage::StoreReader& reader) { return read(reader, plan); }, guarded(call, finish));
  if (!reading) done(tl::unexpected(overloaded("too many requests for history wait already")));
}

}  // namespace

Route takeovers_route() {
  return {.path = "/api/v1/takeovers",
          .summary = "When another source began to give the price of an asset, and why",
          .needs = Needs::snapshot,
          .parameters = {{"asset", ParameterType::text, "", 0, 128},
                         {"start", ParameterType::time},
                         {"end", ParameterType::time},
                         {"limit", ParameterType::integer, "100", 1, 1000},
                         {"cursor", ParameterType::text, "", 0, 1024}},
          .answer_later = answer};
}

}  // namespace tickspan::server
