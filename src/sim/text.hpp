#pragma once

#include <string>
#include <string_view>

#include "core/decimal.hpp"
#include "core/time.hpp"

namespace tickspan::sim {

/// How venues spell numbers and times. All append to `out`.

/// With exactly `places` digits after the point; `d` must not have more.
void append_fixed(std::string& out, const core::Decimal& d, int places);
/// Without trailing zeros.
void append_trimmed(std::string& out, const core::Decimal& d);
/// `2026-06-01T12:00:00.123456Z`
void append_time_us(std::string& out, core::Timestamp t);

std::string fixed(const core::Decimal& d, int places);
std::string fixed(double value, int places);
std::string trimmed(const core::Decimal& d);
std::string time_us(core::Timestamp t);
/// Inside JSON quotes: escapes what needs it.
std::string json_text(std::string_view text);

std::string upper(std::string_view text);
std::string lower(std::string_view text);

/// A made-up UUID.
std::string make_uuid(std::uint64_t a, std::uint64_t b);

}  // namespace tickspan::sim
