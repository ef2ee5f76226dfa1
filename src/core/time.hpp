#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tickspan::core {

using Duration = std::chrono::nanoseconds;

/// A point in time: nanoseconds since 1970-01-01 UTC. 0 means "never". Reading a clock is `runtime/clock.hpp`'s job.
struct Timestamp {
  std::int64_t ns = 0;

  static constexpr Timestamp from_ms(std::int64_t ms) { return {ms * 1'000'000}; }
  static constexpr Timestamp from_us(std::int64_t us) { return {us * 1'000}; }
  static constexpr Timestamp from_s(std::int64_t s) { return {s * 1'000'000'000}; }

  constexpr std::int64_t ms() const { return floor_div(1'000'000); }
  constexpr std::int64_t seconds() const { return floor_div(1'000'000'000); }
  constexpr bool is_set() const { return ns != 0; }

  /// The start of the bucket of length `width` that holds this time; buckets are aligned to the epoch.
  constexpr Timestamp floor_to(Duration width) const { return {floor_div(width.count()) * width.count()}; }

  friend constexpr auto operator<=>(Timestamp, Timestamp) = default;
  friend constexpr Timestamp operator+(Timestamp t, Duration d) { return {t.ns + d.count()}; }
  friend constexpr Timestamp operator-(Timestamp t, Duration d) { return {t.ns - d.count()}; }
  friend constexpr Duration operator-(Timestamp a, Timestamp b) { return Duration{a.ns - b.ns}; }

 private:
  constexpr std::int64_t floor_div(std::int64_t d) const { return ns / d - (ns % d < 0 ? 1 : 0); }
};

/// RFC 3339, UTC, milliseconds: `2026-06-01T12:00:00.123Z`. Writes exactly 24 bytes and returns the end.
char* write_rfc3339(char* out, Timestamp t) noexcept;
std::string to_rfc3339(Timestamp t);

/// RFC 3339 with 0 to 9 fraction digits, `Z` or a numeric offset, `T` or a space. Nothing on anything else.
std::optional<Timestamp> parse_rfc3339(std::string_view text) noexcept;

}  // namespace tickspan::core
