#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/candle.hpp"

namespace tickspan::market {

/// The candles of 5 minutes to one day of one series, grown out of its final minutes.
///
/// Each level is the sum of the one below it: a minute that is repaired is followed up to the day, and every final
/// candle that differs for it is given out again. A candle is final when time has passed its last minute, whether that
/// one came or not; it is complete when every minute of it came and was complete. A flat minute counts as present, but
/// says nothing about the prices of a candle that has others.
/// **Limits**: the minutes, and the candles up to an hour, of the present hour and the one before, of hours the last
/// 32; about 25 KiB, taken with the first minute.
class CandleLevels {
 public:
  static constexpr std::array kLevels = {core::Interval::m5, core::Interval::m15, core::Interval::h1,
                                         core::Interval::h4, core::Interval::d1};
  struct Finished {
    core::Interval interval;
    core::Candle candle;
  };

  /// A final minute: a new one, or one of the last ten again. Appends what became final by it or differs for it now.
  void add(const core::Candle& minute, std::vector<Finished>& out);
  /// A minute made anew, of any time: what is older than the kept minutes changes nothing.
  void repair(const core::Candle& minute, std::vector<Finished>& out);
  /// The newest that came of this minute was made anew.
  bool is_made_anew(core::Timestamp minute) const;
  /// All minutes of its hour are kept here, where they came.
  bool keeps(core::Timestamp minute) const;
  /// Minutes before `until` are final, come or not.
  void close_until(core::Timestamp until, std::vector<Finished>& out);
  core::Timestamp closed_until() const { return closed_until_; }

  /// A whole hour of this day or the one before, instead of its minutes: read from the store, or repaired there.
  void put_hour(const core::Candle& hour, std::vector<Finished>& out);

  /// The candle that starts at `start`, as far as it is known.
  std::optional<core::Candle> at(core::Interval interval, core::Timestamp start) const;
  /// The candle that the last of these minutes lies in, with them in it. `open`: ascending, not empty, none of them
  /// given to add() yet.
  core::Candle with(core::Interval interval, std::span<const core::Candle> open) const;

 private:
  struct Node {
    core::Timestamp start;  // not set: unused
    core::Decimal open, high, low, close;
    core::DecimalSum volume;
    std::uint32_t trades = 0;
    std::uint16_t minutes = 0;
    bool incomplete = false;
    bool flat = false;
    bool rebuilt = false;
    bool made_anew = false;
  };
  // By core::Interval: minutes, 5 and 15 minutes, hours, 4 hours, days.
  static constexpr std::array<std::size_t, core::kIntervals.size()> kKept = {120, 24, 8, 32, 12, 2};

  void make_room();
  bool holds_parts(std::size_t level, core::Timestamp start) const;
  static std::size_t place(std::size_t level, core::Timestamp start);
  const Node* find(std::size_t level, core::Timestamp start) const;
  static Node node_of(const core::Candle& candle, std::uint16_t minutes);
  static void fold(Node& into, const Node& next);
  Node sum(std::size_t level, core::Timestamp start) const;
  void sum_up(std::size_t from_level, core::Timestamp at, std::vector<Finished>& out);
  core::Candle to_candle(std::size_t level, const Node& node) const;

  std::vector<Node> nodes_;
  core::Timestamp closed_until_;
  core::Timestamp minutes_from_;  // an hour's start: minutes before it were never told, but as hours
  core::Timestamp hours_from_;    // a day's start: nothing before it was
};

}  // namespace tickspan::market
