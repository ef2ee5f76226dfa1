#include "storage/sqlite/sqlite_writer.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/log.hpp"
#include "storage/batch_rows.hpp"
#include "storage/sqlite/candle_codec.hpp"
#include "storage/sqlite/candle_expiry.hpp"
#include "storage/sqlite/old_trades.hpp"
#include "storage/sqlite/sqlite_reader.hpp"
#include "storage/sqlite/trade_blocks.hpp"

namespace tickspan::storage::sqlite {
namespace {

using core::Status;

constexpr runtime::Log kLog{"storage"};
constexpr std::size_t kMovedRows = 4000;  // some tens of milliseconds of the writer's time

constexpr std::string_view kPutPoint =
    "INSERT OR REPLACE INTO points(series, at, price, market_cap, volume_24h) VALUES(?,?,?,?,?)";
constexpr std::string_view kPutPrice =
    "INSERT OR REPLACE INTO prices(asset, price, price_exp, as_of, source) VALUES(?,?,?,?,?)";
// Ranks change a little every minute, most rows not at all: those cost no write.
constexpr std::string_view kPutAsset =
    "INSERT INTO assets(id, symbol, name, kind, rank) VALUES(?1,?2,?3,?4,?5) ON CONFLICT(id) DO UPDATE SET "
    "symbol = ?2, name = ?3, kind = ?4, rank = ?5 WHERE (symbol, name, kind, rank) IS NOT (?2, ?3, ?4, ?5)";
constexpr std::string_view kPutFacts =
    "INSERT OR REPLACE INTO facts(asset, symbol, name, rank, price, price_exp, high_24h, high_24h_exp, low_24h, "
    "low_24h_exp, "
    "change_24h, change_24h_pct, market_cap, volume_24h, circulating_supply, total_supply, max_supply, updated_at, "
    "received_at) "
    "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
constexpr std::string_view kPutGap =
    "INSERT INTO gaps(start, venue, symbol, end, cause, state, expected, recovered) VALUES(?,?,?,?,?,?,?,?) "
    "ON CONFLICT(start, venue, symbol) DO UPDATE SET end = excluded.end, cause = excluded.cause, "
    "state = excluded.state, expected = excluded.expected, recovered = excluded.recovered "
    "WHERE excluded.state = 'open' OR excluded.end >= gaps.end";  // core::gives_way()
constexpr std::string_view kPutTakeover =
    "INSERT OR REPLACE INTO takeovers(asset, at, before, source, cause) VALUES(?,?,?,?,?)";
constexpr std::string_view kFindSeries = "SELECT id FROM series WHERE base = ? AND quote = ? AND venue = ?";
constexpr std::string_view kAddSeries = "INSERT INTO series(base, quote, venue) VALUES(?,?,?) RETURNING id";
constexpr std::string_view kPutMeta =
    "INSERT INTO meta(key, value) VALUES(?1,?2) ON CONFLICT(key) DO UPDATE SET value = max(value, ?2)";
constexpr std::string_view kCountBeside =
    "INSERT INTO meta(key, value) VALUES(?1,1) ON CONFLICT(key) DO UPDATE SET value = value + 1";
constexpr std::string_view kListSeries = "SELECT id FROM series";
constexpr std::string_view kExpirePoints =
    "DELETE FROM points WHERE (series, at) IN (SELECT series, at FROM points "
    "WHERE series = ?1 AND at < ?2 ORDER BY at LIMIT ?3) RETURNING 1";
struct SeriesHash {
  std::size_t operator()(const SeriesName& name) const noexcept {
    const std::hash<std::string> hash;
    return (hash(name.base) * 31 + hash(name.quote)) * 31 + hash(name.venue);
  }
};

struct KeyHash {
  std::size_t operator()(const core::SeriesKey& key) const noexcept {
    return (std::size_t{key.base.value} * 0x9e3779b97f4a7c15ULL + key.quote.value) * 0x9e3779b97f4a7c15ULL +
           key.venue.value;
  }
};

class SqliteWriter final : public StoreWriter {
 public:
  enum class Place : std::uint8_t {
    alone,   // nobody else writes for long
    beside,  // another program's, whose own writer moves what is old
    within,  // a transaction that somebody else has begun and ends
  };
  SqliteWriter(std::shared_ptr<Connection> connection, std::unique_ptr<StoreReader> reader, Place place)
      : connection_(std::move(connection)), place_(place), old_candles_(*connection_, std::move(reader)) {}

  Status prepare() {
    const std::array<std::pair<Statement*, std::string_view>, 15> statements = {{
        {&begin_, "BEGIN IMMEDIATE"},
        {&commit_, "COMMIT"},
        {&candle_, kPutCandle},
        {&point_, kPutPoint},
        {&price_, kPutPrice},
        {&asset_, kPutAsset},
        {&facts_, kPutFacts},
        {&gap_, kPutGap},
        {&takeover_, kPutTakeover},
        {&find_series_, kFindSeries},
        {&add_series_, kAddSeries},
        {&meta_, kPutMeta},
        {&count_beside_, kCountBeside},
        {&data_version_, kDataVersion},
        {&expire_points_, kExpirePoints},
    }};
    for (const auto& [statement, sql] : statements) {
      auto prepared = connection_->prepare(sql);
      if (!prepared) return tl::unexpected(prepared.error());
      *statement = std::move(*prepared);
    }
    if (auto ready = blocks_.prepare(); !ready) return ready;
    if (auto ready = old_candles_.prepare(); !ready) return ready;
    return old_trades_.prepare();
  }

  Status sync() override { return connection_->sync_log(); }

  /// With the transaction, so that nobody sees what it wrote and does not see that it did.
  [[nodiscard]] bool count_beside() { return count_beside_.text(1, kWritesBesideKey).run(); }

  Status write(const std::vector<core::WriteBatch>& batches) override {
    for (const auto& batch : batches) {
      if (auto valid = validate(batch); !valid) return valid;
    }
    const auto written = in_transaction("write to", [&] {
      core::Timestamp newest;
      for (const auto& batch : batches) {
        if (!write_batch(batch)) return false;
        newest = std::max(newest, batch.heard_until);
      }
      if (!blocks_.flush()) return false;
      return !newest.is_set() || meta_.text(1, kLastWriteKey).integer(2, newest.ns).run();
    });
    if (written && place_ == Place::alone && !old_trades_.empty()) move_old_trades();
    return written;
  }

  core::Result<std::size_t> expire(const Expiry& older_than, std::size_t max_rows) override {
    std::size_t room = max_rows, over = 0;
    const auto status = in_transaction("delete old rows from", [&] {
      std::vector<std::int64_t> all;
      if (!list_series(all)) return false;
      if (const auto candles = old_candles_.expire(older_than, room, over); !candles) return false;
      return expire_rows(expire_points_, all, first_unit(older_than.points, 1'000'000), room) &&
             expire_trades(all, first_unit(older_than.ticks, 1), room);
    });
    if (!status) return tl::unexpected(status.error());
    return max_rows - room + over;
  }

 private:
  /// `work` says false when a statement failed: then nothing of it stays.
  template <typename Work>
  Status in_transaction(std::string_view doing, Work work) {
    if (place_ == Place::within) return work() ? Status{} : tl::unexpected(connection_->error(doing));
    if (begin_.run() && see_others() && work() && (place_ != Place::beside || count_beside()) && commit_.run())
      return {};
    core::Error error = connection_->error(doing);
    series_.clear();  // ids given out by what is rolled back
    instruments_.clear();
    pairs_.clear();
    blocks_.forget();
    if (connection_->in_transaction()) {
      if (const auto rolled_back = connection_->execute("ROLLBACK"); !rolled_back) {
        error.context += "; and it could not be rolled back";
      }
    }
    if (!connection_->in_transaction()) old_trades_.forget();
    return tl::unexpected(std::move(error));
  }

  /// What is known of the ends of blocks is not true any more once another program has written.
  bool see_others() {
    const ResetOnExit reset(data_version_);
    if (data_version_.step() != Step::row) return false;
    const std::int64_t version = data_version_.integer(0);
    if (std::exchange(seen_version_, version) != version) blocks_.forget();
    return true;
  }

  bool write_batch(const core::WriteBatch& batch) {
    if (batch.catalogue_changed && !write_assets(*batch.catalogue)) return false;
    return write_candles(batch) && write_trades(batch) && write_prices(batch) && write_facts(batch) &&
           write_points(batch) && write_gaps(batch) && write_takeovers(batch);
  }

  bool write_assets(const core::Catalogue& catalogue) {
    for (const core::Asset& asset : catalogue.assets()) {
      asset_.text(1, asset.id).text(2, asset.symbol).text(3, asset.name);
      if (!asset_.integer(4, static_cast<std::int64_t>(asset.kind)).integer(5, asset.rank).run()) return false;
    }
    return true;
  }

  bool write_candles(const core::WriteBatch& batch) {
    if (!batch.candles.empty()) use(batch.catalogue);
    for (const auto& row : batch.candles) {
      const std::int64_t series = series_id(row.series);
      if (series == 0) return false;
      if (!bind_candle(candle_, series, row.interval, row.candle).run()) return false;
    }
    return true;
  }

  bool write_trades(const core::WriteBatch& batch) {
    for (const auto& row : batch.composites) {
      if (!write_trade(series_id(series_name(*batch.catalogue, row.series)), row.tick)) return false;
    }
    if (batch.ticks.empty()) return true;
    use(batch.catalogue);
    for (const auto& tick : batch.ticks) {
      if (!write_trade(series_id(tick.instrument()), tick)) return false;
    }
    return true;
  }

  bool write_trade(std::int64_t series, const core::Tick& tick) {
    if (series == 0) return false;
    const TradeRow trade{trade_time(tick).ns, tick.received_at().ns, trade_key(tick),
                         tick.price(),        tick.amount(),         tick.side()};
    return blocks_.put(series, trade) && old_trades_.erase(series, trade.key);
  }

  /// A piece of what an older version left. What fails here is no failure of the write, and is tried after the next.
  void move_old_trades() {
    const auto moved = in_transaction("move trades in", [&] {
      std::int64_t series = 0;
      std::vector<TradeRow> trades;
      if (!old_trades_.take(kMovedRows, series, trades)) return false;
      for (const TradeRow& trade : trades) {
        if (!blocks_.put(series, trade)) return false;
      }
      return blocks_.flush();
    });
    if (moved) {
      old_trades_.settle();
      if (old_trades_.empty()) kLog.info("all stored trades have the new form; a backup is smaller now");
    } else if (!std::exchange(move_failed_, true)) {
      kLog.warn("{}; trades of the old form stay as they are for now", moved.error().context);
    }
  }

  bool expire_trades(const std::vector<std::int64_t>& series, std::int64_t bound, std::size_t& room) {
    if (bound <= 0) return true;
    for (const std::int64_t id : series) {
      if (!old_trades_.expire(id, bound, room) || !blocks_.expire(id, bound, room)) return false;
    }
    return true;
  }

  bool write_prices(const core::WriteBatch& batch) {
    for (const auto& row : batch.prices) {
      price_.text(1, batch.catalogue->asset(row.asset).id)
          .integer(2, row.price_usd.mantissa)
          .integer(3, row.price_usd.exponent);
      if (!price_.integer(4, row.as_of.ns).text(5, row.source).run()) return false;
    }
    return true;
  }

  static void bind(Statement& statement, int parameter, const std::optional<core::Decimal>& value) {
    if (value) {
      statement.integer(parameter, value->mantissa).integer(parameter + 1, value->exponent);
    } else {
      statement.null(parameter).null(parameter + 1);
    }
  }

  bool write_facts(const core::WriteBatch& batch) {
    for (const auto& row : batch.facts) {
      facts_.text(1, row.asset_id).text(2, row.symbol).text(3, row.name).integer(4, row.rank);
      bind(facts_, 5, row.price);
      bind(facts_, 7, row.high_24h);
      bind(facts_, 9, row.low_24h);
      facts_.real(11, row.change_24h).real(12, row.change_24h_pct).real(13, row.market_cap).real(14, row.volume_24h);
      facts_.real(15, row.circulating_supply).real(16, row.total_supply).real(17, row.max_supply);
      if (!facts_.integer(18, row.updated_at.ns).integer(19, row.received_at.ns).run()) return false;
    }
    return true;
  }

  bool write_points(const core::WriteBatch& batch) {
    for (const auto& row : batch.points) {
      const std::int64_t series = series_id({batch.catalogue->asset(row.asset).id, "usd", ""});
      if (series == 0) return false;
      point_.integer(1, series).integer(2, row.point.at.ms()).real(3, row.point.price);
      if (!point_.real(4, row.point.market_cap).real(5, row.point.volume_24h).run()) return false;
    }
    return true;
  }

  bool write_gaps(const core::WriteBatch& batch) {
    for (const auto& gap : batch.gaps) {
      gap_.integer(1, gap.start.ns).text(2, gap.venue).text(3, gap.instrument_symbol);
      gap_.integer(4, gap.end.ns).text(5, core::to_string(gap.cause)).text(6, core::to_string(gap.state));
      if (!gap_.integer(7, gap.expected).integer(8, gap.recovered).run()) return false;
    }
    return true;
  }

  bool write_takeovers(const core::WriteBatch& batch) {
    for (const auto& takeover : batch.takeovers) {
      takeover_.text(1, takeover.asset).integer(2, takeover.at.ns).text(3, takeover.from).text(4, takeover.to);
      if (!takeover_.text(5, core::to_string(takeover.cause)).run()) return false;
    }
    return true;
  }

  /// Ids of one catalogue may mean something else in another.
  void use(const core::CataloguePtr& catalogue) {
    if (catalogue == catalogue_) return;
    catalogue_ = catalogue;
    instruments_.clear();
    pairs_.clear();
  }

  /// Of a series of `catalogue_`. 0 when the database failed.
  std::int64_t series_id(const core::SeriesKey& key) {
    std::int64_t& id = pairs_[key];
    if (id == 0) id = series_id(series_name(*catalogue_, key));
    return id;
  }

  /// Of an instrument of `catalogue_`. 0 when the database failed.
  std::int64_t series_id(core::InstrumentId instrument) {
    if (instruments_.size() <= instrument.index()) instruments_.resize(catalogue_->instruments().size());
    std::int64_t& id = instruments_[instrument.index()];
    if (id == 0) id = series_id(series_name(*catalogue_, catalogue_->instrument(instrument)));
    return id;
  }

  /// 0 when the database failed.
  std::int64_t series_id(const SeriesName& name) {
    if (const auto known = series_.find(name); known != series_.end()) return known->second;
    std::int64_t id = 0;
    for (Statement* statement : {&find_series_, &add_series_}) {
      const ResetOnExit reset(*statement);
      const Step result = statement->text(1, name.base).text(2, name.quote).text(3, name.venue).step();
      if (result == Step::failed) return 0;
      if (result == Step::row) {
        id = statement->integer(0);
        break;
      }
    }
    series_.emplace(name, id);
    return id;
  }

  bool list_series(std::vector<std::int64_t>& out) {
    auto statement = connection_->prepare(kListSeries);
    if (!statement) return false;
    Step result = Step::row;
    while ((result = statement->step()) == Step::row) out.push_back(statement->integer(0));
    return result == Step::done;
  }

  /// The first unit not before `t`; 0 where `t` is not set: nothing is older.
  static std::int64_t first_unit(core::Timestamp t, std::int64_t unit_ns) {
    return t.ns / unit_ns + (t.ns % unit_ns > 0 ? 1 : 0);
  }

  static bool expire_rows(Statement& statement, const std::vector<std::int64_t>& series, std::int64_t bound,
                          std::size_t& room) {
    if (bound <= 0) return true;
    for (const std::int64_t id : series) {
      if (room == 0) return true;
      const ResetOnExit reset(statement);
      statement.integer(1, id).integer(2, bound).integer(3, static_cast<std::int64_t>(room));
      Step result = Step::row;
      while ((result = statement.step()) == Step::row) --room;
      if (result == Step::failed) return false;
    }
    return true;
  }

  std::shared_ptr<Connection> connection_;
  const Place place_;
  Statement begin_, commit_, candle_, point_, price_, asset_, facts_, gap_, takeover_, find_series_, add_series_, meta_;
  Statement count_beside_, data_version_, expire_points_;
  CandleExpiry old_candles_;
  TradeBlocks blocks_{*connection_};
  OldTrades old_trades_{*connection_};
  bool move_failed_ = false;
  std::int64_t seen_version_ = 0;
  std::unordered_map<SeriesName, std::int64_t, SeriesHash> series_;
  std::unordered_map<core::SeriesKey, std::int64_t, KeyHash> pairs_;
  core::CataloguePtr catalogue_;           // whose
  std::vector<std::int64_t> instruments_;  // series these are, by index; 0: not asked yet
};

class SqliteTransaction final : public StoreTransaction {
 public:
  SqliteTransaction(std::shared_ptr<Connection> connection, bool beside)
      : connection_(std::move(connection)), beside_(beside), writer_(*this) {}
  ~SqliteTransaction() override {
    if (!connection_->in_transaction()) return;
    // Where even that fails the next writer's BEGIN does and says why; the file never has any of it.
    static_cast<void>(connection_->execute("ROLLBACK"));
  }

  Status begin(const std::string& path) {
    auto reader = make_reader(path, connection_);
    auto sums = make_reader(path, connection_);
    if (!reader || !sums) return tl::unexpected((reader ? sums : reader).error());
    reader_ = std::move(*reader);
    rows_ = std::make_unique<SqliteWriter>(connection_, std::move(*sums), SqliteWriter::Place::within);
    if (auto prepared = rows_->prepare(); !prepared) return prepared;
    return connection_->execute("BEGIN IMMEDIATE");
  }

  StoreWriter& writer() override { return writer_; }
  StoreReader& reader() override { return *reader_; }
  Status commit() override {
    if (auto whole = still_whole(); !whole) return whole;
    if (beside_ && !rows_->count_beside()) return tl::unexpected(connection_->error("write to"));
    return connection_->execute("COMMIT");
  }

 private:
  class Writer final : public StoreWriter {
   public:
    explicit Writer(SqliteTransaction& owner) : owner_(owner) {}
    Status write(const std::vector<core::WriteBatch>& batches) override {
      if (auto whole = owner_.still_whole(); !whole) return whole;
      return owner_.noted(owner_.rows_->write(batches));
    }
    core::Result<std::size_t> expire(const Expiry& older_than, std::size_t max_rows) override {
      if (auto whole = owner_.still_whole(); !whole) return tl::unexpected(whole.error());
      auto expired = owner_.rows_->expire(older_than, max_rows);
      if (!expired) owner_.failure_ = expired.error();
      return expired;
    }

   private:
    SqliteTransaction& owner_;
  };

  /// A full disk ends the transaction within SQLite: what came after would be one of its own.
  Status still_whole() const {
    if (failure_) return tl::unexpected(*failure_);
    if (connection_->in_transaction()) return {};
    return core::fail(core::ErrorCode::io_error, "the transaction has ended");
  }
  Status noted(Status status) {
    if (!status) failure_ = status.error();
    return status;
  }

  const std::shared_ptr<Connection> connection_;
  const bool beside_;
  std::unique_ptr<SqliteWriter> rows_;
  Writer writer_;
  std::unique_ptr<StoreReader> reader_;
  std::optional<core::Error> failure_;
};

}  // namespace

core::Result<std::unique_ptr<StoreTransaction>> make_transaction(const std::string& path,
                                                                 std::shared_ptr<Connection> connection, bool beside) {
  auto transaction = std::make_unique<SqliteTransaction>(std::move(connection), beside);
  if (const auto begun = transaction->begin(path); !begun) return tl::unexpected(begun.error());
  return transaction;
}

Statement& bind_candle(Statement& put, std::int64_t series, core::Interval interval, const core::Candle& candle) {
  const PackedCandle packed = pack(candle);
  put.integer(1, series).integer(2, interval_code(interval)).integer(3, candle.start.seconds());
  put.integer(4, packed.open).integer(5, packed.high).integer(6, packed.low).integer(7, packed.close);
  put.integer(8, packed.scale).integer(9, packed.volume).integer(10, packed.volume_exp);
  return put.integer(11, packed.trades).integer(12, packed.flags);
}

core::Result<std::unique_ptr<StoreWriter>> make_writer(std::shared_ptr<Connection> connection,
                                                       std::unique_ptr<StoreReader> reader, bool beside) {
  const auto place = beside ? SqliteWriter::Place::beside : SqliteWriter::Place::alone;
  auto writer = std::make_unique<SqliteWriter>(std::move(connection), std::move(reader), place);
  if (const auto status = writer->prepare(); !status) return tl::unexpected(status.error());
  return writer;
}

}  // namespace tickspan::storage::sqlite
