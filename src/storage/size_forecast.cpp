#include "storage/size_forecast.hpp"

#include <algorithm>
#include <cmath>

#include "storage/history_service.hpp"

namespace tickspan::storage {
namespace {

constexpr core::Duration kEvery = std::chrono::minutes(10);
constexpr core::Duration kShortest = std::chrono::minutes(5);  // less says nothing of a day
constexpr std::size_t kMostLooks = 7 * 24 * 6;
constexpr double kHorizonDays = 30;

double days(core::Duration span) {
  return std::chrono::duration<double, std::ratio<86'400>>(span).count();
}

/// Days until `room` is filled, when `ticks` bytes a day come in for `tick_days` only, and `others` for ever.
std::optional<std::int64_t> days_to_fill(double room, double ticks, double others, double tick_days) {
  const double first = room / (ticks + others);
  if (tick_days == 0 || first <= tick_days) return static_cast<std::int64_t>(first);
  if (others <= 0) return std::nullopt;
  return static_cast<std::int64_t>(tick_days + (room - tick_days * (ticks + others)) / others);
}

}  // namespace

void SizeHistory::add(core::Timestamp at, std::uint64_t used_bytes) {
  newest_ = {at, used_bytes};
  if (!looks_.empty() && at - looks_.back().at < kEvery) return;
  looks_.push_back(newest_);
  if (looks_.size() > kMostLooks) looks_.pop_front();
}

SizeForecast SizeHistory::forecast(const StoreInfo& now, const RowCounts& rows, const Retention& keep) const {
  SizeForecast out;
  if (looks_.empty() || newest_.at - looks_.front().at < kShortest) return out;
  const core::Duration span = newest_.at - looks_.front().at;
  out.measured_s = std::chrono::duration_cast<std::chrono::seconds>(span).count();
  const double grown = static_cast<double>(newest_.bytes) - static_cast<double>(looks_.front().bytes);
  const double per_day = grown / days(span);
  out.bytes_per_day = static_cast<std::int64_t>(std::llround(per_day));
  const double all = static_cast<double>(rows.ticks) + static_cast<double>(rows.others);
  const double ticks = all > 0 ? std::max(per_day, 0.0) * static_cast<double>(rows.ticks) / all : 0;
  const double others = std::max(per_day, 0.0) - ticks;
  const double tick_days = keep.tick_days;
  const auto size = static_cast<double>(now.size_bytes);
  const double ticks_stay = tick_days > 0 ? std::min(tick_days, kHorizonDays) : kHorizonDays;
  out.bytes_in_30_days = static_cast<std::uint64_t>(size + ticks * ticks_stay + others * kHorizonDays);
  const bool ends = (tick_days > 0 || ticks <= 0) && (keep.minute_days > 0 || others <= 0);
  if (ends) {
    const double limit = ticks * tick_days + others * keep.minute_days;
    out.bytes_at_retention = static_cast<std::uint64_t>(std::max(size, limit));
  }
  if (!now.disk_free_bytes || per_day <= 0) return out;
  const auto room = static_cast<double>(*now.disk_free_bytes);
  if (out.bytes_at_retention && static_cast<double>(*out.bytes_at_retention) - size <= room) return out;
  out.days_until_full = days_to_fill(room, ticks, others, tick_days);
  return out;
}

}  // namespace tickspan::storage
