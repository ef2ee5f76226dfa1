// The venues' pasts: what is asked, and what their answers mean. Bodies as in the venues' documents.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "feeds/binance/history.hpp"
#include "feeds/coinbase/history.hpp"
#include "feeds/kraken/history.hpp"

namespace tickspan::feeds {
namespace {

using core::Decimal;
using core::Side;
using core::Timestamp;
using testing::HasSubstr;

constexpr Timestamp kFrom = Timestamp::from_s(1'780'000'020);
constexpr Timestamp kTo = Timestamp::from_s(1'780'000'140);

HistoryQuery query(HistoryKind kind, std::string symbol) {
  return {kind, std::move(symbol), kFrom, kTo};
}

Decimal number(std::string_view text) {
  return *Decimal::parse(text);
}

std::string many(std::size_t count, const std::function<std::string(std::size_t)>& row) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += (i == 0 ? "" : ",") + row(i);
  return out;
}

const std::string kBinanceTrades =
    R"([{"a":100,"p":"64321.50000000","q":"0.01200000","f":500,"l":502,"T":1780000030123,"m":false,"M":true},)"
    R"({"a":101,"p":"64321.49000000","q":"0.30000000","f":503,"l":503,"T":1780000031000,"m":true,"M":true},)"
    R"({"a":102,"p":"64320.00000000","q":"1.00000000","f":504,"l":504,"T":1780000140000,"m":true,"M":true}])";

TEST(BinanceHistory, TradesOfOneOrderComeAsOneWithAllTheirIds) {
  const auto venue = make_binance_history();
  const auto asked = query(HistoryKind::trades, "BTCUSDT");
  EXPECT_EQ(venue->target(asked, ""),
            "/api/v3/aggTrades?symbol=BTCUSDT&startTime=1780000020000&endTime=1780000140000&limit=1000");
  EXPECT_EQ(venue->target(asked, "103"), "/api/v3/aggTrades?symbol=BTCUSDT&fromId=103&limit=1000");
  const auto page = venue->decode(asked, "", kBinanceTrades);
  ASSERT_TRUE(page) << page.error().context;
  ASSERT_EQ(page->trades.size(), 2u);  // the third begins where the range ends
  EXPECT_EQ(page->trades[0].first_id, 500u);
  EXPECT_EQ(page->trades[0].last_id, 502u);
  EXPECT_EQ(page->trades[0].at, Timestamp::from_ms(1'780'000'030'123));
  EXPECT_EQ(page->trades[0].price, number("64321.5"));
  EXPECT_EQ(page->trades[0].amount, number("0.012"));
  EXPECT_EQ(page->trades[0].side, Side::buy);
  EXPECT_EQ(page->trades[1].side, Side::sell);
  EXPECT_TRUE(page->next.empty());
}

TEST(BinanceHistory, AFullPageIsFollowedById) {
  const auto venue = make_binance_history();
  const std::string body = "[" +
                           many(1000,
                                [](std::size_t i) {
                                  return R"({"a":)" + std::to_string(7000 + i) + R"(,"p":"1.5","q":"2","f":)" +
                                         std::to_string(9000 + i) + R"(,"l":)" + std::to_string(9000 + i) +
                                         R"(,"T":1780000050000,"m":true,"M":true})";
                                }) +
                           "]";
  const auto page = venue->decode(query(HistoryKind::trades, "BTCUSDT"), "", body);
  ASSERT_TRUE(page) << page.error().context;
  EXPECT_EQ(page->trades.size(), 1000u);
  EXPECT_EQ(page->next, "8000");
}

TEST(BinanceHistory, Candles) {
  const auto venue = make_binance_history();
  const auto asked = query(HistoryKind::minutes, "BTCUSDT");
  EXPECT_EQ(venue->target(asked, ""),
            "/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=1780000020000&endTime=1780000139999&limit=1000");
  EXPECT_THAT(venue->target(query(HistoryKind::hours, "BTCUSDT"), "1780002000000"),
              HasSubstr("interval=1h&startTime=1780002000000"));
  const auto page = venue->decode(
      asked, "",
      R"([[1780000020000,"100.00000000","110.5","99","105","12.5",1780000079999,"1300.0",7,"6.0","600.0","0"],)"
      R"([1780000080000,"105","105","105","105","0.00000000",1780000139999,"0",0,"0","0","0"]])");
  ASSERT_TRUE(page) << page.error().context;
  ASSERT_EQ(page->candles.size(), 2u);
  const core::Candle& c = page->candles[0];
  EXPECT_EQ(c.start, kFrom);
  EXPECT_EQ(c.open, number("100"));
  EXPECT_EQ(c.high, number("110.5"));
  EXPECT_EQ(c.low, number("99"));
  EXPECT_EQ(c.close, number("105"));
  EXPECT_EQ(c.volume, number("12.5"));
  EXPECT_EQ(c.trades, 7u);
  EXPECT_FALSE(c.flat);
  EXPECT_TRUE(page->candles[1].flat);
}

TEST(CoinbaseHistory, TradesGoBackFromTheNewestAndNameTheMakersSide) {
  const auto venue = make_coinbase_history();
  const auto asked = query(HistoryKind::trades, "BTC-USD");
  EXPECT_EQ(venue->target(asked, ""), "/products/BTC-USD/trades?limit=1000");
  EXPECT_EQ(venue->target(asked, "42"), "/products/BTC-USD/trades?limit=1000&after=42");
  const auto page = venue->decode(
      asked, "",
      R"([{"trade_id":800000002,"side":"sell","size":"0.00200000","price":"64320.01000000","time":"2026-05-28T20:27:30.5Z"},)"
      R"({"trade_id":800000001,"side":"buy","size":"1.5","price":"64320.00","time":"2026-05-28T20:27:00.000001Z"},)"
      R"({"trade_id":800000000,"side":"buy","size":"1.5","price":"64320.00","time":"2026-05-28T20:26:59.999999Z"}])");
  ASSERT_TRUE(page) << page.error().context;
  ASSERT_EQ(page->trades.size(), 2u);
  EXPECT_EQ(page->trades[0].first_id, 800000001u);
  EXPECT_EQ(page->trades[0].side, Side::sell);
  EXPECT_EQ(page->trades[1].first_id, 800000002u);
  EXPECT_EQ(page->trades[1].side, Side::buy);
  EXPECT_EQ(page->trades[1].amount, number("0.002"));
  EXPECT_TRUE(page->next.empty());
}

TEST(CoinbaseHistory, AFullPageThatIsAllTooNewIsFollowedToOlderOnes) {
  const auto venue = make_coinbase_history();
  const std::string body = "[" +
                           many(1000,
                                [](std::size_t i) {
                                  return R"({"trade_id":)" + std::to_string(5000 - i) +
                                         R"(,"side":"buy","size":"1","price":"2","time":"2026-05-28T21:00:00Z"})";
                                }) +
                           "]";
  const auto page = venue->decode(query(HistoryKind::trades, "BTC-USD"), "", body);
  ASSERT_TRUE(page) << page.error().context;
  EXPECT_TRUE(page->trades.empty());
  EXPECT_EQ(page->next, "4001");
}

TEST(CoinbaseHistory, CandlesNameLowBeforeHighBeforeOpen) {
  const auto venue = make_coinbase_history();
  const auto asked = query(HistoryKind::minutes, "BTC-USD");
  EXPECT_EQ(venue->target(asked, ""), "/products/BTC-USD/candles?granularity=60&start=1780000020&end=1780000140");
  const auto page =
      venue->decode(asked, "", "[[1780000140,1,2,1,2,3],[1780000080,99,110.5,100,105,12.5],[1779999960,1,1,1,1,1]]");
  ASSERT_TRUE(page) << page.error().context;
  ASSERT_EQ(page->candles.size(), 1u);
  EXPECT_EQ(page->candles[0].low, number("99"));
  EXPECT_EQ(page->candles[0].high, number("110.5"));
  EXPECT_EQ(page->candles[0].open, number("100"));
  EXPECT_EQ(page->candles[0].close, number("105"));
  EXPECT_EQ(page->candles[0].volume, number("12.5"));
  EXPECT_FALSE(page->candles[0].flat);
  EXPECT_TRUE(page->next.empty());
}

TEST(CoinbaseHistory, LongRangesAreAskedInWindowsEvenWhereOneIsEmpty) {
  const auto venue = make_coinbase_history();
  HistoryQuery asked = query(HistoryKind::minutes, "BTC-USD");
  asked.to = asked.from + std::chrono::minutes(400);
  const auto page = venue->decode(asked, "", "[]");
  ASSERT_TRUE(page) << page.error().context;
  EXPECT_EQ(page->next, std::to_string(asked.from.seconds() + 300 * 60));
  EXPECT_THAT(venue->target(asked, page->next), HasSubstr("start=1780018020&end=1780024020"));
  EXPECT_TRUE(venue->decode(asked, page->next, "[]")->next.empty());
}

TEST(KrakenHistory, TradesHaveTimesToTheNanosecond) {
  const auto venue = make_kraken_history();
  const auto asked = query(HistoryKind::trades, "BTC/USD");
  EXPECT_EQ(venue->target(asked, ""), "/0/public/Trades?pair=XBTUSD&since=1780000019999999999&count=1000");
  EXPECT_THAT(venue->target(query(HistoryKind::trades, "DOGE/EUR"), "5"), HasSubstr("pair=XDGEUR&since=5&"));
  const auto page = venue->decode(
      asked, "",
      R"({"error":[],"result":{"XXBTZUSD":[["64310.20000","0.00310000",1780000030.123456789,"b","m","",91000001],)"
      R"(["64310.1","0.5",1780000031.5,"s","l","",91000002]],"last":"1780000031500000000"}})");
  ASSERT_TRUE(page) << page.error().context;
  ASSERT_EQ(page->trades.size(), 2u);
  EXPECT_EQ(page->trades[0].at.ns, 1'780'000'030'123'456'789);
  EXPECT_EQ(page->trades[0].price, number("64310.2"));
  EXPECT_EQ(page->trades[0].first_id, 91000001u);
  EXPECT_EQ(page->trades[0].side, Side::buy);
  EXPECT_EQ(page->trades[1].at.ns, 1'780'000'031'500'000'000);
  EXPECT_EQ(page->trades[1].side, Side::sell);
  EXPECT_TRUE(page->next.empty());
}

TEST(KrakenHistory, AFullPageIsFollowedByItsCursorWhichMustMove) {
  const auto venue = make_kraken_history();
  const std::string body =
      R"({"error":[],"result":{"XXBTZUSD":[)" +
      many(1000, [](std::size_t i) { return R"(["1","1",1780000030.5,"b","m","",)" + std::to_string(1 + i) + "]"; }) +
      R"(],"last":"1780000030500000000"}})";
  const auto asked = query(HistoryKind::trades, "BTC/USD");
  EXPECT_EQ(venue->decode(asked, "", body)->next, "1780000030500000000");
  const auto stuck = venue->decode(asked, "1780000030500000000", body);
  ASSERT_FALSE(stuck);
  EXPECT_EQ(stuck.error().code, core::ErrorCode::protocol_error);
}

TEST(KrakenHistory, CandlesHaveTheVwapInTheMiddle) {
  const auto venue = make_kraken_history();
  const auto asked = query(HistoryKind::minutes, "BTC/USD");
  EXPECT_EQ(venue->target(asked, ""), "/0/public/OHLC?pair=XBTUSD&interval=1&since=1780000019");
  const auto page = venue->decode(
      asked, "",
      R"({"error":[],"result":{"XXBTZUSD":[[1780000020,"100.0","110.5","99.0","105.0","103.1","12.50000000",7],)"
      R"([1780000140,"1.0","1.0","1.0","1.0","1.0","1.0",1]],"last":1780000080}})");
  ASSERT_TRUE(page) << page.error().context;
  ASSERT_EQ(page->candles.size(), 1u);
  EXPECT_EQ(page->candles[0].volume, number("12.5"));
  EXPECT_EQ(page->candles[0].trades, 7u);
}

TEST(KrakenHistory, RefusalsComeWithStatus200) {
  const auto venue = make_kraken_history();
  const auto code = [&](const std::string& text) {
    const auto page = venue->decode(query(HistoryKind::trades, "BTC/USD"), "", R"({"error":[")" + text + R"("]})");
    return page ? core::ErrorCode::internal : page.error().code;
  };
  EXPECT_EQ(code("EGeneral:Too many requests"), core::ErrorCode::rate_limited);
  EXPECT_EQ(code("EQuery:Unknown asset pair"), core::ErrorCode::not_found);
  EXPECT_EQ(code("EService:Unavailable"), core::ErrorCode::unavailable);
}

TEST(VenueHistories, WhatIsNoAnswerIsRefusedAndNeverReadPast) {
  const std::unique_ptr<VenueHistory> venues[] = {make_binance_history(), make_coinbase_history(),
                                                  make_kraken_history()};
  for (const auto& venue : venues) {
    for (const auto kind : {HistoryKind::trades, HistoryKind::minutes, HistoryKind::hours}) {
      for (const char* body : {"", "{}", "null", "[[]]", "[1]", R"({"message":"NotFound"})", "<html>", "[[1,2,3",
                               R"({"error":[],"result":{}})", R"([{"a":-1}])", R"([{"trade_id":"x"}])"}) {
        EXPECT_FALSE(venue->decode(query(kind, "X"), "", body)) << body;
      }
    }
  }
  const auto binance = make_binance_history();
  for (std::size_t n = 0; n < kBinanceTrades.size(); ++n) {
    EXPECT_FALSE(binance->decode(query(HistoryKind::trades, "X"), "", kBinanceTrades.substr(0, n))) << n;
  }
}

TEST(VenueHistories, CandlesThatContradictThemselvesAreRefused) {
  const auto venue = make_coinbase_history();
  const auto asked = query(HistoryKind::minutes, "BTC-USD");
  for (const char* body :
       {"[[1780000080,99,98,98.5,98.5,1]]", "[[1780000080,99,110,111,100,1]]", "[[1780000081,99,110,100,100,1]]",
        "[[1780000080,-1,110,100,100,1]]", "[[1780000080,99,110,100,100,-1]]", "[[1780000080,99,110,0,100,1]]"}) {
    EXPECT_FALSE(venue->decode(asked, "", body)) << body;
  }
}

}  // namespace
}  // namespace tickspan::feeds
