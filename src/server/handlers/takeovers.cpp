#include <chrono>

#include "server/guarded.hpp"
#include "server/handlers/routes.hpp"
#include "server/lookup.hpp"
#include "server/store_read.hpp"

// Whose word a price was, and from when on.

namespace tickspan::server {
namespace {

struct Plan {
  std::string asset;  ///< id; empty: all
  core::Timestamp start, end;
  std::size_t limit = 0;
};
using Read = core::Result<std::vector<core::Takeover>>;

tl::expected<Plan, Problem> plan_of(const Call& call) {
  Plan plan;
  if (const std::string& name = call.values.text("asset"); !name.empty()) {
    const core::AssetId id = call.catalogue().resolve(name);
    if (!id.valid()) return tl::unexpected(unknown_asset(call.catalogue(), "asset", name));
    plan.asset = call.catalogue().asset(id).id;
  }
  plan.end = call.values.time("end").value_or(call.now);
  plan.start = call.values.time("start").value_or(plan.end - std::chrono::hours(24 * 30));
  if (plan.start >= plan.end)
    return tl::unexpected(invalid_parameters({{"start", core::to_rfc3339(plan.start), "a time before end", {}}}));
  plan.limit = static_cast<std::size_t>(call.values.integer("limit"));
  return plan;
}

// Of one asset the one before the range, too: it tells who was in charge when it began.
Read read(storage::StoreReader& reader, const Plan& plan) {
  if (plan.asset.empty()) return reader.takeovers("", plan.start, plan.end, plan.limit);
  return reader.takeovers(plan.asset, {}, plan.end, plan.limit + 1);
}

std::optional<std::string> named(const std::string& source) {
  return source.empty() ? std::nullopt : std::optional(source);
}

std::string encode(const Call& call, const Plan& plan, const std::vector<core::Takeover>& found) {
  std::size_t first = found.size() > plan.limit ? found.size() - plan.limit : 0;
  while (first < found.size() && found[first].at < plan.start) ++first;
  std::optional<std::string> before;
  if (!plan.asset.empty() && !found.empty()) before = named(first < found.size() ? found[first].from : found.back().to);
  std::string body;
  wire::JsonWriter json(body, call.format);
  json.begin_object()
      .field("start", plan.start)
      .field("end", plan.end)
      .field("before", before)
      .key("data")
      .begin_array();
  for (std::size_t i = first; i < found.size(); ++i) {
    const core::Takeover& takeover = found[i];
    json.begin_object()
        .field("asset", takeover.asset)
        .field("at", takeover.at)
        .field("from", named(takeover.from))
        .field("to", takeover.to)
        .field("cause", core::to_string(takeover.cause))
        .end_object();
  }
  json.end_array().end_object();
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
                         {"limit", ParameterType::integer, "100", 1, 1000}},
          .answer_later = answer};
}

}  // namespace tickspan::server
