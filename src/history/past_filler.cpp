#include "history/past_filler.hpp"

#include <algorithm>
#include <cmath>

#include "history/level_repair.hpp"
#include "history/minutes.hpp"
#include "history/pages.hpp"

namespace tickspan::history {
namespace {

using core::Interval;
using core::Status;
using core::Timestamp;

constexpr core::Duration kLive = std::chrono::minutes(10);  // younger ones are the live candles' own
constexpr core::Duration kDay = std::chrono::hours(24);
constexpr core::Duration kHour = std::chrono::hours(1);
constexpr core::Duration kHoursPiece = 90 * kDay;
constexpr core::Duration kLongestTrades = 7 * kDay;
constexpr core::Duration kLookBack = 7 * kDay;
constexpr std::size_t kFewTrades = 20'000;
constexpr std::size_t kTradesPage = 1'000;
constexpr std::size_t kNewest = 1'440;  // candles in which a sign of life is looked for

feeds::HistoryKind kind_of(Interval interval) {
  return interval == Interval::h1 ? feeds::HistoryKind::hours : feeds::HistoryKind::minutes;
}

std::string_view level_name(Interval interval) {
  return core::to_string(interval);
}

}  // namespace

core::Result<PastResult> PastFiller::run(const PastRequest& request, Timestamp now) {
  request_ = request;
  now_ = now;
  result_ = {};
  quiet_.clear();
  const Timestamp from = request.from.floor_to(kHour);
  const Timestamp to = std::min(request.to, now - kLive);
  // What a venue of the newest candles alone does not have any more comes out of its trades.
  const auto reach = [&](Interval interval) {
    const auto newest = static_cast<std::int64_t>(limits_.newest_candles);
    if (newest == 0) return from;
    return std::max(from, (now - core::width(interval) * (newest - 2)).floor_to(kHour) + kHour);
  };
  if (request.minutes && reach(Interval::m1) > from) {
    if (auto done = fill_trades(from, std::min(to, reach(Interval::m1)).floor_to(kHour)); !done)
      return tl::unexpected(done.error());
  }
  if (auto done = fill_candles(Interval::h1, reach(Interval::h1), to.floor_to(kHour)); !done)
    return tl::unexpected(done.error());
  if (request.minutes) {
    Timestamp begin = reach(Interval::m1);
    if (result_.earliest.is_set()) begin = std::max(begin, result_.earliest.floor_to(kHour));
    if (auto done = fill_candles(Interval::m1, begin, to.floor_to(core::width(Interval::m1))); !done)
      return tl::unexpected(done.error());
  }
  if (auto done = end_silence_by_store(); !done) return tl::unexpected(done.error());
  return result_;
}

Status PastFiller::fill_candles(Interval interval, Timestamp from, Timestamp to) {
  const core::Duration step = interval == Interval::h1 ? kHoursPiece : kDay;
  const double rows = std::max<double>(1, static_cast<double>(limits_.candles_per_page));
  const auto tell = [&](Timestamp at) {
    const double pieces = std::ceil(static_cast<double>((to - at).count()) / static_cast<double>(step.count()));
    const double each = std::ceil(static_cast<double>(step / core::width(interval)) / rows);
    told(level_name(interval), at, from, to, pieces * each);
  };
  if (from < to) tell(from);  // a first piece may take long
  for (Timestamp at = from; at < to;) {
    const Timestamp end = std::min(to, at.floor_to(step) + step);
    if (auto done = fill_piece({interval, at, end}); !done) return done;
    at = end;
    tell(at);
  }
  return {};
}

Status PastFiller::fill_piece(const Piece& piece) {
  const auto have = stored(piece.interval, piece.from, piece.to);
  if (!have) return tl::unexpected(have.error());
  saw(*have);
  const auto range = missing_range(*have, piece.interval, piece.from, piece.to);
  if (!range) {
    ++result_.skipped;
    if (auto done = end_silence(sign_of_life({}, *have, piece.to)); !done) return done;
    return piece.interval == Interval::h1 ? sum_above(Interval::d1, piece.from, piece.to, Which::missing) : Status{};
  }
  const auto page = fetch_({kind_of(piece.interval), request_.symbol, range->first, range->second});
  if (!page) return tl::unexpected(page.error());
  const Timestamp sign =
      sign_of_life(page->candles.empty() ? Timestamp{} : page->candles.back().start, *have, piece.to);
  if (auto done = end_silence(sign); !done) return done;
  const auto before = close_before(piece.interval, range->first);
  if (!before) return tl::unexpected(before.error());
  auto made = whole_candles(page->candles, piece.interval, range->first, range->second, *before);
  if (const auto quiet = drop_silence(made, sign)) quiet_.push_back({{piece.interval, *quiet, range->second}});
  keep_stored(made, *have);
  if (made.empty() && (have->empty() || piece.interval != Interval::h1)) return {};
  if (made.empty()) return sum_above(Interval::d1, piece.from, piece.to, Which::missing);
  saw(made);
  if (auto written = put(piece.interval, made); !written) return written;
  return piece.interval == Interval::h1 ? sum_above(Interval::d1, piece.from, piece.to, Which::changed) : Status{};
}

// As much at once as is neither tedious nor too much: twice as long while the trades are few, half where they are too
// many.
Status PastFiller::fill_trades(Timestamp from, Timestamp to) {
  core::Duration step = kHour;
  double requests = 0;
  const Timestamp begin = from;
  if (from < to) told("trades", from, begin, to, 0);
  while (from < to) {
    Timestamp end = std::min(to, from + step);
    const auto have = stored(Interval::m1, from, end);
    if (!have) return tl::unexpected(have.error());
    saw(*have);
    std::size_t trades = 0;
    if (const auto range = missing_range(*have, Interval::m1, from, end)) {
      const feeds::HistoryQuery query{feeds::HistoryKind::trades, request_.symbol, range->first.floor_to(kHour), end};
      const auto page = fetch_(query);
      if (!page && page.error().code == core::ErrorCode::too_large && step > kHour) {
        step = std::max(kHour, kHour * ((step / 4) / kHour));
        continue;
      }
      if (!page) return tl::unexpected(page.error());
      if (auto done = fill_trades_piece(query, *page, *have); !done) return done;
      trades = page->trades.size();
      requests += 1 + static_cast<double>(trades / kTradesPage);
    } else {
      ++result_.skipped;
      if (auto done = end_silence(sign_of_life({}, *have, end)); !done) return done;
      if (auto done = sum_levels(from, end, Which::missing); !done) return done;
    }
    from = end;
    if (trades < kFewTrades) step = std::min(kLongestTrades, 2 * step);
    const double done = static_cast<double>((from - begin).count());
    told("trades", from, begin, to, done > 0 ? requests / done * static_cast<double>((to - from).count()) : 0);
  }
  return {};
}

Status PastFiller::fill_trades_piece(const feeds::HistoryQuery& query, const feeds::HistoryPage& page,
                                     const std::vector<core::Candle>& have) {
  const Timestamp sign = sign_of_life(page.trades.empty() ? Timestamp{} : page.trades.back().at, have, query.to);
  if (auto done = end_silence(sign); !done) return done;
  const auto before = close_before(Interval::m1, query.from);
  if (!before) return tl::unexpected(before.error());
  auto made = minutes_of_trades(page.trades, query.from, query.to, *before);
  if (const auto quiet = drop_silence(made, sign)) quiet_.push_back({{Interval::m1, *quiet, query.to}, true});
  keep_stored(made, have);
  if (made.empty()) return have.empty() ? Status{} : sum_levels(query.from, query.to, Which::missing);
  if (!count_trades(page.trades, query.from, query.to).whole()) {
    for (core::Candle& minute : made) minute.incomplete = true;
    result_.not_whole += made.size();
  }
  saw(made);
  if (auto written = put(Interval::m1, made); !written) return written;
  return sum_levels(query.from, query.to, Which::changed);
}

// The newest thing that tells that the pair lives: what the venue told of, or what was traded by the store.
Timestamp PastFiller::sign_of_life(Timestamp told, const std::vector<core::Candle>& have, Timestamp end) const {
  if (request_.trading) return end;
  const auto traded = std::find_if(have.rbegin(), have.rend(), [](const core::Candle& c) { return !c.flat; });
  return traded == have.rend() ? told : std::max(told, traded->start);
}

Status PastFiller::end_silence(Timestamp sign) {
  const auto over =
      std::stable_partition(quiet_.begin(), quiet_.end(), [&](const Quiet& quiet) { return quiet.piece.to > sign; });
  const std::vector<Quiet> ended(over, quiet_.end());
  quiet_.erase(over, quiet_.end());
  for (const Quiet& quiet : ended) {
    if (auto done = store_silence(quiet); !done) return done;
  }
  return {};
}

// A run goes up to a time that the store may go beyond.
Status PastFiller::end_silence_by_store() {
  if (quiet_.empty()) return {};
  Timestamp sign;
  for (const Interval interval : {Interval::m1, Interval::h1}) {
    const auto newest = reader_.candles({.base = series_.name.base,
                                         .quote = series_.name.quote,
                                         .venue = series_.name.venue,
                                         .interval = interval,
                                         .start = quiet_.front().piece.to,
                                         .end = kEndOfTime,
                                         .limit = kNewest,
                                         .stored_only = true});
    if (!newest) return tl::unexpected(newest.error());
    sign = std::max(sign, sign_of_life({}, *newest, {}));
  }
  return end_silence(sign);
}

Status PastFiller::store_silence(const Quiet& quiet) {
  const auto& [interval, from, to] = quiet.piece;
  const auto have = stored(interval, from, to);
  if (!have) return tl::unexpected(have.error());
  const auto before = close_before(interval, from);
  if (!before) return tl::unexpected(before.error());
  auto made = whole_candles({}, interval, from, to, *before);
  keep_stored(made, *have);
  if (auto written = put(interval, made); !written) return written;
  if (quiet.of_trades) return sum_levels(from, to, Which::changed);
  return interval == Interval::h1 ? sum_above(Interval::d1, from, to, Which::changed) : Status{};
}

Status PastFiller::sum_levels(Timestamp from, Timestamp to, Which which) {
  if (auto hours = sum_above(Interval::h1, from, to, which); !hours) return hours;
  return sum_above(Interval::d1, from, to, which);
}

// A run that ended between a piece and its sums left them out: of pieces that were in the store already they are looked
// for.
Status PastFiller::sum_above(Interval interval, Timestamp from, Timestamp to, Which which) {
  const auto sums = LevelRepair::sums(reader_, series_.name, interval, from, to, now_ - kLive, which);
  if (!sums) return tl::unexpected(sums.error());
  return put(interval, *sums);
}

Status PastFiller::put(Interval interval, const std::vector<core::Candle>& candles) {
  if (candles.empty()) return {};
  core::WriteBatch batch;
  batch.catalogue = series_.catalogue;
  batch.catalogue_changed = series_.is_new && !named_;
  for (const core::Candle& candle : candles) batch.candles.push_back({series_.key, interval, candle});
  if (auto written = write_(std::move(batch)); !written) return written;
  named_ = true;
  result_.written += candles.size();
  return {};
}

PastFiller::Candles PastFiller::stored(Interval interval, Timestamp from, Timestamp to) {
  return reader_.candles({.base = series_.name.base,
                          .quote = series_.name.quote,
                          .venue = series_.name.venue,
                          .interval = interval,
                          .start = from,
                          .end = to});
}

core::Result<core::Decimal> PastFiller::close_before(Interval interval, Timestamp at) {
  const auto before = reader_.candles({.base = series_.name.base,
                                       .quote = series_.name.quote,
                                       .venue = series_.name.venue,
                                       .interval = interval,
                                       .start = at - kLookBack,
                                       .end = at,
                                       .limit = 1});
  if (!before) return tl::unexpected(before.error());
  return before->empty() ? core::Decimal{} : before->back().close;
}

void PastFiller::saw(const std::vector<core::Candle>& candles) {
  if (candles.empty()) return;
  const Timestamp first = candles.front().start;
  if (!result_.earliest.is_set() || first < result_.earliest) result_.earliest = first;
}

void PastFiller::told(std::string_view level, Timestamp at, Timestamp from, Timestamp to, double requests_left) {
  if (!tell_) return;
  const double share =
      to > from ? static_cast<double>((at - from).count()) / static_cast<double>((to - from).count()) : 1;
  const auto least =
      core::Duration(static_cast<std::int64_t>(requests_left / std::max(0.1, limits_.requests_per_minute) * 60e9));
  tell_({level, at, share, result_.written, requests_left, least});
}

}  // namespace tickspan::history
