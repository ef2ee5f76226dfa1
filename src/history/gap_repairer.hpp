#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/catalogue.hpp"
#include "core/snapshot.hpp"
#include "feeds/venue_history.hpp"
#include "history/engine_link.hpp"
#include "runtime/clock.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/metrics.hpp"
#include "storage/history_service.hpp"

namespace tickspan::history {

struct GapRepairerOptions {
  core::Duration tick = std::chrono::seconds(1);        ///< how often it looks after its work
  core::Duration look_every = std::chrono::seconds(5);  ///< for holes in the store
  core::Duration settle = std::chrono::seconds(10);  ///< after a source is live again, and after a hole's last minute
  core::Duration trades_up_to = std::chrono::minutes(15);  ///< longer holes are filled with the venue's candles
  core::Duration recent = std::chrono::minutes(30);        ///< how far pages of trades are followed back from now
  core::Duration horizon = std::chrono::hours(24 * 30);    ///< older ones are lost
  core::Duration first_retry = std::chrono::seconds(30);   ///< doubles with each round of failures
  int rounds = 5;                                          ///< then what failed is lost
  double outlier = 0.03;                                   ///< of rebuilt composites: market::CompositeContext
  TellRepaired tell_engine = {};                           ///< repaired candles; may be empty
  core::Duration patience = std::chrono::hours(24);        ///< of a hole that is older two rounds are enough
  bool store_ticks = false;                                ///< recovered trades are stored, too
  /// The last trade before the end of the minutes that a restart's hole made anew: what is heard goes on after it.
  std::function<void(const std::string& venue, core::InstrumentId, std::uint64_t id, core::Timestamp at)> tell_last =
      {};
};

/// Fills the holes that are open in the store from the venues' own pasts, the newest first, and marks what became of
/// them.
///
/// A hole of a source is every pair's that is listened to now, or was in this run and has candles from just before it.
/// Its minutes are made anew, whole, out of the venue's trades where the hole is short and the ids of the trades, with
/// some before and after the hole, leave none out; else out of the venue's candles. They are looked at again when no
/// late trade can change them any more (AfterRepair); hours and days that they lie in are summed up once they are over.
/// Composite minutes that lack are rebuilt from them; one that was told whole stays: it tells what was known. The
/// engine hears of all of it. A source's row says `repaired` when its pairs are done; a pair that could not be filled
/// has a row of its own that says `lost`, and so does every hole beyond `horizon`. There is no other state than these
/// rows: after a restart it goes on with what is open.
/// **Threading**: everything on the loop's thread, but construction. **Ownership**: all that it is given must outlive
/// it; destroyed on the loop, or when that has stopped.
/// **Limits**: one query at a time per venue; holes of `horizon`.
class GapRepairer {
 public:
  GapRepairer(runtime::EventLoop& loop, storage::HistoryService& store, const runtime::Clock& clock,
              runtime::Metrics& metrics, std::function<core::SnapshotPtr()> snapshot, GapRepairerOptions options);
  ~GapRepairer();

  void add_source(const std::string& venue, feeds::HistorySource& source);
  /// The pairs of a venue that are listened to.
  void set_symbols(const std::string& venue, std::shared_ptr<const core::SymbolTable> symbols);
  /// Candles of a pair in [from, to) were written by somebody else: minutes or hours. What lies above them is summed up
  /// again.
  void changed(const std::string& venue, const std::string& symbol, core::Interval interval, core::Timestamp from,
               core::Timestamp to);
  void start();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tickspan::history
