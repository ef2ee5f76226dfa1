#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/candle.hpp"
#include "core/snapshot.hpp"

namespace tickspan::market {

/// First, highest and lowest price and the volume of the last hour, 24 hours, 7 and 30 days of one asset, from its own
/// final minutes.
///
/// 26 hours of minutes are kept, and 31 days of hours. The 7 and 30 days begin within an hour: its minutes are asked
/// for (wanted_hour()) and given again (add_old_minutes()); until then those two windows are not known. Of an hour that
/// was never stored in minutes all counts. A minute or an hour that comes again replaces itself: the next look
/// recounts.
///
/// Figures count only when at least 95 % of the window's minutes are there (1368 of 24 h): a handful of missing
/// minutes is the normal wear of reconnects, more would make high and low a guess. An incomplete hour from the store
/// counts as 57.
/// **Limits**: about 100 KiB, taken with the first minute; a look is O(1) until a minute comes or goes, then at most
/// 840 additions.
class RollingWindow {
 public:
  static constexpr std::size_t kMinutes = core::MinuteHistory::kMinutes;
  static constexpr std::size_t kNeeded = kMinutes * 95 / 100;

  /// A minute, new or again. One older than 26 hours is ignored.
  void add(const core::Candle& minute);
  /// An hour that the store has. Where as many of its minutes are known, these count.
  void add_hour(const core::Candle& hour);
  /// The minutes of a wanted hour; none where it was never stored in minutes.
  void add_old_minutes(core::Timestamp hour, const std::vector<core::Candle>& minutes);
  /// The minute that ends at `end` is the last of the windows now.
  void expire(core::Timestamp end);

  /// Of the final minutes alone. Not known(): too little is there.
  const core::AssetWindows& windows() const;
  struct Figures {
    double open = 0, high = 0, low = 0;
  };
  /// The last 24 h with the present price; nothing before there are enough minutes.
  std::optional<Figures> figures(double price) const;
  /// Start of an hour whose minutes are needed now or within a quarter of an hour, and are not here.
  std::optional<core::Timestamp> wanted_hour() const;

  /// Minutes of the last 24 h that are there.
  std::size_t present() const;
  /// Closes by minute, NaN where there is none, ending at the minute that was given to the last expire().
  std::shared_ptr<const std::array<double, kMinutes>> closes() const;

 private:
  struct Bar {
    double open = 0, high = 0, low = 0, close = 0, volume = 0;
    bool is_set() const { return close > 0; }
  };
  struct Hour {
    std::int64_t number = -1;
    int minutes = 0;
    bool stored = false;  // as an hour, not counted from minutes
    Bar bar;
  };
  struct OldHour {
    std::int64_t number = -1;
    bool whole = false;  // its minutes were never stored
    std::array<Bar, 60> bars;
  };
  struct Sum;
  static constexpr std::int64_t kKept = 1560;
  static constexpr std::int64_t kHours = 744;

  static Bar bar_of(const core::Candle& candle);
  void make_room();
  void advance(std::int64_t end);
  const Bar* minute(std::int64_t number) const;
  const Hour* hour(std::int64_t number) const;
  const OldHour* old_hour(std::int64_t number) const;
  void recount_hour(std::int64_t number);
  Sum sum(std::int64_t span) const;
  void recount() const;

  std::vector<Bar> minutes_;   // ring by minute number; empty before the first
  std::vector<Hour> hours_;    // ring by hour number
  std::vector<OldHour> old_;   // at most 4
  std::int64_t end_ = 0;       // minute number after the windows' last
  std::int64_t newest_ = -1;   // minute number of the newest close
  std::int64_t oldest_ = -1;   // minute number of the first that was added
  std::int64_t first_ = -1;    // minute number before which nothing is known
  mutable bool stale_ = true;  // what follows
  mutable core::AssetWindows windows_{};
  mutable std::size_t present_ = 0;
};

}  // namespace tickspan::market
