#include "storage/size_forecast.hpp"

#include <gtest/gtest.h>

#include "storage/history_service.hpp"

namespace tickspan::storage {
namespace {

using namespace std::chrono_literals;
using core::Timestamp;

constexpr Timestamp kStart = Timestamp::from_s(1'780'000'000);
constexpr std::uint64_t kMega = 1'000'000;

StoreInfo sized(std::uint64_t bytes, std::optional<std::uint64_t> free = {}) {
  StoreInfo info;
  info.size_bytes = info.used_bytes = bytes;
  info.disk_free_bytes = free;
  return info;
}
Retention keep(int ticks, int minutes) {
  Retention out;
  out.tick_days = ticks;
  out.minute_days = minutes;
  return out;
}

/// A store that grew by a megabyte an hour for half a day.
SizeHistory grown() {
  SizeHistory out;
  for (int hour = 0; hour <= 12; ++hour)
    out.add(kStart + std::chrono::hours(hour), 10 * kMega + static_cast<std::uint64_t>(hour) * kMega);
  return out;
}

TEST(SizeForecast, TheFirstMinutesSayNothing) {
  SizeHistory history;
  EXPECT_FALSE(history.forecast(sized(1), {}, {}).bytes_per_day);
  history.add(kStart, 1);
  history.add(kStart + 4min, 2);
  EXPECT_FALSE(history.forecast(sized(2), {}, {}).bytes_per_day);
  history.add(kStart + 6min, 3);
  EXPECT_EQ(history.forecast(sized(3), {}, {}).measured_s, 360);
  EXPECT_EQ(history.forecast(sized(3), {}, {}).bytes_per_day, 480);
}

TEST(SizeForecast, GrowthGoesOnButForTradesThatAreDeleted) {
  const auto forecast = grown().forecast(sized(22 * kMega), {3'000, 1'000}, keep(5, 0));
  EXPECT_EQ(forecast.bytes_per_day, 24 * kMega);
  // Three quarters of it are trades of five days, the rest candles for ever.
  EXPECT_EQ(forecast.bytes_in_30_days, (22 + 18 * 5 + 6 * 30) * kMega);
  EXPECT_FALSE(forecast.bytes_at_retention) << "minutes are kept for ever";
  const auto ends = grown().forecast(sized(22 * kMega), {3'000, 1'000}, keep(5, 100));
  EXPECT_EQ(ends.bytes_at_retention, (18 * 5 + 6 * 100) * kMega);
}

TEST(SizeForecast, SaysWhenTheDiskIsFull) {
  const auto rows = RowCounts{0, 1'000};
  EXPECT_EQ(grown().forecast(sized(22 * kMega, 240 * kMega), rows, keep(7, 0)).days_until_full, 10);
  EXPECT_FALSE(grown().forecast(sized(22 * kMega), rows, keep(7, 0)).days_until_full) << "not our disk";
  EXPECT_FALSE(grown().forecast(sized(22 * kMega, 240 * kMega), rows, keep(7, 5)).days_until_full) << "it suffices";
  SizeHistory shrinking;
  shrinking.add(kStart, 10 * kMega);
  shrinking.add(kStart + 1h, 9 * kMega);
  EXPECT_LT(*shrinking.forecast(sized(9 * kMega, kMega), rows, keep(7, 0)).bytes_per_day, 0);
  EXPECT_FALSE(shrinking.forecast(sized(9 * kMega, kMega), rows, keep(7, 0)).days_until_full);
}

TEST(SizeForecast, AWeekIsLookedBackOn) {
  SizeHistory history;
  for (int look = 0; look <= 12 * 24 * 6; ++look) history.add(kStart + look * 10min, 1);
  const auto measured = history.forecast(sized(1), {}, {}).measured_s;
  EXPECT_LE(measured, 7 * 86'400);
  EXPECT_GT(measured, 6 * 86'400);
}

}  // namespace
}  // namespace tickspan::storage
