#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/candle.hpp"
#include "core/time.hpp"

namespace tickspan::market {

/// Builds the 1-minute candles of one series, exactly: open and close are decided by (time, id), so the order of
/// arrival does not matter; volumes are sums in 128 bits.
///
/// A minute is final 2 s after its end. A trade that comes later still, up to five minutes, repairs it: the candle, and
/// the flat ones that lean on its close, are given out again. A minute in which nothing happened is a flat candle at
/// the last close, as long as the source was heard; a minute in which it was not heard is no candle. A late trade of
/// such a minute makes one that is marked incomplete.
/// **Limits**: eight minutes are kept; allocates only when a candle is finished.
class CandleBuilder {
 public:
  static constexpr core::Duration kMinute = std::chrono::minutes(1);
  static constexpr core::Duration kLateness = std::chrono::seconds(2);
  static constexpr std::int64_t kRepairMinutes = 5;

  enum class Added {
    open,
    repaired,
    known,    ///< its minute counts it already: that was counted before a restart, or made anew
    too_late  ///< its minute can't be repaired here any more
  };

  /// Ids decide between trades of one time; with equal ids the order of arrival does.
  Added add_trade(core::Timestamp at, const core::Decimal& price, const core::Decimal& amount, std::uint64_t id);
  /// For a composite series: a new price. A time before the open minutes counts into the oldest open one.
  void add_price(core::Timestamp at, const core::Decimal& price);
  /// For a composite series: volume of a trade of one of its inputs. It repairs like a trade where its minute is a
  /// candle; where it is none, or older than five minutes, it counts into the oldest open one.
  void add_volume(core::Timestamp at, const core::Decimal& amount);

  /// A minute made anew from all of its trades: it takes no more of them. Ignored where it is older than what is kept.
  void put(const core::Candle& whole);
  /// Minutes from `from` on, in which nothing happened, lean on this close; and so do those to come.
  void lean_on(core::Timestamp from, const core::Decimal& close);
  /// Nothing was heard of the series yet, but it is known up to `until`: silence after it is told as flat candles.
  void begin_at(core::Timestamp until);

  /// Time goes on: finishes minutes. `heard`: the source was listening up to now, so that silence means no trades.
  void advance(core::Timestamp now, bool heard);

  /// What was finished or repaired since the last clear_finished(), oldest first.
  const std::vector<core::Candle>& finished() const { return finished_; }
  void clear_finished() { finished_.clear(); }
  bool has_finished() const { return !finished_.empty(); }

  /// Candles that touch [from, to] are marked: input was missed. Those finished already stay as they are.
  void mark_incomplete(core::Timestamp from, core::Timestamp to);
  /// Candles read from the store, ascending, which was written until `saved_at`: the last close leads on to the
  /// next, and an open minute goes on growing, marked incomplete. Trades up to `saved_at` are in it, or are lost: what
  /// a venue sends again after a restart is refused, for the ids are forgotten. Up to five minutes later silence goes
  /// on as flat candles; after more the series waits for its first trade.
  void restore(const core::Candle& candle, core::Timestamp saved_at, core::Timestamp now);

  /// The newest minute that has data and is not final; false when there is none.
  bool open_candle(core::Candle& out) const;
  /// Minutes that are not final and have prices, ascending. Replaces what is in `out`.
  void open_candles(std::vector<core::Candle>& out) const;
  /// Start of the oldest minute that is not final.
  core::Timestamp oldest_open() const { return next_; }
  std::uint64_t too_late() const { return too_late_; }

 private:
  struct Key {
    std::int64_t at = 0;
    std::uint64_t id = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Bucket {
    core::Timestamp start;  // not set: unused
    core::Decimal open, high, low, close;
    core::DecimalSum volume;
    Key open_key, close_key;
    std::uint32_t trades = 0;
    bool has_volume = false;
    bool final = false;
    bool incomplete = false;
    bool whole = false;  // made anew: what comes is in it already
    bool rebuilt = false;
  };
  static constexpr std::size_t kBuckets = 8;

  Bucket& slot(core::Timestamp minute) {
    return buckets_[static_cast<std::size_t>(minute.ns / kMinute.count()) % kBuckets];
  }
  const Bucket* find(core::Timestamp minute) const;
  Bucket* bucket_for(core::Timestamp at);
  void put_price(Bucket& bucket, const Key& key, const core::Decimal& price);
  void finish_until(core::Timestamp now);
  void finish(core::Timestamp minute);
  void repair_from(core::Timestamp minute);
  static bool has_prices(const Bucket& bucket);
  bool is_open(const Bucket& bucket) const;
  core::Candle open_candle_of(const Bucket& bucket) const;
  bool touches_loss(core::Timestamp minute) const;
  static core::Candle to_candle(const Bucket& bucket);

  std::array<Bucket, kBuckets> buckets_{};
  std::vector<core::Candle> finished_;
  core::Timestamp next_;    // start of the oldest minute that is not final; not set before the first data
  core::Timestamp newest_;  // start of the newest minute that has data
  core::Decimal last_close_;
  core::Timestamp loss_from_, loss_to_;
  core::Timestamp counted_until_;  // trades up to here were counted before a restart
  std::uint64_t too_late_ = 0;
  bool heard_ = true;
};

}  // namespace tickspan::market
