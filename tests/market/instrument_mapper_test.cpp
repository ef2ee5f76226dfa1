#include "market/instrument_mapper.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "market/seed_catalogue.hpp"

namespace tickspan::market {
namespace {

using core::AssetId;
using core::AssetKind;
using core::Catalogue;
using core::SymbolList;

class Mapper : public testing::Test {
 protected:
  std::vector<std::string> chosen(const SymbolList& list) {
    std::vector<std::string> out;
    for (const auto& c : choose_pairs(catalogue_, list, [](AssetId) { return true; })) {
      out.push_back(c.venue_symbol + "=" + catalogue_.asset(c.base).id + "/" + catalogue_.asset(c.quote).id);
    }
    return out;
  }
  Catalogue catalogue_ = seed_catalogue();
};

TEST_F(Mapper, TheSeedKnowsCoinsStablecoinsAndCurrencies) {
  int coins = 0, stable = 0, fiat = 0;
  for (const core::Asset& a : catalogue_.assets()) {
    coins += a.kind == AssetKind::coin;
    stable += a.kind == AssetKind::stablecoin;
    fiat += a.kind == AssetKind::fiat;
    EXPECT_TRUE(a.kind != AssetKind::coin || a.rank > 0);
  }
  EXPECT_GE(coins + stable, 150);
  EXPECT_GE(stable, 8);
  for (const char* code : {"usd", "eur", "gbp", "jpy", "inr", "pkr", "xau", "xag", "zar", "xdr"}) {
    ASSERT_TRUE(catalogue_.find_id(code).valid()) << code;
    EXPECT_EQ(catalogue_.resolve(code), catalogue_.find_id(code)) << code;
  }
  EXPECT_EQ(fiat, 60);
  EXPECT_EQ(catalogue_.asset(catalogue_.resolve("btc")).id, "bitcoin");
  EXPECT_EQ(catalogue_.asset(catalogue_.find_id("tether")).kind, AssetKind::stablecoin);
}

TEST_F(Mapper, ThreePairsPerCoinDollarFirst) {
  const SymbolList list{{0},
                        {{"BTCEUR", "btc", "eur"},
                         {"BTCFDUSD", "btc", "fdusd"},
                         {"BTCUSDC", "btc", "usdc"},
                         {"BTCUSDT", "btc", "usdt"},
                         {"BTCUSD", "btc", "usd"},
                         {"BTCTRY", "btc", "try"},
                         {"ETHBTC", "eth", "btc"},
                         {"ETHGBP", "eth", "gbp"}}};
  EXPECT_EQ(chosen(list), (std::vector<std::string>{"BTCUSD=bitcoin/usd", "BTCUSDT=bitcoin/tether",
                                                    "BTCUSDC=bitcoin/usd-coin", "ETHGBP=ethereum/gbp"}));
}

TEST_F(Mapper, DelistedUnknownAndRepeatedPairsAreLeftOut) {
  const SymbolList list{{0},
                        {{"OLD", "eth", "usd", false},
                         {"NOPE-USD", "no-such-coin", "usd"},
                         {"USD-USD", "usd", "usd"},
                         {"ETH-USD", "eth", "usd"},
                         {"ETH-USD-2", "eth", "usd"},
                         {"", "xrp", "usd"}}};
  EXPECT_EQ(chosen(list), std::vector<std::string>{"ETH-USD=ethereum/usd"});
}

TEST_F(Mapper, ConversionRunsOneWayOnly) {
  const SymbolList list{{0},
                        {{"USDTUSD", "usdt", "usd"},
                         {"USDCUSDT", "usdc", "usdt"},
                         {"USDTUSDC", "usdt", "usdc"},
                         {"EURUSDT", "eur", "usdt"},
                         {"USDTEUR", "usdt", "eur"},
                         {"USDEUR", "usd", "eur"},
                         {"JPYUSD", "jpy", "usd"}}};
  auto got = choose_pairs(catalogue_, list, [](AssetId) { return false; });
  std::vector<std::string> symbols;
  for (const auto& c : got) symbols.push_back(c.venue_symbol);
  std::sort(symbols.begin(), symbols.end());
  EXPECT_EQ(symbols, (std::vector<std::string>{"EURUSDT", "USDCUSDT", "USDTUSD"})) << "currencies need no tracking";
}

TEST_F(Mapper, OfSeveralCoinsWithOneSymbolTheBestRankedIsMeant) {
  catalogue_.upsert_asset({"fake-pepe", "pepe", "Fake Pepe", AssetKind::coin, 2000});
  catalogue_.upsert_asset({"unranked-sol", "sol", "Unranked", AssetKind::coin, 0});
  EXPECT_EQ(catalogue_.asset(resolve_venue_symbol(catalogue_, "pepe")).id, "pepe");
  EXPECT_EQ(catalogue_.asset(resolve_venue_symbol(catalogue_, "sol")).id, "solana");
  EXPECT_EQ(catalogue_.asset(resolve_venue_symbol(catalogue_, "xbt")).id, "bitcoin");
  EXPECT_FALSE(resolve_venue_symbol(catalogue_, "bitcoin").valid()) << "an id is not a venue's symbol";
  // A coin whose id is another coin's symbol: the venue means the symbol.
  catalogue_.upsert_asset({"bnb", "notbnb", "Misnamed", AssetKind::coin, 900});
  EXPECT_EQ(catalogue_.asset(resolve_venue_symbol(catalogue_, "bnb")).id, "binancecoin");
}

TEST_F(Mapper, ASymbolOfSeveralCoinsIsNobodysUnlessOneIsFarAhead) {
  catalogue_.upsert_asset({"beam", "beam", "Beam (the other)", AssetKind::coin, 150});
  std::set<std::string> ambiguous;
  const SymbolList list{{0}, {{"BEAM-USD", "beam", "usd"}, {"PEPE-USD", "pepe", "usd"}, {"FRAX-USD", "frax", "usd"}}};
  catalogue_.upsert_asset({"fake-pepe", "pepe", "Fake Pepe", AssetKind::coin, 2000});
  const auto all = [](AssetId) { return true; };
  auto pairs = choose_pairs(catalogue_, list, all, {}, &ambiguous);
  ASSERT_EQ(pairs.size(), 1u) << "beam-2 and beam are of like rank, frax is built in as nobody's";
  EXPECT_EQ(pairs[0].venue_symbol, "PEPE-USD");
  EXPECT_EQ(ambiguous, (std::set<std::string>{"beam", "frax"}));
  ambiguous.clear();
  pairs = choose_pairs(catalogue_, list, all, {{"", "beam", "beam-2"}, {"", "pepe", "none"}}, &ambiguous);
  ASSERT_EQ(pairs.size(), 1u);
  EXPECT_EQ(catalogue_.asset(pairs[0].base).id, "beam-2");
  EXPECT_EQ(ambiguous, std::set<std::string>{"frax"});
}

TEST_F(Mapper, OneVenueMayMeanAnotherCoinThanTheRest) {
  const auto meant = [&](const char* venue, const char* symbol, const std::vector<SymbolOverride>& overrides = {}) {
    const SymbolMeaning meaning = meaning_of(catalogue_, venue, symbol, overrides);
    return meaning.asset.valid() ? catalogue_.asset(meaning.asset).id : std::string(meaning.ambiguous ? "?" : "-");
  };
  EXPECT_EQ(meant("kraken", "luna"), "terra-luna");
  EXPECT_EQ(meant("binance", "luna"), "terra-luna-2");
  EXPECT_EQ(meant("kraken", "luna2"), "terra-luna-2");
  const std::vector<SymbolOverride> said = {
      {"", "luna", "none"}, {"kraken", "luna", "terra-luna-2"}, {"okx", "usdt", "no-such-coin"}};
  EXPECT_EQ(meant("kraken", "luna", said), "terra-luna-2");
  EXPECT_EQ(meant("binance", "luna", said), "-");
  EXPECT_EQ(meant("okx", "usdt", said), "-") << "what is said and unknown is no licence to guess";
  EXPECT_EQ(meant("okx", "usd", said), "usd");
}

}  // namespace
}  // namespace tickspan::market
