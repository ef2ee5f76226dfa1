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

void write_source(wire::JsonWriter& json, const Call& call, const core::SourceRow& row) {
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
  json.field("attribution", venue.attribution).field("attribution_url", venue.attribution_url).end_object();
}

Outcome answer(const Call& call) {
  std::string body;
  wire::JsonWriter json(body, call.format);
  json.begin_object().key("data").begin_array();
  if (call.snapshot->sources) {
    for (const core::SourceRow& row : *call.snapshot->sources) write_source(json, call, row);
  }
  json.end_array().end_object();
  return Answer{.body = std::move(body)};
}

}  // namespace

Route sources_route() {
  return {.path = "/api/v1/sources", .summary = "Health of every source", .needs = Needs::snapshot, .answer = answer};
}

}  // namespace tickspan::server
