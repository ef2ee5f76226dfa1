#include "core/catalogue.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace tickspan::core {
namespace {

// Smaller is preferred when several assets share a symbol.
std::pair<int, std::int32_t> preference(const Asset& a) {
  const int kind = a.kind == AssetKind::fiat ? 0 : a.kind == AssetKind::commodity ? 1 : 2;
  return {kind, a.rank > 0 ? a.rank : std::numeric_limits<std::int32_t>::max()};
}

std::string instrument_key(VenueId venue, std::string_view symbol) {
  return std::to_string(venue.value) + ':' + std::string(symbol);
}

}  // namespace

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row[b.size()];
}

AssetId Catalogue::upsert_asset(Asset asset) {
  asset.id = to_lower(asset.id);
  asset.symbol = to_lower(asset.symbol);
  const auto [it, added] = by_id_.try_emplace(asset.id, AssetId{static_cast<std::uint32_t>(assets_.size())});
  const AssetId id = it->second;
  if (added) {
    assets_.push_back(std::move(asset));
    index_symbol(id);
    return id;
  }
  Asset& known = assets_[id.index()];
  if (known.symbol == asset.symbol && known.rank == asset.rank && known.name == asset.name && known.kind == asset.kind)
    return id;
  known = std::move(asset);
  // Ranks decide between equal symbols, so a change can turn the decision over.
  by_symbol_.clear();
  for (std::uint32_t i = 0; i < assets_.size(); ++i) index_symbol({i});
  return id;
}

void Catalogue::index_symbol(AssetId id) {
  const auto [it, added] = by_symbol_.try_emplace(assets_[id.index()].symbol, id);
  if (!added && preference(assets_[id.index()]) < preference(assets_[it->second.index()])) it->second = id;
}

VenueId Catalogue::upsert_venue(Venue venue) {
  for (std::size_t i = 0; i < venues_.size(); ++i) {
    if (venues_[i].id != venue.id) continue;
    venues_[i] = std::move(venue);
    return {static_cast<std::uint16_t>(i)};
  }
  venues_.push_back(std::move(venue));
  return {static_cast<std::uint16_t>(venues_.size() - 1)};
}

InstrumentId Catalogue::add_instrument(Instrument instrument) {
  const auto [it, added] = by_venue_symbol_.try_emplace(instrument_key(instrument.venue, instrument.venue_symbol),
                                                        InstrumentId{static_cast<std::uint32_t>(instruments_.size())});
  if (added) instruments_.push_back(std::move(instrument));
  return it->second;
}

AssetId Catalogue::find_id(std::string_view id) const {
  const auto it = by_id_.find(to_lower(id));
  return it == by_id_.end() ? AssetId{} : it->second;
}

AssetId Catalogue::resolve(std::string_view id_or_symbol) const {
  const std::string text = to_lower(id_or_symbol);
  if (const auto it = by_id_.find(text); it != by_id_.end()) return it->second;
  const auto it = by_symbol_.find(text);
  return it == by_symbol_.end() ? AssetId{} : it->second;
}

VenueId Catalogue::find_venue(std::string_view id) const {
  const std::string text = to_lower(id);
  for (std::size_t i = 0; i < venues_.size(); ++i) {
    if (venues_[i].id == text) return {static_cast<std::uint16_t>(i)};
  }
  return {};
}

InstrumentId Catalogue::find_instrument(VenueId venue, std::string_view venue_symbol) const {
  const auto it = by_venue_symbol_.find(instrument_key(venue, venue_symbol));
  return it == by_venue_symbol_.end() ? InstrumentId{} : it->second;
}

std::vector<std::string> Catalogue::near_matches(std::string_view text, std::size_t count) const {
  const std::string wanted = to_lower(text.substr(0, 64));
  std::vector<std::pair<std::size_t, std::size_t>> scored;  // distance, index
  for (std::size_t i = 0; i < assets_.size(); ++i) {
    const Asset& a = assets_[i];
    std::size_t distance = std::min(edit_distance(wanted, a.id), edit_distance(wanted, a.symbol) + 1);
    if (!wanted.empty() && (a.id.starts_with(wanted) || a.symbol.starts_with(wanted)))
      distance = std::min<std::size_t>(distance, 1);
    if (distance <= std::max<std::size_t>(2, wanted.size() / 2)) scored.emplace_back(distance, i);
  }
  std::stable_sort(scored.begin(), scored.end(), [&](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : preference(assets_[a.second]) < preference(assets_[b.second]);
  });
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::min(count, scored.size()); ++i) out.push_back(assets_[scored[i].second].id);
  return out;
}

std::vector<std::string> SymbolTable::symbols() const {
  std::vector<std::string> out;
  out.reserve(ids_.size());
  for (const auto& [symbol, id] : ids_) out.push_back(symbol);
  return out;
}

}  // namespace tickspan::core
