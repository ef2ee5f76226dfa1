#include <algorithm>
#include <chrono>

#include "server/handlers/routes.hpp"

namespace tickspan::server {
namespace {

void write_counters(wire::JsonWriter& json, const Backend& backend, core::VenueId venue) {
  static const core::FeedCounters kNone;
  const auto it =
      std::find_if(backend.feeds.begin(), backend.feeds.end(), [&](const auto& feed) { return feed.venue == venue; });
  const core::FeedCounters& counters = it == backend.feeds.end() || it->counters == nullptr ? kNone : *it->counters;
  const auto count = [&](std::string_view name, const std::atomic<std::uint64_t>& counter) {
    json.field(name, counter.load(std::memory_order_relaxed));
  };
  count("messages", counters.messages);
  count("trades", counters.trades);
  count("quotes", counters.quotes);
  count("undecodable", counters.undecodable);
  count("connects", counters.connects);
  count("disconnects", counters.disconnects);
}

std::optional<std::int64_t> milliseconds(const std::optional<core::Duration>& duration) {
  if (!duration) return {};
  return std::chrono::round<std::chrono::milliseconds>(*duration).count();
}

void write_by_class(wire::JsonWriter& json, std::string_view name,
                    const std::array<std::uint64_t, net::kCallClasses>& counts) {
  json.key(name).begin_object();
  for (std::size_t i = 0; i < net::kCallClasses; ++i) json.field(to_string(static_cast<net::CallClass>(i)), counts[i]);
  json.end_object();
}

void write_budget(wire::JsonWriter& json, const net::BudgetView& budget) {
  const auto figure = [](double value) { return std::optional(value); };
  json.begin_object()
      .field("keyed", budget.keyed)
      .field("per_minute", budget.rate ? figure(budget.rate->per_minute) : std::nullopt)
      .field("burst", budget.rate ? figure(budget.rate->burst) : std::nullopt)
      .field("available", budget.rate || budget.quota ? figure(budget.available) : std::nullopt)
      .field("paused_until", budget.paused_until)
      .field("quota_remaining", budget.quota ? figure(budget.quota->remaining) : std::nullopt)
      .field("quota_limit", budget.quota && budget.quota->limit > 0 ? figure(budget.quota->limit) : std::nullopt)
      .field("quota_resets_at", budget.quota ? budget.quota->reset_at : core::Timestamp{});
  write_by_class(json, "calls", budget.calls);
  write_by_class(json, "delayed", budget.delayed);
  json.end_object();
}

void write_upstream(wire::JsonWriter& json, const net::UpstreamView& upstream) {
  json.begin_object()
      .field("host", upstream.host)
      .field("service", to_string(upstream.service))
      .field("breaker", to_string(upstream.breaker))
      .field("since", upstream.since)
      .field("failures", std::uint64_t{upstream.failures})
      .field("retry_at", upstream.retry_at)
      .field("reason", upstream.reason)
      .key("budget");
  if (upstream.budget)
    write_budget(json, *upstream.budget);
  else
    json.null();
  json.end_object();
}

void write_source(wire::JsonWriter& json, const Call& call, const core::SourceRow& row,
                  const std::vector<net::UpstreamView>& upstreams) {
  const core::Venue& venue = call.catalogue().venue(row.venue);
  json.begin_object()
      .field("id", venue.id)
      .field("name", venue.name)
      .field("kind", venue.polled ? "aggregator" : "exchange")
      .field("feed", core::to_string(row.feed))
      .field("state", core::to_string(row.state))
      .field("since", row.since)
      .field("as_of", row.as_of)
      .field("host", row.host)
      .field("detail", row.detail)
      .field("pairs", row.instruments)
      .field("live_pairs", row.live_instruments)
      .field("outliers", row.outliers)
      .field("clock_offset_ms", milliseconds(row.clock_offset))
      .field("clock_off", row.clock_off);
  write_counters(json, *call.backend, row.venue);
  json.key("upstreams").begin_array();
  for (const net::UpstreamView& upstream : upstreams) {
    if (upstream.source == venue.id) write_upstream(json, upstream);
  }
  json.end_array();
  json.field("attribution", venue.attribution).field("attribution_url", venue.attribution_url).end_object();
}

Outcome answer(const Call& call) {
  const auto upstreams = call.backend->upstreams ? call.backend->upstreams() : std::vector<net::UpstreamView>{};
  std::string body;
  wire::JsonWriter json(body, call.format);
  json.begin_object().key("data").begin_array();
  if (call.snapshot->sources) {
    for (const core::SourceRow& row : *call.snapshot->sources) write_source(json, call, row, upstreams);
  }
  json.end_array().end_object();
  return Answer{.body = std::move(body)};
}

}  // namespace

Route sources_route() {
  return {.path = "/api/v1/sources", .summary = "Health of every source", .needs = Needs::snapshot, .answer = answer};
}

}  // namespace tickspan::server
