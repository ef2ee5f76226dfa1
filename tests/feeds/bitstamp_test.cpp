#include "feeds/bitstamp/bitstamp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "feeds/bitstamp/history.hpp"
#include "venue_fixture.hpp"

namespace tickspan::feeds {
namespace {

using core::Timestamp;
using test_venues::with;
using testing::HasSubstr;

const std::string kTrade =
    R"({"data":{"id":216000477,"timestamp":"1779999999","amount":0.0792,"amount_str":"0.07920000","price":3805.4,"price_str":"3805.40","type":0,"microtimestamp":"1779999999596000","buy_order_id":1443875737346049,"sell_order_id":1443875731320832},"channel":"live_trades_ethusd","event":"trade"})";
const std::string kBook =
    R"({"data":{"timestamp":"1779999999","microtimestamp":"1779999999244908","bids":[["64318","0.70000000"],["64317","9"]],"asks":[["64319","1.20000000"],["64320","2"]]},"channel":"order_book_btcusd","event":"data"})";

class BitstampTest : public ::testing::Test, protected test_venues::Venue {
 protected:
  BitstampTest() : Venue(make_bitstamp()) {
    know("btcusd");
    know("ethusd");
  }
};

TEST_F(BitstampTest, TradesKeepTheDigitsOfTheirTexts) {
  ASSERT_EQ(why(kTrade), "");
  EXPECT_EQ(out.type, "live_trades");
  EXPECT_EQ(out.kind, FrameKind::data);
  EXPECT_EQ(out.protocol, "v2");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.ticks[0].instrument().value, 1u);
  EXPECT_EQ(out.ticks[0].price().to_string(), "3805.40");
  EXPECT_EQ(out.ticks[0].amount().to_string(), "0.07920000");
  EXPECT_EQ(out.ticks[0].side(), core::Side::buy) << "0: the taker bought";
  EXPECT_EQ(out.ticks[0].trade_id(), 216000477u);
  EXPECT_EQ(out.ticks[0].event_time(), Timestamp::from_us(1779999999596000));
  ASSERT_EQ(why(with(kTrade, R"("type":0)", R"("type":1)")), "");
  EXPECT_EQ(out.ticks[0].side(), core::Side::sell);
}

TEST_F(BitstampTest, TheNumbersServeWhereTheTextsAreMissing) {
  const std::string bare = with(with(kTrade, R"("amount_str":"0.07920000",)", ""), R"("price_str":"3805.40",)", "");
  ASSERT_EQ(why(with(bare, R"("microtimestamp":"1779999999596000",)", "")), "");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.ticks[0].price().to_string(), "3805.4");
  EXPECT_EQ(out.ticks[0].event_time(), Timestamp::from_s(1779999999));
}

TEST_F(BitstampTest, TheBestLevelsOfABookAreAQuote) {
  ASSERT_EQ(why(kBook), "");
  EXPECT_EQ(out.type, "order_book");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.ticks[0].bid().to_string(), "64318");
  EXPECT_EQ(out.ticks[0].ask().to_string(), "64319");
  EXPECT_EQ(out.ticks[0].bid_size().to_string(), "0.70000000");
  EXPECT_EQ(out.ticks[0].event_time(), Timestamp::from_us(1779999999244908));
  ASSERT_EQ(why(with(kBook, R"([["64318","0.70000000"],["64317","9"]])", "[]")), "");
  EXPECT_TRUE(out.ticks.empty()) << "no bids, no quote";
  ASSERT_EQ(why(with(kBook, "order_book_", "diff_order_book_")), "");
  EXPECT_EQ(out.type, "diff_order_book");
  EXPECT_TRUE(out.ticks.empty()) << "the first of what changed is not the best";
}

TEST_F(BitstampTest, KeyOrderAndBlanksDoNotMatter) {
  ASSERT_EQ(
      why(R"({ "event" : "trade" , "channel" : "live_trades_btcusd" , "data" : { "type" : 1 , "price" : 3.5 , "amount" : 2 , "id" : 5 , "timestamp" : "1779999999" } } )"),
      "");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.ticks[0].price().to_string(), "3.5");
}

TEST_F(BitstampTest, OtherMessages) {
  struct Case {
    const char* text;
    FrameKind kind;
    const char* type;
    const char* detail;
  };
  const Case cases[] = {
      {R"({"event":"bts:subscription_succeeded","channel":"live_trades_btcusd","data":{}})", FrameKind::control,
       "bts:subscription_succeeded", ""},
      {R"({"event":"bts:unsubscription_succeeded","channel":"live_trades_btcusd","data":{}})", FrameKind::control,
       "bts:unsubscription_succeeded", ""},
      {R"({"event":"bts:heartbeat","channel":"","data":{"status":"success"}})", FrameKind::heartbeat, "bts:heartbeat",
       ""},
      {R"({"event":"bts:request_reconnect","channel":"","data":""})", FrameKind::reconnect, "bts:request_reconnect",
       ""},
      {R"({"event":"bts:error","channel":"live_trades_nopeusd","data":{"code":null,"message":"Bad subscription string."}})",
       FrameKind::refusal, "bts:error", "Bad subscription string. (nopeusd)"},
      {R"({"event":"bts:error","channel":"","data":{"code":4009,"message":"Connection is unauthorized."}})",
       FrameKind::refusal, "bts:error", "Connection is unauthorized."},
      {R"({"data":{"id":1,"price":2},"channel":"live_orders_btcusd","event":"order_created"})", FrameKind::data,
       "live_orders", ""},
  };
  for (const auto& expected : cases) {
    EXPECT_EQ(why(expected.text), "") << expected.text;
    EXPECT_EQ(out.kind, expected.kind) << expected.text;
    EXPECT_EQ(out.type, expected.type) << expected.text;
    EXPECT_EQ(out.detail, expected.detail) << expected.text;
    EXPECT_TRUE(out.ticks.empty());
  }
}

TEST_F(BitstampTest, UnknownSymbolsAreNamed) {
  ASSERT_EQ(why(with(kTrade, "ethusd", "newusd")), "");
  EXPECT_EQ(out.unknown_symbol, "newusd");
  ASSERT_EQ(why(with(kBook, "btcusd", "newusd")), "");
  EXPECT_EQ(out.unknown_symbol, "newusd");
  EXPECT_TRUE(out.ticks.empty());
}

TEST_F(BitstampTest, ValuesOutOfRangeAreRefused) {
  const std::pair<const char*, const char*> changes[] = {{R"("price_str":"3805.40")", R"("price_str":"-1")"},
                                                         {R"("price_str":"3805.40")", R"("price_str":"0")"},
                                                         {R"("price_str":"3805.40")", R"("price_str":"1e400")"},
                                                         {R"("amount_str":"0.07920000")", R"("amount_str":"0")"},
                                                         {R"("id":216000477)", R"("id":-1)"},
                                                         {R"("type":0)", R"("type":2)"},
                                                         {"1779999999596000", "1780086400001000"},
                                                         {"1779999999596000", "99999999999999999999"},
                                                         {"1779999999596000", "x"},
                                                         {R"("data":{)", R"("data":7,"x":{)"}};
  for (const auto& [from, to] : changes) {
    const std::string text = with(kTrade, from, to);
    ASSERT_NE(text, "") << from;
    EXPECT_NE(why(text), "") << text;
  }
  EXPECT_NE(why(with(kBook, R"("64318")", R"("-1")")), "");
  EXPECT_NE(why(with(kBook, R"("0.70000000")", R"("a")")), "");
  EXPECT_NE(why(with(kBook, R"("bids":[[)", R"("bids":7,"x":[[)")), "");
}

TEST_F(BitstampTest, TruncatedAndForeignFramesAreRefused) {
  for (const auto& text : {kTrade, kBook}) {
    for (const auto& part : test_venues::prefixes(text)) EXPECT_NE(why(part), "") << part;
  }
  for (const char* text : {"{}", "5", "null", "hello", R"({"channel":"heartbeat"})", R"({"event":"trade","data":{}})"})
    EXPECT_NE(why(text), "") << text;
}

TEST_F(BitstampTest, AsksForEachChannelByItself) {
  EXPECT_EQ(protocol->subscribe(std::vector<std::string>{"btcusd", "ethusd"}, 7),
            (std::vector<std::string>{R"({"event":"bts:subscribe","data":{"channel":"live_trades_btcusd"}})",
                                      R"({"event":"bts:subscribe","data":{"channel":"order_book_btcusd"}})",
                                      R"({"event":"bts:subscribe","data":{"channel":"live_trades_ethusd"}})",
                                      R"({"event":"bts:subscribe","data":{"channel":"order_book_ethusd"}})"}));
  EXPECT_THAT(protocol->unsubscribe(std::vector<std::string>{"btcusd"}, 7)[1], HasSubstr("bts:unsubscribe"));
  EXPECT_EQ(protocol->ping(42), R"({"event":"bts:heartbeat"})");
}

TEST_F(BitstampTest, SymbolListsOldAndNew) {
  const auto pairs = protocol->decode_symbols(
      R"([{"name":"BTC/USD","market_symbol":"btcusd","base_currency":"BTC","counter_currency":"USD","trading":"Enabled","market_type":"SPOT"},
          {"name":"BTC/USD-PERP","market_symbol":"btcusd-perp","base_currency":"BTC","counter_currency":"USD","trading":"Enabled","market_type":"PERPETUAL"},
          {"trading":"Disabled","url_symbol":"xrpeur","name":"XRP\/EUR"},{"url_symbol":"odd","name":"ODD","trading":"Enabled"}])");
  ASSERT_TRUE(pairs) << pairs.error().context;
  ASSERT_EQ(pairs->size(), 2u);
  EXPECT_EQ((*pairs)[0].venue_symbol, "btcusd");
  EXPECT_EQ((*pairs)[0].base, "btc");
  EXPECT_EQ((*pairs)[0].quote, "usd");
  EXPECT_TRUE((*pairs)[0].trading);
  EXPECT_EQ((*pairs)[1].base, "xrp");
  EXPECT_EQ((*pairs)[1].quote, "eur");
  EXPECT_FALSE((*pairs)[1].trading);
  for (const char* text : {"", "{}", "<html>", R"([{"name":"A/B")", "[7]"})
    EXPECT_FALSE(protocol->decode_symbols(text)) << text;
}

TEST_F(BitstampTest, RecordedSymbolList) {
  const auto dir = test::recordings_dir();
  if (!dir) GTEST_SKIP() << "no recordings (../shared is not there)";
  const auto pairs =
      protocol->decode_symbols(test::read_file(*dir + "/bitstamp/rest/trading-pairs-info_20220105.json"));
  ASSERT_TRUE(pairs);
  EXPECT_EQ(pairs->size(), 140u);
  EXPECT_EQ(std::count_if(pairs->begin(), pairs->end(), [](const auto& pair) { return pair.trading; }), 140);
  EXPECT_EQ(pairs->front().venue_symbol, "btcusd");
}

// The venue's past.

HistoryQuery query(HistoryKind kind) {
  return {kind, "btcusd", Timestamp::from_s(1'780'000'020), Timestamp::from_s(1'780'000'140)};
}

TEST(BitstampHistory, TheTradesOfTheLastHourOrNone) {
  const auto venue = make_bitstamp_history();
  const auto asked = query(HistoryKind::trades);
  EXPECT_FALSE(venue->limits().trades_by_time);
  EXPECT_EQ(venue->target(asked, ""), "/api/v2/transactions/btcusd/?time=hour");
  const std::string newest =
      R"({"amount":"0.00055284","date":"1780000033","price":"73254","tid":"326595342","type":"0"})";
  const auto row = [](int date, int id) {
    return R"(,{"amount":"1","date":")" + std::to_string(date) + R"(","price":"73253","tid":")" + std::to_string(id) +
           R"(","type":"1"})";
  };
  const auto page = venue->decode(asked, "", "[" + newest + row(1'780'000'020, 9) + row(1'780'000'019, 8) + "]");
  ASSERT_TRUE(page) << page.error().context;
  ASSERT_EQ(page->trades.size(), 2u);
  EXPECT_EQ(page->trades[0].first_id, 9u);
  EXPECT_EQ(page->trades[0].side, core::Side::sell);
  EXPECT_EQ(page->trades[1].amount.to_string(), "0.00055284");
  for (const std::string& body : {"[" + newest + "]", std::string("[]")}) {
    const auto short_of = venue->decode(asked, "", body);
    ASSERT_FALSE(short_of) << "what may be missing must not pass for all there was";
    EXPECT_EQ(short_of.error().code, core::ErrorCode::too_large);
  }
  EXPECT_EQ(venue->decode(asked, "", R"([{"amount":"1","date":"x","price":"1","tid":"1","type":"0"}])").error().code,
            core::ErrorCode::parse_error);
}

TEST(BitstampHistory, CandlesComeInWindowsThatAskForAsManyAsTheyHold) {
  const auto venue = make_bitstamp_history();
  auto asked = query(HistoryKind::minutes);
  EXPECT_EQ(venue->target(asked, ""), "/api/v2/ohlc/btcusd/?step=60&limit=3&start=1780000020&end=1780000140");
  const auto page = venue->decode(
      asked, "",
      R"({"data":{"pair":"BTC/USD","ohlc":[{"timestamp":"1780000020","open":"99","high":"101","low":"98","close":"100","volume":"0.5"},{"timestamp":"1780000080","open":"100","high":"110.5","low":"99","close":"105","volume":"0"},{"timestamp":"1780000140","open":"100","high":"110.5","low":"99","close":"105","volume":"1"}]}})");
  ASSERT_TRUE(page) << page.error().context;
  ASSERT_EQ(page->candles.size(), 2u) << "the third is of after the range";
  EXPECT_EQ(page->candles[1].high.to_string(), "110.5");
  asked.to = asked.from + std::chrono::minutes(1500);
  EXPECT_THAT(venue->target(asked, ""), HasSubstr("limit=1000&start=1780000020&end=1780059960"));
  const auto first = venue->decode(asked, "", R"({"data":{"ohlc":[]}})");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->next, "1780060020");
  EXPECT_THAT(venue->target(query(HistoryKind::hours), ""), HasSubstr("step=3600&"));
  for (const char* body :
       {"<html>", "{}", "[]",
        R"({"data":{"ohlc":[{"timestamp":"1780000021","open":"1","high":"1","low":"1","close":"1","volume":"1"}]}})",
        R"({"data":{"ohlc":[{"timestamp":"1780000020"}]}})"})
    EXPECT_FALSE(venue->decode(query(HistoryKind::minutes), "", body)) << body;
}

TEST(BitstampHistory, RecordedAnswers) {
  const auto dir = test::recordings_dir();
  if (!dir) GTEST_SKIP() << "no recordings (../shared is not there)";
  const auto venue = make_bitstamp_history();
  const HistoryQuery hours{HistoryKind::hours, "btcusdt", Timestamp::from_s(1710327600), Timestamp::from_s(1710331200)};
  const auto candles = venue->decode(hours, "", test::read_file(*dir + "/bitstamp/rest/ohlc_btcusdt_1h_20240313.json"));
  ASSERT_TRUE(candles) << candles.error().context;
  ASSERT_EQ(candles->candles.size(), 1u);
  EXPECT_EQ(candles->candles[0].close.to_string(), "73285");
  const HistoryQuery trades{HistoryKind::trades, "btcusdt", Timestamp::from_s(1710327533),
                            Timestamp::from_s(1710327600)};
  const auto page =
      venue->decode(trades, "", test::read_file(*dir + "/bitstamp/rest/transactions_btcusdt_20240313.json"));
  ASSERT_TRUE(page) << page.error().context;
  ASSERT_EQ(page->trades.size(), 1u);
  EXPECT_EQ(page->trades[0].first_id, 326595342u);
}

}  // namespace
}  // namespace tickspan::feeds
