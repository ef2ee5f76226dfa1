#include "storage/history_store.hpp"

#include <array>
#include <utility>

namespace tickspan::storage {
namespace {

constexpr std::array<std::pair<Durability, std::string_view>, 3> kNames = {
    {{Durability::relaxed, "relaxed"}, {Durability::second, "second"}, {Durability::commit, "commit"}}};

}  // namespace

core::Timestamp cutoff_of(const Expiry& older_than, core::Interval interval) noexcept {
  constexpr core::Duration kHour = std::chrono::hours(1), kDay = std::chrono::hours(24);
  if (core::width(interval) < kHour) return older_than.minutes.floor_to(kHour);
  return (interval == core::Interval::d1 ? older_than.days : older_than.hours).floor_to(kDay);
}

GapKey key_of(const core::Gap& gap) {
  return {gap.start, gap.venue, gap.instrument_symbol};
}

TakeoverKey key_of(const core::Takeover& takeover) {
  return {takeover.at, takeover.asset};
}

bool chooses(const GapQuery& query, const core::Gap& gap) {
  if (gap.start >= query.end || gap.end <= query.start) return false;
  if (!query.venue.empty() && gap.venue != query.venue) return false;
  if (query.state && gap.state != *query.state) return false;
  if (query.before && key_of(gap) >= *query.before) return false;
  return !query.of || query.of->contains({gap.venue, gap.instrument_symbol});
}

bool chooses(const TakeoverQuery& query, const core::Takeover& takeover) {
  if (takeover.at < query.start || takeover.at >= query.end) return false;
  if (query.before && key_of(takeover) >= *query.before) return false;
  return query.asset.empty() || takeover.asset == query.asset;
}

std::string_view to_string(Durability durability) noexcept {
  for (const auto& [value, name] : kNames) {
    if (value == durability) return name;
  }
  return "relaxed";
}

std::optional<Durability> parse_durability(std::string_view text) noexcept {
  for (const auto& [value, name] : kNames) {
    if (name == text) return value;
  }
  return std::nullopt;
}

core::Duration sync_interval(Durability durability) noexcept {
  switch (durability) {
    case Durability::relaxed:
      return std::chrono::seconds(10);
    case Durability::second:
      return std::chrono::seconds(1);
    case Durability::commit:
      return core::Duration::zero();
  }
  return core::Duration::zero();
}

}  // namespace tickspan::storage
