#include "feeds/okx/okx.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "feeds/okx/history.hpp"
#include "venue_fixture.hpp"

namespace tickspan::feeds {
namespace {

using core::Timestamp;
using test_venues::with;
using testing::HasSubstr;

const std::string kTrades =
    R"({"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"700000123","px":"64318.20","sz":"0.05","side":"sell","ts":"1779999999123","count":"2"},{"instId":"ETH-BTC","tradeId":"9","px":"0.000000454","sz":"12","side":"buy","ts":"1779999999124","count":"1"}]})";
const std::string kTicker =
    R"({"arg":{"channel":"tickers","instId":"BTC-USDT"},"data":[{"instType":"SPOT","instId":"BTC-USDT","last":"64318.2","lastSz":"0.05","askPx":"64318.3","askSz":"1.2","bidPx":"64318.2","bidSz":"0.7","open24h":"63000","high24h":"64900","low24h":"62700","sodUtc0":"63500","sodUtc8":"63600","volCcy24h":"1","vol24h":"2","ts":"1779999999100"}]})";

class OkxTest : public ::testing::Test, protected test_venues::Venue {
 protected:
  OkxTest() : Venue(make_okx()) {
    know("BTC-USDT");
    know("ETH-BTC");
  }
};

TEST_F(OkxTest, TradesKeepTheirDigits) {
  ASSERT_EQ(why(kTrades), "");
  EXPECT_EQ(out.type, "trades");
  EXPECT_EQ(out.kind, FrameKind::data);
  EXPECT_EQ(out.protocol, "v5");
  ASSERT_EQ(out.ticks.size(), 2u);
  EXPECT_EQ(out.ticks[0].price().to_string(), "64318.20");
  EXPECT_EQ(out.ticks[0].amount().to_string(), "0.05");
  EXPECT_EQ(out.ticks[0].side(), core::Side::sell) << "the taker's";
  EXPECT_EQ(out.ticks[0].trade_id(), 700000123u);
  EXPECT_EQ(out.ticks[0].fills(), 2u) << "700000122 is in it";
  EXPECT_EQ(out.ticks[0].event_time(), Timestamp::from_ms(1779999999123));
  EXPECT_EQ(out.ticks[1].instrument().value, 1u);
  EXPECT_EQ(out.ticks[1].price().to_string(), "0.000000454");
}

TEST_F(OkxTest, ATradeThatDoesNotSayHowManyFillsItIsHasNoPlaceInTheNumbers) {
  ASSERT_EQ(why(with(kTrades, R"(,"count":"2")", "")), "");
  EXPECT_EQ(out.ticks[0].fills(), 0u);
  EXPECT_NE(why(with(kTrades, R"("count":"2")", R"("count":"-2")")), "");
  EXPECT_NE(why(with(kTrades, R"("count":"2")", R"("count":"9999999999")")), "");
}

TEST_F(OkxTest, TickerIsAQuote) {
  ASSERT_EQ(why(kTicker), "");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.ticks[0].kind(), core::TickKind::quote);
  EXPECT_EQ(out.ticks[0].bid().to_string(), "64318.2");
  EXPECT_EQ(out.ticks[0].ask().to_string(), "64318.3");
  EXPECT_EQ(out.ticks[0].bid_size().to_string(), "0.7");
  EXPECT_EQ(out.ticks[0].ask_size().to_string(), "1.2");
  EXPECT_EQ(out.ticks[0].event_time(), Timestamp::from_ms(1779999999100));
}

TEST_F(OkxTest, AnEmptySideIsNoQuoteAndZeroFiguresAreAllowed) {
  for (const char* none : {R"("bidPx":"")", R"("bidPx":"0")"}) {
    ASSERT_EQ(why(with(kTicker, R"("bidPx":"64318.2")", none)), "") << none;
    EXPECT_TRUE(out.ticks.empty());
    EXPECT_EQ(out.kind, FrameKind::data);
  }
  ASSERT_EQ(why(with(with(kTicker, R"("lastSz":"0.05")", R"("lastSz":"0")"), R"("vol24h":"2")", R"("vol24h":"0")")),
            "");
  EXPECT_EQ(out.ticks.size(), 1u);
}

TEST_F(OkxTest, KeyOrderAndBlanksDoNotMatter) {
  ASSERT_EQ(
      why(R"({ "data" : [ { "ts" : "1779999999000" , "side" : "buy" , "sz" : "2" , "px" : "3.5" , "tradeId" : "5" , "instId" : "BTC-USDT" } ] , "arg" : { "instId" : "BTC-USDT" , "channel" : "trades" } } )"),
      "");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.ticks[0].price().to_string(), "3.5");
}

TEST_F(OkxTest, OtherMessages) {
  struct Case {
    const char* text;
    FrameKind kind;
    const char* type;
    const char* detail;
  };
  const Case cases[] = {
      {"pong", FrameKind::heartbeat, "pong", ""},
      {R"({"id":"1","event":"subscribe","arg":{"channel":"tickers","instId":"BTC-USDT"},"connId":"a4d3ae55"})",
       FrameKind::control, "subscribe", ""},
      {R"({"event":"unsubscribe","arg":{"channel":"tickers","instId":"BTC-USDT"}})", FrameKind::control, "unsubscribe",
       ""},
      {R"({"event":"error","code":"60018","msg":"Wrong URL or channel:trades,instId:NO-PE doesn't exist.","connId":"a"})",
       FrameKind::refusal, "error", "60018 Wrong URL or channel:trades,instId:NO-PE doesn't exist."},
      {R"({"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade. Please reconnect.","connId":"a"})",
       FrameKind::reconnect, "notice",
       "64008 The connection will soon be closed for a service upgrade. Please reconnect."},
      {R"({"event":"notice","code":"64000","msg":"hello"})", FrameKind::control, "notice", "64000 hello"},
      {R"({"event":"channel-conn-count","channel":"trades","connCount":"2","connId":"a"})", FrameKind::control,
       "channel-conn-count", ""},
      {R"({"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[["1","2","0","1"]],"bids":[],"ts":"1"}]})",
       FrameKind::data, "books", ""},
      {R"({"arg":{"channel":"instruments","instType":"SPOT"},"data":[]})", FrameKind::data, "instruments", ""},
  };
  for (const auto& expected : cases) {
    EXPECT_EQ(why(expected.text), "") << expected.text;
    EXPECT_EQ(out.kind, expected.kind) << expected.text;
    EXPECT_EQ(out.type, expected.type) << expected.text;
    EXPECT_EQ(out.detail, expected.detail) << expected.text;
    EXPECT_TRUE(out.ticks.empty());
  }
}

TEST_F(OkxTest, UnknownSymbolsAreNamedAndTheOthersTaken) {
  ASSERT_EQ(why(with(with(kTrades, "BTC-USDT", "NEW-USDT"), "BTC-USDT", "NEW-USDT")), "");
  EXPECT_EQ(out.unknown_symbol, "NEW-USDT");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.ticks[0].instrument().value, 1u);
}

TEST_F(OkxTest, ValuesOutOfRangeAreRefused) {
  const std::pair<const char*, const char*> changes[] = {{R"("px":"64318.20")", R"("px":"-1")"},
                                                         {R"("px":"64318.20")", R"("px":"0")"},
                                                         {R"("px":"64318.20")", R"("px":"")"},
                                                         {R"("px":"64318.20")", R"("px":"1e400")"},
                                                         {R"("px":"64318.20",)", ""},
                                                         {R"("sz":"0.05")", R"("sz":"0")"},
                                                         {R"("tradeId":"700000123")", R"("tradeId":"x")"},
                                                         {R"("side":"sell")", R"("side":"Sell")"},
                                                         {R"("ts":"1779999999123")", R"("ts":"1780086400001")"},
                                                         {R"("ts":"1779999999123")", R"("ts":"99999999999999999999")"},
                                                         {R"("ts":"1779999999123")", R"("ts":"")"},
                                                         {R"("data":[)", R"("data":7,"x":[)"}};
  for (const auto& [from, to] : changes) {
    const std::string text = with(kTrades, from, to);
    ASSERT_NE(text, "") << from;
    EXPECT_NE(why(text), "") << text;
  }
  EXPECT_NE(why(with(kTicker, R"("bidPx":"64318.2")", R"("bidPx":"-1")")), "");
  EXPECT_NE(why(with(kTicker, R"("askSz":"1.2")", R"("askSz":"a")")), "");
  EXPECT_NE(why(R"({"arg":{"channel":"tickers","instId":"BTC-USDT"}})"), "");
}

TEST_F(OkxTest, TruncatedAndForeignFramesAreRefused) {
  for (const auto& text : {kTrades, kTicker}) {
    for (const auto& part : test_venues::prefixes(text)) EXPECT_NE(why(part), "") << part;
  }
  for (const char* text : {"{}", "5", "null", "hello", "pon", R"({"channel":"heartbeat"})", R"({"data":[]})"})
    EXPECT_NE(why(text), "") << text;
}

TEST_F(OkxTest, SubscribesTradesAndBestPrices) {
  const std::vector<std::string> names = {"BTC-USDT", "ETH-BTC"};
  EXPECT_EQ(
      protocol->subscribe(names, 7),
      (std::vector<std::string>{
          R"({"id":"7","op":"subscribe","args":[{"channel":"trades","instId":"BTC-USDT"},{"channel":"tickers","instId":"BTC-USDT"},{"channel":"trades","instId":"ETH-BTC"},{"channel":"tickers","instId":"ETH-BTC"}]})"}));
  EXPECT_EQ(
      protocol->unsubscribe(std::vector<std::string>{"ETH-BTC"}, 1).front(),
      R"({"id":"1","op":"unsubscribe","args":[{"channel":"trades","instId":"ETH-BTC"},{"channel":"tickers","instId":"ETH-BTC"}]})");
  EXPECT_EQ(protocol->ping(42), "ping");
  const auto many = protocol->subscribe(std::vector<std::string>(300, "1000SATS-USDT"), 1);
  ASSERT_EQ(many.size(), 3u);
  for (const auto& message : many) EXPECT_LT(message.size(), 64'000u);
}

TEST_F(OkxTest, SymbolListsAndTheirErrors) {
  const auto pairs = protocol->decode_symbols(
      R"({"code":"0","msg":"","data":[{"instId":"BTC-USDT","baseCcy":"BTC","quoteCcy":"USDT","state":"live"},
          {"state":"suspend","quoteCcy":"BTC","baseCcy":"ETH","instId":"ETH-BTC"},{"instId":"BTC-USD-SWAP","baseCcy":"","quoteCcy":"","state":"live"}]})");
  ASSERT_TRUE(pairs);
  ASSERT_EQ(pairs->size(), 2u);
  EXPECT_EQ((*pairs)[0].venue_symbol, "BTC-USDT");
  EXPECT_EQ((*pairs)[0].base, "btc");
  EXPECT_EQ((*pairs)[0].quote, "usdt");
  EXPECT_TRUE((*pairs)[0].trading);
  EXPECT_FALSE((*pairs)[1].trading);
  const auto busy = protocol->decode_symbols(R"({"code":"50011","data":[],"msg":"Too Many Requests"})");
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().code, core::ErrorCode::rate_limited);
  EXPECT_THAT(busy.error().context, HasSubstr("50011 Too Many Requests"));
  for (const char* text :
       {"", "{}", "[]", "<html>", R"({"code":"0","data":{}})", R"({"code":"0","data":[{"instId":"A")"})
    EXPECT_FALSE(protocol->decode_symbols(text)) << text;
}

TEST_F(OkxTest, RecordedSymbolLists) {
  const auto dir = test::recordings_dir();
  if (!dir) GTEST_SKIP() << "no recordings (../shared is not there)";
  const auto spot = protocol->decode_symbols(test::read_file(*dir + "/okx/rest/instruments_SPOT_20220513.json"));
  ASSERT_TRUE(spot);
  EXPECT_EQ(spot->size(), 513u);
  EXPECT_EQ(std::count_if(spot->begin(), spot->end(), [](const auto& pair) { return pair.trading; }), 513);
  EXPECT_EQ(spot->front().venue_symbol, "BTC-USDT");
  const auto swap = protocol->decode_symbols(test::read_file(*dir + "/okx/rest/instruments_SWAP_20220513.json"));
  ASSERT_TRUE(swap);
  EXPECT_TRUE(swap->empty()) << "contracts are no spot pairs";
}

// The venue's past.

HistoryQuery query(HistoryKind kind) {
  return {kind, "BTC-USDT", Timestamp::from_s(1'780'000'020), Timestamp::from_s(1'780'000'140)};
}

TEST(OkxHistory, TradesGoBackFromTheEndOfTheRange) {
  const auto venue = make_okx_history();
  const auto asked = query(HistoryKind::trades);
  EXPECT_EQ(venue->target(asked, ""),
            "/api/v5/market/history-trades?instId=BTC-USDT&type=2&after=1780000140000&limit=100");
  EXPECT_EQ(venue->target(asked, "77"), "/api/v5/market/history-trades?instId=BTC-USDT&type=1&after=77&limit=100");
  const auto page = venue->decode(
      asked, "",
      R"({"code":"0","msg":"","data":[{"instId":"BTC-USDT","side":"buy","sz":"0.5","px":"64318.2","tradeId":"12","ts":"1780000100000"},
          {"instId":"BTC-USDT","side":"sell","sz":"1","px":"64318.1","tradeId":"11","ts":"1780000020000"},
          {"instId":"BTC-USDT","side":"sell","sz":"1","px":"64318.1","tradeId":"10","ts":"1780000019999"}]})");
  ASSERT_TRUE(page) << page.error().context;
  ASSERT_EQ(page->trades.size(), 2u) << "the third is before the range";
  EXPECT_EQ(page->trades[0].first_id, 11u);
  EXPECT_EQ(page->trades[0].side, core::Side::sell);
  EXPECT_EQ(page->trades[1].last_id, 12u);
  EXPECT_TRUE(page->next.empty());
}

TEST(OkxHistory, AFullPageIsFollowedByItsOldestIdUntilTheRangeBegins) {
  const auto venue = make_okx_history();
  const auto body = [](std::int64_t newest_ms) {
    std::string rows;
    for (int i = 0; i < 100; ++i) {
      rows += std::string(i == 0 ? "" : ",") + R"({"side":"buy","sz":"1","px":"2","tradeId":")" +
              std::to_string(500 - i) + R"(","ts":")" + std::to_string(newest_ms - i * 10) + R"("})";
    }
    return R"({"code":"0","msg":"","data":[)" + rows + "]}";
  };
  const auto asked = query(HistoryKind::trades);
  EXPECT_EQ(venue->decode(asked, "", body(1'780'000'100'000))->next, "401");
  EXPECT_EQ(venue->decode(asked, "", body(1'780'000'020'500))->next, "") << "it reaches back before the range";
  const auto stuck = venue->decode(asked, "401", body(1'780'000'100'000));
  ASSERT_FALSE(stuck);
  EXPECT_EQ(stuck.error().code, core::ErrorCode::protocol_error);
}

TEST(OkxHistory, CandlesComeInWindowsOfAPage) {
  const auto venue = make_okx_history();
  auto asked = query(HistoryKind::minutes);
  EXPECT_EQ(venue->target(asked, ""),
            "/api/v5/market/history-candles?instId=BTC-USDT&bar=1m&after=1780000140000&before=1780000019999&limit=100");
  const auto page = venue->decode(
      asked, "",
      R"({"code":"0","msg":"","data":[["1780000080000","100","110.5","99","105","12.5","1300","1300","1"],["1780000020000","99","101","98","100","0.5","50","50","1"]]})");
  ASSERT_TRUE(page) << page.error().context;
  ASSERT_EQ(page->candles.size(), 2u);
  EXPECT_EQ(page->candles[0].start, asked.from);
  EXPECT_EQ(page->candles[1].high.to_string(), "110.5");
  EXPECT_EQ(page->candles[1].volume.to_string(), "12.5") << "of the base";
  EXPECT_TRUE(page->next.empty());
  asked.to = asked.from + std::chrono::minutes(250);
  const auto first = venue->decode(asked, "", R"({"code":"0","msg":"","data":[]})");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->next, std::to_string((asked.from + std::chrono::minutes(100)).ms())) << "an empty window is no end";
  EXPECT_THAT(venue->target(asked, first->next), HasSubstr("&after=" + std::to_string(asked.from.ms() + 200 * 60'000)));
  EXPECT_THAT(venue->target(query(HistoryKind::hours), ""), HasSubstr("bar=1H"));
}

TEST(OkxHistory, ErrorsOfTheVenueAndBadRowsAreNamed) {
  const auto venue = make_okx_history();
  const std::pair<const char*, core::ErrorCode> cases[] = {
      {R"({"code":"50011","msg":"Too Many Requests","data":[]})", core::ErrorCode::rate_limited},
      {R"({"code":"51001","msg":"Instrument ID doesn't exist","data":[]})", core::ErrorCode::not_found},
      {R"({"code":"50001","msg":"Service temporarily unavailable","data":null})", core::ErrorCode::unavailable},
      {R"({"code":"0","msg":"","data":[["1780000020001","1","1","1","1","1"]]})", core::ErrorCode::parse_error},
      {R"({"code":"0","msg":"","data":[["1780000020000","1","1","2","1","1"]]})", core::ErrorCode::parse_error},
      {R"({"code":"0","msg":"","data":[["1780000020000","1"]]})", core::ErrorCode::parse_error},
      {R"({"code":"0","msg":""})", core::ErrorCode::parse_error},
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
