#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/write_batch.hpp"
#include "storage/history_store.hpp"

namespace tickspan::history {

/// Candles of one venue's pair that were made anew, [from, to) of them.
struct ChangedCandles {
  std::string base, quote, venue;  ///< text ids
  core::Interval interval = core::Interval::m1;
  core::Timestamp from, to;
  std::vector<core::Candle> candles = {};  ///< ascending; the newest of them
};

/// Candles that were made anew, until nobody else can write them any more. Live candles take late trades for five
/// minutes: one that comes meanwhile would put its part of a minute in the place of the whole one. And the minutes
/// without trades that follow a hole lean on the close from before it, until the next trade.
/// **Threading**: one thread, but for corrections(). **Limits**: an entry per pair and hole, an hour of minutes each.
class RepairWatch {
 public:
  struct Item {
    ChangedCandles what;  ///< `candles`: the newest of them, up to kMostKept
    core::SeriesKey series;
    core::Timestamp due;
  };
  static constexpr std::size_t kMostKept = 60;

  /// They were handed to the store just now. Who wrote a candle last is who knows it: nobody else looks after it any
  /// more. Without candles that is all.
  void add(ChangedCandles what, core::SeriesKey series, core::Timestamp now);
  /// Up to `most` that are to be looked at, taken out: each of them comes back before the next are taken.
  std::vector<Item> take_due(core::Timestamp now, std::size_t most);
  /// What of `wrong`, found of an item that was taken out, is to be written now: all but what somebody made anew
  /// meanwhile.
  std::vector<core::Candle> to_correct(Item& item, std::vector<core::Candle> wrong);
  /// The item was looked at; `changed`: something had to be corrected. Kept where that may happen again.
  void looked_at(Item item, bool changed, core::Timestamp now);
  void put_back(Item item, core::Timestamp now);
  std::size_t size() const { return items_.size(); }

  /// On a reader's thread: what has to be written again, ascending.
  static core::Result<std::vector<core::Candle>> corrections(storage::StoreReader& reader, const Item& item,
                                                             core::Timestamp now);

 private:
  /// Candles that somebody else has written.
  struct Taken {
    core::SeriesKey series;
    core::Interval interval;
    core::Timestamp from, to;
  };
  static void cut(Item& item, const Taken& taken);
  void take(const Taken& taken);
  void keep(Item item, core::Timestamp due);

  std::multimap<core::Timestamp, Item> items_;  ///< by `due`
  std::vector<Taken> taken_;                    ///< while items are out
  std::size_t out_ = 0;                         ///< so many of them
};

}  // namespace tickspan::history
