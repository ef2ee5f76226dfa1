#include "market/instrument_mapper.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <tuple>

namespace tickspan::market {
namespace {

struct Level {
  std::string_view id;
  int level;
};
constexpr auto kLevels = std::to_array<Level>(
    {{"usd", 0}, {"tether", 1}, {"usd-coin", 2}, {"eur", 3}, {"gbp", 4}, {"first-digital-usd", 5}});
constexpr int kNotAUnit = 100;

struct Name {
  std::string_view symbol, id;
};
// What venues call things that the aggregator calls otherwise, or where its symbol belongs to several coins.
constexpr auto kNames = std::to_array<Name>({
    {"xbt", "bitcoin"},
    {"xdg", "dogecoin"},
    {"usdt", "tether"},
    {"usdc", "usd-coin"},
    {"fdusd", "first-digital-usd"},
    {"rndr", "render-token"},
    {"nano", "nano"},
    {"miota", "iota"},
    {"luna2", "terra-luna-2"},
    {"bchsv", "bitcoin-cash-sv"},
    {"beamx", "beam-2"},
});

struct VenueName {
  std::string_view venue, symbol, id;  // an empty venue: all of them; an empty id: none
};
// Where one symbol means different coins at different venues, or is in the middle of changing hands.
constexpr auto kVenueNames = std::to_array<VenueName>({
    {"kraken", "luna", "terra-luna"},  // the old chain; the new one is LUNA2 there
    {"", "frax", ""},                  // the dollar of old, and what was FXS
});
constexpr std::int32_t kFarAhead = 4;

// Whether the best of several coins with the symbol is meant beyond doubt.
bool is_plain(const core::Catalogue& catalogue, core::AssetId best, const std::string& symbol) {
  const core::Asset& meant = catalogue.asset(best);
  if (meant.kind == core::AssetKind::fiat || meant.kind == core::AssetKind::commodity) return true;
  return std::none_of(catalogue.assets().begin(), catalogue.assets().end(), [&](const core::Asset& other) {
    if (other.symbol != symbol || other.id == meant.id) return false;
    return meant.rank <= 0 || (other.rank > 0 && other.rank < kFarAhead * meant.rank);
  });
}

}  // namespace

SymbolMeaning meaning_of(const core::Catalogue& catalogue, const std::string& venue, const std::string& symbol,
                         const std::vector<SymbolOverride>& overrides) {
  const auto concerns = [&](const auto& entry) {
    return entry.symbol == symbol && (entry.venue.empty() || entry.venue == venue);
  };
  // What is said of one venue goes before what is said of all.
  for (const bool own : {true, false}) {
    for (const SymbolOverride& o : overrides) {
      if (concerns(o) && o.venue.empty() != own)
        return {o.asset == "none" ? core::AssetId{} : catalogue.find_id(o.asset)};
    }
  }
  for (const VenueName& n : kVenueNames) {
    if (concerns(n)) return {n.id.empty() ? core::AssetId{} : catalogue.find_id(n.id), n.id.empty()};
  }
  const core::AssetId id = resolve_venue_symbol(catalogue, symbol);
  const bool named = std::any_of(kNames.begin(), kNames.end(), [&](const Name& n) { return n.symbol == symbol; });
  if (!id.valid() || named || is_plain(catalogue, id, symbol)) return {id};
  return {{}, true};
}

int conversion_level(const core::Asset& asset) {
  for (const Level& l : kLevels) {
    if (asset.id == l.id) return l.level;
  }
  return kNotAUnit;
}

core::AssetId resolve_venue_symbol(const core::Catalogue& catalogue, const std::string& symbol) {
  for (const Name& n : kNames) {
    if (symbol == n.symbol) return catalogue.find_id(n.id);
  }
  const core::AssetId id = catalogue.resolve(symbol);
  // resolve() takes text ids, too, for people's sake; a venue always means a symbol.
  if (!id.valid() || catalogue.asset(id).symbol == symbol) return id;
  core::AssetId best;
  for (std::uint32_t i = 0; i < catalogue.assets().size(); ++i) {
    const core::Asset& a = catalogue.assets()[i];
    if (a.symbol != symbol) continue;
    const bool better =
        !best.valid() || (a.rank > 0 && (catalogue.asset(best).rank <= 0 || a.rank < catalogue.asset(best).rank));
    if (better) best = {i};
  }
  return best;
}

std::vector<PairChoice> choose_pairs(const core::Catalogue& catalogue, const core::SymbolList& list,
                                     const std::function<bool(core::AssetId)>& tracked,
                                     const std::vector<SymbolOverride>& overrides, std::set<std::string>* ambiguous) {
  const bool known = list.venue.valid() && list.venue.index() < catalogue.venues().size();
  const std::string venue = known ? catalogue.venue(list.venue).id : std::string();
  std::map<std::string, SymbolMeaning> meanings;  // a list has thousands of pairs of some hundred symbols
  const auto asset_of = [&](const std::string& code) {
    std::string symbol = core::to_lower(code);
    const auto [it, added] = meanings.try_emplace(std::move(symbol));
    if (added) it->second = meaning_of(catalogue, venue, it->first, overrides);
    if (it->second.ambiguous && ambiguous != nullptr) ambiguous->insert(it->first);
    return it->second.asset;
  };
  struct Candidate {
    PairChoice pair;
    int preference;
  };
  std::vector<Candidate> candidates;
  for (const core::ListedPair& listed : list.pairs) {
    if (!listed.trading || listed.venue_symbol.empty()) continue;
    const core::AssetId quote = asset_of(listed.quote);
    if (!quote.valid()) continue;
    const int preference = conversion_level(catalogue.asset(quote));
    if (preference == kNotAUnit) continue;
    const core::AssetId base = asset_of(listed.base);
    if (!base.valid()) continue;
    const int base_level = conversion_level(catalogue.asset(base));
    if (preference >= base_level || (base_level == kNotAUnit && !tracked(base))) continue;
    candidates.push_back({{listed.venue_symbol, base, quote}, preference});
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return std::tie(a.pair.base, a.preference, a.pair.venue_symbol) <
           std::tie(b.pair.base, b.preference, b.pair.venue_symbol);
  });
  std::vector<PairChoice> out;
  std::size_t of_base = 0;
  for (Candidate& c : candidates) {
    const bool same_base = !out.empty() && out.back().base == c.pair.base;
    of_base = same_base ? of_base : 0;
    if (of_base == kPairsPerAsset || (same_base && out.back().quote == c.pair.quote)) continue;
    ++of_base;
    out.push_back(std::move(c.pair));
  }
  return out;
}

}  // namespace tickspan::market
