#include "history/table_export.hpp"

#include "history/pages.hpp"

namespace tickspan::history {
namespace {

using core::Result;
using core::Status;

constexpr std::size_t kFlushBytes = 64 * 1024;
constexpr std::uint64_t kProgressRows = 10'000;
constexpr std::size_t kHolesListed = 1000;
constexpr std::size_t kGapsListed = 10'000;

/// Gathers rows into pieces worth writing.
class RowSink {
 public:
  RowSink(TableForm form, TableWriter& out) : form_(form), out_(out) {}
  template <typename Row>
  Status put(const Row& row) {
    append_row(form_, row, text_);
    return text_.size() < kFlushBytes ? Status{} : flush();
  }
  Status flush() {
    auto written = out_.write(text_);
    text_.clear();
    return written;
  }

 private:
  TableForm form_;
  TableWriter& out_;
  std::string text_;
};

void count_row(const ExportRequest& request, TableSummary& summary, core::Timestamp at) {
  if (summary.rows++ == 0) summary.first = at;
  summary.last = at;
  if (request.progress && summary.rows % kProgressRows == 0) request.progress(summary.rows, at);
}

Status export_trades(storage::StoreReader& reader, const Series& series, const ExportRequest& request,
                     core::Timestamp start, core::Timestamp end, RowSink& sink, TableSummary& summary) {
  storage::TradeQuery query{series.name.base, series.name.quote, series.name.venue, {}, {}, 0};
  return for_each_row(
      start, end,
      [&](core::Timestamp from, core::Timestamp to, std::size_t limit) {
        query.start = from;
        query.end = to;
        query.limit = limit;
        return reader.trades(query);
      },
      [&](const storage::StoredTrade& trade) {
        count_row(request, summary, trade.at);
        return sink.put(TradeRow{trade.at, trade.trade_id, trade.side, trade.price, trade.amount});
      });
}

void note_hole(TableSummary& summary, core::Timestamp from, core::Timestamp to, core::Duration width) {
  if (to <= from) return;
  summary.missing_rows += static_cast<std::uint64_t>((to - from) / width);
  if (summary.missing.size() < kHolesListed) summary.missing.push_back({from, to});
}

// All of them: a cut list would make whole ones of the rest.
void note_incomplete(TableSummary& summary, core::Timestamp start, core::Duration width) {
  auto& parts = summary.incomplete;
  if (!parts.empty() && parts.back().end == start)
    parts.back().end = start + width;
  else
    parts.push_back({start, start + width});
}

Status export_candles(storage::StoreReader& reader, const Series& series, const ExportRequest& request,
                      core::Timestamp start, core::Timestamp end, RowSink& sink, TableSummary& summary) {
  storage::CandleQuery query{series.name.base, series.name.quote, series.name.venue, request.interval, {}, {}, 0};
  const core::Duration width = core::width(request.interval);
  return for_each_row(
      start, end,
      [&](core::Timestamp from, core::Timestamp to, std::size_t limit) {
        query.start = from;
        query.end = to;
        query.limit = limit;
        return reader.candles(query);
      },
      [&](const core::Candle& candle) -> Status {
        if (!candle.final) return {};  // a table says what was; this one still grows
        if (summary.rows > 0) note_hole(summary, summary.last + width, candle.start, width);
        count_row(request, summary, candle.start);
        if (candle.incomplete) note_incomplete(summary, candle.start, width);
        return sink.put(candle);
      });
}

}  // namespace

Result<TableSummary> export_table(storage::StoreReader& reader, const Series& series, const ExportRequest& request,
                                  TableWriter& out) {
  TableSummary summary;
  const core::Timestamp start = request.start.is_set() ? request.start : kBeginOfTime;
  const core::Timestamp end = request.end.is_set() ? request.end : kEndOfTime;
  if (request.form == TableForm::csv) {
    if (auto headed = out.write(std::string(csv_header(request.kind)) + "\n"); !headed) {
      return tl::unexpected(headed.error());
    }
  }
  RowSink sink(request.form, out);
  auto written = request.kind == TableKind::trades ? export_trades(reader, series, request, start, end, sink, summary)
                                                   : export_candles(reader, series, request, start, end, sink, summary);
  if (written) written = sink.flush();
  if (!written) return tl::unexpected(written.error());
  const bool is_composite = series.name.venue.empty();
  if (is_composite && request.kind == TableKind::candles) return summary;  // they have no source of their own
  const core::Timestamp gaps_from = request.start.is_set() ? request.start : summary.first;
  const core::Timestamp gaps_to = request.end.is_set() ? request.end : summary.last + core::Duration(1);
  const std::string source(is_composite ? core::kComposite : series.name.venue);
  auto gaps = reader.gaps(source, gaps_from, gaps_to, kGapsListed);
  if (!gaps) return tl::unexpected(gaps.error());
  summary.gaps = std::move(*gaps);
  return summary;
}

}  // namespace tickspan::history
