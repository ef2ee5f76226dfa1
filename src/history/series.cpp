#include "history/series.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "market/instrument_mapper.hpp"
#include "market/seed_catalogue.hpp"

namespace tickspan::history {
namespace {

using core::ErrorCode;

bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

core::Asset asset_called(const core::Catalogue& catalogue, const std::string& name, bool& is_new) {
  core::AssetId id = catalogue.resolve(name);
  if (!id.valid()) id = market::resolve_venue_symbol(catalogue, name);
  if (id.valid()) return catalogue.asset(id);
  is_new = true;
  std::string shown = name;
  std::transform(shown.begin(), shown.end(), shown.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return {name, name, shown, core::AssetKind::coin, 0};
}

}  // namespace

core::Result<Series> find_series(const std::vector<core::Asset>& known, const std::string& venue,
                                 const std::string& pair) {
  const std::string lower = core::to_lower(pair);
  const auto slash = lower.find('/');
  const std::string base = lower.substr(0, slash);
  const std::string quote = slash == std::string::npos ? std::string() : lower.substr(slash + 1);
  if (!is_name(base) || !is_name(quote)) {
    return core::fail(ErrorCode::invalid_argument,
                      fmt::format("--pair cannot be \"{}\"; allowed: BASE/QUOTE, for example btc/usd", pair));
  }
  Series out;
  out.name.venue = core::to_lower(venue);
  if (!venue.empty() && !is_name(out.name.venue)) {
    return core::fail(ErrorCode::invalid_argument,
                      fmt::format("--venue cannot be \"{}\"; allowed: a name like binance", venue));
  }
  core::Catalogue all = market::seed_catalogue();
  for (const core::Asset& asset : known) all.upsert_asset(asset);
  auto names = std::make_shared<core::Catalogue>();
  out.key.base = names->upsert_asset(asset_called(all, base, out.is_new));
  out.key.quote = names->upsert_asset(asset_called(all, quote, out.is_new));
  out.name.base = names->asset(out.key.base).id;
  out.name.quote = names->asset(out.key.quote).id;
  if (out.name.base == out.name.quote) {
    return core::fail(ErrorCode::invalid_argument, fmt::format("--pair {}: both are {}", pair, out.name.base));
  }
  if (!venue.empty()) {
    out.key.venue = names->upsert_venue({out.name.venue, out.name.venue, false, "", ""});
    out.instrument = names->add_instrument({out.key.venue, out.key.base, out.key.quote, lower});
  } else if (out.name.quote != "usd") {
    return core::fail(ErrorCode::invalid_argument,
                      fmt::format("--pair {}: the composite is in usd; say which --venue otherwise", pair));
  }
  out.catalogue = std::move(names);
  return out;
}

}  // namespace tickspan::history
