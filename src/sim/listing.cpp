#include "sim/listing.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "sim/coins.hpp"

namespace tickspan::sim {
namespace {

/// Digits after the point: `base - exponent of the price`, within bounds.
struct Places {
  int base;
  int least;
  int most;
  int of(double price) const { return std::clamp(base - static_cast<int>(std::floor(std::log10(price))), least, most); }
};

struct VenueRules {
  const char* id;
  VenueBit bit;  // its coins; a venue without a bit of its own lists what a like one does
  double share;  // of all trading
  double noise;  // around the true price
  Places price;
  Places lot;  // by the base's USD price, rising
};
constexpr VenueRules kVenues[] = {
    {"binance", kOnBinance, 0.6, 1e-4, {3, 2, 8}, {1, 0, 5}},
    {"coinbase", kOnCoinbase, 0.22, 1.5e-4, {3, 2, 8}, {4, 1, 8}},
    {"kraken", kOnKraken, 0.18, 2e-4, {5, 1, 10}, {8, 8, 8}},
    {"okx", kOnBinance, 0.2, 1.2e-4, {4, 1, 10}, {3, 2, 8}},
    {"bybit", kOnBinance, 0.15, 1.3e-4, {4, 1, 10}, {3, 2, 8}},
    {"bitstamp", kOnKraken, 0.06, 1.8e-4, {4, 0, 8}, {8, 8, 8}},
    {"binance_us", kOnBinance, 0.01, 3e-4, {3, 2, 8}, {1, 0, 5}},
};

/// A quote currency of a venue: how much of a coin's trading goes there, and from which volume on a coin has it. The
/// first of a venue is its main one.
struct QuoteRule {
  std::string_view venue;
  const char* symbol;
  double share;
  double least_volume;
};
constexpr QuoteRule kQuotes[] = {
    {"binance", "usdt", 0.7, 0},      {"binance", "usdc", 0.15, 2e8},  {"binance", "eur", 0.05, 6e8},
    {"binance", "btc", 0.1, 3e8},     {"coinbase", "usd", 0.8, 0},     {"coinbase", "eur", 0.1, 4e8},
    {"coinbase", "usdt", 0.05, 1e9},  {"coinbase", "btc", 0.05, 7e8},  {"kraken", "usd", 0.6, 0},
    {"kraken", "eur", 0.25, 1e7},     {"kraken", "usdt", 0.1, 6e8},    {"kraken", "btc", 0.05, 6e8},
    {"okx", "usdt", 0.85, 4e7},       {"okx", "usdc", 0.1, 4e8},       {"okx", "btc", 0.05, 9e8},
    {"bybit", "usdt", 0.9, 8e7},      {"bybit", "usdc", 0.1, 9e8},     {"bitstamp", "usd", 0.65, 1e8},
    {"bitstamp", "eur", 0.25, 3e8},   {"bitstamp", "btc", 0.1, 9e8},   {"binance_us", "usd", 0.4, 2e8},
    {"binance_us", "usdt", 0.5, 6e8}, {"binance_us", "btc", 0.1, 2e9},
};

/// Currencies that a venue trades among themselves.
struct CurrencyPair {
  std::string_view venue;
  const char* base;
  const char* quote;
};
constexpr CurrencyPair kCurrencies[] = {
    {"binance", "eur", "usdt"}, {"binance", "eur", "usdc"},  {"coinbase", "usdt", "eur"},   {"kraken", "eur", "usd"},
    {"kraken", "gbp", "usd"},   {"kraken", "usdc", "usdt"},  {"kraken", "usdt", "eur"},     {"bitstamp", "eur", "usd"},
    {"bitstamp", "gbp", "usd"}, {"bitstamp", "usdt", "eur"}, {"binance_us", "usdt", "usd"},
};

/// Hosts that offer another venue's books.
constexpr std::pair<std::string_view, std::string_view> kSameBooks[] = {{"coinbase_advanced", "coinbase"}};

std::string_view books_of(std::string_view venue) {
  for (const auto& [host, books] : kSameBooks) {
    if (host == venue) return books;
  }
  return venue;
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

int lot_places(const VenueRules& venue, double usd) {
  const int digits = static_cast<int>(std::ceil(std::log10(usd)));
  return std::clamp(venue.lot.base - 1 + digits, venue.lot.least, venue.lot.most);
}

PairSpec make_spec(const MarketModel& model, const VenueRules& venue, std::size_t base, std::size_t quote,
                   double weight) {
  const SimAsset& b = model.asset(base);
  const SimAsset& q = model.asset(quote);
  PairSpec spec;
  spec.base = base;
  spec.quote = quote;
  spec.base_code = upper(b.symbol);
  spec.quote_code = upper(q.symbol);
  const bool flat = b.volatility < 0.02 && q.volatility < 0.02;
  spec.price_decimals = flat ? 4 : venue.price.of(b.base_price / q.base_price);
  spec.lot_decimals = lot_places(venue, b.base_price);
  spec.noise = flat ? 3e-5 : venue.noise;
  const double volume = std::max(1e6, b.base_volume);
  spec.half_spread = flat ? 2e-5 : std::clamp(4e-5 * std::pow(1e9 / volume, 0.4), 5e-6, 1.5e-3);
  spec.median_notional = std::clamp(90 * std::pow(volume / 1e6, 0.25), 60.0, 1200.0);
  spec.trades_per_second = weight;
  return spec;
}

double weight_of(const SimAsset& base) {
  return std::pow(std::max(1e6, base.base_volume) / 1e6, 0.55);
}

std::vector<PairSpec> list_venue(const MarketModel& model, const VenueRules& venue) {
  std::vector<PairSpec> specs;
  const auto add = [&](std::size_t base, const char* quote_symbol, double share) {
    const auto quote = model.find_symbol(quote_symbol);
    if (!quote || *quote == base) return;
    const double price = model.asset(base).base_price / model.asset(*quote).base_price;
    if (price < 2e-6 && std::string_view(quote_symbol) == "btc") return;  // too few digits left
    specs.push_back(make_spec(model, venue, base, *quote, weight_of(model.asset(base)) * venue.share * share));
  };
  for (std::size_t i = 0; i < model.coin_count(); ++i) {
    const SimAsset& coin = model.asset(i);
    if ((coin.venues & venue.bit) == 0) continue;
    const bool stable = coin.kind == core::AssetKind::stablecoin;
    bool main = true;
    for (const QuoteRule& quote : kQuotes) {
      if (quote.venue != venue.id) continue;
      const bool wanted = main || !stable;  // stablecoins: the main quote only
      main = false;
      if (wanted && coin.base_volume >= quote.least_volume) add(i, quote.symbol, quote.share * (stable ? 0.1 : 1));
    }
  }
  for (const CurrencyPair& pair : kCurrencies) {
    const auto index = pair.venue == venue.id ? model.find_symbol(pair.base) : std::nullopt;
    if (index) add(*index, pair.quote, 8);
  }
  return specs;
}

}  // namespace

std::map<std::string, std::vector<PairMarket>> list_pairs(const MarketModel& model,
                                                          const std::vector<std::string>& venues,
                                                          double trades_per_second) {
  std::map<std::string, std::vector<PairSpec>> specs;
  double weights = 0;
  for (const VenueRules& venue : kVenues) {
    if (std::none_of(venues.begin(), venues.end(), [&](const auto& name) { return books_of(name) == venue.id; }))
      continue;
    auto& list = specs[venue.id] = list_venue(model, venue);
    for (const PairSpec& spec : list) weights += spec.trades_per_second;
  }
  std::map<std::string, std::vector<PairMarket>> pairs;
  for (const std::string& venue : venues) {
    const std::string books(books_of(venue));
    const auto list = specs.find(books);
    if (list == specs.end() || pairs.contains(venue)) continue;
    auto& out = pairs[venue];
    for (PairSpec spec : list->second) {
      spec.trades_per_second *= trades_per_second / weights;
      out.emplace_back(model, std::move(spec), books);
    }
  }
  return pairs;
}

}  // namespace tickspan::sim
