#include "storage/postgres/postgres_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <random>

#include "runtime/log.hpp"
#include "storage/postgres/batch_plan.hpp"
#include "storage/postgres/candle_reader.hpp"
#include "storage/postgres/partitions.hpp"
#include "storage/postgres/postgres_reader.hpp"
#include "storage/postgres/row_writer.hpp"
#include "storage/postgres/small_tables.hpp"
#include "storage/postgres/timescale.hpp"

namespace tickspan::storage::postgres {
namespace {

using core::ErrorCode;
using core::Result;
using core::Status;
using core::Timestamp;

constexpr int kLongerAtOnce = 100;
constexpr std::chrono::hours kAhead{24};     // before minutes go: TimescaleDB's jobs do not wait for the writer
constexpr std::chrono::hours kPatience{48};  // with those jobs, which run every hour where they run
constexpr runtime::Log kLog{"storage"};
constexpr std::size_t kMostUnsynced = 65'536;  // rows kept until they are on the server's disk
constexpr std::string_view kCheckViolation = "23514", kUniqueViolation = "23505", kNoSuchTable = "42P01";

class PostgresWriter final : public StoreWriter {
 public:
  explicit PostgresWriter(WriterSettings settings) : settings_(std::move(settings)), rows_(settings_.layout) {
    std::random_device random;
    id_ = static_cast<std::int64_t>((std::uint64_t{random()} << 31) ^ random());
  }

  Status write(const std::vector<core::WriteBatch>& batches) override {
    if (within_) return write_within(batches);
    for (const auto& batch : batches) {
      if (auto valid = validate(batch); !valid) return valid;
    }
    auto status = repeat_unsynced();
    if (status) status = write_checked(batches);
    if (!status || settings_.wait_for_disk) return status;
    for (const auto& batch : batches) {
      unsynced_rows_ += batch.rows();
      unsynced_.push_back(batch);
    }
    return unsynced_rows_ > kMostUnsynced ? sync() : status;
  }

  /// A commit that waits for the disk brings all before it there. One that changed nothing would not wait.
  Status sync() override {
    if (unsynced_.empty()) return {};
    if (auto repeated = repeat_unsynced(); !repeated) return repeated;
    const auto synced =
        connection_->run("BEGIN; SET LOCAL synchronous_commit = on; UPDATE state SET writer = writer; COMMIT");
    if (!synced) return after_failure(synced.error());
    unsynced_.clear();
    unsynced_rows_ = 0;
    return {};
  }

  /// Takes the turn until commit(): every write in between is of one transaction.
  Status begin_all() {
    if (auto ready = connect(); !ready) return ready;
    auto begun = connection_->begin("SET idle_in_transaction_session_timeout = 0; BEGIN");
    if (begun) begun = take_turn("SELECT writer FROM state FOR UPDATE");
    if (!begun) return after_failure(begun.error());
    within_ = true;
    return {};
  }
  Status commit() {
    if (failure_) return tl::unexpected(*failure_);
    within_ = false;
    if (auto committed = connection_->end("COMMIT"); !committed) return after_failure(committed.error());
    return {};
  }
  /// Within begin_all() and commit(): sees what was written.
  Status ask(const ServerSet::Work& work) {
    if (failure_) return tl::unexpected(*failure_);
    return work(*connection_);
  }

  Result<std::size_t> expire(const Expiry& older_than, std::size_t max_rows) override {
    if (within_) return core::fail(ErrorCode::conflict, "nothing expires within a transaction of many writes");
    if (auto ready = connect(); !ready) return tl::unexpected(ready.error());
    const auto kept = keep_longer(older_than);
    if (!kept) return after_failure(kept.error());
    if (*kept >= kLongerAtOnce) return max_rows;  // the rest of them first
    auto dropped = drop_pieces(older_than);
    if (!dropped) return after_failure(dropped.error());
    std::size_t rows = 0;
    for (const auto& [sql, cutoff] : {std::pair{kExpireMinutes, rows_cutoff(Table::minutes, older_than)},
                                      {kExpireShort, cutoff_of(older_than, core::Interval::m1)},
                                      {kExpireHours, cutoff_of(older_than, core::Interval::h1)},
                                      {kExpireHourSums, cutoff_of(older_than, core::Interval::h1)},
                                      {kExpireDays, cutoff_of(older_than, core::Interval::d1)},
                                      {kExpireDaySums, cutoff_of(older_than, core::Interval::d1)},
                                      {kExpirePoints, older_than.points},
                                      {kExpireTrades, rows_cutoff(Table::trades, older_than)}}) {
      if (!cutoff.is_set() || rows >= max_rows) continue;
      auto deleted = connection_->query(sql, Params().time(cutoff).integer(static_cast<std::int64_t>(max_rows - rows)));
      if (!deleted) return after_failure(deleted.error());
      rows += deleted->affected();
    }
    return *dropped + rows;
  }

 private:
  static constexpr const char* kExpireMinutes =
      "DELETE FROM minutes WHERE start < $1 AND (series, start) IN "
      "(SELECT series, start FROM minutes WHERE start < $1 LIMIT $2)";
  // Nothing came that would have closed the hour and the day of a series' newest minute.
#define LAST(unit, level)                                                                   \
  "SELECT s.base, s.quote, s.venue, date_trunc('" unit                                      \
  "', s.newest_minute, 'UTC') FROM series s WHERE s.newest_minute < $1 "                    \
  "AND EXISTS (SELECT FROM minutes m WHERE m.series = s.id AND m.start = s.newest_minute) " \
  "AND NOT EXISTS (SELECT FROM candles c WHERE c.series = s.id AND c.level = " level        \
  " AND c.start = "                                                                         \
  "date_trunc('" unit "', s.newest_minute, 'UTC')) LIMIT $2"
  static constexpr const char* kLastHours = LAST("hour", "3");
  static constexpr const char* kLastDays = LAST("day", "5");
#undef LAST
  static constexpr const char* kDaysOfHours =
      "SELECT s.base, s.quote, s.venue, h.day FROM (SELECT DISTINCT series, date_trunc('day', start, 'UTC') AS day "
      "FROM candles WHERE level IN (3, 4) AND start < $1) AS h JOIN series s ON s.id = h.series "
      "WHERE NOT EXISTS (SELECT FROM candles d WHERE d.series = h.series AND d.level = 5 AND d.start = h.day) "
      "AND NOT EXISTS (SELECT FROM rollups d WHERE d.series = h.series AND d.level = 5 AND d.start = h.day) "
      "LIMIT $2";
  // Levels as level_code() has them: 1 and 2 are below an hour, 3 and 4 hours, 5 days.
#define EXPIRE_CANDLES(table, levels)                                                                             \
  "DELETE FROM " table " WHERE start < $1 AND (series, level, start) IN (SELECT series, level, start FROM " table \
  " WHERE level IN (" levels ") AND start < $1 LIMIT $2)"
  static constexpr const char* kExpireShort = EXPIRE_CANDLES("candles", "1, 2");
  static constexpr const char* kExpireHours = EXPIRE_CANDLES("candles", "3, 4");
  static constexpr const char* kExpireHourSums = EXPIRE_CANDLES("rollups", "3, 4");
  static constexpr const char* kExpireDays = EXPIRE_CANDLES("candles", "5");
  static constexpr const char* kExpireDaySums = EXPIRE_CANDLES("rollups", "5");
#undef EXPIRE_CANDLES
  static constexpr const char* kExpirePoints =
      "DELETE FROM points WHERE (asset, at) IN (SELECT asset, at FROM points WHERE at < $1 ORDER BY at LIMIT $2)";
  static constexpr const char* kExpireTrades =
      "DELETE FROM trades WHERE at < $1 AND (series, at, trade) IN "
      "(SELECT series, at, trade FROM trades WHERE at < $1 LIMIT $2)";

  Status write_checked(const std::vector<core::WriteBatch>& batches) {
    auto status = try_write(batches);
    // Another program has written, or dropped a piece, since this one looked: now it has looked again.
    if (!status && was_overtaken()) status = try_write(batches);
    if (!status && was_overtaken()) {
      core::Error error = status.error();
      error.code = ErrorCode::unavailable;
      error.retryable = true;
      return tl::unexpected(std::move(error));
    }
    return status;
  }

  /// A lost connection may mean a crash of the server: what it had not on its disk then is not there.
  Status repeat_unsynced() {
    if (auto ready = connect(); !ready) return ready;
    if (!repeat_) return {};
    auto status = write_checked(unsynced_);
    if (status) repeat_ = false;
    return status;
  }

  /// What is longer than the candles that go, and was only read as their sum, is stored before. How many.
  Result<int> keep_longer(const Expiry& older_than) {
    auto minutes = cutoff_of(older_than, core::Interval::m1);
    if (minutes.is_set()) minutes = minutes + kAhead;
    std::vector<CandleQuery> longer;
    for (const auto& [sql, cutoff, interval] :
         {std::tuple{kLastHours, minutes, core::Interval::h1},
          {kLastDays, minutes, core::Interval::d1},
          {kDaysOfHours, cutoff_of(older_than, core::Interval::h1), core::Interval::d1}}) {
      if (!cutoff.is_set()) continue;
      auto found = connection_->query(sql, Params().time(cutoff).integer(kLongerAtOnce));
      if (!found) return tl::unexpected(found.error());
      for (int i = 0; i < found->size(); ++i) {
        const Timestamp start = found->time(i, 3);
        longer.push_back({found->text(i, 0), found->text(i, 1), found->text(i, 2), interval, start,
                          start + core::width(interval), std::size_t{1}});
      }
    }
    return store_as_read(longer);
  }

  Result<int> store_as_read(const std::vector<CandleQuery>& queries) {
    auto names = std::make_shared<core::Catalogue>();
    core::WriteBatch batch;
    for (const CandleQuery& query : queries) {
      const auto found = read_candles(*connection_, query);
      if (!found) return tl::unexpected(found.error());
      const core::AssetId base = names->upsert_asset({query.base, query.base, query.base, core::AssetKind::coin, 0});
      const core::AssetId quote =
          names->upsert_asset({query.quote, query.quote, query.quote, core::AssetKind::coin, 0});
      core::VenueId venue;
      if (!query.venue.empty()) venue = names->upsert_venue({query.venue, query.venue, false, "", ""});
      for (const core::Candle& candle : *found) batch.candles.push_back({{base, quote, venue}, query.interval, candle});
    }
    batch.catalogue = std::move(names);
    if (batch.candles.empty()) return 0;
    if (auto written = write_checked({batch}); !written) return tl::unexpected(written.error());
    return static_cast<int>(queries.size());
  }

  bool was_overtaken() const {
    return last_state_ == kUniqueViolation || last_state_ == kCheckViolation || last_state_ == kNoSuchTable;
  }

  Status connect() {
    if (connection_ && !connection_->broken()) return {};
    connection_.reset();
    forget();
    const std::string setup =
        fmt::format("{} SET synchronous_commit = {}; {}", session_setup(settings_.target),
                    settings_.wait_for_disk ? "on" : "off", RowWriter::session_setup(settings_.layout));
    auto made = Connection::open(settings_.target, settings_.limits, setup);
    if (!made) return tl::unexpected(made.error());
    if (auto free = share_database(**made); !free) return free;
    connection_ = std::move(*made);
    repeat_ = !unsynced_.empty();
    return {};
  }

  /// Other writers may, a restore may not: what this one knows of the tables would be wrong.
  Status share_database(Connection& connection) const {
    if (!settings_.shares) return {};
    auto lock = connection.ask(fmt::format("SELECT pg_try_advisory_lock_shared({})", kWritersLock));
    if (!lock) return tl::unexpected(lock.error());
    if (lock->text(0, 0) == "t") return {};
    return core::fail(ErrorCode::unavailable,
                      fmt::format("a backup is being restored into {}", settings_.target.location), true);
  }

  void forget() {
    book_.forget();
    partitions_.forget();
  }

  /// What is known may have been rolled back.
  tl::unexpected<core::Error> after_failure(core::Error error) {
    forget();
    if (connection_->connection_lost() || !connection_->run("ROLLBACK")) connection_.reset();
    return tl::unexpected(std::move(error));
  }

  Status write_within(const std::vector<core::WriteBatch>& batches) {
    if (failure_) return tl::unexpected(*failure_);
    Status status;
    for (auto batch = batches.begin(); status && batch != batches.end(); ++batch) status = validate(*batch);
    if (status) status = transact(batches);
    if (status) return status;
    failure_ = status.error();
    return after_failure(*failure_);
  }

  Status try_write(const std::vector<core::WriteBatch>& batches) {
    last_state_.clear();
    if (auto ready = connect(); !ready) return ready;
    auto status = transact(batches);
    if (status) return status;
    last_state_ = connection_->last_sqlstate();
    return after_failure(status.error());
  }

  Status transact(const std::vector<core::WriteBatch>& batches) {
    if (auto made = make_pieces(batches); !made) return made;
    if (!within_) {
      if (auto begun = take_turn("BEGIN; SELECT writer FROM state FOR UPDATE"); !begun) return begun;
    }
    if (auto learnt = book_.learn(*connection_, series_of(batches)); !learnt) return learnt;
    const BatchPlan plan = make_plan(batches, book_);
    auto status = rows_.write(*connection_, plan, within_);
    if (status) status = write_small_tables(*connection_, batches);
    if (status) status = connection_->run(finish(batches, plan));
    return status;
  }

  /// Takes the turn. Another writer in between makes what this one knows worthless.
  Status take_turn(const std::string& sql) {
    auto row = connection_->ask(sql);
    if (!row) return tl::unexpected(row.error());
    if (row->size() != 1) return core::fail(ErrorCode::io_error, "the database has lost its row of state");
    if (row->text(0, 0) != std::to_string(id_)) book_.forget();
    return {};
  }

  Status make_pieces(const std::vector<core::WriteBatch>& batches) {
    if (settings_.layout != Layout::partitions) return {};
    std::set<Timestamp> minutes, candles, trades;
    for (const auto& batch : batches) {
      for (const auto& row : batch.candles) {
        (row.interval == core::Interval::m1 ? minutes : candles)
            .insert(row.candle.start.floor_to(std::chrono::hours(24)));
      }
      for (const auto& tick : batch.ticks) trades.insert(trade_time(tick).floor_to(std::chrono::hours(24)));
      for (const auto& row : batch.composites) trades.insert(trade_time(row.tick).floor_to(std::chrono::hours(24)));
    }
    auto made = partitions_.ensure(*connection_, Table::minutes, minutes);
    if (made) made = partitions_.ensure(*connection_, Table::candles, candles);
    if (made) made = partitions_.ensure(*connection_, Table::trades, trades);
    return made;
  }

  std::string finish(const std::vector<core::WriteBatch>& batches, const BatchPlan& plan) const {
    std::set<Series*> touched;
    Series* last = nullptr;  // rows of a series follow one another
    const auto touch = [&](const auto& row) {
      if (row.series != last) touched.insert(last = row.series);
    };
    std::for_each(plan.minutes.begin(), plan.minutes.end(), touch);
    std::for_each(plan.trades.begin(), plan.trades.end(), touch);
    std::vector<std::int64_t> ids, minutes, trades;
    for (const Series* series : touched) {
      ids.push_back(series->id);
      minutes.push_back(series->newest_minute ? series->newest_minute->seconds() : -1);
      trades.push_back(series->newest_trade);
    }
    Timestamp newest;
    for (const auto& batch : batches) newest = std::max(newest, batch.heard_until);
    std::string sql;
    if (!ids.empty()) {
      sql = fmt::format(
          "UPDATE series SET newest_minute = to_timestamp(nullif(u.m, -1)), newest_trade = u.t FROM "
          "unnest('{{{}}}'::int4[], '{{{}}}'::int8[], '{{{}}}'::int8[]) AS u(id, m, t) WHERE series.id = u.id; ",
          fmt::join(ids, ","), fmt::join(minutes, ","), fmt::join(trades, ","));
    }
    return sql + fmt::format("UPDATE state SET last_write = greatest(last_write, {}), writer = {}{}", newest.ns, id_,
                             within_ ? "" : "; COMMIT");
  }

  static Timestamp cutoff_for(Table table, const Expiry& older_than) {
    return table == Table::trades ? older_than.ticks : cutoff_of(older_than, core::Interval::m1);
  }
  /// From when on rows go one by one; not set where nothing is to go, or the server's own jobs see to it.
  Timestamp rows_cutoff(Table table, const Expiry& older_than) const {
    return settings_.kept_by_jobs.contains(table) ? Timestamp{} : cutoff_for(table, older_than);
  }

  Result<std::size_t> drop_pieces(const Expiry& older_than) {
    std::size_t rows = 0;
    for (const Table table : {Table::minutes, Table::trades}) {
      Timestamp cutoff = cutoff_for(table, older_than);
      const bool by_jobs = settings_.kept_by_jobs.contains(table);
      if (by_jobs && cutoff.is_set()) cutoff = cutoff - kPatience;
      auto dropped = settings_.layout == Layout::partitions ? partitions_.drop_before(*connection_, table, cutoff)
                                                            : drop_chunks(*connection_, name_of(table), cutoff);
      if (!dropped) return dropped;
      if (by_jobs && *dropped > 0) {
        kLog.warn("TimescaleDB's retention job of '{}' has not run for {} hours: old chunks were dropped without it",
                  name_of(table), kPatience.count());
      }
      rows += *dropped;
    }
    return rows;
  }

  const WriterSettings settings_;
  std::int64_t id_ = 0;  // of this writer, among those that share the database
  std::unique_ptr<Connection> connection_;
  SeriesBook book_;
  Partitions partitions_;
  RowWriter rows_;
  std::vector<core::WriteBatch> unsynced_;  // acknowledged, and perhaps not on the server's disk
  std::size_t unsynced_rows_ = 0;
  bool repeat_ = false;  // they may be gone
  std::string last_state_;
  bool within_ = false;                 // a transaction of many writes
  std::optional<core::Error> failure_;  // which ended it
};

class PostgresTransaction final : public StoreTransaction {
 public:
  explicit PostgresTransaction(WriterSettings settings, Schema schema)
      : writer_(settings),
        reader_(make_reader([this](const ServerSet::Work& work) { return writer_.ask(work); }, schema,
                            settings.target.location)) {}
  Status begin() { return writer_.begin_all(); }
  StoreWriter& writer() override { return writer_; }
  StoreReader& reader() override { return *reader_; }
  Status commit() override { return writer_.commit(); }

 private:
  PostgresWriter writer_;  // its connection goes without a COMMIT: the server rolls back
  std::unique_ptr<StoreReader> reader_;
};

}  // namespace

Result<std::unique_ptr<StoreTransaction>> make_transaction(WriterSettings settings, Schema schema) {
  auto transaction = std::make_unique<PostgresTransaction>(std::move(settings), schema);
  if (auto begun = transaction->begin(); !begun) return tl::unexpected(begun.error());
  return transaction;
}

std::unique_ptr<StoreWriter> make_writer(WriterSettings settings) {
  return std::make_unique<PostgresWriter>(std::move(settings));
}

}  // namespace tickspan::storage::postgres
