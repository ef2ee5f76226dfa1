#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "feeds/venue_history.hpp"
#include "history/level_repair.hpp"
#include "history/series.hpp"
#include "storage/history_store.hpp"

namespace tickspan::history {

struct PastRequest {
  std::string symbol;  ///< as the venue spells the pair
  core::Timestamp from, to;
  bool minutes = true;   ///< else hours and days alone
  bool trading = false;  ///< the venue says that it is traded now: silence up to `to` is silence
};

/// How far it is. Requests are those to the venue.
struct PastProgress {
  std::string_view level;        ///< `1h`, `1m` or `trades`
  core::Timestamp at;            ///< up to here it is done
  double share = 0;              ///< of the level's range, 0..1
  std::uint64_t candles = 0;     ///< written so far
  double requests_left = 0;      ///< at most; 0 where it cannot be told yet
  core::Duration at_least_left;  ///< what the venue's budget makes of these requests
};

struct PastResult {
  std::uint64_t written = 0;    ///< candles, of all levels
  std::uint64_t skipped = 0;    ///< pieces of the range that were in the store already
  core::Timestamp earliest;     ///< the first candle in the range; not set where the venue has none
  std::uint64_t not_whole = 0;  ///< minutes whose trades leave ids out; they are marked
};

/// Fills one series with a venue's past, piece by piece and the oldest first: hours and the days above, then minutes;
/// or, where the venue keeps only its newest candles, both out of its trades. What the store has, final and complete,
/// stays as it is, and is not asked for but where it lies between what lacks. Where nothing was traded it is flat as
/// soon as a later trade, or the venue, tells that the pair still lived. Each piece is one transaction, and the store
/// is all it remembers: ended at any moment and begun anew it goes on where it was.
/// **Threading**: the caller's; blocks. **Ownership**: all that it is given must outlive it.
/// **Limits**: a piece is a quarter of a year of hours, a day of minutes, or as many trades as the fetcher takes.
class PastFiller {
 public:
  /// Blocks. `cancelled` ends the run.
  using Fetch = std::function<core::Result<feeds::HistoryPage>(const feeds::HistoryQuery&)>;
  /// Blocks. Writes one transaction, trying again where that can help.
  using Write = std::function<core::Status(core::WriteBatch)>;
  using Tell = std::function<void(const PastProgress&)>;

  PastFiller(storage::StoreReader& reader, Write write, Fetch fetch, const feeds::HistoryLimits& limits, Series series,
             Tell tell)
      : reader_(reader),
        write_(std::move(write)),
        fetch_(std::move(fetch)),
        limits_(limits),
        series_(std::move(series)),
        tell_(std::move(tell)) {}

  /// `now`: what is younger than ten minutes is left to the live candles.
  core::Result<PastResult> run(const PastRequest& request, core::Timestamp now);

 private:
  using Candles = core::Result<std::vector<core::Candle>>;
  struct Piece {
    core::Interval interval;
    core::Timestamp from, to;
  };
  core::Status fill_candles(core::Interval interval, core::Timestamp from, core::Timestamp to);
  core::Status fill_piece(const Piece& piece);
  core::Status fill_trades(core::Timestamp from, core::Timestamp to);
  core::Status fill_trades_piece(const feeds::HistoryQuery& query, const feeds::HistoryPage& page,
                                 const std::vector<core::Candle>& have);
  /// Silence that nothing has followed yet.
  struct Quiet {
    Piece piece;
    bool of_trades = false;
  };
  core::Timestamp sign_of_life(core::Timestamp told, const std::vector<core::Candle>& have, core::Timestamp end) const;
  core::Status end_silence(core::Timestamp sign);
  core::Status end_silence_by_store();
  core::Status store_silence(const Quiet& quiet);
  using Which = LevelRepair::Which;
  core::Status sum_levels(core::Timestamp from, core::Timestamp to, Which which);
  core::Status sum_above(core::Interval interval, core::Timestamp from, core::Timestamp to, Which which);
  core::Status put(core::Interval interval, const std::vector<core::Candle>& candles);
  Candles stored(core::Interval interval, core::Timestamp from, core::Timestamp to);
  core::Result<core::Decimal> close_before(core::Interval interval, core::Timestamp at);
  void saw(const std::vector<core::Candle>& candles);
  void told(std::string_view level, core::Timestamp at, core::Timestamp from, core::Timestamp to, double requests_left);

  storage::StoreReader& reader_;
  Write write_;
  Fetch fetch_;
  const feeds::HistoryLimits limits_;
  Series series_;
  Tell tell_;
  PastRequest request_;
  core::Timestamp now_;
  PastResult result_;
  std::vector<Quiet> quiet_;  ///< ascending in each interval
  bool named_ = false;        ///< the series' assets were handed to the store
};

}  // namespace tickspan::history
