#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/write_batch.hpp"
#include "feeds/venue_history.hpp"
#include "history/hole.hpp"

namespace tickspan::history {

/// What is read and asked for of one pair of one hole.
struct PairTask {
  std::pair<core::Timestamp, std::string> hole;
  std::string symbol;
  std::string base, quote, venue;  ///< text ids
  core::SeriesKey series;
  core::InstrumentId instrument;
  core::Timestamp from, to;  ///< the minutes to be made
  feeds::HistoryQuery query;
  /// An answer whose trades alone do not prove that none is missing: the venue's candles were asked for, too.
  std::shared_ptr<const std::vector<feeds::HistoryTrade>> unproven = {};
};

/// Whether these trades are all there were: their ids leave none out, and others before and after enclose them.
bool proven_by_ids(const PairTask& task, const std::vector<feeds::HistoryTrade>& trades);

/// What a venue's past makes of a pair's minutes in a hole.
struct PairFill {
  std::vector<core::Candle> minutes;
  std::vector<feeds::HistoryTrade> trades;  ///< of `minutes`, and perhaps others beside; empty: it is candles alone
  bool whole = true;                        ///< nothing is missing in the minutes
  bool counted = false;                     ///< the trades are all there were
  std::set<std::uint64_t> dated_otherwise;  ///< of `trades`, by id: heard with another time, and stored
};

/// `page` answers `task.query`; `last_close`: see minutes.hpp. Trades that candles were asked for to prove count when
/// they add up to just these candles.
PairFill fill_pair(const PairTask& task, feeds::HistoryPage page, core::Decimal last_close);

/// Candles that a venue tells of soon after they are over are not the last word: takes those out that were heard whole
/// with no less in them, and silence behind the venue's last one. False where it has to be asked again: it knows less
/// than was heard, or that silence is too young. `stored` ascends.
bool trust_candles(PairFill& fill, const std::vector<core::Candle>& stored, core::Timestamp now);

/// A venue whose clock was off told a trade with another time than its past does: by that time the store would not know
/// it again. Notes those; `stored` are those around the minutes.
void note_dates(PairFill& fill, const std::vector<storage::StoredTrade>& stored);
/// Counts it in each gap of the hole. Returns how many trades came back.
std::int64_t count_fill(Hole& hole, const PairFill& fill);
/// The newest trade of the minutes, where the hole is one of a restart and its trades are all there were.
std::optional<feeds::HistoryTrade> last_trade(const Hole& hole, const PairTask& task, const PairFill& fill);
/// The trades of it that lie in a gap of the hole and are to be stored.
std::vector<core::Tick> ticks_of(const Hole& hole, const PairTask& task, const PairFill& fill, core::Timestamp now);

}  // namespace tickspan::history
