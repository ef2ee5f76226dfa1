#include "history/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "history/pages.hpp"
#include "history/recount.hpp"
#include "market/candle_levels.hpp"

namespace tickspan::history {
namespace {

using core::Candle;
using core::Interval;
using core::Status;
using core::Timestamp;

constexpr core::Duration kMinute = std::chrono::minutes(1);
constexpr std::size_t kCompareAtOnce = 2000;
constexpr int kReadAhead = 1000;  // candles
constexpr std::size_t kMostGaps = 100'000;

std::string differing_fields(const Candle& stored, const Candle& expected) {
  std::string out;
  const auto field = [&](std::string_view name, const std::string& is, const std::string& should) {
    out += fmt::format("{}{} is {}, should be {}", out.empty() ? "" : "; ", name, is, should);
  };
  const auto number = [&](std::string_view name, const core::Decimal& is, const core::Decimal& should) {
    if (is != should) field(name, is.to_string(), should.to_string());
  };
  number("open", stored.open, expected.open);
  number("high", stored.high, expected.high);
  number("low", stored.low, expected.low);
  number("close", stored.close, expected.close);
  number("volume", stored.volume, expected.volume);
  // Tables do not tell how many trades a candle has: 0 with a volume is no claim.
  const bool claims = stored.trades != 0 || stored.flat;
  if (claims && expected.trades != 0 && stored.trades != expected.trades) {
    field("trades", std::to_string(stored.trades), std::to_string(expected.trades));
  }
  return out;
}

/// Could be the same minute with more of its trades: what a repair takes from the venue's own candles is.
bool tells_more(const Candle& stored, const Candle& counted) {
  return stored.volume > counted.volume && stored.high >= counted.high && stored.low <= counted.low &&
         (stored.trades == 0 || stored.trades >= counted.trades);
}

/// Counts, for one level, how many minutes of the present candle were there.
struct Coverage {
  Timestamp start;
  std::int64_t minutes = 0;
};

/// Stored candles of one level, read some way ahead.
struct Ahead {
  std::vector<Candle> candles;
  Timestamp until;
};

const Candle* find(const std::vector<Candle>& candles, Timestamp start) {
  const auto at =
      std::lower_bound(candles.begin(), candles.end(), start, [](const Candle& c, Timestamp t) { return c.start < t; });
  return at != candles.end() && at->start == start ? &*at : nullptr;
}

class SeriesCheck {
 public:
  SeriesCheck(storage::StoreReader& reader, const storage::SeriesName& series, const VerifyRequest& request,
              const VerifyOutput& output)
      : reader_(reader),
        series_(series),
        start_(request.start.is_set() ? request.start.floor_to(kMinute) : kBeginOfTime),
        end_(request.end.is_set() ? request.end.floor_to(kMinute) : kEndOfTime),
        listed_(request.listed),
        output_(output) {}

  core::Result<VerifyResult> run() {
    if (auto gaps = load_gaps(); !gaps) return tl::unexpected(gaps.error());
    if (auto minutes = walk_minutes(); !minutes) return tl::unexpected(minutes.error());
    if (!series_.venue.empty()) {
      auto counted = recount_minutes(reader_, series_, start_, end_, [&](const Candle& c) { return expect(c); });
      if (counted) counted = compare_minutes();
      if (!counted) return tl::unexpected(counted.error());
    }
    if (differences_told_ > listed_) tell(fmt::format("{} more that differ", differences_told_ - listed_));
    if (holes_told_ > listed_) tell(fmt::format("{} more ranges without candles", holes_told_ - listed_));
    return result_;
  }

 private:
  void tell(const std::string& what) { output_.finding(fmt::format("{}: {}", describe(series_), what)); }
  void differs(Interval interval, Timestamp start, const std::string& how) {
    ++result_.differences;
    if (differences_told_++ >= listed_) return;
    tell(fmt::format("{} {}: {}", core::to_string(interval), core::to_rfc3339(start), how));
  }

  Status load_gaps() {
    auto gaps = reader_.gaps(series_.venue, start_, end_, kMostGaps);
    if (!gaps) return tl::unexpected(gaps.error());
    gaps_ = std::move(*gaps);
    result_.gaps = series_.venue.empty() ? 0 : gaps_.size();
    return {};
  }

  const core::Gap* gap_in(Timestamp from, Timestamp to) const {
    const auto touches = [&](const core::Gap& gap) { return gap.start < to && gap.end > from; };
    const auto gap = std::find_if(gaps_.begin(), gaps_.end(), touches);
    return gap == gaps_.end() ? nullptr : &*gap;
  }

  core::Result<std::vector<Candle>> candles(Interval interval, Timestamp from, Timestamp to, std::size_t limit) {
    return reader_.candles({series_.base, series_.quote, series_.venue, interval, from, to, limit});
  }

  /// All stored minutes in order: what is missing between them, and the longer candles that they make.
  Status walk_minutes() {
    Timestamp previous;
    return for_each_row(
        start_, end_,
        [&](Timestamp from, Timestamp to, std::size_t limit) { return candles(Interval::m1, from, to, limit); },
        [&](const Candle& minute) -> Status {
          if (!minute.final) return {};
          if (result_.minutes++ % 10'000 == 0 && output_.progress) output_.progress(minute.start);
          if (previous.is_set() && minute.start > previous + kMinute) hole(previous + kMinute, minute.start);
          previous = minute.start;
          newest_ = minute.start;
          return sum_up(minute);
        });
  }

  void hole(Timestamp from, Timestamp to) {
    const auto minutes = static_cast<std::uint64_t>((to - from) / kMinute);
    result_.missing_minutes += minutes;
    const core::Gap* const gap = gap_in(from, to);
    if (gap == nullptr) result_.unexplained += minutes;
    if (holes_told_++ >= listed_) return;
    tell(
        fmt::format("no candles from {} to {} ({} min), {}", core::to_rfc3339(from), core::to_rfc3339(to), minutes,
                    gap == nullptr ? "no gap recorded" : fmt::format("gap recorded: {}", core::to_string(gap->cause))));
  }

  Status sum_up(const Candle& minute) {
    finished_.clear();
    for (std::size_t i = 1; i < core::kIntervals.size(); ++i) {
      const Timestamp start = minute.start.floor_to(core::width(core::kIntervals[i]));
      if (coverage_[i].start != start) coverage_[i] = {start, 0};
      ++coverage_[i].minutes;
    }
    levels_.add(minute, finished_);
    for (const auto& [interval, expected] : finished_) {
      const Coverage& coverage = coverage_[static_cast<std::size_t>(interval)];
      const bool whole =
          coverage.start == expected.start && coverage.minutes == core::width(interval) / kMinute && expected.final;
      if (!whole) continue;
      if (auto compared = compare_level(interval, expected); !compared) return compared;
    }
    return {};
  }

  Status compare_level(Interval interval, const Candle& expected) {
    Ahead& ahead = ahead_[static_cast<std::size_t>(interval)];
    if (expected.start >= ahead.until) {
      ahead.until = expected.start + kReadAhead * core::width(interval);
      auto read = candles(interval, expected.start, ahead.until, kReadAhead + 1);
      if (!read) return tl::unexpected(read.error());
      ahead.candles = std::move(*read);
    }
    ++result_.summed;
    const Candle* const stored = find(ahead.candles, expected.start);
    if (stored == nullptr) {
      differs(interval, expected.start, "not there, its minutes are");
    } else if (const std::string how = differing_fields(*stored, expected); !how.empty()) {
      differs(interval, expected.start, how);
    }
    return {};
  }

  Status expect(const Candle& minute) {
    if (minute.trades == 0) return {};  // silence: the trades say nothing about it
    if (!first_counted_.is_set()) first_counted_ = minute.start;
    expected_.push_back(minute);
    return expected_.size() < kCompareAtOnce ? Status{} : compare_minutes();
  }

  Status compare_minutes() {
    Ahead& ahead = ahead_[0];
    for (const Candle& expected : expected_) {
      if (expected.start >= ahead.until) {
        ahead.until = expected.start + kReadAhead * kMinute;
        auto read = candles(Interval::m1, expected.start, ahead.until, kReadAhead + 1);
        if (!read) return tl::unexpected(read.error());
        ahead.candles = std::move(*read);
      }
      compare_minute(find(ahead.candles, expected.start), expected);
    }
    if (!expected_.empty() && output_.progress) output_.progress(expected_.back().start);
    expected_.clear();
    return {};
  }

  void compare_minute(const Candle* stored, const Candle& expected) {
    // The newest minutes may be on their way.
    if (stored == nullptr ? expected.start > newest_ : !stored->final) return;
    // Storing trades began in the middle of this minute, or those before were deleted with age.
    if (stored != nullptr && expected.start == first_counted_ && stored->volume > expected.volume) return;
    ++result_.recounted;
    if (stored == nullptr) {
      differs(Interval::m1, expected.start, fmt::format("not there, {} trades are", expected.trades));
    } else if (tells_more(*stored, expected) && gap_in(expected.start, expected.start + kMinute) != nullptr) {
      ++result_.fuller;
    } else if (const std::string how = differing_fields(*stored, expected); !how.empty()) {
      differs(Interval::m1, expected.start, how);
    }
  }

  storage::StoreReader& reader_;
  const storage::SeriesName& series_;
  const Timestamp start_, end_;
  const std::size_t listed_;
  const VerifyOutput& output_;
  VerifyResult result_;
  std::vector<core::Gap> gaps_;
  market::CandleLevels levels_;
  std::vector<market::CandleLevels::Finished> finished_;
  std::array<Coverage, core::kIntervals.size()> coverage_;
  std::array<Ahead, core::kIntervals.size()> ahead_;
  std::vector<Candle> expected_;
  Timestamp newest_;
  Timestamp first_counted_;
  std::size_t differences_told_ = 0, holes_told_ = 0;
};

}  // namespace

std::string describe(const storage::SeriesName& series) {
  return series.base + "/" + series.quote + (series.venue.empty() ? "" : "@" + series.venue);
}

core::Result<VerifyResult> verify_series(storage::StoreReader& reader, const storage::SeriesName& series,
                                         const VerifyRequest& request, const VerifyOutput& output) {
  return SeriesCheck(reader, series, request, output).run();
}

}  // namespace tickspan::history
