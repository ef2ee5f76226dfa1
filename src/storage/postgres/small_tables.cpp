#include "storage/postgres/small_tables.hpp"

#include <fmt/format.h>

#include <map>
#include <tuple>

#include "storage/postgres/wire.hpp"

namespace tickspan::storage::postgres {
namespace {

using core::Status;

// Ranks change a little every minute, most rows not at all: those cost no write. Not ON CONFLICT: that would use up a
// number of the identity for each row that is there.
constexpr const char* kUpdateAssets =
    "UPDATE assets a SET symbol = n.symbol, name = n.name, kind = n.kind, rank = n.rank "
    "FROM unnest($1::text[], $2::text[], $3::text[], $4::int4[], $5::int4[]) AS n(id, symbol, name, kind, rank) "
    "WHERE a.id = n.id AND (a.symbol, a.name, a.kind, a.rank) IS DISTINCT FROM (n.symbol, n.name, n.kind, n.rank)";
constexpr const char* kAddAssets =
    "INSERT INTO assets(id, symbol, name, kind, rank) SELECT id, symbol, name, kind, rank "
    "FROM unnest($1::text[], $2::text[], $3::text[], $4::int4[], $5::int4[]) WITH ORDINALITY "
    "AS n(id, symbol, name, kind, rank, place) WHERE NOT EXISTS (SELECT FROM assets a WHERE a.id = n.id) ORDER BY "
    "place";
constexpr const char* kPutPrices =
    "INSERT INTO prices(asset, price, shape, as_of, source) "
    "SELECT * FROM unnest($1::text[], $2::numeric[], $3::int4[], $4::int8[], $5::text[]) ON CONFLICT (asset) DO UPDATE "
    "SET price = excluded.price, shape = excluded.shape, as_of = excluded.as_of, source = excluded.source";
constexpr const char* kPutPoints =
    "INSERT INTO points(asset, at, price, market_cap, volume_24h) "
    "SELECT a, timestamptz 'epoch' + at * interval '1 millisecond', p, m, v "
    "FROM unnest($1::text[], $2::int8[], $3::float8[], $4::float8[], $5::float8[]) AS n(a, at, p, m, v) "
    "ON CONFLICT (asset, at) DO UPDATE "
    "SET price = excluded.price, market_cap = excluded.market_cap, volume_24h = excluded.volume_24h";
constexpr const char* kPutGaps =
    "INSERT INTO gaps(start_ns, venue, symbol, end_ns, cause, state, expected, recovered) "
    "SELECT * FROM unnest($1::int8[], $2::text[], $3::text[], $4::int8[], $5::text[], $6::text[], $7::int8[], "
    "$8::int8[]) "
    "ON CONFLICT (start_ns, venue, symbol) DO UPDATE SET end_ns = excluded.end_ns, cause = excluded.cause, "
    "state = excluded.state, expected = excluded.expected, recovered = excluded.recovered "
    "WHERE excluded.state = 'open' OR excluded.end_ns >= gaps.end_ns";  // core::gives_way()
constexpr const char* kPutTakeovers =
    "INSERT INTO takeovers(asset, at_ns, before, source, cause) "
    "SELECT * FROM unnest($1::text[], $2::int8[], $3::text[], $4::text[], $5::text[]) "
    "ON CONFLICT (asset, at_ns) DO UPDATE SET before = excluded.before, source = excluded.source, "
    "cause = excluded.cause";
constexpr const char* kPutFacts =
    "INSERT INTO facts(asset, symbol, name, rank, price, high_24h, low_24h, shapes, change_24h, change_24h_pct, "
    "market_cap, volume_24h, circulating_supply, total_supply, max_supply, updated_at, received_at) "
    "SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int4[], $5::numeric[], $6::numeric[], $7::numeric[], "
    "$8::int4[], $9::float8[], $10::float8[], $11::float8[], $12::float8[], $13::float8[], $14::float8[], "
    "$15::float8[], $16::int8[], $17::int8[]) ON CONFLICT (asset) DO UPDATE SET "
    "symbol = excluded.symbol, name = excluded.name, rank = excluded.rank, price = excluded.price, "
    "high_24h = excluded.high_24h, low_24h = excluded.low_24h, shapes = excluded.shapes, "
    "change_24h = excluded.change_24h, change_24h_pct = excluded.change_24h_pct, market_cap = excluded.market_cap, "
    "volume_24h = excluded.volume_24h, circulating_supply = excluded.circulating_supply, "
    "total_supply = excluded.total_supply, max_supply = excluded.max_supply, updated_at = excluded.updated_at, "
    "received_at = excluded.received_at";

using Cell = std::optional<std::string>;

Cell cell(const std::optional<core::Decimal>& value) {
  if (!value) return {};
  return value->to_string();
}
Cell cell(const std::optional<double>& value) {
  if (!value) return {};
  return fmt::format("{}", *value);
}
Cell cell(std::int64_t value) {
  return fmt::format("{}", value);
}
Cell cell(const std::string& value) {
  return value;
}
Cell cell(std::string_view value) {
  return std::string(value);
}

/// Rows turned into one array a column.
class Columns {
 public:
  explicit Columns(std::size_t columns) : columns_(columns) {}
  void add(std::vector<Cell> row) {
    for (std::size_t i = 0; i < row.size(); ++i) columns_[i].push_back(std::move(row[i]));
  }
  bool empty() const { return columns_[0].empty(); }
  Status send(Connection& connection, const char* sql) const {
    if (empty()) return {};
    Params params;
    for (const auto& column : columns_) params.array(column);
    auto done = connection.query(sql, params);
    if (!done) return tl::unexpected(done.error());
    return {};
  }

 private:
  std::vector<std::vector<Cell>> columns_;
};

Status write_assets(Connection& connection, const std::vector<core::WriteBatch>& batches) {
  for (const auto& batch : batches) {
    if (!batch.catalogue_changed) continue;
    Columns rows(5);
    for (const core::Asset& asset : batch.catalogue->assets()) {
      rows.add({cell(asset.id), cell(asset.symbol), cell(asset.name), cell(static_cast<std::int64_t>(asset.kind)),
                cell(std::int64_t{asset.rank})});
    }
    if (auto updated = rows.send(connection, kUpdateAssets); !updated) return updated;
    if (auto added = rows.send(connection, kAddAssets); !added) return added;
  }
  return {};
}

Status write_prices(Connection& connection, const std::vector<core::WriteBatch>& batches) {
  std::map<std::string, const core::LastPrice*> newest;
  for (const auto& batch : batches) {
    for (const auto& row : batch.prices) newest[batch.catalogue->asset(row.asset).id] = &row;
  }
  Columns rows(5);
  for (const auto& [asset, row] : newest) {
    rows.add({cell(asset), cell(std::optional(row->price_usd)), cell(std::int64_t{Numeric::shape(row->price_usd)}),
              cell(row->as_of.ns), cell(row->source)});
  }
  return rows.send(connection, kPutPrices);
}

Status write_points(Connection& connection, const std::vector<core::WriteBatch>& batches) {
  std::map<std::pair<std::string, std::int64_t>, const core::MarketPoint*> newest;
  for (const auto& batch : batches) {
    for (const auto& row : batch.points) {
      newest[{batch.catalogue->asset(row.asset).id, row.point.at.ms()}] = &row.point;
    }
  }
  Columns rows(5);
  for (const auto& [key, point] : newest) {
    rows.add({cell(key.first), cell(key.second), cell(std::optional(point->price)), cell(point->market_cap),
              cell(point->volume_24h)});
  }
  return rows.send(connection, kPutPoints);
}

Status write_gaps(Connection& connection, const std::vector<core::WriteBatch>& batches) {
  std::map<std::tuple<core::Timestamp, std::string, std::string>, const core::Gap*> newest;
  for (const auto& batch : batches) {
    for (const auto& gap : batch.gaps) {
      const core::Gap*& known = newest.try_emplace({gap.start, gap.venue, gap.instrument_symbol}, &gap).first->second;
      if (core::gives_way(*known, gap)) known = &gap;
    }
  }
  Columns rows(8);
  for (const auto& [key, gap] : newest) {
    rows.add({cell(gap->start.ns), cell(gap->venue), cell(gap->instrument_symbol), cell(gap->end.ns),
              cell(core::to_string(gap->cause)), cell(core::to_string(gap->state)), cell(gap->expected),
              cell(gap->recovered)});
  }
  return rows.send(connection, kPutGaps);
}

Status write_takeovers(Connection& connection, const std::vector<core::WriteBatch>& batches) {
  std::map<std::pair<std::string, core::Timestamp>, const core::Takeover*> newest;
  for (const auto& batch : batches) {
    for (const auto& takeover : batch.takeovers) newest[{takeover.asset, takeover.at}] = &takeover;
  }
  Columns rows(5);
  for (const auto& [key, takeover] : newest) {
    rows.add({cell(takeover->asset), cell(takeover->at.ns), cell(takeover->from), cell(takeover->to),
              cell(core::to_string(takeover->cause))});
  }
  return rows.send(connection, kPutTakeovers);
}

/// The shapes of price, high and low, five bits each.
std::int64_t shapes_of(const core::AssetFacts& facts) {
  std::int64_t out = 0;
  int at = 0;
  for (const auto* value : {&facts.price, &facts.high_24h, &facts.low_24h}) {
    if (*value) out |= static_cast<std::int64_t>(Numeric::shape(**value)) << at;
    at += Numeric::kShapeBits;
  }
  return out;
}

Status write_facts(Connection& connection, const std::vector<core::WriteBatch>& batches) {
  std::map<std::string, const core::AssetFacts*> newest;
  for (const auto& batch : batches) {
    for (const auto& row : batch.facts) newest[row.asset_id] = &row;
  }
  Columns rows(17);
  for (const auto& [asset, f] : newest) {
    rows.add({cell(asset), cell(f->symbol), cell(f->name), cell(std::int64_t{f->rank}), cell(f->price),
              cell(f->high_24h), cell(f->low_24h), cell(shapes_of(*f)), cell(f->change_24h), cell(f->change_24h_pct),
              cell(f->market_cap), cell(f->volume_24h), cell(f->circulating_supply), cell(f->total_supply),
              cell(f->max_supply), cell(f->updated_at.ns), cell(f->received_at.ns)});
  }
  return rows.send(connection, kPutFacts);
}

}  // namespace

Status write_small_tables(Connection& connection, const std::vector<core::WriteBatch>& batches) {
  auto status = write_assets(connection, batches);
  if (status) status = write_prices(connection, batches);
  if (status) status = write_facts(connection, batches);
  if (status) status = write_points(connection, batches);
  if (status) status = write_gaps(connection, batches);
  if (status) status = write_takeovers(connection, batches);
  return status;
}

}  // namespace tickspan::storage::postgres
