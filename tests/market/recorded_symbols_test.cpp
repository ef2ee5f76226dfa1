// A recorded list of all coins, hundreds of whose symbols belong to several of them: none is ever taken for another.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <regex>
#include <set>

#include "../support/support.hpp"
#include "market/instrument_mapper.hpp"
#include "market/seed_catalogue.hpp"

namespace tickspan::market {
namespace {

using core::AssetId;
using core::AssetKind;

struct Coin {
  std::string id, symbol, name;
};

class RecordedSymbols : public testing::Test {
 protected:
  void SetUp() override {
    const auto dir = test::recordings_dir();
    if (!dir) GTEST_SKIP() << "no recordings (../shared is not there)";
    const std::string text = test::read_file(*dir + "/coingecko/rest/coins_list_2021.json.gz");
    static const std::regex kCoin(R"re(\{"id":"([^"]*)","symbol":"([^"]*)","name":"([^"]*)"\})re");
    std::map<std::string, int> as_written;
    for (std::sregex_iterator it(text.begin(), text.end(), kCoin), end; it != end; ++it) {
      coins_.push_back({(*it)[1], core::to_lower((*it)[2].str()), (*it)[3]});
      ++as_written[(*it)[2]];
    }
    shared_as_written_ =
        std::count_if(as_written.begin(), as_written.end(), [](const auto& s) { return s.second > 1; });
    for (const Coin& coin : coins_) by_symbol_[coin.symbol].insert(coin.id);
    std::erase_if(by_symbol_, [](const auto& entry) { return entry.second.size() < 2 || entry.first.empty(); });
  }
  /// A venue that lists every one of the shared symbols against the dollar.
  core::SymbolList all_listed() const {
    core::SymbolList list{{0}, {}};
    for (const auto& [symbol, ids] : by_symbol_) list.pairs.push_back({symbol + "-USD", symbol, "usd"});
    return list;
  }

  std::vector<Coin> coins_;
  std::ptrdiff_t shared_as_written_ = 0;
  std::map<std::string, std::set<std::string>> by_symbol_;
};

TEST_F(RecordedSymbols, AreThoseThatWereCounted) {
  EXPECT_EQ(coins_.size(), 7248u);
  EXPECT_EQ(shared_as_written_, 676);
  EXPECT_EQ(by_symbol_.size(), 687u) << "in any case of letters";
}

// The places are shuffled by seed: whoever is mapped must be far ahead of all others of its symbol, or be said to be.
TEST_F(RecordedSymbols, NoneIsMappedToACoinThatIsNotFarAhead) {
  for (const unsigned seed : {1u, 2u, 3u}) {
    std::mt19937 random(seed);
    std::vector<int> places(coins_.size());
    for (std::size_t i = 0; i < places.size(); ++i) places[i] = static_cast<int>(i) + 1;
    std::shuffle(places.begin(), places.end(), random);
    core::Catalogue catalogue;
    catalogue.upsert_asset({"usd", "usd", "US Dollar", AssetKind::fiat, 0});
    std::map<std::string, int> place_of;
    for (std::size_t i = 0; i < coins_.size(); ++i) {
      const int place = i % 3 == 0 ? 0 : places[i];  // of a third of them none is known
      place_of[coins_[i].id] = place;
      catalogue.upsert_asset({coins_[i].id, coins_[i].symbol, coins_[i].name, AssetKind::coin, place});
    }
    std::set<std::string> ambiguous;
    const auto pairs = choose_pairs(
        catalogue, all_listed(), [](AssetId) { return true; }, {}, &ambiguous);
    std::size_t mapped = 0;
    for (const PairChoice& pair : pairs) {
      const core::Asset& meant = catalogue.asset(pair.base);
      const std::string symbol = pair.venue_symbol.substr(0, pair.venue_symbol.size() - 4);
      if (meant.symbol != symbol) continue;  // a name of the venues' own, such as xbt
      ++mapped;
      EXPECT_GT(meant.rank, 0) << symbol;
      for (const std::string& other : by_symbol_.at(symbol)) {
        if (other == meant.id || place_of.at(other) == 0) continue;
        EXPECT_GE(place_of.at(other), 4 * meant.rank) << symbol << ": " << meant.id << " beside " << other;
      }
    }
    EXPECT_GT(mapped, 50u);
    EXPECT_GT(ambiguous.size(), 300u);
    EXPECT_LE(mapped + ambiguous.size(), by_symbol_.size());
  }
}

// As the program starts: its own seed, into which the service's whole list comes without places.
TEST_F(RecordedSymbols, OfTheSeedAreItsOwnCoinsAndNeverOnesThatOnlyShareTheSymbol) {
  core::Catalogue catalogue = seed_catalogue();
  std::set<std::string> seeded;
  for (const core::Asset& asset : catalogue.assets()) seeded.insert(asset.id);
  for (const Coin& coin : coins_) {
    if (!seeded.contains(coin.id)) catalogue.upsert_asset({coin.id, coin.symbol, coin.name, AssetKind::coin, 0});
  }
  std::set<std::string> ambiguous;
  const auto pairs = choose_pairs(
      catalogue, all_listed(), [](AssetId) { return true; }, {}, &ambiguous);
  EXPECT_GT(pairs.size(), 10u);
  for (const PairChoice& pair : pairs) EXPECT_TRUE(seeded.contains(catalogue.asset(pair.base).id)) << pair.venue_symbol;
  for (const auto& [symbol, ids] : by_symbol_) {
    const bool known = std::any_of(catalogue.assets().begin(), catalogue.assets().end(), [&](const core::Asset& asset) {
      return asset.symbol == symbol && seeded.contains(asset.id);
    });
    if (!known) {
      EXPECT_FALSE(meaning_of(catalogue, "kraken", symbol, {}).asset.valid()) << symbol;
    }
  }
}

}  // namespace
}  // namespace tickspan::market
