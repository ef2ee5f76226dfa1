#include "history/table_import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

#include "history/levels.hpp"
#include "history/minute_writer.hpp"
#include "history/recount.hpp"
#include "history/table_file.hpp"

namespace tickspan::history {
namespace {

using core::ErrorCode;
using core::Result;
using core::Status;

constexpr std::size_t kBadRowsShown = 20;
constexpr std::size_t kBatchRows = 5000;
constexpr std::uint64_t kProgressRows = 10'000, kProgressCandles = 1'000;
constexpr core::Duration kMinute = std::chrono::minutes(1);
constexpr core::Duration kManifestTime = std::chrono::milliseconds(1);  // finer times are cut

class TableImport {
 public:
  TableImport(storage::HistoryStore& store, const Series& series, const ImportRequest& request)
      : store_(store), series_(series), request_(request) {}

  Result<ImportResult> run() {
    auto checked =
        each_line("checking", [&](std::string_view line, std::uint64_t number) { return check(line, number); });
    if (!checked) return tl::unexpected(checked.error());
    if (!request_.sha256.empty() && request_.sha256 != *checked) {
      return core::fail(ErrorCode::parse_error,
                        fmt::format("{} is not what its manifest says (another SHA-256): it was changed or cut off",
                                    request_.shown_as));
    }
    if (result_.rows == 0 || (result_.bad_rows > 0 && !request_.skip_bad)) return result_;
    transaction_ = store_.transaction();
    if (!transaction_) return tl::unexpected(transaction_.error());
    auto written = write(*checked);
    if (written) written = (*transaction_)->commit();
    if (!written) return tl::unexpected(written.error());
    return result_;
  }

 private:
  /// Calls `visit(line, number) -> Status` for each row; gives the checksum of the whole.
  template <typename Visit>
  Result<std::string> each_line(std::string_view doing, Visit visit) {
    auto reader = TableReader::open(request_.path);
    if (!reader) return tl::unexpected(reader.error());
    for (;;) {
      std::string_view line;
      const auto more = (*reader)->next(line);
      if (!more) return tl::unexpected(more.error());
      if (!*more) break;
      const std::uint64_t number = (*reader)->line_number();
      if (number == 1 && request_.form == TableForm::csv) {
        if (auto header = check_header(line); !header) return tl::unexpected(header.error());
        continue;
      }
      if (line.empty()) continue;
      if (number % kProgressRows == 0) tell(doing, number, (*reader)->part());
      if (auto visited = visit(line, number); !visited) return tl::unexpected(visited.error());
    }
    if ((*reader)->line_number() == 0 && request_.form == TableForm::csv) return no_header("it is empty");
    return (*reader)->checksum();
  }

  static double part_of(core::Duration done, core::Duration all) {
    return static_cast<double>(done.count()) / static_cast<double>(all.count());
  }
  void tell(std::string_view doing, std::uint64_t rows, double part) const {
    if (request_.progress) request_.progress(doing, rows, part);
  }
  storage::StoreReader& reader() { return (*transaction_)->reader(); }
  storage::StoreWriter& writer() { return (*transaction_)->writer(); }

  tl::unexpected<core::Error> no_header(const std::string& why) const {
    return core::fail(ErrorCode::parse_error,
                      fmt::format("{}, line 1: {}; a table of {} begins with {}", request_.shown_as, why,
                                  to_string(request_.kind), csv_header(request_.kind)));
  }
  Status check_header(std::string_view line) const {
    if (line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    if (line == csv_header(request_.kind)) return {};
    return no_header("this is no header of that table");
  }

  Status check(std::string_view line, std::uint64_t number) {
    if (request_.kind == TableKind::trades) {
      note(parse_trade(request_.form, line), number);
    } else {
      note(parse_candle(request_.form, request_.interval, line), number);
    }
    return {};
  }
  static core::Timestamp time_of(const TradeRow& row) { return row.at; }
  static core::Timestamp time_of(const core::Candle& row) { return row.start; }
  bool wanted(core::Timestamp at) const {
    return at >= request_.start && (!request_.end.is_set() || at < request_.end);
  }
  template <typename Row>
  void note(const ParsedRow<Row>& row, std::uint64_t number) {
    if (!row) {
      if (result_.bad_rows++ < kBadRowsShown) result_.bad.push_back({number, row.error()});
      return;
    }
    const core::Timestamp at = time_of(*row);
    if (!wanted(at)) {
      ++result_.outside;
      return;
    }
    result_.first = result_.rows == 0 ? at : std::min(result_.first, at);
    result_.last = std::max(result_.last, at);
    ++result_.rows;
  }

  Status write(const std::string& checksum) {
    batch_.catalogue = series_.catalogue;
    batch_.catalogue_changed = series_.is_new;
    auto gaps = new_gaps();
    if (!gaps) return tl::unexpected(gaps.error());
    batch_.gaps = std::move(*gaps);
    std::uint64_t written = 0;
    auto again = each_line("writing", [&](std::string_view line, std::uint64_t) { return put(line, written); });
    if (!again) return tl::unexpected(again.error());
    if (*again != checksum || written != result_.rows) {
      return core::fail(ErrorCode::io_error,
                        fmt::format("{} changed while it was read; import it again", request_.shown_as));
    }
    if (auto flushed = flush(); !flushed) return flushed;
    return request_.kind == TableKind::trades ? build_from_trades() : build_from_candles();
  }

  /// What the store does not know better: an export may be older than what became of its gaps since.
  Result<std::vector<core::Gap>> new_gaps() {
    if (request_.gaps.empty()) return request_.gaps;
    storage::GapQuery query{.start = request_.gaps.front().start, .end = request_.gaps.front().end};
    query.limit = std::numeric_limits<std::size_t>::max();
    query.venue = series_.name.venue;
    for (const core::Gap& gap : request_.gaps) {
      query.start = std::min(query.start, gap.start);
      query.end = std::max(query.end, gap.end + core::Duration(1));
    }
    const auto stored = reader().gaps(query);
    if (!stored) return tl::unexpected(stored.error());
    using Key = std::tuple<std::string, std::string, core::Timestamp>;
    std::map<Key, const core::Gap*> known;
    const auto written = [](core::Timestamp at) { return at.floor_to(kManifestTime); };
    for (const core::Gap& gap : *stored) known[{gap.venue, gap.instrument_symbol, written(gap.start)}] = &gap;
    std::vector<core::Gap> out;
    for (core::Gap gap : request_.gaps) {
      if (gap.end <= request_.start || (request_.end.is_set() && gap.start >= request_.end)) continue;
      const auto at = known.find({gap.venue, gap.instrument_symbol, written(gap.start)});
      if (at != known.end()) {
        const core::Gap& there = *at->second;
        const bool longer = written(there.end) < gap.end;
        const bool more = written(there.end) == gap.end && gap.state != core::GapState::open;
        if (there.state != core::GapState::open || !(longer || more)) continue;
        gap.start = there.start;
        gap.end = std::max(gap.end, there.end);
      }
      out.push_back(std::move(gap));
    }
    return out;
  }

  /// Rows come in any order.
  bool lies_in_incomplete(core::Timestamp start) const {
    if (!request_.incomplete) return false;
    const auto& parts = *request_.incomplete;
    const auto after = std::upper_bound(parts.begin(), parts.end(), start,
                                        [](core::Timestamp t, const TableSummary::Hole& part) { return t < part.end; });
    return after != parts.end() && after->start <= start;
  }

  Status put(std::string_view line, std::uint64_t& written) {
    if (request_.kind == TableKind::trades) {
      if (const auto row = parse_trade(request_.form, line); row && wanted(row->at)) {
        ++written;
        core::Tick::Trade trade;
        trade.instrument = series_.instrument;
        trade.received_at = row->at;
        trade.event_time = row->at;
        trade.price = row->price;
        trade.amount = row->amount;
        trade.trade_id = row->trade_id;
        trade.side = row->side;
        batch_.ticks.emplace_back(trade);
      }
    } else if (const auto row = parse_candle(request_.form, request_.interval, line); row && wanted(row->start)) {
      ++written;
      batch_.candles.push_back({series_.key, request_.interval, *row});
      core::Candle& candle = batch_.candles.back().candle;
      candle.incomplete = candle.incomplete || lies_in_incomplete(candle.start);
    }
    return batch_.ticks.size() + batch_.candles.size() < kBatchRows ? Status{} : flush();
  }

  Status flush() {
    if (!batch_.candles.empty()) {
      const bool tells_of_parts = request_.form == TableForm::ndjson || request_.incomplete;
      const auto same = drop_unchanged(reader(), series_.name, request_.interval, batch_.candles, tells_of_parts);
      if (!same) return tl::unexpected(same.error());
      result_.unchanged += *same;
    }
    if (batch_.rows() == 0) return {};
    auto written = writer().write({batch_});
    batch_ = {};
    batch_.catalogue = series_.catalogue;
    return written;
  }

  Status build_from_trades() {
    const core::Timestamp from = result_.first.floor_to(kMinute), to = result_.last.floor_to(kMinute) + kMinute;
    MinuteWriter minutes(reader(), writer(), series_);
    if (auto loaded = minutes.load_gaps(from, to); !loaded) return loaded;
    std::uint64_t candles = 0;
    auto counted = recount_minutes(reader(), series_.name, from, to, [&](const core::Candle& candle) {
      if (++candles % kProgressCandles == 0) tell("building candles", candles, part_of(candle.start - from, to - from));
      return minutes.put(candle);
    });
    if (counted) counted = minutes.flush();
    result_.minutes_built = minutes.written();
    if (!counted) return counted;
    return rebuild_levels(reader(), writer(), series_, from, to, LevelSource::minutes, request_.now);
  }

  Status build_from_candles() {
    const core::Timestamp to = result_.last + core::width(request_.interval);
    if (request_.interval != core::Interval::m1 && request_.interval != core::Interval::h1) return {};
    const LevelSource source = request_.interval == core::Interval::m1 ? LevelSource::minutes : LevelSource::hours;
    return rebuild_levels(reader(), writer(), series_, result_.first, to, source, request_.now);
  }

  storage::HistoryStore& store_;
  Result<std::unique_ptr<storage::StoreTransaction>> transaction_;
  const Series& series_;
  const ImportRequest& request_;
  ImportResult result_;
  core::WriteBatch batch_;
};

}  // namespace

Result<ImportResult> import_table(storage::HistoryStore& store, const Series& series, const ImportRequest& request) {
  if (request.kind == TableKind::trades && series.name.venue.empty()) {
    return core::fail(ErrorCode::invalid_argument, "trades are a venue's: say which with --venue");
  }
  return TableImport(store, series, request).run();
}

std::string describe(const BadRow& bad) {
  return fmt::format("line {}, column {}: {}", bad.line, bad.error.column, bad.error.what);
}

}  // namespace tickspan::history
