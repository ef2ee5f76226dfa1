#include "storage/sqlite/sqlite_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <limits>
#include <utility>

#include "storage/sqlite/candle_reader.hpp"
#include "storage/sqlite/sqlite_writer.hpp"
#include "storage/sqlite/statements.hpp"
#include "storage/sqlite/trade_reader.hpp"

namespace tickspan::storage::sqlite {
namespace {

using core::Candle;
using core::Decimal;
using core::Result;
using core::Timestamp;

constexpr std::string_view kFindSeries = "SELECT id FROM series WHERE base = ? AND quote = ? AND venue = ?";
constexpr std::string_view kPoints =
    "SELECT at, price, market_cap, volume_24h FROM points WHERE series = ? AND at >= ? AND at < ? ORDER BY at DESC "
    "LIMIT ?";
constexpr std::string_view kGaps =
    "SELECT start, venue, symbol, end, cause, state, expected, recovered FROM gaps WHERE start < ?1 AND end > ?2 "
    "AND (start, venue, symbol) < (?7, ?8, ?9) AND (?3 = '' OR venue = ?3) AND (?5 = '' OR state = ?5) "
    "AND (?6 = '' OR (venue, symbol) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM "
    "json_each(?6))) ORDER BY start DESC, venue DESC, symbol DESC LIMIT ?4";
constexpr std::string_view kTakeovers =
    "SELECT asset, at, before, source, cause FROM takeovers WHERE at >= ?1 AND at < ?2 "
    "AND (at, asset) < (?4, ?5) ORDER BY at DESC, asset DESC LIMIT ?3";
constexpr std::string_view kTakeoversOf =
    "SELECT asset, at, before, source, cause FROM takeovers WHERE at >= ?1 AND at < ?2 "
    "AND (at, asset) < (?4, ?5) AND asset = ?6 ORDER BY at DESC LIMIT ?3";
constexpr std::string_view kAssets = "SELECT id, symbol, name, kind, rank FROM assets ORDER BY position";
constexpr std::string_view kFacts =
    "SELECT asset, symbol, name, rank, price, price_exp, high_24h, high_24h_exp, low_24h, low_24h_exp, change_24h, "
    "change_24h_pct, market_cap, volume_24h, circulating_supply, total_supply, max_supply, updated_at, received_at "
    "FROM facts";
constexpr std::string_view kPrices = "SELECT asset, price, price_exp, as_of, source FROM prices";
constexpr std::string_view kUsdSeries = "SELECT id, base FROM series WHERE quote = 'usd' AND venue = '' ORDER BY base";
constexpr std::string_view kSeries = "SELECT base, quote, venue FROM series";
constexpr std::string_view kLastWrite = "SELECT value FROM meta WHERE key = 'last_write'";
constexpr std::string_view kWritesBeside = "SELECT value FROM meta WHERE key = 'writes_beside'";

std::int64_t sql_limit(std::size_t limit) {
  return static_cast<std::int64_t>(std::min<std::size_t>(limit, std::numeric_limits<std::int64_t>::max()));
}

void add_json(std::string& out, const std::string& text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

/// A list of pairs, as kGaps takes it.
std::string json_of(const GapScopes& scopes) {
  std::string out = "[";
  for (const GapScope& scope : scopes) {
    if (out.size() > 1) out += ',';
    out += '[';
    add_json(out, scope.venue);
    out += ',';
    add_json(out, scope.symbol);
    out += ']';
  }
  return out + ']';
}

/// One view of the data for several statements; that of the transaction that is open, where one is.
core::Status in_one_view(Connection& connection, const std::function<core::Status()>& work) {
  if (connection.in_transaction()) return work();
  if (auto begun = connection.execute("BEGIN"); !begun) return begun;
  auto status = work();
  auto ended = connection.execute("COMMIT");
  return status ? ended : status;
}

constexpr auto kNoParameters = [](Statement&) {};

Result<std::int64_t> find_series(Statements& statements, const std::string& base, const std::string& quote,
                                 const std::string& venue) {
  std::int64_t id = 0;
  const auto status = statements.each(
      kFindSeries, [&](Statement& s) { s.text(1, base).text(2, quote).text(3, venue); },
      [&](const Statement& row) -> Result<bool> {
        id = row.integer(0);
        return false;
      });
  if (!status) return tl::unexpected(status.error());
  return id;
}

class SqliteReader final : public StoreReader {
 public:
  SqliteReader(std::string path, std::shared_ptr<Connection> connection)
      : path_(std::move(path)), connection_(std::move(connection)), statements_(*connection_) {}

  Result<std::vector<Candle>> candles(const CandleQuery& query) override {
    std::vector<Candle> out;
    if (query.end <= query.start || query.limit == 0) return out;
    const auto status = in_one_view(*connection_, [&]() -> core::Status {
      const auto series = find_series(statements_, query.base, query.quote, query.venue);
      if (!series) return tl::unexpected(series.error());
      if (*series == 0) return {};
      auto found = read_candles(statements_, *series, query);
      if (!found) return tl::unexpected(found.error());
      out = std::move(*found);
      return {};
    });
    if (!status) return tl::unexpected(status.error());
    return out;
  }

  Result<std::vector<core::MarketPoint>> points(const std::string& asset_id, Timestamp start, Timestamp end,
                                                std::size_t limit) override {
    std::vector<core::MarketPoint> out;
    const auto series = find_series(statements_, asset_id, "usd", "");
    if (!series) return tl::unexpected(series.error());
    if (*series == 0) return out;
    const auto first_ms = [](Timestamp t) { return t.ms() + (t.ns % 1'000'000 != 0 ? 1 : 0); };
    const auto status = statements_.each(
        kPoints,
        [&](Statement& s) {
          s.integer(1, *series).integer(2, first_ms(start)).integer(3, first_ms(end)).integer(4, sql_limit(limit));
        },
        [&](const Statement& row) -> Result<bool> {
          out.push_back({Timestamp::from_ms(row.integer(0)), row.real(1), row.real_or_null(2), row.real_or_null(3)});
          return true;
        });
    if (!status) return tl::unexpected(status.error());
    std::reverse(out.begin(), out.end());
    return out;
  }

  Result<std::vector<core::Gap>> gaps(const GapQuery& query) override {
    std::vector<core::Gap> out;
    const GapKey before = query.before.value_or(GapKey{kAfterAll, "", ""});
    const auto status = statements_.each(
        kGaps,
        [&](Statement& s) {
          s.integer(1, query.end.ns).integer(2, query.start.ns).text(3, query.venue).integer(4, sql_limit(query.limit));
          s.text(5, query.state ? core::to_string(*query.state) : "").text(6, query.of ? json_of(*query.of) : "");
          s.integer(7, before.start.ns).text(8, before.venue).text(9, before.symbol);
        },
        [&](const Statement& row) -> Result<bool> {
          const auto cause = core::parse_gap_cause(row.text(4));
          const auto state = core::parse_gap_state(row.text(5));
          if (!cause || !state) return tl::unexpected(damaged("gap"));
          out.push_back({row.text(1),
                         row.text(2),
                         {row.integer(0)},
                         {row.integer(3)},
                         *cause,
                         *state,
                         row.integer(6),
                         row.integer(7)});
          return true;
        });
    if (!status) return tl::unexpected(status.error());
    std::reverse(out.begin(), out.end());
    return out;
  }

  Result<std::vector<core::Takeover>> takeovers(const TakeoverQuery& query) override {
    std::vector<core::Takeover> out;
    const TakeoverKey before = query.before.value_or(TakeoverKey{kAfterAll, ""});
    const auto status = statements_.each(
        query.asset.empty() ? kTakeovers : kTakeoversOf,
        [&](Statement& s) {
          s.integer(1, query.start.ns).integer(2, query.end.ns).integer(3, sql_limit(query.limit));
          s.integer(4, before.at.ns).text(5, before.asset);
          if (!query.asset.empty()) s.text(6, query.asset);
        },
        [&](const Statement& row) -> Result<bool> {
          const auto cause = core::parse_takeover_cause(row.text(4));
          if (!cause) return tl::unexpected(damaged("takeover"));
          out.push_back({row.text(0), {row.integer(1)}, row.text(2), row.text(3), *cause});
          return true;
        });
    if (!status) return tl::unexpected(status.error());
    std::reverse(out.begin(), out.end());
    return out;
  }

  Result<std::vector<StoredTrade>> trades(const TradeQuery& query) override {
    std::vector<StoredTrade> out;
    const auto status = in_one_view(*connection_, [&]() -> core::Status {
      const auto series = find_series(statements_, query.base, query.quote, query.venue);
      if (!series) return tl::unexpected(series.error());
      if (*series == 0) return {};
      auto found = trades_.read(*series, query);
      if (!found) return tl::unexpected(found.error());
      out = std::move(*found);
      return {};
    });
    if (!status) return tl::unexpected(status.error());
    return out;
  }

  Result<std::vector<SeriesName>> series() override {
    std::vector<SeriesName> out;
    const auto status = statements_.each(kSeries, kNoParameters, [&](const Statement& row) -> Result<bool> {
      out.push_back({row.text(0), row.text(1), row.text(2)});
      return true;
    });
    if (!status) return tl::unexpected(status.error());
    return out;
  }

  Result<StoreInfo> info() override {
    const auto version = connection_->query_integer("PRAGMA user_version");
    if (!version) return tl::unexpected(version.error());
    StoreInfo out{"sqlite", path_, static_cast<int>(*version), 0};
    for (const char* part : {"", "-wal"}) {
      std::error_code absent;  // there is no log after a clean close
      const auto bytes = std::filesystem::file_size(path_ + part, absent);
      if (!absent) out.size_bytes += bytes;
    }
    std::int64_t pages[3] = {};  // their size, all, and those that are free
    for (std::size_t i = 0; i < 3; ++i) {
      const auto value =
          connection_->query_integer(std::array{"PRAGMA page_size", "PRAGMA page_count", "PRAGMA freelist_count"}[i]);
      if (!value) return tl::unexpected(value.error());
      pages[i] = *value;
    }
    out.used_bytes = static_cast<std::uint64_t>(pages[0] * std::max<std::int64_t>(pages[1] - pages[2], 0));
    std::error_code unknown;
    const auto disk = std::filesystem::space(path_, unknown);
    if (!unknown) out.disk_free_bytes = disk.available;
    return out;
  }

  Result<std::uint64_t> foreign_writes() override {
    const auto version = first_integer(kDataVersion);
    if (!version) return tl::unexpected(version.error());
    if (*version == data_version_) return foreign_writes_;
    const auto writes = first_integer(kWritesBeside);
    if (!writes) return tl::unexpected(writes.error());
    data_version_ = *version;
    return foreign_writes_ = static_cast<std::uint64_t>(*writes);
  }

 private:
  /// 0 where there is no row.
  Result<std::int64_t> first_integer(std::string_view sql) {
    std::int64_t out = 0;
    const auto status = statements_.each(sql, kNoParameters, [&](const Statement& row) -> Result<bool> {
      out = row.integer(0);
      return false;
    });
    if (!status) return tl::unexpected(status.error());
    return out;
  }

  std::string path_;
  std::shared_ptr<Connection> connection_;
  Statements statements_;
  TradeReader trades_{statements_};
  std::int64_t data_version_ = -1;  // when this was told
  std::uint64_t foreign_writes_ = 0;
};

core::Status read_assets(Statements& statements, core::RestoredState& state) {
  return statements.each(kAssets, kNoParameters, [&](const Statement& row) -> Result<bool> {
    if (row.integer(3) < 0 || row.integer(3) > 3) return tl::unexpected(damaged("asset"));
    state.assets.push_back({row.text(0), row.text(1), row.text(2), static_cast<core::AssetKind>(row.integer(3)),
                            static_cast<std::int32_t>(row.integer(4))});
    return true;
  });
}

core::Status read_facts(Statements& statements, core::RestoredState& state) {
  return statements.each(kFacts, kNoParameters, [&](const Statement& row) -> Result<bool> {
    core::AssetFacts facts;
    facts.asset_id = row.text(0);
    facts.symbol = row.text(1);
    facts.name = row.text(2);
    facts.rank = static_cast<std::int32_t>(row.integer(3));
    for (const auto& [column, target] : {std::pair{4, &facts.price}, {6, &facts.high_24h}, {8, &facts.low_24h}}) {
      if (row.is_null(column)) continue;
      const auto value = decimal_at(row, column, "row of facts");
      if (!value) return tl::unexpected(value.error());
      *target = *value;
    }
    int column = 10;
    for (auto* target : {&facts.change_24h, &facts.change_24h_pct, &facts.market_cap, &facts.volume_24h,
                         &facts.circulating_supply, &facts.total_supply, &facts.max_supply}) {
      *target = row.real_or_null(column++);
    }
    facts.updated_at = {row.integer(17)};
    facts.received_at = {row.integer(18)};
    state.facts.push_back(std::move(facts));
    return true;
  });
}

core::Status read_prices(Statements& statements, core::RestoredState& state) {
  return statements.each(kPrices, kNoParameters, [&](const Statement& row) -> Result<bool> {
    const auto price = decimal_at(row, 1, "last price");
    if (!price) return tl::unexpected(price.error());
    state.prices.push_back({row.text(0), *price, {row.integer(3)}, row.text(4)});
    return true;
  });
}

core::Status read_minutes(Statements& statements, Timestamp since, core::RestoredState& state) {
  std::vector<std::pair<std::int64_t, std::string>> series;
  auto status = statements.each(kUsdSeries, kNoParameters, [&](const Statement& row) -> Result<bool> {
    series.emplace_back(row.integer(0), row.text(1));
    return true;
  });
  if (!status) return status;
  for (auto& [id, base] : series) {
    auto minutes = minutes_since(statements, id, since);
    if (!minutes) return tl::unexpected(minutes.error());
    if (!minutes->empty()) state.minutes.push_back({std::move(base), std::move(*minutes)});
  }
  return {};
}

class SqliteSnapshot final : public StoreSnapshot {
 public:
  SqliteSnapshot(std::string path, std::shared_ptr<Connection> connection)
      : connection_(connection), reader_(std::move(path), std::move(connection)) {}
  StoreReader& reader() override { return reader_; }
  Result<core::RestoredState> state(Timestamp since) override { return read_state(*connection_, since); }

 private:
  const std::shared_ptr<Connection> connection_;
  SqliteReader reader_;
};

}  // namespace

Result<std::unique_ptr<StoreSnapshot>> make_snapshot(const std::string& path, std::shared_ptr<Connection> connection) {
  if (auto begun = connection->execute("BEGIN"); !begun) return tl::unexpected(begun.error());
  // The first read is what fixes the moment.
  if (auto looked = connection->query_integer("SELECT count(*) FROM meta"); !looked) {
    return tl::unexpected(looked.error());
  }
  return std::make_unique<SqliteSnapshot>(path, std::move(connection));
}

Result<std::unique_ptr<StoreReader>> make_reader(const std::string& path, std::shared_ptr<Connection> connection) {
  return std::make_unique<SqliteReader>(path, std::move(connection));
}

Result<core::RestoredState> read_state(Connection& connection, Timestamp since) {
  Statements statements(connection);
  core::RestoredState state;
  const auto status = in_one_view(connection, [&]() -> core::Status {
    auto read = read_assets(statements, state);
    if (read) read = read_facts(statements, state);
    if (read) read = read_prices(statements, state);
    if (read) read = read_minutes(statements, since, state);
    if (!read) return read;
    return statements.each(kLastWrite, kNoParameters, [&](const Statement& row) -> Result<bool> {
      state.last_write = {row.integer(0)};
      return false;
    });
  });
  if (!status) return tl::unexpected(status.error());
  return state;
}

}  // namespace tickspan::storage::sqlite
