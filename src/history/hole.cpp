#include "history/hole.hpp"

#include <utility>

namespace tickspan::history {
namespace {

constexpr core::Duration kMinute = std::chrono::minutes(1);
constexpr core::Duration kBefore = std::chrono::seconds(2);
constexpr core::Duration kAfter = std::chrono::seconds(3);

}  // namespace

core::Timestamp Hole::from() const {
  return (gap.start - kBefore).floor_to(kMinute);
}

core::Timestamp Hole::to() const {
  return (gap.end + kAfter).floor_to(kMinute) + kMinute;
}

bool Hole::end_round(core::Timestamp now, int most, core::Duration first_retry) {
  if (!failed.empty() && ++rounds < most) {
    not_before = now + first_retry * (std::int64_t{1} << (rounds - 1));
    todo = std::exchange(failed, {});
    return false;
  }
  lost.insert(lost.end(), failed.begin(), failed.end());
  failed.clear();
  done = true;
  return true;
}

std::vector<core::Gap> Hole::result() const {
  core::Gap whole = gap;
  whole.state = repaired > 0 || lost.empty() ? core::GapState::repaired : core::GapState::lost;
  whole.expected = counted && lost.empty() ? expected : core::Gap::kUnknown;
  whole.recovered = recovered;
  std::vector<core::Gap> rows{whole};
  if (whole.state == core::GapState::lost) return rows;
  for (const std::string& symbol : lost) {
    core::Gap row = gap;
    row.instrument_symbol = symbol;
    row.state = core::GapState::lost;
    rows.push_back(row);
  }
  return rows;
}

}  // namespace tickspan::history
