#include "storage/sqlite/candle_expiry.hpp"

#include <algorithm>

#include "storage/sqlite/candle_codec.hpp"
#include "storage/sqlite/sqlite_writer.hpp"

namespace tickspan::storage::sqlite {
namespace {

using core::Interval;
using core::Status;
using core::Timestamp;

constexpr std::string_view kListSeries = "SELECT id, base, quote, venue FROM series";
constexpr std::string_view kOldest =
    "SELECT start FROM candles WHERE series = ?1 AND interval = ?2 AND start < ?3 ORDER BY start LIMIT 1";
constexpr std::string_view kStored = "SELECT flags FROM candles WHERE series = ?1 AND interval = ?2 AND start = ?3";
constexpr std::string_view kDelete =
    "DELETE FROM candles WHERE series = ?1 AND interval = ?2 AND start >= ?3 AND start < ?4 RETURNING 1";

}  // namespace

Status CandleExpiry::prepare() {
  for (const auto& [statement, sql] :
       {std::pair{&oldest_, kOldest}, {&is_whole_, kStored}, {&put_, kPutCandle}, {&delete_, kDelete}}) {
    auto prepared = connection_.prepare(sql);
    if (!prepared) return tl::unexpected(prepared.error());
    *statement = std::move(*prepared);
  }
  return {};
}

Status CandleExpiry::expire(const Expiry& older_than, std::size_t& room, std::size_t& over) {
  if (!older_than.minutes.is_set() && !older_than.hours.is_set() && !older_than.days.is_set()) return {};
  const auto all = list();
  if (!all) return tl::unexpected(all.error());
  for (const Interval interval : core::kIntervals) {
    const Timestamp cutoff = cutoff_of(older_than, interval);
    if (!cutoff.is_set()) continue;
    for (const Series& series : *all) {
      if (auto done = expire(series, interval, cutoff, room, over); !done) return done;
    }
  }
  return {};
}

Status CandleExpiry::expire(const Series& series, Interval interval, Timestamp cutoff, std::size_t& room,
                            std::size_t& over) {
  const core::Duration piece = core::width(interval < Interval::h1 ? Interval::h1 : Interval::d1);
  while (room > 0) {
    Timestamp start;
    {
      const ResetOnExit reset(oldest_);
      oldest_.integer(1, series.id).integer(2, interval_code(interval)).integer(3, cutoff.seconds());
      const Step step = oldest_.step();
      if (step == Step::failed) return tl::unexpected(connection_.error("read"));
      if (step == Step::done) return {};
      start = Timestamp::from_s(oldest_.integer(0)).floor_to(piece);
    }
    for (const Interval longer : {Interval::h1, Interval::d1}) {
      if (interval >= longer) continue;
      if (auto kept = keep_sum(series, longer, start.floor_to(core::width(longer))); !kept) return kept;
    }
    const ResetOnExit reset(delete_);
    delete_.integer(1, series.id).integer(2, interval_code(interval));
    delete_.integer(3, start.seconds()).integer(4, (start + piece).seconds());
    Step step = Step::row;
    while ((step = delete_.step()) == Step::row) room > 0 ? --room : ++over;
    if (step == Step::failed) return tl::unexpected(connection_.error("delete old rows from"));
  }
  return {};
}

/// What readers were given for [start, start + longer) is what they are to be given when the parts are gone.
Status CandleExpiry::keep_sum(const Series& series, Interval longer, Timestamp start) {
  {
    const ResetOnExit reset(is_whole_);
    is_whole_.integer(1, series.id).integer(2, interval_code(longer)).integer(3, start.seconds());
    const Step step = is_whole_.step();
    if (step == Step::failed) return tl::unexpected(connection_.error("read"));
    const std::int64_t flags = step == Step::row ? is_whole_.integer(0) : 0;
    if ((flags & (PackedCandle::kFinal | PackedCandle::kIncomplete)) == PackedCandle::kFinal) return {};
  }
  const auto sum = reader_->candles(
      {series.name.base, series.name.quote, series.name.venue, longer, start, start + core::width(longer), 1});
  if (!sum) return tl::unexpected(sum.error());
  if (sum->empty()) return {};
  core::Candle candle = sum->front();
  candle.start = start;
  if (!bind_candle(put_, series.id, longer, candle).run()) return tl::unexpected(connection_.error("write to"));
  return {};
}

core::Result<std::vector<CandleExpiry::Series>> CandleExpiry::list() {
  auto statement = connection_.prepare(kListSeries);
  if (!statement) return tl::unexpected(statement.error());
  std::vector<Series> out;
  Step step = Step::row;
  while ((step = statement->step()) == Step::row)
    out.push_back({statement->integer(0), {statement->text(1), statement->text(2), statement->text(3)}});
  if (step == Step::failed) return tl::unexpected(connection_.error("read"));
  return out;
}

}  // namespace tickspan::storage::sqlite
