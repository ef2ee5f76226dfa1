#include "market/rolling_window.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tickspan::market {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kMinuteNs = 60'000'000'000;
constexpr auto kSpan = static_cast<std::int64_t>(RollingWindow::kMinutes);

std::size_t place(std::int64_t minute) {
  return static_cast<std::size_t>(minute % kSpan);
}

}  // namespace

void RollingWindow::Extreme::push(Point p) {
  while (!empty() && sign_ * (p.value - points_.back().value) >= 0) points_.pop_back();
  points_.push_back(p);
}

void RollingWindow::Extreme::expire(std::int64_t first_minute) {
  while (!empty() && points_[head_].minute < first_minute) ++head_;
  if (head_ > 64 && head_ * 2 > points_.size()) {
    points_.erase(points_.begin(), points_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

void RollingWindow::forget_until(std::int64_t first_minute) {
  if (closes_.empty() || first_minute <= oldest_) return;
  const std::int64_t stop = std::min(first_minute, oldest_ + kSpan);
  for (std::int64_t m = oldest_; m < stop; ++m) {
    double& close = closes_[place(m)];
    if (!std::isnan(close)) --present_;
    close = kNone;
  }
  oldest_ = first_minute;
  highs_.expire(first_minute);
  lows_.expire(first_minute);
}

void RollingWindow::add(const core::Candle& minute) {
  const std::int64_t number = minute.start.ns / kMinuteNs;
  if (closes_.empty()) {
    closes_.assign(kMinutes, kNone);
    oldest_ = number;
  } else if (number <= newest_ || number < oldest_) {
    return;
  }
  forget_until(number + 1 - kSpan);
  closes_[place(number)] = minute.close.to_double();
  ++present_;
  newest_ = number;
  end_ = std::max(end_, number + 1);
  highs_.push({number, minute.high.to_double()});
  lows_.push({number, minute.low.to_double()});
}

void RollingWindow::expire(core::Timestamp end) {
  end_ = std::max(end_, end.ns / kMinuteNs);
  forget_until(end_ - kSpan);
}

std::optional<RollingWindow::Figures> RollingWindow::figures(double price) const {
  if (present_ < kNeeded || price <= 0) return {};
  double open = kNone;
  for (std::int64_t m = end_ - kSpan; std::isnan(open); ++m) open = closes_[place(m)];
  return Figures{open, std::max(highs_.front(), price), std::min(lows_.front(), price)};
}

std::shared_ptr<const std::array<double, RollingWindow::kMinutes>> RollingWindow::closes() const {
  if (present_ == 0) return nullptr;
  auto out = std::make_shared<std::array<double, kMinutes>>();
  for (std::size_t i = 0; i < kMinutes; ++i) {
    const std::int64_t m = end_ - kSpan + static_cast<std::int64_t>(i);
    (*out)[i] = m < oldest_ || m > newest_ ? kNone : closes_[place(m)];
  }
  return out;
}

}  // namespace tickspan::market
