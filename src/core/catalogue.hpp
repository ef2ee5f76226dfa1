#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/asset.hpp"

namespace tickspan::core {

/// Everything that has a name: assets, sources, and the pairs each source trades. An immutable value shared between
/// threads as `shared_ptr<const Catalogue>`; the engine alone makes a successor, by copying and adding. Ids only ever
/// grow: an id handed out by one version names the same thing in every later one.
class Catalogue {
 public:
  /// Adds, or updates the asset with the same text id (its AssetId stays).
  AssetId upsert_asset(Asset asset);
  VenueId upsert_venue(Venue venue);
  /// The existing id when (venue, venue_symbol) is known.
  InstrumentId add_instrument(Instrument instrument);

  std::span<const Asset> assets() const { return assets_; }
  std::span<const Venue> venues() const { return venues_; }
  std::span<const Instrument> instruments() const { return instruments_; }
  const Asset& asset(AssetId id) const { return assets_[id.index()]; }
  const Venue& venue(VenueId id) const { return venues_[id.index()]; }
  const Instrument& instrument(InstrumentId id) const { return instruments_[id.index()]; }

  /// Exact text id, any case. Not valid() when unknown.
  AssetId find_id(std::string_view id) const;
  /// By id, else by symbol, any case: of several coins with one symbol the one of the best rank wins. Among equals fiat
  /// and stablecoins precede (so `usd` is the dollar). This is how every public interface resolves a name.
  AssetId resolve(std::string_view id_or_symbol) const;
  VenueId find_venue(std::string_view id) const;
  InstrumentId find_instrument(VenueId venue, std::string_view venue_symbol) const;

  /// Up to `count` ids of assets that look like `text` (edit distance over id, symbol and name), nearest first.
  std::vector<std::string> near_matches(std::string_view text, std::size_t count = 3) const;

 private:
  void index_symbol(AssetId id);

  std::vector<Asset> assets_;
  std::vector<Venue> venues_;
  std::vector<Instrument> instruments_;
  std::unordered_map<std::string, AssetId> by_id_;
  std::unordered_map<std::string, AssetId> by_symbol_;
  std::unordered_map<std::string, InstrumentId> by_venue_symbol_;  ///< key "<venue index>:<symbol>"
};

using CataloguePtr = std::shared_ptr<const Catalogue>;

std::string to_lower(std::string_view text);

/// Levenshtein distance, for "did you mean".
std::size_t edit_distance(std::string_view a, std::string_view b);

/// What a decoder needs of the catalogue: the venue's spelling to InstrumentId. Immutable once handed to a feed.
class SymbolTable {
 public:
  void add(std::string venue_symbol, InstrumentId id) { ids_.insert_or_assign(std::move(venue_symbol), id); }
  InstrumentId find(std::string_view venue_symbol) const {
    const auto it = ids_.find(venue_symbol);
    return it == ids_.end() ? InstrumentId{} : it->second;
  }
  std::size_t size() const { return ids_.size(); }
  /// In no particular order.
  std::vector<std::string> symbols() const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, InstrumentId, Hash, std::equal_to<>> ids_;
};

}  // namespace tickspan::core
