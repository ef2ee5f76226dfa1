#include "history/hole.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "storage/gap_pair.hpp"

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

void take_along(Hole& hole, Holes& all, core::Timestamp now, core::Duration settle, core::Duration most) {
  for (bool more = true; more;) {
    more = false;
    for (auto& [key, other] : all) {
      if (&other == &hole || other.begun || now < other.to() + settle || now < other.not_before) continue;
      if (hole.take(other, most)) more = other.begun = other.done = true;
    }
  }
}

std::vector<std::string> larger_last(const core::SymbolTable& symbols) {
  std::vector<std::string> out = symbols.symbols();
  std::sort(out.begin(), out.end(),
            [&](const std::string& a, const std::string& b) { return symbols.find(a) > symbols.find(b); });
  return out;
}

FoundHoles find_holes(storage::StoreReader& reader, const HoleQuery& query) {
  storage::GapQuery wanted{query.since, query.until, kMostGaps, query.venue, core::GapState::open};
  if (!query.venue.empty()) wanted.of = storage::GapScopes{{query.venue, ""}};
  FoundHoles found{reader.gaps(wanted), {}, {}, {}};
  if (!found.open) return found;
  const auto add = [&](std::vector<core::Gap>& to) {
    if (auto gaps = reader.gaps(wanted))
      to = std::move(*gaps);
    else
      found.open = tl::unexpected(gaps.error());
  };
  if (query.old) {
    wanted.start = {};
    wanted.end = query.since;
    add(found.old);
    std::erase_if(found.old, [&](const core::Gap& gap) { return gap.end >= query.since; });
  }
  if (query.repaired_since.is_set()) {
    wanted.start = query.repaired_since;
    wanted.end = query.until;
    wanted.state = core::GapState::repaired;
    add(found.repaired);
  }
  if (!found.open || found.open->empty()) return found;
  if (auto series = reader.series()) found.series = std::move(*series);
  return found;
}

bool HoleSight::clear(const FoundHoles& found, const runtime::Log& log) {
  const bool blind = !found.open;
  if (blind && !told_) log.warn("holes can't be read: {}", found.open.error().context);
  told_ = blind;
  return !blind;
}

const core::SourceRow* source_row(const core::MarketSnapshot& current, const std::string& venue) {
  if (!current.sources || !current.catalogue) return nullptr;
  const core::VenueId id = current.catalogue->find_venue(venue);
  const auto found = std::find_if(current.sources->begin(), current.sources->end(),
                                  [&](const core::SourceRow& row) { return row.venue == id; });
  return found == current.sources->end() ? nullptr : &*found;
}

bool goes_on(const core::SourceRow& source, const core::Gap& gap) {
  if (gap.instrument_symbol.empty() || !source.unheard) return false;
  return std::binary_search(source.unheard->begin(), source.unheard->end(), gap.instrument_symbol);
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

core::Result<std::vector<storage::SeriesName>> unlisted_pairs(storage::StoreReader& reader, const Hole& hole,
                                                              const core::Catalogue& names,
                                                              const std::vector<storage::SeriesName>& stored) {
  std::vector<storage::SeriesName> out;
  for (const storage::SeriesName& name : stored) {
    if (name.venue != hole.gap().venue) continue;
    const auto pair = storage::pair_of_gap(names, name.venue, storage::unlisted_symbol(name));
    if (pair && pair->instrument.valid()) continue;
    const auto before = reader.candles({.base = name.base,
                                        .quote = name.quote,
                                        .venue = name.venue,
                                        .start = hole.from() - kHeardBefore,
                                        .end = hole.from() + kMinute,
                                        .limit = 1});
    if (!before) return tl::unexpected(before.error());
    if (!before->empty()) out.push_back(name);
  }
  return out;
}

std::vector<core::Gap> gaps_of(const Hole& hole, const std::vector<storage::SeriesName>& pairs) {
  std::vector<core::Gap> out;
  for (const Hole::Part& part : hole.parts) {
    for (const storage::SeriesName& pair : pairs) {
      out.push_back(part.gap);
      out.back().instrument_symbol = storage::unlisted_symbol(pair);
    }
  }
  return out;
}

}  // namespace tickspan::history
