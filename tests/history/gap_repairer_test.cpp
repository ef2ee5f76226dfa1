// Holes in a store, a venue that remembers, and what becomes of them.

#include "history/gap_repairer.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "gap_repairer_fixture.hpp"
#include "history/minutes.hpp"

namespace tickspan::history {
namespace {

using namespace std::chrono_literals;
using core::Decimal;
using core::GapState;
using core::Timestamp;
using test::eventually;
using test::GapRepairerTest;
using test::kStart;
using test::trades_page;

TEST_F(GapRepairerTest, AHoleOfASourceIsFilledForEveryPairFromItsTrades) {
  record({"kraken", "", kStart + 20s, kStart + 70s});
  start();
  ASSERT_TRUE(becomes(GapState::repaired));
  const auto rows = gaps();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].expected, 10);  // five in each pair
  EXPECT_EQ(rows[0].recovered, 10);
  for (const char* base : {"bitcoin", "ethereum"}) {
    const auto made = minutes(base);
    ASSERT_EQ(made.size(), 2u) << base;
    EXPECT_EQ(made[0].start, kStart);
    EXPECT_EQ(made[0].trades, 6u);
    EXPECT_EQ(made[0].open, (Decimal{106, 0}));  // the first six are from before
    EXPECT_EQ(made[1].close, (Decimal{117, 0}));
    EXPECT_TRUE(made[0].final);
    EXPECT_FALSE(made[0].incomplete);
  }
  ASSERT_EQ(past_.asked().size(), 2u);
  EXPECT_EQ(past_.asked()[0].symbol, "BTC/USD");
  EXPECT_EQ(past_.asked()[0].from, kStart - 1min);
  EXPECT_EQ(past_.asked()[0].to, kStart + 3min);
}

TEST_F(GapRepairerTest, NothingIsTouchedBeforeTheLastMinuteIsOverAndTheSourceIsBack) {
  record({"kraken", "", kStart + 20s, kStart + 70s});
  set_feed(core::FeedState::backing_off, kStart);
  start();
  const auto looked = [&] { return metrics_.serialize().find("tickspan_history_holes_open 1") != std::string::npos; };
  ASSERT_TRUE(eventually(looked));
  EXPECT_TRUE(past_.asked().empty());
  clock_.set(kStart + 2min);
  set_feed(core::FeedState::live, kStart + 70s);
  loop_.run([] {});
  EXPECT_TRUE(past_.asked().empty());
  clock_.set(kStart + 2min + 10s);
  EXPECT_TRUE(becomes(GapState::repaired));
}

TEST_F(GapRepairerTest, AHoleWhoseLastWordIsWrittenWhileItIsFilledIsFilledToItsEnd) {
  record({"kraken", "", kStart + 20s, kStart + 30s});  // the rest waits in a spool
  std::atomic<bool> late{true};
  past_.answer = [&](const feeds::HistoryQuery& query) {
    if (late.exchange(false)) record({"kraken", "", kStart + 20s, kStart + 70s});
    return trades_page(query);
  };
  start();
  ASSERT_TRUE(becomes(GapState::repaired));
  ASSERT_EQ(gaps().size(), 1u);
  EXPECT_EQ(gaps()[0].end, kStart + 70s);
  EXPECT_EQ(gaps()[0].recovered, 10);
  for (const char* base : {"bitcoin", "ethereum"}) EXPECT_EQ(minutes(base).size(), 2u) << base;
  EXPECT_FALSE(late);
}

TEST_F(GapRepairerTest, TheNewestHoleComesFirst) {
  record({"kraken", "BTC/USD", kStart - 30min, kStart - 29min});
  record({"kraken", "BTC/USD", kStart + 20s, kStart + 70s});
  start();
  ASSERT_TRUE(eventually([&] { return past_.asked().size() == 2; }));
  EXPECT_EQ(past_.asked()[0].from, kStart - 1min);
  EXPECT_LT(past_.asked()[1].from, kStart);
}

TEST_F(GapRepairerTest, HolesInTheSameMinutesAreFilledAtOnce) {
  record({"kraken", "", kStart + 10s, kStart + 12s});
  record({"kraken", "", kStart + 20s, kStart + 20s + 20ms});
  record({"kraken", "", kStart + 65s, kStart + 70s});
  record({"kraken", "", kStart - 10min, kStart - 9min});
  start();
  const auto all_repaired = [&] {
    const auto all = gaps();
    return std::all_of(all.begin(), all.end(), [](const core::Gap& gap) { return gap.state == GapState::repaired; });
  };
  ASSERT_TRUE(eventually(all_repaired));
  EXPECT_EQ(past_.asked().size(), 4u) << "each pair once for the three, and once for the one long before";
  const auto rows = gaps();
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[1].expected, 0);
  EXPECT_EQ(rows[2].expected, 0);
  EXPECT_EQ(rows[3].expected, 2);  // one in each pair
  EXPECT_EQ(rows[3].recovered, 2);
}

TEST_F(GapRepairerTest, WhatHolesOfTheSameMinutesCouldNotGetIsMarkedInEach) {
  past_.answer = [](const feeds::HistoryQuery& query) -> core::Result<feeds::HistoryPage> {
    if (query.symbol == "ETH/USD") return core::fail(core::ErrorCode::not_found, "no such pair");
    return trades_page(query);
  };
  record({"kraken", "", kStart + 10s, kStart + 12s});
  record({"kraken", "", kStart + 65s, kStart + 70s});
  start();
  ASSERT_TRUE(becomes(GapState::lost));
  const auto rows = gaps();
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(std::count_if(rows.begin(), rows.end(), [](const auto& row) { return row.state == GapState::lost; }), 2);
}

TEST_F(GapRepairerTest, TradesThatAddUpToTheVenuesCandlesAreCounted) {
  options_.store_ticks = true;
  past_.answer = [](const feeds::HistoryQuery& query) {
    feeds::HistoryQuery all = query;
    all.from = kStart - 1min;
    auto page = trades_page(all);  // a quiet pair: nothing after the hole yet
    std::erase_if(page.trades, [](const feeds::HistoryTrade& t) { return t.at >= kStart + 100s; });
    if (query.kind == feeds::HistoryKind::trades) return page;
    feeds::HistoryPage candles;
    candles.candles = minutes_of_trades(page.trades, query.from, query.to, {});
    for (core::Candle& c : candles.candles) c.trades = 0;  // as a venue that does not count them
    return candles;
  };
  record({"kraken", "BTC/USD", kStart + 20s, kStart + 70s});
  start();
  ASSERT_TRUE(becomes(GapState::repaired));
  EXPECT_EQ(past_.asked().size(), 2u);
  EXPECT_EQ(gaps()[0].expected, 5);
  EXPECT_EQ(gaps()[0].recovered, 5);
  EXPECT_EQ(minutes("bitcoin")[0].trades, 6u);
  const auto stored = ask<std::vector<storage::StoredTrade>>([](storage::StoreReader& reader) {
    return reader.trades(
        {.base = "bitcoin", .quote = "usd", .venue = "kraken", .start = kStart - 1h, .end = kStart + 1h});
  });
  EXPECT_EQ(stored.size(), 5u);
}

TEST_F(GapRepairerTest, TradesThatLeaveOneOutGiveWayToTheVenuesCandles) {
  past_.answer = [](const feeds::HistoryQuery& query) {
    if (query.kind == feeds::HistoryKind::trades) return trades_page(query, 108);
    feeds::HistoryPage page;
    core::Candle c;
    c.start = query.from;
    c.open = c.high = c.low = c.close = {77, 0};
    c.volume = {9, 0};
    c.trades = 3;
    page.candles = {c};
    return page;
  };
  record({"kraken", "BTC/USD", kStart + 20s, kStart + 70s});
  start();
  ASSERT_TRUE(becomes(GapState::repaired));
  const auto made = minutes("bitcoin");
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0].close, (Decimal{77, 0}));
  EXPECT_TRUE(made[1].flat);
  EXPECT_EQ(gaps()[0].expected, core::Gap::kUnknown);
}

TEST_F(GapRepairerTest, LongHolesAreFilledWithCandlesAndOnesOutOfTheirReachWithTrades) {
  past_.limits_.newest_candles = 60;
  record({"kraken", "BTC/USD", kStart - 10h, kStart - 9h});
  record({"kraken", "ETH/USD", kStart - 40min, kStart - 5min});
  start();
  ASSERT_TRUE(eventually([&] { return past_.asked().size() == 2; }));
  EXPECT_EQ(past_.asked()[0].kind, feeds::HistoryKind::minutes);
  EXPECT_EQ(past_.asked()[1].kind, feeds::HistoryKind::trades);
}

TEST_F(GapRepairerTest, ACandleThatTheVenueDoesNotTellOfYetIsAskedForAgain) {
  past_.limits_.newest_candles = 0;
  options_.trades_up_to = 0s;
  options_.rounds = 1'000'000;
  std::atomic<bool> published{false};
  past_.answer = [&](const feeds::HistoryQuery& query) {
    auto page = test::candles_page(query);
    if (!published) page.candles.pop_back();
    return page;
  };
  record({"kraken", "BTC/USD", kStart + 20s, kStart + 70s});
  clock_.set(kStart + 2min + 11s);
  start();
  ASSERT_TRUE(eventually([&] { return past_.asked().size() > 2; }));
  store_.flush();
  EXPECT_TRUE(minutes("bitcoin").empty()) << "it is no silence yet";
  published = true;
  ASSERT_TRUE(becomes(GapState::repaired));
  store_.flush();
  EXPECT_EQ(minutes("bitcoin").at(1).trades, 1u);
}

TEST_F(GapRepairerTest, OfLongAgoItIsSilence) {
  options_.trades_up_to = 0s;
  past_.answer = [](const feeds::HistoryQuery& query) {
    auto page = test::candles_page(query);
    page.candles.pop_back();
    return page;
  };
  record({"kraken", "BTC/USD", kStart + 20s, kStart + 70s});
  start();
  ASSERT_TRUE(becomes(GapState::repaired));
  EXPECT_TRUE(minutes("bitcoin").at(1).flat);
}

TEST_F(GapRepairerTest, AStoreThatCannotBeReadIsNotTakenForEmpty) {
  options_.trades_up_to = 0s;
  past_.answer = [](const feeds::HistoryQuery& query) { return test::candles_page(query); };
  core::WriteBatch batch;
  batch.catalogue = catalogue_;
  core::Candle heard;
  heard.start = kStart;
  heard.open = heard.high = heard.low = heard.close = {9, 0};
  heard.volume = {5, 0};
  heard.trades = 5;
  heard.final = true;
  batch.candles.push_back({series("BTC/USD"), core::Interval::m1, heard});
  ASSERT_EQ(store_.push(batch), runtime::PushResult::ok);
  refusals_.of = [](const storage::CandleQuery& query) { return query.start < kStart - 24h; };
  refusals_.left = 1;
  record({"kraken", "BTC/USD", kStart + 20s, kStart + 70s});
  start();
  ASSERT_TRUE(becomes(GapState::repaired));
  EXPECT_EQ(past_.asked().size(), 2u);
  const auto made = minutes("bitcoin");
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0].close, (Decimal{9, 0})) << "it has more in it";
  EXPECT_EQ(made[1].close, (Decimal{7, 0}));
}

TEST_F(GapRepairerTest, WhatWasHeardWholeWithMoreInItIsNotReplacedByTheVenuesCandle) {
  options_.trades_up_to = 0s;
  past_.answer = [](const feeds::HistoryQuery& query) { return test::candles_page(query); };
  core::WriteBatch batch;
  batch.catalogue = catalogue_;
  for (int i = 0; i < 2; ++i) {
    core::Candle c;
    c.start = kStart + 1min * i;
    c.open = c.high = c.low = c.close = {9, 0};
    c.volume = {1, 0};
    c.trades = 57;
    c.final = true;
    c.incomplete = i == 1;
    batch.candles.push_back({series("BTC/USD"), core::Interval::m1, c});
  }
  ASSERT_EQ(store_.push(batch), runtime::PushResult::ok);
  store_.flush();
  record({"kraken", "BTC/USD", kStart + 20s, kStart + 70s});
  start();
  ASSERT_TRUE(becomes(GapState::repaired));
  store_.flush();
  const auto made = minutes("bitcoin");
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0].trades, 57u);
  EXPECT_EQ(made[1].close, (Decimal{7, 0})) << "a part of a minute is";
}

TEST_F(GapRepairerTest, AFailureIsTriedAgainAndTheOtherPairsAreNotHeldUp) {
  std::atomic<int> failures{0};
  past_.answer = [&](const feeds::HistoryQuery& query) -> core::Result<feeds::HistoryPage> {
    if (query.symbol == "BTC/USD" && failures.fetch_add(1) < 2)
      return core::fail(core::ErrorCode::unavailable, "not now", true);
    return trades_page(query);
  };
  record({"kraken", "", kStart + 20s, kStart + 70s});
  start();
  ASSERT_TRUE(becomes(GapState::repaired));
  EXPECT_EQ(gaps().size(), 1u);
  EXPECT_EQ(minutes("bitcoin").size(), 2u);
  EXPECT_EQ(past_.asked()[1].symbol, "ETH/USD");
}

TEST_F(GapRepairerTest, WhatCannotBeHadStaysMarked) {
  past_.answer = [](const feeds::HistoryQuery& query) -> core::Result<feeds::HistoryPage> {
    if (query.symbol == "ETH/USD") return core::fail(core::ErrorCode::not_found, "no such pair");
    return trades_page(query);
  };
  record({"kraken", "", kStart + 20s, kStart + 70s});
  start();
  ASSERT_TRUE(becomes(GapState::lost));
  const auto rows = gaps();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].state, GapState::repaired);
  EXPECT_EQ(rows[1].instrument_symbol, "ETH/USD");
  EXPECT_TRUE(minutes("ethereum").empty());
  EXPECT_EQ(minutes("bitcoin").size(), 2u);
}

TEST_F(GapRepairerTest, ARestartGoesOnWithWhatIsOpen) {
  past_.answer = [](const feeds::HistoryQuery&) -> core::Result<feeds::HistoryPage> {
    return core::fail(core::ErrorCode::unavailable, "not now", true);
  };
  options_.first_retry = 1h;
  record({"kraken", "", kStart + 20s, kStart + 70s});
  start();
  ASSERT_TRUE(eventually([&] { return past_.asked().size() == 2; }));
  loop_.run([this] { repairer_.reset(); });
  EXPECT_EQ(gaps()[0].state, GapState::open);
  loop_.run([this] { past_.answer = [](const feeds::HistoryQuery& query) { return trades_page(query); }; });
  start();
  EXPECT_TRUE(becomes(GapState::repaired));
}

TEST_F(GapRepairerTest, RecoveredTradesAreStoredWhereTradesAre) {
  options_.store_ticks = true;
  record({"kraken", "BTC/USD", kStart + 20s, kStart + 70s});
  start();
  ASSERT_TRUE(becomes(GapState::repaired));
  const auto stored = ask<std::vector<storage::StoredTrade>>([](storage::StoreReader& reader) {
    return reader.trades(
        {.base = "bitcoin", .quote = "usd", .venue = "kraken", .start = kStart - 1h, .end = kStart + 1h});
  });
  ASSERT_EQ(stored.size(), 5u);
  EXPECT_EQ(stored[0].trade_id, 108u);
}

TEST_F(GapRepairerTest, TradesMissingAtTheEdgeGiveWayToCandles) {
  past_.answer = [](const feeds::HistoryQuery& query) {
    if (query.kind != feeds::HistoryKind::trades) return test::candles_page(query);
    auto page = trades_page(query);
    std::erase_if(page.trades, [](const feeds::HistoryTrade& t) { return t.at >= kStart + 100s; });
    return page;
  };
  record({"kraken", "BTC/USD", kStart + 20s, kStart + 70s});
  start();
  ASSERT_TRUE(becomes(GapState::repaired));
  EXPECT_EQ(minutes("bitcoin")[0].close, (Decimal{7, 0}));
}

TEST_F(GapRepairerTest, AMinuteThatALateTradeWroteOverIsWrittenAgain) {
  record({"kraken", "BTC/USD", kStart + 20s, kStart + 70s});
  start();
  ASSERT_TRUE(becomes(GapState::repaired));
  EXPECT_EQ(told().size(), 1u);
  write_minute("BTC/USD", kStart + 1min, {5, 0}, false);
  clock_.advance(11s);
  ASSERT_TRUE(eventually([&] { return told().size() == 2; }));
  write_minute("BTC/USD", kStart + 1min, {6, 0}, false);
  clock_.advance(4min);
  ASSERT_TRUE(eventually([&] { return told().size() == 3; }));
  EXPECT_EQ(told().back().minutes.size(), 1u);
  store_.flush();
  EXPECT_EQ(minutes("bitcoin")[1].close, (Decimal{117, 0}));
  EXPECT_EQ(minutes("bitcoin")[1].trades, 6u);
}

TEST_F(GapRepairerTest, FlatMinutesAfterAHoleTakeTheCloseThatWasMissed) {
  write_minute("BTC/USD", kStart + 2min, {5, 0}, true);
  write_minute("BTC/USD", kStart + 3min, {5, 0}, true);
  write_minute("BTC/USD", kStart + 4min, {6, 0}, false);
  write_minute("BTC/USD", kStart + 5min, {6, 0}, true);
  record({"kraken", "BTC/USD", kStart + 20s, kStart + 70s});
  clock_.set(kStart + 6min);
  start();
  ASSERT_TRUE(becomes(GapState::repaired));
  clock_.advance(11s);
  ASSERT_TRUE(eventually([&] { return told().size() == 2; }));
  store_.flush();
  const auto made = minutes("bitcoin");
  ASSERT_EQ(made.size(), 6u);
  EXPECT_EQ(made[2].close, (Decimal{117, 0}));
  EXPECT_EQ(made[3].open, (Decimal{117, 0}));
  EXPECT_TRUE(made[3].flat);
  EXPECT_EQ(made[4].close, (Decimal{6, 0}));
  EXPECT_EQ(made[5].close, (Decimal{6, 0}));
  EXPECT_EQ(told()[1].minutes.size(), 2u);
}

TEST_F(GapRepairerTest, APairThatWasListenedToThenIsRepairedToo) {
  auto only_btc = std::make_shared<core::SymbolTable>();
  only_btc->add("BTC/USD", symbols_->find("BTC/USD"));
  symbols_ = only_btc;
  write_minute("ETH/USD", kStart - 1min, {5, 0}, false);
  record({"kraken", "", kStart + 20s, kStart + 70s});
  start();
  ASSERT_TRUE(becomes(GapState::repaired));
  EXPECT_EQ(minutes("ethereum").size(), 3u);
}

TEST_F(GapRepairerTest, APairThatIsNotListedSinceTheStartStaysOpenUntilItIs) {
  write_minute("ETH/USD", kStart - 1min, {5, 0}, false);
  const auto with_eth = catalogue_;
  core::Catalogue without(*catalogue_);
  {  // a run that never heard of it
    core::Catalogue names;
    for (const core::Asset& asset : without.assets()) names.upsert_asset(asset);
    names.upsert_venue({"kraken", "Kraken", false, "", ""});
    auto only_btc = std::make_shared<core::SymbolTable>();
    only_btc->add("BTC/USD", names.add_instrument({venue_, names.find_id("bitcoin"), names.find_id("usd"), "BTC/USD"}));
    symbols_ = only_btc;
    catalogue_ = std::make_shared<const core::Catalogue>(std::move(names));
    set_feed(core::FeedState::live, kStart);
  }
  record({"kraken", "", kStart + 20s, kStart + 70s});
  start();
  ASSERT_TRUE(becomes(GapState::repaired));
  ASSERT_TRUE(eventually([&] { return gaps().size() == 2; }));
  EXPECT_EQ(gaps()[1].instrument_symbol, "ethereum/usd");
  EXPECT_EQ(gaps()[1].state, GapState::open);
  EXPECT_EQ(past_.asked().size(), 1u);
  catalogue_ = with_eth;
  set_feed(core::FeedState::live, kStart);
  ASSERT_TRUE(eventually([&] { return gaps()[1].state == GapState::repaired; }));
  EXPECT_EQ(past_.asked().back().symbol, "ETH/USD");
  EXPECT_EQ(minutes("ethereum").size(), 3u);
}

TEST_F(GapRepairerTest, AHoleOfAPairThatNobodyKnowsIsNotCalledRepaired) {
  record({"kraken", "GONE/USD", kStart + 20s, kStart + 70s});
  record({"kraken", "BTC/USD", kStart + 20s, kStart + 70s});
  start();
  ASSERT_TRUE(becomes(GapState::repaired));
  const auto rows = gaps();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].state, GapState::repaired);
  EXPECT_EQ(rows[1].state, GapState::open);
}

TEST_F(GapRepairerTest, APairThatWasGoneBeforeTheHoleIsNot) {
  auto only_btc = std::make_shared<core::SymbolTable>();
  only_btc->add("BTC/USD", symbols_->find("BTC/USD"));
  symbols_ = only_btc;
  write_minute("ETH/USD", kStart - 30min, {5, 0}, false);
  record({"kraken", "", kStart + 20s, kStart + 70s});
  start();
  ASSERT_TRUE(becomes(GapState::repaired));
  EXPECT_EQ(minutes("ethereum").size(), 1u);
  EXPECT_EQ(past_.asked().size(), 1u);
}

TEST_F(GapRepairerTest, AHoleBeyondTheHorizonIsLost) {
  record({"kraken", "", kStart - 31 * 24h, kStart - 31 * 24h + 1min});
  record({"elsewhere", "", kStart - 40 * 24h, kStart - 40 * 24h + 1min});
  start();
  ASSERT_TRUE(eventually([&] {
    const auto all = gaps();
    return std::all_of(all.begin(), all.end(), [](const core::Gap& gap) { return gap.state == GapState::lost; });
  }));
  EXPECT_EQ(gaps().size(), 2u);
  EXPECT_TRUE(past_.asked().empty());
}

TEST_F(GapRepairerTest, ARestartDoesNotBeginTheTriesOfAnOldHoleAnew) {
  past_.answer = [](const feeds::HistoryQuery&) -> core::Result<feeds::HistoryPage> {
    return core::fail(core::ErrorCode::unavailable, "not now", true);
  };
  record({"kraken", "BTC/USD", kStart - 48h, kStart - 48h + 1min});
  start();
  ASSERT_TRUE(becomes(GapState::lost));
  EXPECT_EQ(past_.asked().size(), 2u);
}

}  // namespace
}  // namespace tickspan::history
