#include "net/quota.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "net/http_status.hpp"

namespace tickspan::net {
namespace {

using std::string_view;

// No service of ours counts further; beyond it a figure is a mistake or worse.
constexpr double kMostCounted = 1e13;
constexpr double kMostSeconds = 31 * 24 * 3600.0;
// Anything above is a point in time, not a number of seconds to wait.
constexpr double kUnixSecondsFrom = 1e9;
constexpr double kUnixMillisecondsFrom = 1e11;

string_view trimmed(string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// A number at the beginning of the text: "100, 100;w=60" of an older draft is 100.
std::optional<double> number(string_view text) {
  text = trimmed(text);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc{} || !std::isfinite(value) || value < 0 || value > kMostCounted) return {};
  const string_view rest = trimmed(text.substr(static_cast<std::size_t>(end - text.data())));
  if (!rest.empty() && rest.front() != ',' && rest.front() != ';') return {};
  return value;
}

std::optional<double> number_in(const Headers& headers, string_view name) {
  const auto value = headers.find(name);
  return value ? number(*value) : std::nullopt;
}

core::Timestamp after(core::Timestamp now, double seconds) {
  return now + core::Duration(static_cast<std::int64_t>(std::min(seconds, kMostSeconds) * 1e9));
}

core::Timestamp time_of(string_view text, core::Timestamp now) {
  text = trimmed(text);
  if (const auto value = number(text)) {
    if (*value < kUnixSecondsFrom) return after(now, *value);
    const double unix = *value >= kUnixMillisecondsFrom ? *value / 1000 : *value;
    return after(now, std::max(0.0, unix - static_cast<double>(now.ns) / 1e9));
  }
  const auto date = parse_http_date(text);
  return date ? after(now, std::max(0.0, static_cast<double>((*date - now).count()) / 1e9)) : core::Timestamp{};
}

/// The value of `name` in `name=value` parts, wherever they stand.
std::optional<string_view> part(string_view text, string_view name) {
  while (!text.empty()) {
    const auto cut = text.find_first_of(",;");
    const string_view item = trimmed(text.substr(0, cut));
    if (const auto equals = item.find('='); equals != string_view::npos && trimmed(item.substr(0, equals)) == name)
      return trimmed(item.substr(equals + 1));
    if (cut == string_view::npos) break;
    text.remove_prefix(cut + 1);
  }
  return {};
}

void add(std::optional<Quota>& scarcest, std::optional<Quota> other) {
  if (other && (!scarcest || other->remaining < scarcest->remaining)) scarcest = other;
}

std::optional<Quota> of_family(const Headers& headers, core::Timestamp now, string_view limit, string_view remaining,
                               string_view reset) {
  const auto left = number_in(headers, remaining);
  if (!left) return {};
  Quota quota{*left, number_in(headers, limit).value_or(0), {}};
  if (const auto at = headers.find(reset)) quota.reset_at = time_of(*at, now);
  return quota;
}

std::optional<Quota> of_one_field(const Headers& headers, core::Timestamp now) {
  const auto field = headers.find("RateLimit");
  if (!field) return {};
  const auto either = [&](string_view long_name, string_view short_name) {
    const auto found = part(*field, long_name);
    return found ? found : part(*field, short_name);
  };
  const auto left = either("remaining", "r");
  const auto value = left ? number(*left) : std::nullopt;
  if (!value) return {};
  Quota quota{*value, 0, {}};
  if (const auto limit = part(*field, "limit")) quota.limit = number(*limit).value_or(0);
  if (const auto policy = headers.find("RateLimit-Policy"); policy && quota.limit == 0) {
    if (const auto limit = part(*policy, "q")) quota.limit = number(*limit).value_or(0);
  }
  if (const auto at = either("reset", "t")) quota.reset_at = time_of(*at, now);
  return quota;
}

std::optional<Quota> of_weights(const Headers& headers, core::Timestamp now, double per_minute) {
  if (per_minute <= 0) return {};
  const auto used = number_in(headers, "X-MBX-USED-WEIGHT-1M");
  if (!used) return {};
  constexpr std::int64_t kMinute = 60'000'000'000;
  return Quota{std::max(0.0, per_minute - *used), per_minute, core::Timestamp{(now.ns / kMinute + 1) * kMinute}};
}

bool has_overage(const Headers& headers) {
  const auto said = headers.find("X-RateLimit-Quota-Overage");
  return said && trimmed(*said) == "ENABLED";
}

}  // namespace

std::optional<Quota> parse_quota(const Headers& headers, core::Timestamp now, const QuotaRules& rules) {
  std::optional<Quota> scarcest =
      of_family(headers, now, "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset");
  if (!has_overage(headers)) {
    add(scarcest, of_family(headers, now, "X-RateLimit-Quota-Allocated", "X-RateLimit-Quota-Remaining",
                            "X-RateLimit-Quota-Reset"));
  }
  add(scarcest, of_family(headers, now, "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"));
  add(scarcest, of_one_field(headers, now));
  add(scarcest, of_weights(headers, now, rules.weight_per_minute));
  return scarcest;
}

}  // namespace tickspan::net
