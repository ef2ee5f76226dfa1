#include "storage/postgres/row_writer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "storage/postgres/rollup_writer.hpp"
#include "storage/postgres/row_codec.hpp"

namespace tickspan::storage::postgres {
namespace {

using core::Status;
using core::Timestamp;

// Rows that may be there already go through these. Nested loops: the planner knows nothing of what a temporary table
// holds, and a hash join would read whole pieces.
constexpr const char* kStaging =
    "SET enable_hashjoin = off; SET enable_mergejoin = off; "
    "CREATE TEMP TABLE staged_minutes (LIKE minutes INCLUDING DEFAULTS) ON COMMIT DELETE ROWS; "
    "CREATE TEMP TABLE staged_candles (LIKE candles INCLUDING DEFAULTS) ON COMMIT DELETE ROWS; "
    "CREATE TEMP TABLE staged_rollups (LIKE rollups INCLUDING DEFAULTS) ON COMMIT DELETE ROWS; "
    "CREATE TEMP TABLE staged_trades (LIKE trades INCLUDING DEFAULTS) ON COMMIT DELETE ROWS;";
// Late rows of many series unpack more than TimescaleDB lets one statement do unasked.
constexpr const char* kDecompress =
    "SELECT set_config(name, '0', false) FROM pg_settings "
    "WHERE name = 'timescaledb.max_tuples_decompressed_per_dml_transaction'; ";
constexpr const char* kMergeMinutes =
    "INSERT INTO minutes SELECT * FROM staged_minutes ON CONFLICT (series, start) DO UPDATE SET "
    "trades = excluded.trades, form = excluded.form, open = excluded.open, high = excluded.high, low = excluded.low, "
    "close = excluded.close, volume = excluded.volume";
constexpr const char* kMergeCandles =
    "INSERT INTO candles SELECT * FROM staged_candles ON CONFLICT (series, level, start) DO UPDATE SET "
    "trades = excluded.trades, form = excluded.form, open = excluded.open, high = excluded.high, low = excluded.low, "
    "close = excluded.close, volume = excluded.volume";
// A venue's REST and stream may round the time of one trade differently: a second around it is searched for its id.
constexpr const char* kMergeTrades =
    "DELETE FROM trades t USING staged_trades s WHERE t.series = s.series AND t.trade = s.trade "
    "AND t.at >= s.at - interval '1 second' AND t.at <= s.at + interval '1 second' AND t.at >= '{0}' AND t.at <= "
    "'{1}'; "
    "INSERT INTO trades SELECT * FROM staged_trades";
constexpr const char* kCopy = "COPY {} FROM STDIN (FORMAT binary)";
constexpr std::size_t kPart = 64 << 10;  // bytes that are sent at once while more are made

/// From when to when rows reach.
struct Span {
  bool empty = true;
  Timestamp first, last;
  void add(Timestamp t) {
    first = empty ? t : std::min(first, t);
    last = empty ? t : std::max(last, t);
    empty = false;
  }
};

struct MinuteShape {
  using Row = MinuteRow;
  static constexpr Table kTable = Table::minutes;
  static bool is_fresh(const Row& row) {
    return !row.series->newest_minute || row.candle->start > *row.series->newest_minute;
  }
  static Timestamp time(const Row& row) { return row.candle->start; }
  static void put(CopyStream& out, const Row& row) { put_minute(out, row.series->id, *row.candle); }
};

struct TradeShape {
  using Row = TradeRef;
  static constexpr Table kTable = Table::trades;
  static bool is_fresh(const Row& row) { return row.key > 0 && row.key > row.series->newest_trade; }
  static Timestamp time(const Row& row) { return trade_time(*row.tick); }
  static void put(CopyStream& out, const Row& row) { put_trade(out, row.series->id, row.key, *row.tick); }
};

/// The rows that are not fresh; how far they reach.
template <typename Shape>
Span encode_staged(const std::vector<typename Shape::Row>& rows, CopyStream& stream) {
  Span span;
  stream.clear();
  for (const auto& row : rows) {
    if (Shape::is_fresh(row)) continue;
    Shape::put(stream, row);
    span.add(Shape::time(row));
  }
  return span;
}

}  // namespace

std::string RowWriter::session_setup(Layout layout) {
  return layout == Layout::timescale ? std::string(kDecompress) + kStaging : kStaging;
}

Status RowWriter::write(Connection& connection, const BatchPlan& plan, bool within) {
  connection_ = &connection;
  within_ = within;
  auto status = write_minutes(plan.minutes);
  if (status) status = write_candles(plan.candles);
  if (status) status = write_trades(plan.trades);
  return status;
}

Status RowWriter::write_minutes(const std::vector<MinuteRow>& rows) {
  if (rows.empty()) return {};
  if (auto sent = send_fresh<MinuteShape>(rows); !sent) return sent;
  RollupBatch rollups(rows);  // while the server is at work
  if (auto copied = await_fresh(); !copied) return copied;
  if (!encode_staged<MinuteShape>(rows, stream_).empty) {
    if (auto merged = merge_staged("staged_minutes", kMergeMinutes); !merged) return merged;
  }
  for (const MinuteRow& row : rows) {
    auto& newest = row.series->newest_minute;
    newest = newest ? std::max(*newest, row.candle->start) : row.candle->start;
  }
  return rollups.write(*connection_, stream_);
}

Status RowWriter::write_candles(const std::vector<LevelRow>& rows) {
  if (rows.empty()) return {};
  stream_.clear();
  for (const LevelRow& row : rows) put_candle(stream_, row.series->id, row.level, *row.candle);
  return merge_staged("staged_candles", kMergeCandles);
}

Status RowWriter::write_trades(const std::vector<TradeRef>& rows) {
  if (rows.empty()) return {};
  if (auto sent = send_fresh<TradeShape>(rows); !sent) return sent;
  if (auto copied = await_fresh(); !copied) return copied;
  const Span span = encode_staged<TradeShape>(rows, stream_);
  for (const TradeRef& row : rows) row.series->newest_trade = std::max(row.series->newest_trade, row.key);
  if (span.empty) return {};
  return merge_staged("staged_trades", fmt::format(kMergeTrades, core::to_rfc3339(span.first - std::chrono::seconds(2)),
                                                   core::to_rfc3339(span.last + std::chrono::seconds(2))));
}

template <typename Shape>
Status RowWriter::send_fresh(const std::vector<typename Shape::Row>& rows) {
  Span span;
  for (const auto& row : rows) {
    if (Shape::is_fresh(row)) span.add(Shape::time(row));
  }
  sending_ = !span.empty;
  if (!sending_) return {};
  auto sent = connection_->begin_copy(fmt::format(kCopy, place_of(Shape::kTable, span.first, span.last)));
  stream_.clear();
  for (auto row = rows.begin(); sent && row != rows.end(); ++row) {
    if (!Shape::is_fresh(*row)) continue;
    Shape::put(stream_, *row);
    if (stream_.part().size() < kPart) continue;
    sent = connection_->put_copy(stream_.part());
    stream_.take_part();
  }
  if (sent) sent = connection_->put_copy(stream_.finish());
  return sent ? connection_->end_copy() : sent;
}

Status RowWriter::await_fresh() {
  return sending_ ? connection_->copied() : Status{};
}

/// The piece that takes all of them: it saves the server to look for each row's. Else the table.
std::string RowWriter::place_of(Table table, Timestamp first, Timestamp last) const {
  if (layout_ != Layout::partitions) return std::string(name_of(table));
  Piece piece = piece_of(table, first);
  return last < piece.end ? std::move(piece.name) : std::string(name_of(table));
}

Status RowWriter::merge_staged(std::string_view staging, const std::string& merge) {
  if (auto copied = connection_->copy_in(fmt::format(kCopy, staging), stream_.finish()); !copied) return copied;
  // The end of the transaction empties the table, which is far when there are many writes in it.
  return connection_->run(within_ ? fmt::format("{}; TRUNCATE {}", merge, staging) : merge);
}

}  // namespace tickspan::storage::postgres
