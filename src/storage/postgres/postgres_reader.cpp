#include "storage/postgres/postgres_reader.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "storage/postgres/candle_reader.hpp"
#include "storage/postgres/row_codec.hpp"

namespace tickspan::storage::postgres {
namespace {

using core::Result;
using core::Status;
using core::Timestamp;

constexpr const char* kPoints =
    "SELECT at, price, market_cap, volume_24h FROM points WHERE asset = $1 AND at >= $2 AND at < $3 "
    "ORDER BY at DESC LIMIT $4";
constexpr const char* kGaps =
    "SELECT start_ns, venue, symbol, end_ns, cause, state, expected, recovered FROM gaps "
    "WHERE start_ns < $1 AND end_ns > $2 AND ($3::text = '' OR venue = $3::text) "
    "AND ($5::text = '' OR state = $5::text) "
    "AND (start_ns, venue COLLATE \"C\", symbol COLLATE \"C\") < ($6, $7, $8) "
    "ORDER BY start_ns DESC, venue COLLATE \"C\" DESC, symbol COLLATE \"C\" DESC LIMIT $4";
constexpr const char* kGapsOf =
    "SELECT start_ns, venue, symbol, end_ns, cause, state, expected, recovered FROM gaps "
    "WHERE start_ns < $1 AND end_ns > $2 AND ($3::text = '' OR venue = $3::text) "
    "AND ($5::text = '' OR state = $5::text) "
    "AND (start_ns, venue COLLATE \"C\", symbol COLLATE \"C\") < ($6, $7, $8) "
    "AND (venue, symbol) IN (SELECT v, s FROM unnest($9::text[], $10::text[]) AS u(v, s)) "
    "ORDER BY start_ns DESC, venue COLLATE \"C\" DESC, symbol COLLATE \"C\" DESC LIMIT $4";
constexpr const char* kTakeovers =
    "SELECT asset, at_ns, before, source, cause FROM takeovers WHERE at_ns >= $1 AND at_ns < $2 "
    "AND (at_ns, asset COLLATE \"C\") < ($4, $5) ORDER BY at_ns DESC, asset COLLATE \"C\" DESC LIMIT $3";
constexpr const char* kTakeoversOf =
    "SELECT asset, at_ns, before, source, cause FROM takeovers WHERE at_ns >= $1 AND at_ns < $2 "
    "AND (at_ns, asset COLLATE \"C\") < ($4, $5) AND asset = $6 ORDER BY at_ns DESC LIMIT $3";
// Rows of one microsecond come together, whatever the limit: only here they are put in order by their nanoseconds.
constexpr const char* kTrades =
    "SELECT form, at, trade, delay, price, amount FROM trades "
    "WHERE series = (SELECT id FROM series WHERE base = $1 AND quote = $2 AND venue = $3) AND at >= $4 AND at <= $6 "
    "AND (at, form & 1023) >= ($4, $5) AND (at, form & 1023) < ($6, $7) ORDER BY at DESC FETCH FIRST $8 ROWS WITH TIES";
constexpr const char* kSize =
    "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8 FROM pg_class c JOIN pg_namespace n "
    "ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND c.relkind = 'r'";
constexpr const char* kChunkSize =
    "SELECT coalesce(sum(hypertable_size(format('%I.%I', hypertable_schema, hypertable_name)::regclass)), 0)::int8 "
    "FROM timescaledb_information.hypertables WHERE hypertable_schema = current_schema()";
constexpr const char* kAssets = "SELECT id, symbol, name, kind, rank FROM assets ORDER BY position";
constexpr const char* kFacts =
    "SELECT asset, symbol, name, rank, price, high_24h, low_24h, shapes, change_24h, change_24h_pct, market_cap, "
    "volume_24h, circulating_supply, total_supply, max_supply, updated_at, received_at FROM facts ORDER BY asset";
constexpr const char* kPrices = "SELECT asset, price, shape, as_of, source FROM prices ORDER BY asset";
constexpr const char* kMinutes =
    "SELECT s.base, m.trades, m.start, m.form, m.open, m.high, m.low, m.close, m.volume "
    "FROM minutes m JOIN series s ON s.id = m.series "
    "WHERE s.quote = 'usd' AND s.venue = '' AND m.start >= $1 ORDER BY s.base, m.start";
constexpr const char* kSeries = "SELECT base, quote, venue FROM series";
constexpr const char* kLastWrite = "SELECT last_write FROM state";

/// timestamptz holds microseconds: rounded down, what is below it goes beside it.
struct Split {
  explicit Split(Timestamp t) : ns(((t.ns % 1000) + 1000) % 1000), us{t.ns - ns} {
    if (t.ns < std::numeric_limits<std::int64_t>::min() + 1000) us = {std::numeric_limits<std::int64_t>::min()};
    if (t.ns == std::numeric_limits<std::int64_t>::max()) us = t;
  }
  std::int64_t ns;
  Timestamp us;
};

class PostgresReader final : public StoreReader {
 public:
  PostgresReader(Ask ask, std::shared_ptr<ServerSet> servers, Schema schema, std::string location)
      : ask_(std::move(ask)), servers_(std::move(servers)), schema_(schema), location_(std::move(location)) {}

  Result<std::vector<core::Candle>> candles(const CandleQuery& query) override {
    if (query.end <= query.start || query.limit == 0) return std::vector<core::Candle>{};
    return answer<std::vector<core::Candle>>([&](Connection& connection) { return read_candles(connection, query); });
  }

  Result<std::vector<core::MarketPoint>> points(const std::string& asset_id, Timestamp start, Timestamp end,
                                                std::size_t limit) override {
    return answer<std::vector<core::MarketPoint>>([&](Connection& connection) {
      return list<core::MarketPoint>(connection,
                                     {kPoints, Params().text(asset_id).time(start).time(end).integer(sql_limit(limit))},
                                     [](const Rows& rows, int i) -> Result<core::MarketPoint> {
                                       return core::MarketPoint{rows.time(i, 0), rows.real(i, 1),
                                                                rows.real_or_null(i, 2), rows.real_or_null(i, 3)};
                                     });
    });
  }

  Result<std::vector<core::Gap>> gaps(const GapQuery& query) override {
    Params params;
    params.integer(query.end.ns).integer(query.start.ns).text(query.venue).integer(sql_limit(query.limit));
    params.text(query.state ? core::to_string(*query.state) : "");
    const GapKey before = query.before.value_or(GapKey{kAfterAll, "", ""});
    params.integer(before.start.ns).text(before.venue).text(before.symbol);
    if (query.of) {
      std::vector<std::string> venues, symbols;
      for (const GapScope& scope : *query.of) {
        venues.push_back(scope.venue);
        symbols.push_back(scope.symbol);
      }
      params.texts(venues).texts(symbols);
    }
    return answer<std::vector<core::Gap>>([&](Connection& connection) {
      return list<core::Gap>(
          connection, {query.of ? kGapsOf : kGaps, params}, [](const Rows& rows, int i) -> Result<core::Gap> {
            const auto cause = core::parse_gap_cause(rows.text(i, 4));
            const auto state = core::parse_gap_state(rows.text(i, 5));
            if (!cause || !state) return tl::unexpected(damaged("gap"));
            return core::Gap{rows.text(i, 1), rows.text(i, 2), {rows.integer(i, 0)}, {rows.integer(i, 3)},
                             *cause,          *state,          rows.integer(i, 6),   rows.integer(i, 7)};
          });
    });
  }

  Result<std::vector<core::Takeover>> takeovers(const TakeoverQuery& query) override {
    Params params;
    params.integer(query.start.ns).integer(query.end.ns).integer(sql_limit(query.limit));
    const TakeoverKey before = query.before.value_or(TakeoverKey{kAfterAll, ""});
    params.integer(before.at.ns).text(before.asset);
    if (!query.asset.empty()) params.text(query.asset);
    return answer<std::vector<core::Takeover>>([&](Connection& connection) {
      return list<core::Takeover>(
          connection, {query.asset.empty() ? kTakeovers : kTakeoversOf, params},
          [](const Rows& rows, int i) -> Result<core::Takeover> {
            const auto cause = core::parse_takeover_cause(rows.text(i, 4));
            if (!cause) return tl::unexpected(damaged("takeover"));
            return core::Takeover{rows.text(i, 0), {rows.integer(i, 1)}, rows.text(i, 2), rows.text(i, 3), *cause};
          });
    });
  }

  Result<std::vector<StoredTrade>> trades(const TradeQuery& query) override {
    if (query.end <= query.start || query.limit == 0) return std::vector<StoredTrade>{};
    auto rows = answer<std::vector<TradeRow>>([&](Connection& connection) { return read_trades(connection, query); });
    if (!rows) return tl::unexpected(rows.error());
    std::sort(rows->begin(), rows->end(), [](const TradeRow& a, const TradeRow& b) {
      return std::tie(a.trade.at, a.key) < std::tie(b.trade.at, b.key);
    });
    std::vector<StoredTrade> out;
    const std::size_t skip = rows->size() > query.limit ? rows->size() - query.limit : 0;
    for (std::size_t i = skip; i < rows->size(); ++i) out.push_back((*rows)[i].trade);
    return out;
  }

  Result<std::vector<SeriesName>> series() override {
    return answer<std::vector<SeriesName>>([&](Connection& connection) {
      return list<SeriesName>(connection, {kSeries, {}}, [](const Rows& rows, int i) -> Result<SeriesName> {
        return SeriesName{rows.text(i, 0), rows.text(i, 1), rows.text(i, 2)};
      });
    });
  }

  Result<StoreInfo> info() override {
    StoreInfo out{"postgres", location_, schema_.version, 0, 0, {}};
    if (servers_) out.replicas = servers_->replicas();
    const auto status = ask_([&](Connection& connection) -> Status {
      std::vector<Prepared> statements = {{kSize, {}}};
      if (schema_.layout != Layout::partitions) statements.push_back({kChunkSize, {}});
      auto rows = connection.pipeline(statements);
      if (!rows) return tl::unexpected(rows.error());
      out.size_bytes = 0;
      for (const Rows& one : *rows) out.size_bytes += static_cast<std::uint64_t>(one.integer(0, 0));
      out.used_bytes = out.size_bytes;
      return {};
    });
    if (!status) return tl::unexpected(status.error());
    return out;
  }

 private:
  template <typename T, typename Work>
  Result<T> answer(Work work) {
    T out;
    const auto status = ask_([&](Connection& connection) -> Status {
      auto got = work(connection);
      if (!got) return tl::unexpected(got.error());
      out = std::move(*got);
      return {};
    });
    if (!status) return tl::unexpected(status.error());
    return out;
  }

  /// Of rows that come newest first.
  template <typename T, typename Make>
  static Result<std::vector<T>> list(Connection& connection, const Prepared& statement, Make make) {
    auto rows = connection.pipeline({statement});
    if (!rows) return tl::unexpected(rows.error());
    std::vector<T> out;
    for (int i = rows->front().size(); i-- > 0;) {
      Result<T> one = make(rows->front(), i);
      if (!one) return tl::unexpected(one.error());
      out.push_back(std::move(*one));
    }
    return out;
  }

  static Result<std::vector<TradeRow>> read_trades(Connection& connection, const TradeQuery& query) {
    const Split start(query.start), end(query.end);
    Params params;
    params.text(query.base).text(query.quote).text(query.venue);
    params.time(start.us).integer(start.ns).time(end.us).integer(end.ns).integer(sql_limit(query.limit));
    return list<TradeRow>(connection, {kTrades, params}, [](const Rows& rows, int i) -> Result<TradeRow> {
      const auto trade = trade_at(rows, i, 0);
      if (!trade) return tl::unexpected(damaged("trade"));
      return *trade;
    });
  }

  const Ask ask_;
  const std::shared_ptr<ServerSet> servers_;  // null: one connection alone
  const Schema schema_;
  const std::string location_;
};

Status take_assets(const Rows& rows, core::RestoredState& state) {
  for (int i = 0; i < rows.size(); ++i) {
    const std::int64_t kind = rows.integer(i, 3);
    if (kind < 0 || kind > 3) return tl::unexpected(damaged("asset"));
    state.assets.push_back({rows.text(i, 0), rows.text(i, 1), rows.text(i, 2), static_cast<core::AssetKind>(kind),
                            static_cast<std::int32_t>(rows.integer(i, 4))});
  }
  return {};
}

Status take_facts(const Rows& rows, core::RestoredState& state) {
  for (int i = 0; i < rows.size(); ++i) {
    core::AssetFacts facts;
    facts.asset_id = rows.text(i, 0);
    facts.symbol = rows.text(i, 1);
    facts.name = rows.text(i, 2);
    facts.rank = static_cast<std::int32_t>(rows.integer(i, 3));
    int index = 0;
    for (auto* target : {&facts.price, &facts.high_24h, &facts.low_24h}) {
      const int column = 4 + index;
      const auto shape = static_cast<int>(rows.integer(i, 7) >> (Numeric::kShapeBits * index++)) & 31;
      if (rows.is_null(i, column)) continue;
      *target = decimal_at(rows, i, column, shape);
      if (!*target) return tl::unexpected(damaged("row of facts"));
    }
    int column = 8;
    for (auto* target : {&facts.change_24h, &facts.change_24h_pct, &facts.market_cap, &facts.volume_24h,
                         &facts.circulating_supply, &facts.total_supply, &facts.max_supply}) {
      *target = rows.real_or_null(i, column++);
    }
    facts.updated_at = {rows.integer(i, 15)};
    facts.received_at = {rows.integer(i, 16)};
    state.facts.push_back(std::move(facts));
  }
  return {};
}

Status take_prices(const Rows& rows, core::RestoredState& state) {
  for (int i = 0; i < rows.size(); ++i) {
    const auto price = decimal_at(rows, i, 1, static_cast<int>(rows.integer(i, 2)));
    if (!price) return tl::unexpected(damaged("last price"));
    state.prices.push_back({rows.text(i, 0), *price, {rows.integer(i, 3)}, rows.text(i, 4)});
  }
  return {};
}

Status take_minutes(const Rows& rows, core::RestoredState& state) {
  for (int i = 0; i < rows.size(); ++i) {
    const auto minute = candle_at(rows, i, 1);
    if (!minute) return tl::unexpected(damaged("candle"));
    std::string asset = rows.text(i, 0);
    if (state.minutes.empty() || state.minutes.back().asset_id != asset)
      state.minutes.push_back({std::move(asset), {}});
    state.minutes.back().candles.push_back(minute->candle);
  }
  return {};
}

Status read_all(Connection& connection, Timestamp since, core::RestoredState& state) {
  auto rows = connection.pipeline({begin_read(connection),
                                   {kAssets, {}},
                                   {kFacts, {}},
                                   {kPrices, {}},
                                   {kMinutes, Params().time(since)},
                                   {kLastWrite, {}},
                                   end_read(connection)});
  if (!rows) return tl::unexpected(rows.error());
  auto taken = take_assets((*rows)[1], state);
  if (taken) taken = take_facts((*rows)[2], state);
  if (taken) taken = take_prices((*rows)[3], state);
  if (taken) taken = take_minutes((*rows)[4], state);
  if (taken && (*rows)[5].size() == 1) state.last_write = {(*rows)[5].integer(0, 0)};
  return taken;
}

class PostgresSnapshot final : public StoreSnapshot {
 public:
  PostgresSnapshot(std::unique_ptr<Connection> connection, Schema schema, std::string location)
      : connection_(std::move(connection)),
        reader_([this](const ServerSet::Work& work) { return work(*connection_); }, nullptr, schema,
                std::move(location)) {}
  StoreReader& reader() override { return reader_; }
  Result<core::RestoredState> state(Timestamp since) override {
    core::RestoredState state;
    if (auto read = read_all(*connection_, since, state); !read) return tl::unexpected(read.error());
    return state;
  }

 private:
  const std::unique_ptr<Connection> connection_;
  PostgresReader reader_;
};

}  // namespace

std::unique_ptr<StoreReader> make_reader(std::shared_ptr<ServerSet> servers, Schema schema, std::string location) {
  Ask ask = [servers](const ServerSet::Work& work) { return servers->read(work); };
  return std::make_unique<PostgresReader>(std::move(ask), std::move(servers), schema, std::move(location));
}

std::unique_ptr<StoreReader> make_reader(Ask ask, Schema schema, std::string location) {
  return std::make_unique<PostgresReader>(std::move(ask), nullptr, schema, std::move(location));
}

Result<std::unique_ptr<StoreSnapshot>> make_snapshot(std::unique_ptr<Connection> connection, Schema schema,
                                                     std::string location) {
  // It may take long and be idle in between; what it reads first fixes the moment.
  if (auto begun = connection->begin(std::string("SET idle_in_transaction_session_timeout = 0; ") + kBeginRead);
      !begun) {
    return tl::unexpected(begun.error());
  }
  if (auto looked = connection->ask(kLastWrite); !looked) return tl::unexpected(looked.error());
  return std::make_unique<PostgresSnapshot>(std::move(connection), schema, std::move(location));
}

Result<core::RestoredState> read_state(ServerSet& servers, Timestamp since) {
  core::RestoredState state;
  const auto status = servers.read_primary([&](Connection& connection) {
    state = {};
    return read_all(connection, since, state);
  });
  if (!status) return tl::unexpected(status.error());
  return state;
}

}  // namespace tickspan::storage::postgres
