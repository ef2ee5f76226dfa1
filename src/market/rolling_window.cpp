#include "market/rolling_window.hpp"

#include <algorithm>
#include <limits>

namespace tickspan::market {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kMinuteNs = 60'000'000'000;
constexpr std::array<std::int64_t, core::kWindowSpans> kSpans = {60, 1440, 7 * 1440, 30 * 1440};
constexpr std::int64_t kAhead = 15;  // minutes before an hour begins to expire
constexpr int kMinutesOfIncompleteHour = 57;
constexpr std::size_t kOldHours = 4;

}  // namespace

struct RollingWindow::Sum {
  void add(const Bar& bar, int minutes) {
    if (count == 0) figures = {bar.open, bar.high, bar.low, 0};
    figures.high = std::max(figures.high, bar.high);
    figures.low = std::min(figures.low, bar.low);
    figures.volume += bar.volume;
    count += minutes;
  }
  core::WindowFigures figures;
  std::int64_t count = 0;  // minutes
  bool guessed = false;    // minutes that are known to have been are not here
};

RollingWindow::Bar RollingWindow::bar_of(const core::Candle& c) {
  return {c.open.to_double(), c.high.to_double(), c.low.to_double(), c.close.to_double(), c.volume.to_double()};
}

void RollingWindow::make_room() {
  if (!minutes_.empty()) return;
  minutes_.resize(static_cast<std::size_t>(kKept));
  hours_.resize(static_cast<std::size_t>(kHours));
}

void RollingWindow::advance(std::int64_t end) {
  if (end <= end_) return;
  if (!minutes_.empty()) {
    for (std::int64_t m = std::max(end_, end - kKept); m < end; ++m) minutes_[static_cast<std::size_t>(m % kKept)] = {};
  }
  end_ = end;
  stale_ = true;
}

const RollingWindow::Bar* RollingWindow::minute(std::int64_t number) const {
  if (minutes_.empty() || number >= end_ || number < end_ - kKept) return nullptr;
  const Bar& bar = minutes_[static_cast<std::size_t>(number % kKept)];
  return bar.is_set() ? &bar : nullptr;
}

const RollingWindow::Hour* RollingWindow::hour(std::int64_t number) const {
  if (hours_.empty()) return nullptr;
  const Hour& hour = hours_[static_cast<std::size_t>(number % kHours)];
  return hour.number == number ? &hour : nullptr;
}

const RollingWindow::OldHour* RollingWindow::old_hour(std::int64_t number) const {
  const auto it = std::find_if(old_.begin(), old_.end(), [&](const OldHour& h) { return h.number == number; });
  return it == old_.end() ? nullptr : &*it;
}

void RollingWindow::add(const core::Candle& candle) {
  const std::int64_t number = candle.start.ns / kMinuteNs;
  const Bar bar = bar_of(candle);
  if (!bar.is_set() || (end_ > 0 && number < end_ - kKept)) return;
  make_room();
  advance(number + 1);
  minutes_[static_cast<std::size_t>(number % kKept)] = bar;
  newest_ = std::max(newest_, number);
  // A minute alone says nothing of its hour, where that is known as a whole.
  const Hour* const of_hour = hour(number / 60);
  const bool hour_counts = of_hour != nullptr && of_hour->stored && number < oldest_;
  if (oldest_ < 0 || (number < oldest_ && !hour_counts)) oldest_ = number;
  if (first_ < 0 || number < first_) first_ = number;
  recount_hour(number / 60);
  stale_ = true;
}

void RollingWindow::recount_hour(std::int64_t number) {
  Sum sum;
  for (std::int64_t m = number * 60; m < number * 60 + 60; ++m) {
    if (const Bar* const bar = minute(m)) sum.add(*bar, 1);
  }
  const Hour* const known = hour(number);
  if (known != nullptr && known->stored && number * 60 < oldest_) return;
  const core::WindowFigures& f = sum.figures;
  hours_[static_cast<std::size_t>(number % kHours)] = {
      number, static_cast<int>(sum.count), false, {f.open, f.high, f.low, f.open, f.volume}};
}

void RollingWindow::add_hour(const core::Candle& candle) {
  const std::int64_t number = candle.start.ns / (60 * kMinuteNs);
  const Bar bar = bar_of(candle);
  if (!bar.is_set() || (end_ > 0 && number <= end_ / 60 - kHours)) return;
  make_room();
  const Hour* const known = hour(number);
  const int minutes = candle.incomplete ? kMinutesOfIncompleteHour : 60;
  if (known != nullptr && !known->stored && number * 60 >= oldest_ && known->minutes >= minutes) return;
  hours_[static_cast<std::size_t>(number % kHours)] = {number, minutes, true, bar};
  if (first_ < 0 || number * 60 < first_) first_ = number * 60;
  std::erase_if(old_, [&](const OldHour& h) { return h.number == number; });
  stale_ = true;
}

void RollingWindow::add_old_minutes(core::Timestamp start, const std::vector<core::Candle>& minutes) {
  OldHour old;
  old.number = start.ns / (60 * kMinuteNs);
  old.whole = true;
  for (const core::Candle& c : minutes) {
    const std::int64_t m = c.start.ns / kMinuteNs - old.number * 60;
    if (m < 0 || m >= 60) continue;
    old.bars[static_cast<std::size_t>(m)] = bar_of(c);
    old.whole = false;
  }
  std::erase_if(old_, [&](const OldHour& h) { return h.number == old.number; });
  if (old_.size() >= kOldHours) old_.erase(old_.begin());
  old_.push_back(old);
  stale_ = true;
}

void RollingWindow::expire(core::Timestamp end) {
  advance(end.ns / kMinuteNs);
}

RollingWindow::Sum RollingWindow::sum(std::int64_t span) const {
  Sum out;
  for (std::int64_t m = std::max(end_ - span, first_); m < end_;) {
    const Hour* const of_hour = hour(m / 60);
    if (m % 60 == 0 && m + 60 <= end_) {
      if (of_hour != nullptr) out.add(of_hour->bar, of_hour->minutes);
      m += 60;
      continue;
    }
    if (m >= end_ - kKept) {
      if (const Bar* const bar = minute(m)) out.add(*bar, 1);
      ++m;
      continue;
    }
    const std::int64_t next_hour = (m / 60 + 1) * 60;
    const OldHour* const old = old_hour(m / 60);
    if (old != nullptr && !old->whole) {
      for (; m < next_hour; ++m) {
        const Bar& bar = old->bars[static_cast<std::size_t>(m % 60)];
        if (bar.is_set()) out.add(bar, 1);
      }
    } else if (of_hour != nullptr) {
      out.guessed = out.guessed || old == nullptr;
      out.add(of_hour->bar, static_cast<int>(next_hour - m));
    }
    m = next_hour;
  }
  return out;
}

void RollingWindow::recount() const {
  stale_ = false;
  for (std::size_t i = 0; i < kSpans.size(); ++i) {
    const Sum total = end_ > 0 && !minutes_.empty() ? sum(kSpans[i]) : Sum{};
    const bool known = total.count * 100 >= kSpans[i] * 95 && !total.guessed;
    windows_[i] = known ? total.figures : core::WindowFigures{};
    if (i == static_cast<std::size_t>(core::WindowSpan::h24)) present_ = static_cast<std::size_t>(total.count);
  }
}

const core::AssetWindows& RollingWindow::windows() const {
  if (stale_) recount();
  return windows_;
}

std::size_t RollingWindow::present() const {
  if (stale_) recount();
  return present_;
}

std::optional<RollingWindow::Figures> RollingWindow::figures(double price) const {
  const core::WindowFigures& day = windows()[static_cast<std::size_t>(core::WindowSpan::h24)];
  if (!day.known() || price <= 0) return {};
  return Figures{day.open, std::max(day.high, price), std::min(day.low, price)};
}

std::optional<core::Timestamp> RollingWindow::wanted_hour() const {
  for (const std::int64_t span : kSpans) {
    for (const std::int64_t m : {end_ - span, end_ - span + kAhead}) {
      if (m < 0 || m % 60 == 0 || m >= end_ - kKept || hour(m / 60) == nullptr || old_hour(m / 60) != nullptr) continue;
      return core::Timestamp{m / 60 * 60 * kMinuteNs};
    }
  }
  return {};
}

std::shared_ptr<const std::array<double, RollingWindow::kMinutes>> RollingWindow::closes() const {
  constexpr auto kSpan = static_cast<std::int64_t>(kMinutes);
  if (minutes_.empty() || newest_ < end_ - kSpan) return nullptr;
  auto out = std::make_shared<std::array<double, kMinutes>>();
  const Bar* const ring = minutes_.data();
  double* const closes = out->data();
  std::int64_t place = (end_ - kSpan + kKept) % kKept;
  for (std::int64_t i = 0; i < kSpan; ++i, place = place + 1 == kKept ? 0 : place + 1) {
    const double close = ring[place].close;
    closes[i] = close > 0 ? close : kNone;
  }
  return out;
}

}  // namespace tickspan::market
