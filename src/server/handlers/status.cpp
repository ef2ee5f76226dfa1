#include <algorithm>
#include <optional>

#include "runtime/memory.hpp"
#include "server/guarded.hpp"
#include "server/handlers/routes.hpp"
#include "server/lookup.hpp"
#include "server/services.hpp"
#include "server/store_read.hpp"

namespace tickspan::server {
namespace {

std::string_view kind_name(core::AssetKind kind) {
  return kind == core::AssetKind::fiat ? "fiat" : kind == core::AssetKind::commodity ? "commodity" : "crypto";
}

// The dollar first, since every price has one; then what the aggregator offers and has a price.
void write_currencies(wire::JsonWriter& json, const Call& call) {
  const auto write = [&](std::string_view code, std::string_view name, std::string_view unit, std::string_view kind) {
    json.begin_object().field("code", code).field("name", name).field("unit", unit).field("kind", kind).end_object();
  };
  json.key("currencies").begin_array();
  write("usd", "US Dollar", "$", "fiat");
  if (call.snapshot->currencies) {
    for (const core::ExchangeRate& rate : *call.snapshot->currencies) {
      const core::AssetRow* row = call.snapshot->row(call.catalogue().resolve(rate.code));
      if (rate.code != "usd" && row != nullptr && row->has_price())
        write(rate.code, rate.name, rate.unit, kind_name(rate.kind));
    }
  }
  json.end_array();
}

void write_forecast(wire::JsonWriter& json, const storage::HistoryService& history, const storage::StoreInfo& info) {
  const storage::SizeForecast forecast = history.forecast(info);
  json.key("forecast")
      .begin_object()
      .field("measured_s", forecast.measured_s)
      .field("bytes_per_day", forecast.bytes_per_day)
      .field("bytes_in_30_days", forecast.bytes_in_30_days)
      .field("bytes_at_retention", forecast.bytes_at_retention)
      .field("days_until_full", forecast.days_until_full)
      .end_object();
  const storage::Retention& keep = history.options().retention;
  json.key("keep_days")
      .begin_object()
      .field("ticks", keep.tick_days)
      .field("1m", keep.minute_days)
      .field("1h", keep.hour_days)
      .field("1d", keep.day_days)
      .field("points", keep.point_days)
      .end_object();
}

void write_replicas(wire::JsonWriter& json, const storage::StoreInfo& info) {
  json.key("replicas").begin_array();
  for (const auto& replica : info.replicas) {
    json.begin_object().field("location", replica.location).field("state", replica.state);
    json.field("lag_ms", replica.lag_ms < 0 ? std::nullopt : std::optional(replica.lag_ms)).end_object();
  }
  json.end_array();
}

void write_store(wire::JsonWriter& json, const Call& call, const storage::StoreInfo& info) {
  const storage::HistoryService* history = call.backend->history;
  json.key("store")
      .begin_object()
      .field("backend", info.backend)
      .field("schema_version", info.schema_version)
      .field("size_bytes", info.size_bytes)
      .field("used_bytes", info.used_bytes)
      .field("disk_free_bytes", info.disk_free_bytes)
      .field("durability", history == nullptr ? "" : storage::to_string(history->options().durability))
      .field("rows_written", history == nullptr ? 0 : history->rows_written())
      .field("rows_waiting", history == nullptr ? std::uint64_t{0} : history->rows_waiting())
      .field("rows_spooled", history == nullptr ? 0 : history->rows_spooled())
      .field("healthy", history != nullptr && history->healthy())
      .field("state", storage::to_string(history == nullptr ? storage::WriteState::failing : history->write_state()));
  if (history != nullptr) write_forecast(json, *history, info);
  write_replicas(json, info);
  json.end_object();
}

void write_market(wire::JsonWriter& json, const Call& call) {
  const core::MarketSnapshot& snapshot = *call.snapshot;
  const auto assets = call.catalogue().assets();
  const auto rows = ranked_rows(snapshot);
  json.field("epoch", snapshot.epoch)
      .field("position", snapshot.position)
      .field("assets", std::count_if(assets.begin(), assets.end(),
                                     [](const core::Asset& a) {
                                       return a.kind == core::AssetKind::coin || a.kind == core::AssetKind::stablecoin;
                                     }))
      .field("priced", rows.size())
      .field("live", std::count_if(rows.begin(), rows.end(),
                                   [](const auto* row) { return row->state == core::Freshness::live; }));
}

Answer encode(const Call& call, const storage::StoreInfo& info) {
  const Services& services = *call.services;
  const stream::StreamFigures stream = services.stream();
  std::string body;
  wire::JsonWriter json(body, call.format);
  json.begin_object()
      .field("version", TICKSPAN_VERSION)
      .field("origin", core::to_string(call.backend->origin))
      .field("notice", call.backend->notice)
      .field("ready", call.snapshot->ready)
      .field("started_at", services.started_at)
      .field("uptime_s", (call.now - services.started_at).count() / 1'000'000'000)
      .field("now", call.now);
  write_market(json, call);
  write_currencies(json, call);
  write_store(json, call, info);
  json.key("stream")
      .begin_object()
      .field("clients", stream.clients)
      .field("subscriptions", stream.subscriptions)
      .end_object();
  json.field("memory_bytes", runtime::resident_bytes()).end_object();
  return {.body = std::move(body)};
}

// The store's size is asked of the store; when it is too busy, what was known at the start has to do.
void answer(CallPtr call, Done done) {
  const Call& asked = *call;
  const bool reading = read_store<core::Result<storage::StoreInfo>>(
      asked, [](storage::StoreReader& reader) { return reader.info(); },
      guarded(call, [call, done](const core::Result<storage::StoreInfo>& info) {
        done(encode(*call, info ? *info : call->backend->store_info));
      }));
  if (!reading) done(encode(asked, asked.backend->store_info));
}

}  // namespace

Route status_route() {
  return {.path = "/api/v1/status",
          .summary = "What this server is doing",
          .needs = Needs::snapshot,
          .answer_later = answer};
}

}  // namespace tickspan::server
