#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "feeds/venue_history.hpp"
#include "history/pair_fill.hpp"
#include "history/store_link.hpp"
#include "runtime/clock.hpp"

namespace tickspan::history {

/// Whether a venue still has its candles of `from`: some tell of the newest alone.
bool has_candles(const feeds::HistorySource& source, core::Timestamp from, core::Timestamp now);

/// How one pair of a hole is made anew: the venue is asked for its trades, or for its candles where trades are too many
/// or leave some out, and what it says is weighed against what the store has.
/// **Threading**: the loop's. **Ownership**: a shared_ptr; link, clock and sources must outlive stop().
class PairRepair : public std::enable_shared_from_this<PairRepair> {
 public:
  /// An error that is retryable may be none the next time.
  using Done = std::function<void(const PairTask&, core::Result<PairFill>)>;
  /// `trades_stored`: what it brings will be stored beside trades that were heard.
  PairRepair(StoreLink& link, const runtime::Clock& clock, bool trades_stored)
      : link_(link), clock_(clock), trades_stored_(trades_stored) {}

  /// `done` is called on the loop, later; not after stop().
  void run(feeds::HistorySource& source, PairTask task, Done done);
  void stop() { stopped_ = true; }

 private:
  struct Job {
    feeds::HistorySource* source;
    PairTask task;
    Done done;
  };
  void ask(Job job);
  void ask_candles(Job job);
  void take_page(Job job, core::Result<feeds::HistoryPage> page);
  void read_stored(Job job, feeds::HistoryPage page);
  struct Stored {
    std::vector<core::Candle> candles;
    std::vector<storage::StoredTrade> trades;
  };
  core::Result<Stored> read_around(storage::StoreReader& reader, const PairTask& task) const;
  void fill(const Job& job, feeds::HistoryPage page, const Stored& stored) const;

  StoreLink& link_;
  const runtime::Clock& clock_;
  const bool trades_stored_;
  bool stopped_ = false;
};

}  // namespace tickspan::history
