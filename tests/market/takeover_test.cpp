// Whose word a price is: exchanges, else the aggregators in their order; and what history is told of each change.
#include "market_fixture.hpp"

namespace tickspan::market {
namespace {

using namespace std::chrono_literals;
using core::Freshness;
using core::TakeoverCause;

class Takeovers : public MarketTest {
 protected:
  Takeovers() { coinapi_ = market_.add_venue({"coinapi", "CoinAPI", true, "", ""}); }

  // A price of bitcoin and nothing else, as an aggregator tells that ranks nothing.
  void coinapi(double value, core::Duration period = 5s) {
    core::AssetFacts f;
    f.asset_id = "bitcoin";
    f.symbol = "btc";
    f.name = "Bitcoin";
    f.price = core::Decimal::from_double(value);
    f.received_at = now_;
    market_.on_rows({coinapi_, {f}, now_, period});
    market_.refresh(now_);
  }
  void speak(core::Duration until) {
    for (; now_ < kStart + until; at(now_ - kStart + 1s)) quote(kraken_, "BTC/USD", 60'000, 60'000);
  }
  std::vector<std::string> marks(std::string_view asset = "bitcoin") {
    std::vector<std::string> out;
    for (const core::Takeover& t : market_.take_takeovers()) {
      if (t.asset != asset) continue;
      out.push_back((t.from.empty() ? "nobody" : t.from) + " > " + t.to + " " + std::string(core::to_string(t.cause)) +
                    " " + std::to_string((t.at - kStart) / 1s));
    }
    return out;
  }
  using Marks = std::vector<std::string>;

  core::VenueId coinapi_;
};

TEST_F(Takeovers, SilentVenuesGiveWayToTheAggregatorAndComeBack) {
  rows({facts("bitcoin", "btc", 1, 59'990)});
  EXPECT_EQ(row("bitcoin").source, gecko_);
  EXPECT_EQ(row("bitcoin").source_since, kStart);
  at(1s);
  quote(kraken_, "BTC/USD", 60'000, 60'000);
  EXPECT_FALSE(row("bitcoin").source.valid());
  EXPECT_EQ(row("bitcoin").source_since, kStart + 1s);
  speak(20s);
  EXPECT_EQ(marks(), Marks{"nobody > composite first 1"}) << "the second before was shorter than a mark is worth";

  status(kraken_, core::FeedState::backing_off);
  market_.refresh(now_);
  at(30s);
  EXPECT_EQ(row("bitcoin").source, gecko_);
  EXPECT_EQ(row("bitcoin").source_since, kStart + 20s);
  EXPECT_EQ(row("bitcoin").state, Freshness::live);
  EXPECT_EQ(price("bitcoin"), 59'990);
  EXPECT_EQ(marks(), Marks{"composite > coingecko silent 20"});

  connect(kraken_);
  at(40s);
  speak(50s);
  EXPECT_FALSE(row("bitcoin").source.valid());
  EXPECT_EQ(marks(), Marks{"coingecko > composite preferred 40"});
  EXPECT_EQ(marks(), Marks{}) << "each is told once";
}

TEST_F(Takeovers, AShortOneIsShownButNotMarked) {
  rows({facts("bitcoin", "btc", 1, 59'990)});
  speak(20s);
  EXPECT_EQ(marks().size(), 1U);
  status(kraken_, core::FeedState::backing_off);
  market_.refresh(now_);
  at(23s);
  EXPECT_EQ(row("bitcoin").source, gecko_);
  EXPECT_EQ(row("bitcoin").source_since, kStart + 20s);
  connect(kraken_);
  market_.refresh(now_);
  speak(40s);
  EXPECT_FALSE(row("bitcoin").source.valid());
  EXPECT_EQ(row("bitcoin").source_since, kStart + 23s);
  EXPECT_EQ(marks(), Marks{});
}

TEST_F(Takeovers, VenuesThatNobodyBelievesAreNoSilence) {
  rows({facts("bitcoin", "btc", 1, 60'000)});
  speak(20s);
  marks();
  for (; now_ < kStart + 100s; at(now_ - kStart + 1s)) quote(kraken_, "BTC/USD", 600'000, 600'000);
  EXPECT_EQ(row("bitcoin").source, gecko_);
  EXPECT_EQ(price("bitcoin"), 60'000);
  const Marks told = marks();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].substr(0, 34), "composite > coingecko disbelieved ");
}

TEST_F(Takeovers, AmongAggregatorsTheFirstThatIsCurrentSpeaks) {
  rows({facts("bitcoin", "btc", 1, 59'990)});
  coinapi(60'010);
  EXPECT_EQ(row("bitcoin").source, gecko_) << "added first";
  EXPECT_EQ(price("bitcoin"), 59'990);
  for (int s = 5; s <= 120; s += 5) {
    at(std::chrono::seconds(s));
    coinapi(60'010);
  }
  EXPECT_EQ(row("bitcoin").source, gecko_) << "two periods are not over";
  marks();
  for (int s = 125; s <= 135; s += 5) {
    at(std::chrono::seconds(s));
    coinapi(60'010);
  }
  EXPECT_EQ(row("bitcoin").source, coinapi_);
  EXPECT_EQ(row("bitcoin").state, Freshness::live);
  EXPECT_EQ(price("bitcoin"), 60'010);
  EXPECT_EQ(marks().size(), 1U);
  rows({facts("bitcoin", "btc", 1, 59'980)});
  at(141s);
  EXPECT_EQ(row("bitcoin").source, gecko_);
  EXPECT_EQ(marks(), Marks{"coinapi > coingecko preferred 135"});
}

TEST_F(Takeovers, WithNobodyCurrentTheNewestStaysAndIsCalledStale) {
  rows({facts("bitcoin", "btc", 1, 59'990)});
  at(1s);
  coinapi(60'010);
  at(200s);
  EXPECT_EQ(row("bitcoin").state, Freshness::stale);
  EXPECT_EQ(price("bitcoin"), 60'010);
  EXPECT_EQ(row("bitcoin").as_of, kStart + 1s);
}

TEST_F(Takeovers, WhoOnlyTellsPricesLeavesRanksAndFiguresAlone) {
  coinapi(60'010);
  EXPECT_EQ(price("bitcoin"), 60'010);
  const std::int32_t seeded = market_.catalogue()->asset(market_.catalogue()->find_id("bitcoin")).rank;
  EXPECT_EQ(seeded, 1) << "as it was before anybody spoke";
  rows({facts("bitcoin", "btc", 7, 59'990)});
  at(5s);
  coinapi(60'010);
  EXPECT_EQ(row("bitcoin").rank, 7);
  EXPECT_EQ(row("bitcoin").market_cap, 59'990 * 1e6);
  EXPECT_EQ(row("bitcoin").facts_as_of, kStart);
}

TEST_F(Takeovers, ARestartGoesOnWhereHistoryEnded) {
  core::RestoredState state;
  state.prices.push_back({"bitcoin", *core::Decimal::parse("60000"), kStart - 60s, "composite"});
  state.prices.push_back({"ethereum", *core::Decimal::parse("3000"), kStart - 60s, "composite"});
  market_.restore(state, kStart);
  EXPECT_FALSE(row("bitcoin").source_since.is_set()) << "nobody has spoken yet";
  rows({facts("bitcoin", "btc", 1, 59'990), facts("ethereum", "eth", 2, 2'999)});
  EXPECT_EQ(row("bitcoin").source, gecko_);
  EXPECT_EQ(row("bitcoin").source_since, kStart);
  at(1s);
  speak(20s);
  EXPECT_FALSE(row("bitcoin").source.valid());
  EXPECT_EQ(row("bitcoin").source_since, kStart + 1s);
  const auto all = market_.take_takeovers();
  ASSERT_EQ(all.size(), 1U) << "bitcoin is where it was";
  EXPECT_EQ(all[0].asset, "ethereum");
  EXPECT_EQ(all[0].from, "composite");
  EXPECT_EQ(all[0].to, "coingecko");
  EXPECT_EQ(all[0].cause, TakeoverCause::silent);
}

}  // namespace
}  // namespace tickspan::market
