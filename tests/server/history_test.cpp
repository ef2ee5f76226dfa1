// What is answered from the store, from memory, and from the aggregator, over real HTTP.
#include <gmock/gmock.h>
#include <array>

#include <future>

#include "../support/support.hpp"
#include "server_fixture.hpp"

namespace tickspan::server {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class History : public test::ServerTest {
 protected:
  std::size_t count(const std::string& json, const std::string& what) {
    std::size_t n = 0;
    for (auto at = json.find(what); at != std::string::npos; at = json.find(what, at + 1)) ++n;
    return n;
  }
  void store_day(std::string_view id, const char* price, core::Duration length = 24h) {
    core::WriteBatch batch;
    market.add_candles(batch, id, market.minute() - length, market.minute(), price);
    store(batch);
  }
  const std::string kCandles = "/api/v1/candles/{base}/{quote}";
  const std::string kPair = "/api/prices/{base}/{quote}/history";
  const std::string kCoin = "/history/{coin_id}";
};

TEST_F(History, CandlesOfTheLastDay) {
  start_all();
  store_day("bitcoin", "64000.10");
  const std::string json = body("/api/v1/candles/btc/usd?limit=5000", kCandles);
  EXPECT_EQ(count(json, "\"open\""), 1439U);  // the first minute began before the range did
  EXPECT_THAT(
      json,
      StartsWith(
          R"({"base":"bitcoin","quote":"usd","pair":"btc/usd","interval":"1m","venue":null,"origin":"real",)"
          R"("source":"composite","conversion":"none","start":"2026-05-31T12:01:00.000Z","end":"2026-06-01T12:00:30.500Z",)"
          R"("complete":true,"gaps":[],"candles":[{"start":"2026-05-31T12:01:00.000Z","open":64000.10)"));
  EXPECT_EQ(count(body("/api/v1/candles/btc/usd?interval=1h", kCandles), "\"open\""), 23U);
}

TEST_F(History, TheNewestOfARangeAndWhereTheyBegin) {
  start_all();
  store_day("bitcoin", "64000");
  const std::string json =
      body("/api/v1/candles/btc/usd?limit=2&start=2026-06-01T10:00:00Z&end=2026-06-01T11:00:00Z", kCandles);
  EXPECT_EQ(count(json, "\"open\""), 2U);
  EXPECT_THAT(json,
              AllOf(HasSubstr(R"("start":"2026-06-01T10:58:00.000Z","end":"2026-06-01T11:00:00.000Z","complete":true)"),
                    HasSubstr(R"({"start":"2026-06-01T10:59:00.000Z")")));
}

TEST_F(History, CandlesThatNothingFollowsAnyMoreMayBeKeptForADay) {
  start_all();
  store_day("bitcoin", "64000");
  core::WriteBatch batch;
  market.add_candles(batch, "bitcoin", market.minute() - 72h, market.minute() - 24h, "64000");
  for (auto& row : batch.candles) row.candle.rebuilt = row.candle.start == market.minute() - 50h;
  store(batch);
  const auto control = [&](const std::string& range) {
    return get("/api/v1/candles/btc/usd?" + range).header("cache-control");
  };
  const std::string settled = "start=2026-05-31T09:00:00Z&end=2026-05-31T10:00:00Z";
  EXPECT_EQ(control(settled), "public, max-age=86400") << "a fetched or imported past may still replace them";
  EXPECT_EQ(control(settled + "&interval=1h"), "public, max-age=86400");
  EXPECT_EQ(control("start=2026-06-01T09:00:00Z&end=2026-06-01T10:00:00Z"), "no-cache") << "repairs follow flat ones";
  EXPECT_EQ(control("start=2026-05-30T09:30:00Z&end=2026-05-30T10:30:00Z"), "no-cache") << "one is rebuilt";
  EXPECT_EQ(control(""), "no-cache");
  EXPECT_EQ(control("limit=5000&start=2026-05-29T11:00:00Z&end=2026-05-30T09:00:00Z"), "no-cache") << "a hole";
  EXPECT_EQ(get("/api/v1/candles/btc/eur?" + settled).header("cache-control"), "no-cache");
}

TEST_F(History, HolesAndGapsAreShown) {
  start_all();
  core::WriteBatch batch;
  market.add_candles(batch, "bitcoin", market.minute() - 60min, market.minute() - 30min, "1");
  market.add_candles(batch, "bitcoin", market.minute() - 20min, market.minute(), "1");
  batch.gaps.push_back(
      {"kraken", "", market.minute() - 30min - 5s, market.minute() - 20min + 5s, core::GapCause::disconnect});
  batch.gaps.push_back({"kraken", "ETH/USD", market.minute() - 30min, market.minute() - 20min,
                        core::GapCause::mute});  // another asset's
  store(batch);
  const std::string json =
      body("/api/v1/candles/btc/usd?start=2026-06-01T10:50:00Z&end=2026-06-01T12:00:00Z", kCandles);
  EXPECT_THAT(
      json,
      HasSubstr(
          R"("complete":false,"gaps":[{"venue":null,"start":"2026-06-01T10:50:00.000Z","end":"2026-06-01T11:00:00.000Z","cause":"no_data"},)"
          R"({"venue":"kraken","start":"2026-06-01T11:29:55.000Z","end":"2026-06-01T11:40:05.000Z","cause":"disconnect"}])"));
}

TEST_F(History, WhoGaveThePrice) {
  start_all();
  const auto at = [&](std::chrono::minutes ago) { return market.minute() - ago; };
  core::WriteBatch batch;
  batch.takeovers = {{"bitcoin", at(90min), "", "composite", core::TakeoverCause::first},
                     {"bitcoin", at(30min), "composite", "coingecko", core::TakeoverCause::silent},
                     {"ethereum", at(25min), "", "composite", core::TakeoverCause::first},
                     {"bitcoin", at(20min), "coingecko", "composite", core::TakeoverCause::preferred}};
  store(batch);
  const std::string path = "/api/v1/takeovers";
  EXPECT_EQ(count(body(path, path), "\"cause\""), 4U);
  EXPECT_THAT(body(path + "?limit=1", path), HasSubstr(R"("before":null,"data":[{"asset":"bitcoin",)"
                                                       R"("at":"2026-06-01T11:40:00.000Z","from":"coingecko",)"
                                                       R"("to":"composite","cause":"preferred"}])"));
  const std::string hour = body(path + "?asset=BTC&start=2026-06-01T11:00:00Z", path);
  EXPECT_EQ(count(hour, "\"cause\""), 2U) << hour;
  EXPECT_THAT(hour, HasSubstr(R"("start":"2026-06-01T11:00:00.000Z","end":"2026-06-01T12:00:30.500Z",)"
                              R"("before":"composite","data":[{"asset":"bitcoin","at":"2026-06-01T11:40:00.000Z",)"
                              R"("from":"coingecko","to":"composite","cause":"preferred"},)"
                              R"({"asset":"bitcoin","at":"2026-06-01T11:30:00.000Z",)"
                              R"("from":"composite","to":"coingecko","cause":"silent"}],"next_cursor":null})"));
  EXPECT_THAT(body(path + "?asset=bitcoin&limit=1", path), HasSubstr(R"("before":"coingecko","data":[{)"));
  EXPECT_THAT(body(path + "?asset=bitcoin&start=2026-06-01T11:50:00Z", path),
              HasSubstr(R"("before":"composite","data":[])"));
  EXPECT_THAT(body(path + "?asset=bitcoin&end=2026-06-01T10:00:00Z", path), HasSubstr(R"("before":null,"data":[])"));
  EXPECT_THAT(body(path + "?asset=ethereum", path), HasSubstr(R"("from":null,"to":"composite","cause":"first")"));
  EXPECT_EQ(get(path + "?asset=nothing").status, 404);
  EXPECT_EQ(get(path + "?start=2026-06-01T11:00:00Z&end=2026-06-01T10:00:00Z").status, 400);
}

TEST_F(History, GapsSayWhatBecameOfThem) {
  start_all();
  const auto at = [&](std::chrono::minutes ago) { return market.minute() - ago; };
  core::WriteBatch batch;
  core::Gap repaired{"kraken", "", at(30min), at(29min), core::GapCause::disconnect, core::GapState::repaired, 12, 12};
  core::Gap lost{"kraken", "ETH/USD", at(30min), at(29min), core::GapCause::disconnect, core::GapState::lost};
  core::Gap open{"kraken", "", at(20min), at(19min), core::GapCause::mute};
  batch.gaps = {repaired, lost, open};
  store(batch);
  const std::string path = "/api/v1/gaps";
  const std::string all = body(path, path);
  EXPECT_EQ(count(all, "\"cause\""), 3U) << all;
  EXPECT_THAT(all, HasSubstr(R"({"venue":"kraken","symbol":null,"pair":null,"start":"2026-06-01T11:30:00.000Z",)"
                             R"("end":"2026-06-01T11:31:00.000Z","cause":"disconnect","state":"repaired",)"
                             R"("expected":12,"recovered":12})"));
  EXPECT_THAT(all, HasSubstr(R"("cause":"mute","state":"open","expected":null,"recovered":0})"));
  EXPECT_EQ(count(body(path + "?state=lost", path), "\"cause\""), 1U);
  EXPECT_EQ(count(body(path + "?pair=btc/usd", path), "\"cause\""), 2U);
  EXPECT_EQ(count(body(path + "?limit=1", path), "\"cause\""), 1U);
  EXPECT_THAT(body(path + "?limit=1", path), HasSubstr("\"mute\""));
  EXPECT_EQ(count(body(path + "?venue=binance", path), "\"cause\""), 0U);
  EXPECT_EQ(count(body(path + "?end=2026-06-01T11:35:00Z", path), "\"cause\""), 2U);
  EXPECT_EQ(get(path + "?venue=nope").status, 400);
  EXPECT_EQ(get(path + "?pair=nope").status, 400);
  EXPECT_THAT(error(path + "?pair=btc/usdd", 404, path), HasSubstr("\"code\":\"unknown_asset\""));
  EXPECT_THAT(error(path + "?pair=bitcon/usd", 404, path), HasSubstr("near: bitcoin"));
}

TEST_F(History, AnOlderGapOfAPairIsFoundUnderAnyNumberOfOthers) {
  start_all();
  core::WriteBatch batch;
  market.add_candles(batch, "bitcoin", market.minute() - 60min, market.minute(), "1");
  batch.gaps = {{"kraken", "XBT/USD", market.minute() - 40min, market.minute() - 39min, core::GapCause::mute}};
  for (int i = 0; i < 12'000; ++i) {
    const auto start = market.minute() - 30min + std::chrono::milliseconds(i);
    batch.gaps.push_back({"kraken", "P" + std::to_string(i % 300), start, start + 1ms, core::GapCause::disconnect,
                          core::GapState::repaired});
  }
  store(batch);
  const std::string path = "/api/v1/gaps";
  EXPECT_THAT(body(path + "?pair=btc/usd", path), HasSubstr(R"("symbol":"XBT/USD")"));
  EXPECT_THAT(body(path + "?asset=bitcoin&state=open&limit=1", path), HasSubstr(R"("symbol":"XBT/USD")"));
  EXPECT_EQ(count(body(path + "?state=open", path), "\"cause\""), 1U);
  EXPECT_EQ(count(body(path + "?pair=btc/usd&asset=ethereum", path), "\"symbol\""), 0U);
  const std::string target = "/api/v1/candles/btc/usd?start=2026-06-01T11:10:00Z&end=2026-06-01T11:50:00Z";
  EXPECT_THAT(body(target, kCandles), HasSubstr(R"("complete":false,"gaps":[{"venue":"kraken")"));
}

TEST_F(History, GapsOfAnAssetAreThoseThatItsCompositeRestsOn) {
  start_all();
  const auto at = [&](std::chrono::minutes ago) { return market.minute() - ago; };
  core::WriteBatch batch;
  batch.gaps = {{"kraken", "", at(30min), at(29min), core::GapCause::disconnect},
                {"kraken", "ETH/USD", at(28min), at(27min), core::GapCause::overflow},
                {"binance", "bitcoin/usd", at(26min), at(25min), core::GapCause::restart},
                {"kraken", "WHO/KNOWS", at(24min), at(23min), core::GapCause::restart},
                {"coingecko", "", at(20min), at(19min), core::GapCause::disconnect}};
  store(batch);
  const std::string path = "/api/v1/gaps";
  const auto causes = [&](const std::string& asset) {
    const std::string json = body(path + "?asset=" + asset, path);
    return std::array{count(json, "disconnect"), count(json, "overflow"), count(json, "restart"), count(json, "cause")};
  };
  EXPECT_EQ(causes("btc"), (std::array{1UL, 0UL, 1UL, 2UL})) << "its source's, and of a pair not listed any more";
  EXPECT_EQ(causes("ethereum"), (std::array{1UL, 1UL, 0UL, 2UL}));
  EXPECT_THAT(body(path + "?asset=btc", path), HasSubstr(R"("symbol":"bitcoin/usd","pair":"btc/usd")"));
  EXPECT_EQ(count(body(path + "?pair=btc/usd", path), "\"cause\""), 2U);
  EXPECT_EQ(get(path + "?asset=nope").status, 404);
}

TEST_F(History, CompositePricesThatWereNotStoredAreAGapOfTheirsAlone) {
  start_all();
  core::WriteBatch batch;
  market.add_candles(batch, "bitcoin", market.minute() - 60min, market.minute(), "1");
  batch.gaps = {{"composite", "", market.minute() - 30min, market.minute() - 20min, core::GapCause::disk_full,
                 core::GapState::lost}};
  store(batch);
  const std::string path = "/api/v1/gaps", gap = R"("venue":"composite","symbol":null,"pair":null,)";
  EXPECT_THAT(body(path, path), HasSubstr(gap));
  EXPECT_THAT(body(path + "?venue=composite", path), HasSubstr(gap));
  EXPECT_EQ(count(body(path + "?venue=kraken", path), "\"cause\""), 0U);
  EXPECT_THAT(body("/api/v1/candles/btc/usd?start=2026-06-01T11:10:00Z&end=2026-06-01T11:50:00Z", kCandles),
              HasSubstr(R"("complete":true,"gaps":[])"))
      << "candles are kept on a full disk";
}

TEST_F(History, ARepairedGapIsNoneUnlessItLeftAMark) {
  start_all();
  core::WriteBatch batch;
  market.add_candles(batch, "bitcoin", market.minute() - 60min, market.minute(), "1");
  batch.gaps = {{"kraken", "", market.minute() - 30min, market.minute() - 20min, core::GapCause::disconnect,
                 core::GapState::repaired}};
  store(batch);
  const std::string target = "/api/v1/candles/btc/usd?start=2026-06-01T11:10:00Z&end=2026-06-01T11:50:00Z";
  EXPECT_THAT(body(target, kCandles), HasSubstr(R"("complete":true,"gaps":[])"));
  core::WriteBatch again;
  again.candles.push_back({{market.asset("bitcoin"), market.market.usd, {}},
                           core::Interval::m1,
                           market.candle(market.minute() - 25min, "1", true)});
  store(again);
  EXPECT_THAT(body(target, kCandles), HasSubstr(R"("complete":false,"gaps":[{"venue":"kraken")"));
}

TEST_F(History, AnIncompleteCandleMakesTheAnswerIncomplete) {
  start_all();
  core::WriteBatch batch;
  batch.candles.push_back({{market.asset("bitcoin"), market.market.usd, {}},
                           core::Interval::m1,
                           market.candle(market.minute() - 10min, "1", true)});
  store(batch);
  EXPECT_THAT(body("/api/v1/candles/btc/usd?start=2026-06-01T11:50:00Z&end=2026-06-01T11:51:00Z", kCandles),
              HasSubstr(R"("complete":false,"gaps":[{"venue":null,"start":"2026-06-01T11:50:00.000Z",)"
                        R"("end":"2026-06-01T11:51:00.000Z","cause":"partial"}],)"));
}

TEST_F(History, CandlesInAnotherQuoteTakeItsOwnCandlesWhereStored) {
  start_all();
  store_day("bitcoin", "64000", 10min);
  store_day("ethereum", "3200", 5min);
  const std::string range = "?start=2026-06-01T11:50:00Z&end=2026-06-01T12:00:00Z";
  const std::string mixed = body("/api/v1/candles/btc/eth" + range, kCandles);
  EXPECT_THAT(mixed, AllOf(HasSubstr(R"("conversion":"mixed")"), HasSubstr(R"("close":20,)"),
                           HasSubstr(R"("close":19.937694704,)")));
  EXPECT_THAT(body("/api/v1/candles/btc/eur" + range, kCandles),
              AllOf(HasSubstr(R"("conversion":"present_rate")"), HasSubstr(R"("close":51200,)")));
  const std::string coarse =
      body("/api/v1/candles/btc/eth?interval=5m&start=2026-06-01T11:55:00Z&end=2026-06-01T12:00:00Z", kCandles);
  EXPECT_THAT(coarse,
              AllOf(HasSubstr(R"("conversion":"candles")"),
                    HasSubstr(R"("open":20,"high":20,"low":20,"close":20,"volume":2.5,"trades":15,"final":true)")));
}

TEST_F(History, CandlesOfOneVenue) {
  start_all();
  core::WriteBatch batch;
  batch.candles.push_back({{market.asset("bitcoin"), market.market.usd, market.kraken},
                           core::Interval::m1,
                           market.candle(market.minute() - 2min, "7")});
  batch.candles.push_back(batch.candles.front());
  batch.candles.back().candle.start = market.minute() - 1min;
  batch.candles.back().candle.trades = 0;  // the venue's own
  store(batch);
  EXPECT_THAT(body("/api/v1/candles/btc/usd?venue=Kraken", kCandles),
              AllOf(HasSubstr(R"("venue":"kraken")"), HasSubstr(R"("source":"kraken")"), HasSubstr(R"("close":7,)"),
                    HasSubstr(R"("volume":0.5,"trades":3,)"), HasSubstr(R"("volume":0.5,"trades":null,)")));
  EXPECT_THAT(error("/api/v1/candles/btc/eur?venue=kraken", 404, kCandles),
              AllOf(HasSubstr(R"("code":"unknown_pair")"), HasSubstr(R"("near":["btc/usd"])")));
  EXPECT_THAT(error("/api/v1/candles/btc/usd?venue=krakn", 400, kCandles), HasSubstr(R"("near":["kraken","binance"])"));
}

TEST_F(History, APairThatTheVenueDoesNotListNowKeepsItsPast) {
  start_all();
  core::WriteBatch batch;
  batch.catalogue = market.catalogue;
  for (auto at = market.minute() - 10min; at < market.minute() - 5min; at = at + 1min) {
    batch.candles.push_back(
        {{market.asset("dogecoin"), market.market.usd, market.kraken}, core::Interval::m1, market.candle(at, "0.25")});
  }
  batch.gaps = {{"kraken", "dogecoin/usd", market.minute() - 5min, market.minute(), core::GapCause::restart},
                {"kraken", "ETH/USD", market.minute() - 9min, market.minute() - 8min, core::GapCause::mute}};
  store(batch);
  const std::string json = body("/api/v1/candles/doge/usd?venue=kraken&start=2026-06-01T11:50:00Z", kCandles);
  EXPECT_EQ(count(json, "\"close\":0.25"), 5U) << json;
  EXPECT_THAT(json, HasSubstr(R"("complete":false,"gaps":[{"venue":"kraken","start":"2026-06-01T11:55:00.000Z")"));
  EXPECT_EQ(count(json, "\"cause\""), 1U) << "another pair's gap is none of its";
  EXPECT_THAT(error("/api/v1/candles/doge/usd?venue=binance", 404, kCandles),
              HasSubstr("binance does not trade doge/usd"));
}

TEST_F(History, RangesThatAreNone) {
  start_all();
  EXPECT_THAT(error("/api/v1/candles/btc/usd?start=2026-06-01T12:00:00Z&end=2026-06-01T12:00:00Z", 400, kCandles),
              HasSubstr(R"("parameter":"start")"));
  EXPECT_THAT(error("/api/v1/candles/btc/usd?start=tomorrow", 400, kCandles), HasSubstr(R"("value":"tomorrow")"));
  EXPECT_THAT(error("/api/v1/candles/btc/usd?interval=2m", 400, kCandles), HasSubstr("1m, 5m, 15m, 1h, 4h, 1d"));
  EXPECT_THAT(error("/api/v1/candles/btc/usd?limit=5001", 400, kCandles), HasSubstr("5000"));
}

TEST_F(History, PairHistoryFromStoredMinutes) {
  start_all();
  store_day("bitcoin", "64000.10");
  const std::string json = body("/api/prices/btc/usd/history", kPair);
  EXPECT_EQ(count(json, "timestamp"), 1440U);
  EXPECT_THAT(json,
              StartsWith(R"({"pair":"btc/usd","prices":[{"timestamp":"2026-05-31T12:01:00.000Z","price":64000.10})"));
  EXPECT_THAT(
      json,
      HasSubstr(
          R"("volatility_rank":2,"complete":true,"gaps":[],"origin":"real","source":"composite","conversion":"none"})"));
}

TEST_F(History, PairHistoryFromMemoryWhereTheStoreHasNothing) {
  start_all();
  const std::string json = body("/api/prices/eth/usd/history", kPair);
  EXPECT_EQ(count(json, "timestamp"), 1440U);
  EXPECT_THAT(json, HasSubstr(R"("volatility_rank":1,"complete":true)"));
  // In another quote each minute takes that quote's own price.
  EXPECT_THAT(body("/api/prices/eth/btc/history", kPair),
              AllOf(HasSubstr(R"("conversion":"candles")"), HasSubstr(R"("price":0.05004995005})")));
  EXPECT_THAT(body("/api/prices/eth/eur/history", kPair), HasSubstr(R"("conversion":"present_rate")"));
}

TEST_F(History, PairHistoryFromTheAggregatorWhereNobodyElseKnows) {
  start();
  open_store();
  std::vector<core::MarketPoint> points;
  for (auto t = market.minute() - 24h; t < market.minute(); t = t + 5min) points.push_back({t, 0.5, {}, {}});
  charts = points;
  serve();
  const std::string json = body("/api/prices/doge/usd/history", kPair);
  EXPECT_EQ(count(json, "timestamp"), 288U);
  EXPECT_THAT(json,
              HasSubstr(R"("volatility_rank":null,"complete":true,"gaps":[],"origin":"real","source":"coingecko")"));
  EXPECT_THAT(chart_requests, ElementsAre("dogecoin:1"));
}

TEST_F(History, AChartNamesWhoseItIsOfSeveralAggregators) {
  start();
  open_store();
  chart_source = market.catalogue->upsert_venue({"second", "Second", true, "", ""});
  charts = std::vector<core::MarketPoint>{{market.minute() - 1h, 0.5, {}, {}}};
  serve();
  EXPECT_THAT(body("/api/prices/doge/usd/history", kPair), HasSubstr(R"("source":"second")"));
}

TEST_F(History, CoinHistoryOfADay) {
  start_all();
  store_day("bitcoin", "64000.10", 24h + 10min);
  core::WriteBatch batch;
  batch.points.push_back({market.asset("bitcoin"), {market.minute() - 1h, 1.0, 1280000000000.0, 29000000000.0}});
  store(batch);
  const std::string json = body("/history/bitcoin?days=1", kCoin);
  EXPECT_THAT(
      json,
      StartsWith(
          R"({"coin_id":"bitcoin","currency":"usd","days":1,"complete":true,"gaps":[],"origin":"real","source":"composite","conversion":"none",)"
          R"("prices":[[1780229400000,64000.10],)"));
  EXPECT_THAT(json, HasSubstr("[1780315230300,64321.50]],"));  // ends with the price of now
  EXPECT_THAT(
      json,
      HasSubstr(R"("market_caps":[[1780311600000,1280000000000]],"total_volumes":[[1780311600000,29000000000]]})"));
  EXPECT_THAT(body("/history/btc?days=1&currency=eur", kCoin),
              AllOf(HasSubstr(R"("currency":"eur")"), HasSubstr(R"("conversion":"present_rate")"),
                    HasSubstr("[1780229400000,51200.08]")));
}

TEST_F(History, CoinHistoryAsksTheAggregatorOnceForWhatIsMissing) {
  start();
  open_store();
  std::vector<core::MarketPoint> points;
  for (auto t = market.minute() - 24h * 30; t < market.minute(); t = t + 1h) points.push_back({t, 60000, 1.2e12, 3e10});
  charts = points;
  serve();
  const std::string json = body("/history/bitcoin?days=30&currency=usd", kCoin);
  EXPECT_THAT(json, AllOf(HasSubstr(R"("complete":true)"), HasSubstr(R"("source":"composite+coingecko")"),
                          HasSubstr(R"("market_caps":[[)")));
  EXPECT_GT(count(json.substr(0, json.find("market_caps")), ",60000]"), 690U);
  EXPECT_EQ(body("/history/bitcoin", kCoin), json);
  EXPECT_THAT(chart_requests, ElementsAre("bitcoin:30"));  // kept for the second
}

TEST_F(History, CoinHistorySaysWhatIsMissingWhenTheAggregatorRefuses) {
  start();
  open_store();
  charts = core::fail(core::ErrorCode::rate_limited, "budget");
  serve();
  const std::string json = body("/history/dogecoin?days=7", kCoin);
  EXPECT_THAT(json, AllOf(HasSubstr(R"("complete":false)"),
                          HasSubstr(R"("gaps":[{"venue":null,"start":"2026-05-25T13:00:00.000Z")"),
                          HasSubstr(R"("cause":"no_data")")));
}

TEST_F(History, CoinHistoryWorksWithoutAStore) {
  start();
  serve();
  EXPECT_THAT(body("/history/bitcoin?days=1", kCoin), HasSubstr(R"("complete":true)"));  // from memory
  for (const char* bad : {"days=abc", "days=0", "days=-1", "days=366", "days="}) {
    EXPECT_THAT(error(std::string("/history/bitcoin?") + bad, 400, kCoin), HasSubstr(R"("parameter":"days")")) << bad;
  }
}

TEST_F(History, ABusyStoreSaysSo) {
  start();
  open_store({.readers = 1, .waiting_reads = 1});
  serve();
  std::promise<void> release;
  const auto gate = release.get_future().share();
  std::atomic<bool> blocked{false};
  ASSERT_TRUE(history->read([&](storage::StoreReader&) {
    blocked = true;
    gate.wait();
  }));
  ASSERT_TRUE(test::eventually([&] { return blocked.load(); }));
  while (history->read([](storage::StoreReader&) {})) {
  }
  for (const char* target : {"/history/bitcoin", "/api/v1/candles/btc/usd", "/api/prices/btc/usd/history"}) {
    const auto response = get(target);
    EXPECT_EQ(response.status, 503) << target;
    EXPECT_EQ(response.header("retry-after"), "1");
    EXPECT_THAT(response.body, AllOf(HasSubstr(R"("code":"overloaded")"), HasSubstr(R"("temporary":true)")));
  }
  EXPECT_EQ(get("/api/v1/status").status, 200);  // does without
  release.set_value();
  EXPECT_TRUE(test::eventually([&] { return get("/history/bitcoin").status == 200; }));
}

}  // namespace
}  // namespace tickspan::server
