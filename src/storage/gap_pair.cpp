#include "storage/gap_pair.hpp"

namespace tickspan::storage {

std::optional<GapPair> pair_of_gap(const core::Catalogue& names, std::string_view venue, std::string_view symbol) {
  const core::VenueId id = names.find_venue(venue);
  if (id.valid()) {
    if (const core::InstrumentId listed = names.find_instrument(id, symbol); listed.valid()) {
      const core::Instrument& pair = names.instrument(listed);
      return GapPair{pair.base, pair.quote, listed};
    }
  }
  const auto slash = symbol.find('/');
  if (slash == std::string_view::npos) return {};
  GapPair pair{names.find_id(symbol.substr(0, slash)), names.find_id(symbol.substr(slash + 1)), {}};
  if (!pair.base.valid() || !pair.quote.valid()) return {};
  for (const core::Instrument& i : names.instruments()) {
    if (i.venue == id && i.base == pair.base && i.quote == pair.quote)
      pair.instrument = names.find_instrument(id, i.venue_symbol);
  }
  return pair;
}

std::string unlisted_symbol(const SeriesName& name) {
  return name.base + "/" + name.quote;
}

}  // namespace tickspan::storage
