#include "history/hole.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace tickspan::history {
namespace {

constexpr core::Duration kMinute = std::chrono::minutes(1);
constexpr core::Duration kBefore = std::chrono::seconds(2);
constexpr int kRoundsOfTheOld = 2;
constexpr std::size_t kMostGaps = 20'000;
constexpr core::Duration kAfter = std::chrono::seconds(3);

}  // namespace

core::Timestamp Hole::from() const {
  core::Timestamp first = gap().start;
  for (const Part& part : parts) first = std::min(first, part.gap.start);
  return (first - kBefore).floor_to(kMinute);
}

core::Timestamp Hole::to() const {
  core::Timestamp last = gap().end;
  for (const Part& part : parts) last = std::max(last, part.gap.end);
  return (last + kAfter).floor_to(kMinute) + kMinute;
}

bool Hole::take(const Hole& other, core::Duration most) {
  if (other.gap().instrument_symbol != gap().instrument_symbol) return false;
  const core::Timestamp first = std::min(from(), other.from()), last = std::max(to(), other.to());
  const bool touch = other.from() <= to() && from() <= other.to();
  const bool inside = first == from() && last == to();
  if (!touch || (!inside && last - first > most)) return false;
  parts.push_back({other.gap()});
  return true;
}

bool Hole::end_round(core::Timestamp now, int most, core::Duration first_retry, core::Duration patience) {
  if (now - gap().end > patience) most = std::min(most, kRoundsOfTheOld);
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
  std::vector<core::Gap> rows;
  for (const Part& part : parts) {
    core::Gap whole = part.gap;
    whole.state = repaired > 0 || lost.empty() ? core::GapState::repaired : core::GapState::lost;
    whole.expected = part.counted && lost.empty() ? part.expected : core::Gap::kUnknown;
    whole.recovered = part.recovered;
    rows.push_back(whole);
    if (whole.state == core::GapState::lost) continue;
    for (const std::string& symbol : lost) {
      core::Gap row = part.gap;
      row.instrument_symbol = symbol;
      row.state = core::GapState::lost;
      rows.push_back(row);
    }
  }
  return rows;
}

FoundHoles find_holes(storage::StoreReader& reader, core::Timestamp since, core::Timestamp until) {
  FoundHoles found{reader.gaps("", since, until, kMostGaps), {}};
  const bool any = found.gaps && std::any_of(found.gaps->begin(), found.gaps->end(),
                                             [](const core::Gap& gap) { return gap.state == core::GapState::open; });
  if (!any) return found;
  if (auto series = reader.series()) found.series = std::move(*series);
  return found;
}

std::vector<core::Gap> take_old(std::vector<core::Gap>& gaps, core::Timestamp oldest) {
  std::vector<core::Gap> lost;
  std::erase_if(gaps, [&](const core::Gap& gap) {
    if (gap.end >= oldest) return false;
    if (gap.state == core::GapState::open) {
      lost.push_back(gap);
      lost.back().state = core::GapState::lost;
    }
    return true;
  });
  return lost;
}

std::vector<std::string> former_pairs(const core::Catalogue& names, const std::string& venue,
                                      const core::SymbolTable& symbols,
                                      const std::vector<storage::SeriesName>& stored) {
  std::set<std::pair<std::string, std::string>> known;
  for (const storage::SeriesName& name : stored) {
    if (name.venue == venue) known.emplace(name.base, name.quote);
  }
  std::vector<std::string> out;
  const core::VenueId id = names.find_venue(venue);
  for (const core::Instrument& pair : names.instruments()) {
    if (pair.venue != id || symbols.find(pair.venue_symbol).valid()) continue;
    if (known.contains({names.asset(pair.base).id, names.asset(pair.quote).id})) out.push_back(pair.venue_symbol);
  }
  return out;
}

}  // namespace tickspan::history
