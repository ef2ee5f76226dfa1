#include "market/instrument_mapper.hpp"

#include <algorithm>
#include <array>
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

}  // namespace

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
                                     const std::function<bool(core::AssetId)>& tracked) {
  struct Candidate {
    PairChoice pair;
    int preference;
  };
  std::vector<Candidate> candidates;
  for (const core::ListedPair& listed : list.pairs) {
    if (!listed.trading || listed.venue_symbol.empty()) continue;
    const core::AssetId quote = resolve_venue_symbol(catalogue, core::to_lower(listed.quote));
    if (!quote.valid()) continue;
    const int preference = conversion_level(catalogue.asset(quote));
    if (preference == kNotAUnit) continue;
    const core::AssetId base = resolve_venue_symbol(catalogue, core::to_lower(listed.base));
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
