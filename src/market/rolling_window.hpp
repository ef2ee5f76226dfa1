#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/candle.hpp"
#include "core/snapshot.hpp"

namespace tickspan::market {

/// First, highest and lowest price of the last 24 h of one asset from its own final minutes.
///
/// The figures count only when at least 95 % of the window's 1440 minutes are there (1368): a handful of missing
/// minutes is the normal wear of reconnects, more would make high and low a guess.
/// **Limits**: a close per minute and two monotonic queues; adding a minute is O(1) amortised.
class RollingWindow {
 public:
  static constexpr std::size_t kMinutes = core::MinuteHistory::kMinutes;
  static constexpr std::size_t kNeeded = kMinutes * 95 / 100;

  /// Minutes ascending; one not later than the newest is ignored.
  void add(const core::Candle& minute);
  /// The minute that ends at `end` is the last of the window now: what is older than 24 h falls out.
  void expire(core::Timestamp end);

  struct Figures {
    double open = 0, high = 0, low = 0;
  };
  /// Of the final minutes and the present price; nothing before there are enough minutes.
  std::optional<Figures> figures(double price) const;

  std::size_t present() const { return present_; }
  /// Closes by minute, NaN where there is none, ending at the minute that was given to the last expire().
  std::shared_ptr<const std::array<double, kMinutes>> closes() const;

 private:
  struct Point {
    std::int64_t minute = 0;
    double value = 0;
  };
  // A queue whose values rise (or fall) from front to back: the front is the extreme.
  class Extreme {
   public:
    explicit Extreme(int sign) : sign_(sign) {}
    void push(Point p);
    void expire(std::int64_t first_minute);
    double front() const { return points_[head_].value; }
    bool empty() const { return head_ == points_.size(); }

   private:
    int sign_;
    std::vector<Point> points_;
    std::size_t head_ = 0;
  };

  void forget_until(std::int64_t first_minute);

  std::vector<double> closes_;  // ring by minute; empty before the first
  std::int64_t newest_ = 0;     // minute number of the newest close
  std::int64_t end_ = 0;        // minute number after the window's last
  std::int64_t oldest_ = 0;     // first minute number not forgotten
  std::size_t present_ = 0;
  Extreme highs_{1}, lows_{-1};
};

}  // namespace tickspan::market
