#include "feeds/bybit/bybit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "feeds/bybit/answer.hpp"
#include "feeds/bybit/history.hpp"
#include "venue_fixture.hpp"

namespace tickspan::feeds {
namespace {

using core::Timestamp;
using test_venues::with;
using testing::HasSubstr;

const std::string kTrades =
    R"({"topic":"publicTrade.BTCUSDT","ts":1779999999130,"type":"snapshot","data":[{"i":"2290000001189048101","T":1779999999128,"p":"64319.50","v":"0.004","S":"Buy","seq":88000001,"s":"BTCUSDT","BT":false,"RPI":false},{"i":"2290000001189048102","T":1779999999129,"p":"64319.4","v":"1","S":"Sell","seq":88000002,"s":"BTCUSDT","BT":false,"RPI":false}]})";
const std::string kBest =
    R"({"topic":"orderbook.1.BTCUSDT","ts":1779999999200,"type":"snapshot","data":{"s":"BTCUSDT","b":[["64319.4","0.7"]],"a":[["64319.5","1.2"]],"u":1,"seq":2},"cts":1779999999199})";
const std::string kSpotTicker =
    R"({"topic":"tickers.BTCUSDT","ts":1779999999126,"type":"snapshot","cs":1,"data":{"symbol":"BTCUSDT","lastPrice":"64319.5","highPrice24h":"65305.6","lowPrice24h":"64727.9","prevPrice24h":"65045.3","volume24h":"2953.8","turnover24h":"191907024.6","price24hPcnt":"0.0015","usdIndexPrice":""}})";

std::string contract(const char* type, const std::string& fields) {
  return std::string(R"({"topic":"tickers.BTCUSDT","type":")") + type + R"(","data":{"symbol":"BTCUSDT")" + fields +
         R"(},"cs":7,"ts":1779999999126})";
}

class BybitTest : public ::testing::Test, protected test_venues::Venue {
 protected:
  BybitTest() : Venue(make_bybit()) {
    know("ETHUSDT");
    know("BTCUSDT");
  }
};

TEST_F(BybitTest, TradesKeepTheirDigits) {
  ASSERT_EQ(why(kTrades), "");
  EXPECT_EQ(out.type, "publicTrade");
  EXPECT_EQ(out.kind, FrameKind::data);
  EXPECT_EQ(out.protocol, "v5");
  ASSERT_EQ(out.ticks.size(), 2u);
  EXPECT_EQ(out.ticks[0].price().to_string(), "64319.50");
  EXPECT_EQ(out.ticks[0].amount().to_string(), "0.004");
  EXPECT_EQ(out.ticks[0].side(), core::Side::buy) << "the taker's";
  EXPECT_EQ(out.ticks[0].trade_id(), 2290000001189048101u);
  EXPECT_EQ(out.ticks[0].event_time(), Timestamp::from_ms(1779999999128));
  EXPECT_EQ(out.ticks[1].side(), core::Side::sell);
  EXPECT_EQ(out.ticks[1].instrument().value, 1u);
}

TEST_F(BybitTest, IdsOfContractsAreFoldedAndDiffer) {
  std::uint64_t a = 0, b = 0, c = 0;
  ASSERT_TRUE(bybit::read_trade_id("a9188a0a-82bc-50de-be60-03eedbe3cdd7", a));
  ASSERT_TRUE(bybit::read_trade_id("a9188a0a-82bc-50de-be60-03eedbe3cdd8", b));
  ASSERT_TRUE(bybit::read_trade_id("A9188A0A-82BC-50DE-BE60-03EEDBE3CDD7", c));
  EXPECT_NE(a, b);
  EXPECT_EQ(a, c);
  EXPECT_EQ(a, (0xa9188a0a82bc50deU ^ 0xbe6003eedbe3cdd7U) & INT64_MAX);
  ASSERT_TRUE(bybit::read_trade_id("00000000-0000-0000-0000-000000000000", a));
  EXPECT_NE(a, 0u) << "0 is no id";
  for (const char* text : {"", "x", "-1", "99999999999999999999", "a9188a0a-82bc-50de-be60-03eedbe3cdg7",
                           "a9188a0a082bc-50de-be60-03eedbe3cdd7", "a9188a0a-82bc-50de-be60-03eedbe3cdd"})
    EXPECT_FALSE(bybit::read_trade_id(text, a)) << text;
}

TEST_F(BybitTest, TheBookOfOneLevelIsAQuote) {
  ASSERT_EQ(why(kBest), "");
  EXPECT_EQ(out.type, "orderbook.1");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.ticks[0].bid().to_string(), "64319.4");
  EXPECT_EQ(out.ticks[0].ask().to_string(), "64319.5");
  EXPECT_EQ(out.ticks[0].bid_size().to_string(), "0.7");
  EXPECT_EQ(out.ticks[0].ask_size().to_string(), "1.2");
  EXPECT_EQ(out.ticks[0].event_time(), Timestamp::from_ms(1779999999200));
  ASSERT_EQ(why(with(kBest, R"([["64319.4","0.7"]])", "[]")), "");
  EXPECT_TRUE(out.ticks.empty()) << "a snapshot without a side";
}

TEST_F(BybitTest, AnUpdateOfTheBookReplacesItsLevel) {
  ASSERT_EQ(why(kBest), "");
  ASSERT_EQ(why(with(with(kBest, "snapshot", "delta"), R"([["64319.4","0.7"]])", "[]")), "");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.ticks[0].bid().to_string(), "64319.4") << "unchanged";
  const std::string moved = with(kBest, R"([["64319.4","0.7"]])", R"([["64319.4","0"],["64319.3","9"]])");
  ASSERT_EQ(why(with(moved, "snapshot", "delta")), "");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.ticks[0].bid().to_string(), "64319.3");
  EXPECT_EQ(out.ticks[0].bid_size().to_string(), "9");
  ASSERT_EQ(why(with(with(kBest, R"([["64319.4","0.7"]])", R"([["64319.3","0"]])"), "snapshot", "delta")), "");
  EXPECT_TRUE(out.ticks.empty()) << "the only bid is deleted";
}

TEST_F(BybitTest, PartialTickersAreMergedIntoQuotes) {
  ASSERT_EQ(why(contract("delta", R"(,"bid1Price":"1","bid1Size":"1")")), "");
  EXPECT_TRUE(out.ticks.empty()) << "no snapshot yet: the ask is not known";
  ASSERT_EQ(why(contract("snapshot",
                         R"(,"lastPrice":"100","bid1Price":"99.5","bid1Size":"3","ask1Price":"100.5","ask1Size":"4")")),
            "");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.ticks[0].bid().to_string(), "99.5");
  ASSERT_EQ(why(contract("delta", R"(,"ask1Price":"100.4")")), "");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.ticks[0].bid().to_string(), "99.5");
  EXPECT_EQ(out.ticks[0].ask().to_string(), "100.4");
  EXPECT_EQ(out.ticks[0].ask_size().to_string(), "4");
  EXPECT_EQ(out.ticks[0].event_time(), Timestamp::from_ms(1779999999126)) << "the time comes after the data";
  ASSERT_EQ(why(contract("delta", R"(,"markPrice":"100.1")")), "");
  EXPECT_TRUE(out.ticks.empty()) << "it says nothing of the best prices";
  EXPECT_NE(why(contract("delta", R"(,"bid1Price":"-1")")), "");
  ASSERT_EQ(why(contract("delta", R"(,"bid1Size":"5")")), "");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.ticks[0].bid().to_string(), "99.5") << "what was refused has changed nothing";
  ASSERT_EQ(why(contract("snapshot", R"(,"lastPrice":"100")")), "");
  EXPECT_TRUE(out.ticks.empty());
  ASSERT_EQ(why(contract("delta", R"(,"ask1Price":"100.4")")), "");
  EXPECT_TRUE(out.ticks.empty()) << "a snapshot begins anew";
}

TEST_F(BybitTest, TheTickerOfASpotPairHasNoBestPrices) {
  ASSERT_EQ(why(kBest), "");
  ASSERT_EQ(why(kSpotTicker), "");
  EXPECT_EQ(out.kind, FrameKind::data);
  EXPECT_EQ(out.type, "tickers");
  EXPECT_TRUE(out.ticks.empty());
  ASSERT_EQ(why(with(with(kBest, "snapshot", "delta"), R"([["64319.4","0.7"]])", "[]")), "");
  EXPECT_EQ(out.ticks.size(), 1u) << "and does not end what the book says";
}

TEST_F(BybitTest, KeyOrderAndBlanksDoNotMatter) {
  ASSERT_EQ(
      why(R"({ "data" : [ { "s" : "BTCUSDT" , "S" : "Sell" , "v" : "2" , "p" : "3.5" , "T" : 1779999999000 , "i" : "5" } ] , "type" : "snapshot" , "topic" : "publicTrade.BTCUSDT" } )"),
      "");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.ticks[0].price().to_string(), "3.5");
}

TEST_F(BybitTest, OtherMessages) {
  struct Case {
    const char* text;
    FrameKind kind;
    const char* type;
    const char* detail;
  };
  const Case cases[] = {
      {R"({"success":true,"ret_msg":"subscribe","conn_id":"d9av","op":"subscribe"})", FrameKind::control, "subscribe",
       ""},
      {R"({"success":true,"ret_msg":"","conn_id":"a38","req_id":"","op":"subscribe"})", FrameKind::control, "subscribe",
       ""},
      {R"({"success":false,"ret_msg":"Invalid symbol :[publicTrade.NOPEUSDT]","conn_id":"d9av","req_id":"3","op":"subscribe"})",
       FrameKind::refusal, "subscribe", "Invalid symbol :[publicTrade.NOPEUSDT]"},
      {R"({"success":true,"ret_msg":"pong","conn_id":"d9av","op":"ping"})", FrameKind::heartbeat, "ping", ""},
      {R"({"op":"pong","args":["1675418560633"],"conn_id":"a"})", FrameKind::heartbeat, "pong", ""},
      {R"({"topic":"orderbook.200.BTCUSDT","ts":1,"type":"delta","data":{"s":"BTCUSDT","b":[["1","0"]],"a":[]}})",
       FrameKind::data, "orderbook.200", ""},
      {R"({"type":"snapshot","topic":"kline.1.BTCUSDT","data":[{"start":1}],"ts":1})", FrameKind::data, "kline.1", ""},
  };
  for (const auto& expected : cases) {
    EXPECT_EQ(why(expected.text), "") << expected.text;
    EXPECT_EQ(out.kind, expected.kind) << expected.text;
    EXPECT_EQ(out.type, expected.type) << expected.text;
    EXPECT_EQ(out.detail, expected.detail) << expected.text;
    EXPECT_TRUE(out.ticks.empty());
  }
}

TEST_F(BybitTest, UnknownSymbolsAreNamedAndTheOthersTaken) {
  ASSERT_EQ(why(with(kTrades, R"("s":"BTCUSDT")", R"("s":"NEWUSDT")")), "");
  EXPECT_EQ(out.unknown_symbol, "NEWUSDT");
  EXPECT_EQ(out.ticks.size(), 1u);
  ASSERT_EQ(why(with(kBest, "orderbook.1.BTCUSDT", "orderbook.1.NEWUSDT")), "");
  EXPECT_EQ(out.unknown_symbol, "NEWUSDT");
  EXPECT_TRUE(out.ticks.empty());
}

TEST_F(BybitTest, ValuesOutOfRangeAreRefused) {
  const std::pair<const char*, const char*> changes[] = {
      {R"("p":"64319.50")", R"("p":"-1")"},    {R"("p":"64319.50")", R"("p":"0")"},
      {R"("p":"64319.50")", R"("p":"1e400")"}, {R"("p":"64319.50",)", ""},
      {R"("v":"0.004")", R"("v":"0")"},        {R"("i":"2290000001189048101")", R"("i":"x")"},
      {R"("S":"Buy")", R"("S":"buy")"},        {R"("T":1779999999128)", R"("T":1780086400001)"},
      {R"("T":1779999999128)", R"("T":-5)"},   {R"("data":[)", R"("data":7,"x":[)"}};
  for (const auto& [from, to] : changes) {
    const std::string text = with(kTrades, from, to);
    ASSERT_NE(text, "") << from;
    EXPECT_NE(why(text), "") << text;
  }
  for (const auto& [from, to] :
       {std::pair{R"("64319.4","0.7")", R"("-1","0.7")"}, std::pair{R"("64319.4","0.7")", R"("1","x")"},
        std::pair{R"("ts":1779999999200)", R"("ts":1)"}, std::pair{"snapshot", "other"},
        std::pair{R"("b":[[)", R"("b":7,"x":[[)"}})
    EXPECT_NE(why(with(kBest, from, to)), "") << to;
  EXPECT_NE(why(R"({"topic":"publicTrade.BTCUSDT","type":"snapshot"})"), "");
}

TEST_F(BybitTest, TruncatedAndForeignFramesAreRefused) {
  for (const auto& text : {kTrades, kBest, kSpotTicker}) {
    for (const auto& part : test_venues::prefixes(text)) EXPECT_NE(why(part), "") << part;
  }
  for (const char* text : {"{}", "5", "null", "hello", R"({"channel":"heartbeat"})"}) EXPECT_NE(why(text), "") << text;
}

TEST_F(BybitTest, SubscribesTenTopicsAtATime) {
  EXPECT_EQ(protocol->subscribe(std::vector<std::string>{"BTCUSDT"}, 7),
            (std::vector<std::string>{
                R"({"req_id":"7","op":"subscribe","args":["publicTrade.BTCUSDT","orderbook.1.BTCUSDT"]})"}));
  const auto many = protocol->subscribe(std::vector<std::string>(12, "BTCUSDT"), 7);
  ASSERT_EQ(many.size(), 3u);
  for (const auto& message : many) {
    std::size_t topics = 0;
    for (auto at = message.find("BTCUSDT"); at != std::string::npos; at = message.find("BTCUSDT", at + 1)) ++topics;
    EXPECT_LE(topics, 10u) << message;
  }
  EXPECT_THAT(many[2], HasSubstr(R"("req_id":"9")"));
  EXPECT_THAT(protocol->unsubscribe(std::vector<std::string>{"BTCUSDT"}, 1).front(),
              HasSubstr(R"("op":"unsubscribe")"));
  EXPECT_EQ(protocol->ping(42), R"({"req_id":"42","op":"ping"})");
}

TEST_F(BybitTest, SymbolListsAndTheirErrors) {
  const auto pairs = protocol->decode_symbols(
      R"({"retCode":0,"retMsg":"OK","result":{"category":"spot","list":[{"symbol":"BTCUSDT","baseCoin":"BTC","quoteCoin":"USDT","status":"Trading","lotSizeFilter":{"basePrecision":"0.1"}},
          {"symbol":"OLDUSDT","baseCoin":"OLD","quoteCoin":"USDT","status":"Closed"}]},"retExtInfo":{},"time":1})");
  ASSERT_TRUE(pairs);
  ASSERT_EQ(pairs->size(), 2u);
  EXPECT_EQ((*pairs)[0].base, "btc");
  EXPECT_TRUE((*pairs)[0].trading);
  EXPECT_FALSE((*pairs)[1].trading);
  const auto busy = protocol->decode_symbols(R"({"retCode":10006,"retMsg":"Too many visits!","result":{},"time":1})");
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().code, core::ErrorCode::rate_limited);
  for (const char* text : {"", "{}", "[]", "<html>", R"({"retCode":0,"result":{"list":{}}})"})
    EXPECT_FALSE(protocol->decode_symbols(text)) << text;
}

TEST_F(BybitTest, RecordedSymbolList) {
  const auto dir = test::recordings_dir();
  if (!dir) GTEST_SKIP() << "no recordings (../shared is not there)";
  const auto pairs =
      protocol->decode_symbols(test::read_file(*dir + "/bybit/rest/instruments-info_spot_20260809.json.gz"));
  ASSERT_TRUE(pairs);
  EXPECT_EQ(pairs->size(), 557u);
  EXPECT_EQ(std::count_if(pairs->begin(), pairs->end(), [](const auto& pair) { return pair.trading; }), 557);
}

// The venue's past.

HistoryQuery query(HistoryKind kind) {
  return {kind, "BTCUSDT", Timestamp::from_s(1'780'000'020), Timestamp::from_s(1'780'000'140)};
}

TEST(BybitHistory, OnlyTheNewestTradesAreThereAndItSaysWhenTheyDoNotReach) {
  const auto venue = make_bybit_history();
  const auto asked = query(HistoryKind::trades);
  EXPECT_FALSE(venue->limits().trades_by_time);
  EXPECT_EQ(venue->target(asked, ""), "/v5/market/recent-trade?category=spot&symbol=BTCUSDT&limit=60");
  const auto body = [](int rows, std::int64_t newest_ms) {
    std::string list;
    for (int i = 0; i < rows; ++i) {
      list += std::string(i == 0 ? "" : ",") + R"({"execId":")" + std::to_string(500 - i) +
              R"(","symbol":"BTCUSDT","price":"2","size":"1","side":"Sell","time":")" +
              std::to_string(newest_ms - i * 1000) + R"(","isBlockTrade":false})";
    }
    return R"({"retCode":0,"retMsg":"OK","result":{"category":"spot","list":[)" + list + "]}}";
  };
  const auto whole = venue->decode(asked, "", body(60, 1'780'000'060'000));
  ASSERT_TRUE(whole) << whole.error().context;
  EXPECT_EQ(whole->trades.size(), 41u);
  EXPECT_EQ(whole->trades.front().first_id, 460u);
  EXPECT_EQ(whole->trades.front().side, core::Side::sell);
  const auto few = venue->decode(asked, "", body(3, 1'780'000'130'000));
  ASSERT_TRUE(few) << "there never were more";
  EXPECT_EQ(few->trades.size(), 3u);
  const auto late = venue->decode(asked, "", body(60, 1'780'000'139'000));
  ASSERT_FALSE(late) << "older ones may be missing: this must not pass for all there were";
  EXPECT_EQ(late.error().code, core::ErrorCode::too_large);
}

TEST(BybitHistory, CandlesComeInWindowsOfAPage) {
  const auto venue = make_bybit_history();
  auto asked = query(HistoryKind::minutes);
  EXPECT_EQ(
      venue->target(asked, ""),
      "/v5/market/kline?category=spot&symbol=BTCUSDT&interval=1&start=1780000020000&end=1780000140000&limit=1000");
  const auto page = venue->decode(
      asked, "",
      R"({"retCode":0,"retMsg":"OK","result":{"symbol":"BTCUSDT","category":"spot","list":[["1780000080000","100","110.5","99","105","12.5","1300"],["1780000020000","99","101","98","100","0.5","50"]]},"time":1})");
  ASSERT_TRUE(page) << page.error().context;
  ASSERT_EQ(page->candles.size(), 2u);
  EXPECT_EQ(page->candles[1].high.to_string(), "110.5");
  asked.to = asked.from + std::chrono::minutes(2500);
  const auto first = venue->decode(asked, "", R"({"retCode":0,"result":{"list":[]}})");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->next, std::to_string((asked.from + std::chrono::minutes(1000)).ms()));
  EXPECT_THAT(venue->target(query(HistoryKind::hours), ""), HasSubstr("interval=60&"));
}

TEST(BybitHistory, ErrorsOfTheVenueAndBadRowsAreNamed) {
  const auto venue = make_bybit_history();
  const std::pair<const char*, core::ErrorCode> cases[] = {
      {R"({"retCode":10006,"retMsg":"Too many visits!","result":{}})", core::ErrorCode::rate_limited},
      {R"({"retCode":10001,"retMsg":"Not supported symbols","result":{}})", core::ErrorCode::not_found},
      {R"({"retCode":10016,"retMsg":"Server error","result":null})", core::ErrorCode::unavailable},
      {R"({"retCode":0,"result":{"list":[["1780000020001","1","1","1","1","1"]]}})", core::ErrorCode::parse_error},
      {R"({"retCode":0,"result":{"list":[["1780000020000","1"]]}})", core::ErrorCode::parse_error},
      {R"({"retCode":0,"result":{}})", core::ErrorCode::parse_error},
      {"<html>", core::ErrorCode::parse_error},
  };
  for (const auto& [body, code] : cases) {
    const auto page = venue->decode(query(HistoryKind::minutes), "", body);
    ASSERT_FALSE(page) << body;
    EXPECT_EQ(page.error().code, code) << body << ": " << page.error().context;
  }
}

}  // namespace
}  // namespace tickspan::feeds
