#include "history/pair_repair.hpp"

#include <utility>

namespace tickspan::history {
namespace {

using core::Timestamp;

constexpr core::Duration kMinute = std::chrono::minutes(1);
constexpr core::Duration kLookBack = std::chrono::hours(24 * 7);  // for the close before a hole
constexpr core::Duration kClockOff = kMinute;                     // of a venue, at most
constexpr std::size_t kMostTrades = 1'000'000;

tl::unexpected<core::Error> not_now(const char* why) {
  return core::fail(core::ErrorCode::unavailable, why, true);
}

}  // namespace

bool has_candles(const feeds::HistorySource& source, Timestamp from, Timestamp now) {
  const std::size_t newest = source.limits().newest_candles;
  return newest == 0 || from >= now - kMinute * (static_cast<std::int64_t>(newest) - 2);
}

void PairRepair::run(feeds::HistorySource& source, PairTask task, Done done) {
  ask({&source, std::move(task), std::move(done)});
}

void PairRepair::ask(Job job) {
  const auto query = job.task.query;
  auto& source = *job.source;
  source.fetch(query, [weak = weak_from_this(), job = std::move(job)](core::Result<feeds::HistoryPage> page) mutable {
    const auto self = weak.lock();
    if (self && !self->stopped_) self->take_page(std::move(job), std::move(page));
  });
}

// The venue's own candles instead of its trades.
void PairRepair::ask_candles(Job job) {
  PairTask& task = job.task;
  task.query = {feeds::HistoryKind::minutes, task.query.symbol, task.from, task.to};
  ask(std::move(job));
}

void PairRepair::take_page(Job job, core::Result<feeds::HistoryPage> page) {
  PairTask& task = job.task;
  const bool by_trades = task.query.kind == feeds::HistoryKind::trades;
  const bool has_other = by_trades && has_candles(*job.source, task.from, clock_.now());
  if (!page) {
    if (page.error().code == core::ErrorCode::too_large && has_other) return ask_candles(std::move(job));
    return job.done(task, tl::unexpected(page.error()));
  }
  // Trades that leave ids out, or that may have had others before or after them, are not known to be all there were;
  // the venue's own candles have all of them.
  if (has_other && !proven_by_ids(task, page->trades)) {
    task.unproven = std::make_shared<const std::vector<feeds::HistoryTrade>>(std::move(page->trades));
    return ask_candles(std::move(job));
  }
  read_stored(std::move(job), std::move(*page));
}

void PairRepair::read_stored(Job job, feeds::HistoryPage page) {
  using Read = core::Result<Stored>;
  const auto then = [weak = weak_from_this(), job, page = std::move(page)](const Read& stored) {
    const auto self = weak.lock();
    if (!self || self->stopped_) return;
    if (!stored) return job.done(job.task, tl::unexpected(stored.error()));
    self->fill(job, page, *stored);
  };
  const auto read = [self = shared_from_this(), task = job.task](storage::StoreReader& reader) {
    return self->read_around(reader, task);
  };
  if (!link_.read<Read>(read, then)) job.done(job.task, not_now("too many read the store"));
}

// On a reader's thread.
core::Result<PairRepair::Stored> PairRepair::read_around(storage::StoreReader& reader, const PairTask& task) const {
  Stored stored;
  auto candles = reader.candles({.base = task.base,
                                 .quote = task.quote,
                                 .venue = task.venue,
                                 .start = task.from - kLookBack,
                                 .end = task.to,
                                 .limit = static_cast<std::size_t>((task.to - task.from) / kMinute) + 1});
  if (!candles) return tl::unexpected(candles.error());
  stored.candles = std::move(*candles);
  if (!trades_stored_ || (task.query.kind != feeds::HistoryKind::trades && !task.unproven)) return stored;
  auto trades =
      reader.trades({task.base, task.quote, task.venue, task.from - kClockOff, task.to + kClockOff, kMostTrades});
  if (!trades) return tl::unexpected(trades.error());
  stored.trades = std::move(*trades);
  return stored;
}

void PairRepair::fill(const Job& job, feeds::HistoryPage page, const Stored& stored) const {
  core::Decimal last_close;
  for (const core::Candle& candle : stored.candles) {
    if (candle.start < job.task.from) last_close = candle.close;
  }
  PairFill fill = fill_pair(job.task, std::move(page), last_close);
  if (!trust_candles(fill, stored.candles, clock_.now()))
    return job.done(job.task, not_now("its candles are not the last word yet"));
  note_dates(fill, stored.trades);
  job.done(job.task, std::move(fill));
}

}  // namespace tickspan::history
