#include <fmt/format.h>
#include <simdjson.h>

#include "history/table_export.hpp"
#include "wire/json_writer.hpp"

namespace tickspan::history {
namespace {

using core::ErrorCode;

void write_range(wire::JsonWriter& json, core::Timestamp start, core::Timestamp end) {
  json.field("start", start).field("end", end);
}

core::Result<std::vector<core::Gap>> gaps_in(simdjson::dom::element document, const std::string& path) {
  std::vector<core::Gap> out;
  simdjson::dom::array gaps;
  if (document["gaps"].get(gaps) != simdjson::SUCCESS) return out;
  for (const simdjson::dom::element element : gaps) {
    std::string_view venue, symbol, start, end, cause, state;
    std::int64_t expected = core::Gap::kUnknown, recovered = 0;
    const bool read =
        element["venue"].get(venue) == simdjson::SUCCESS && element["symbol"].get(symbol) == simdjson::SUCCESS &&
        element["start"].get(start) == simdjson::SUCCESS && element["end"].get(end) == simdjson::SUCCESS &&
        element["cause"].get(cause) == simdjson::SUCCESS && element["state"].get(state) == simdjson::SUCCESS &&
        element["expected"].get(expected) == simdjson::SUCCESS &&
        element["recovered"].get(recovered) == simdjson::SUCCESS;
    const auto from = core::parse_rfc3339(start), to = core::parse_rfc3339(end);
    const auto why = core::parse_gap_cause(cause);
    const auto what = core::parse_gap_state(state);
    if (!read || !from || !to || !why || !what || *to < *from) {
      return core::fail(ErrorCode::parse_error, fmt::format("{}: a gap that is none", path));
    }
    core::Gap gap;
    gap.venue = venue;
    gap.instrument_symbol = symbol;
    gap.start = *from;
    gap.end = *to;
    gap.cause = *why;
    gap.state = *what;
    gap.expected = expected;
    gap.recovered = recovered;
    out.push_back(std::move(gap));
  }
  return out;
}

core::Result<std::vector<TableSummary::Hole>> ranges_in(simdjson::dom::array ranges, const std::string& path) {
  std::vector<TableSummary::Hole> out;
  for (const simdjson::dom::element element : ranges) {
    std::string_view start, end;
    const bool read = element["start"].get(start) == simdjson::SUCCESS && element["end"].get(end) == simdjson::SUCCESS;
    const auto from = core::parse_rfc3339(start), to = core::parse_rfc3339(end);
    if (!read || !from || !to || *to < *from || (!out.empty() && *from < out.back().end))
      return core::fail(ErrorCode::parse_error, fmt::format("{}: a range that is none", path));
    out.push_back({*from, *to});
  }
  return out;
}

}  // namespace

std::string manifest_path(const std::string& table) {
  return table + ".manifest.json";
}

std::string make_manifest(const Series& series, const ExportRequest& request, const TableSummary& summary,
                          const TableWriter& table, std::string_view origin, std::string_view program) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object().field("table", to_string(request.kind)).field("form", to_string(request.form));
  json.field("venue", series.name.venue).field("base", series.name.base).field("quote", series.name.quote);
  json.key("interval");
  if (request.kind == TableKind::candles) {
    json.value(core::to_string(request.interval));
  } else {
    json.null();
  }
  write_range(json, request.start, request.end);
  json.field("rows", summary.rows).field("first", summary.first).field("last", summary.last);
  json.field("bytes", table.bytes()).field("sha256", std::string_view(table.checksum()));
  json.field("origin", origin).field("program", program);
  json.field("missing_rows", summary.missing_rows).key("missing").begin_array();
  for (const TableSummary::Hole& hole : summary.missing) {
    json.begin_object();
    write_range(json, hole.start, hole.end);
    json.end_object();
  }
  json.end_array();
  if (request.kind == TableKind::candles) {
    json.key("incomplete").begin_array();
    for (const TableSummary::Hole& part : summary.incomplete) {
      json.begin_object();
      write_range(json, part.start, part.end);
      json.end_object();
    }
    json.end_array();
  }
  json.key("gaps").begin_array();
  for (const core::Gap& gap : summary.gaps) {
    json.begin_object().field("venue", gap.venue).field("symbol", gap.instrument_symbol);
    write_range(json, gap.start, gap.end);
    json.field("cause", core::to_string(gap.cause)).field("state", core::to_string(gap.state));
    json.field("expected", gap.expected).field("recovered", gap.recovered).end_object();
  }
  json.end_array().end_object();
  return out + "\n";
}

core::Result<ManifestFacts> read_manifest(const std::string& path) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  ManifestFacts facts;
  std::string_view sha256, kind, interval;
  if (parser.load(path).get(document) != simdjson::SUCCESS || document["sha256"].get(sha256) != simdjson::SUCCESS ||
      document["table"].get(kind) != simdjson::SUCCESS) {
    return core::fail(ErrorCode::parse_error, fmt::format("{}: not a manifest; move it away to import without", path));
  }
  facts.sha256 = sha256;
  facts.kind = kind;
  if (document["interval"].get(interval) == simdjson::SUCCESS) facts.interval = interval;
  simdjson::dom::array incomplete;
  if (document["incomplete"].get(incomplete) == simdjson::SUCCESS) {
    auto ranges = ranges_in(incomplete, path);
    if (!ranges) return tl::unexpected(ranges.error());
    facts.incomplete = std::move(*ranges);
  }
  auto gaps = gaps_in(document, path);
  if (!gaps) return tl::unexpected(gaps.error());
  facts.gaps = std::move(*gaps);
  return facts;
}

}  // namespace tickspan::history
