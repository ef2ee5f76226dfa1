#include "feeds/kraken/kraken.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "venue_fixture.hpp"

namespace tickspan::feeds {
namespace {

using core::Decimal;
using test_venues::with;

const std::string kTrades =
    R"({"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":64310.20,"qty":0.00310000,"ord_type":"market","trade_id":91000001,"timestamp":"2026-05-28T20:26:40.123456Z"},{"symbol":"ETH/EUR","side":"sell","price":1e-7,"qty":12,"ord_type":"limit","trade_id":91000002,"timestamp":"2026-05-28T20:26:40.2Z"}]})";
const std::string kTicker =
    R"({"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","bid":64310.1,"bid_qty":1.25,"ask":64310.2,"ask_qty":0.4,"last":64310.2,"volume":1523.77,"vwap":63902.4,"low":62750.0,"high":64905.5,"change":1210.2,"change_pct":1.92}]})";

class KrakenTest : public ::testing::Test, protected test_venues::Venue {
 protected:
  KrakenTest() : Venue(make_kraken()) {
    know("BTC/USD");
    know("ETH/EUR");
  }
};

TEST_F(KrakenTest, TradesKeepTheirDigits) {
  ASSERT_EQ(why(kTrades), "");
  EXPECT_EQ(out.type, "trade");
  EXPECT_EQ(out.kind, FrameKind::data);
  EXPECT_EQ(out.protocol, "v2");
  ASSERT_EQ(out.ticks.size(), 2u);
  EXPECT_EQ(out.ticks[0].price().mantissa, 6431020);
  EXPECT_EQ(out.ticks[0].price().exponent, -2);
  EXPECT_EQ(out.ticks[0].amount().to_string(), "0.00310000");
  EXPECT_EQ(out.ticks[0].side(), core::Side::buy);
  EXPECT_EQ(out.ticks[0].trade_id(), 91000001u);
  EXPECT_EQ(out.ticks[0].event_time(), core::Timestamp::from_us(1780000000123456));
  EXPECT_EQ(out.ticks[1].price(), *Decimal::parse("0.0000001"));
  EXPECT_EQ(out.ticks[1].side(), core::Side::sell);
  EXPECT_EQ(out.ticks[1].instrument().value, 1u);
}

TEST_F(KrakenTest, TickerIsAQuote) {
  ASSERT_EQ(why(kTicker), "");
  EXPECT_EQ(out.type, "ticker");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.ticks[0].kind(), core::TickKind::quote);
  EXPECT_EQ(out.ticks[0].bid().to_string(), "64310.1");
  EXPECT_EQ(out.ticks[0].ask().to_string(), "64310.2");
  EXPECT_EQ(out.ticks[0].bid_size().to_string(), "1.25");
  EXPECT_FALSE(out.ticks[0].event_time().is_set());
  ASSERT_EQ(
      why(with(with(kTicker, "update", "snapshot"), R"("change_pct":1.92)", R"("timestamp":"2026-05-28T20:26:40Z")")),
      "");
  ASSERT_EQ(out.ticks.size(), 1u) << "the snapshot of a ticker is the current quote";
  EXPECT_TRUE(out.ticks[0].event_time().is_set());
}

TEST_F(KrakenTest, AnEmptySideIsNoQuote) {
  for (const char* none : {"null", "0", "0.0"}) {
    ASSERT_EQ(why(with(kTicker, "64310.1", none)), "") << none;
    EXPECT_TRUE(out.ticks.empty());
  }
}

TEST_F(KrakenTest, TradesOfASnapshotAreOldAndControl) {
  ASSERT_EQ(why(with(kTrades, "update", "snapshot")), "");
  EXPECT_EQ(out.kind, FrameKind::control);
  EXPECT_TRUE(out.ticks.empty());
}

TEST_F(KrakenTest, KeyOrderAndBlanksDoNotMatter) {
  ASSERT_EQ(
      why(R"({ "data" : [ {"timestamp" : "2026-05-28T20:26:40Z" , "trade_id" : 5 , "qty" : 2 , "price" : 3.5 , "side" : "buy" , "symbol" : "BTC/USD"} ] , "type" : "update" , "channel" : "trade" } )"),
      "");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.ticks[0].price(), *Decimal::parse("3.5"));
  ASSERT_EQ(why(R"({"data":[{"symbol":"BTC/USD"}],"type":"snapshot","channel":"trade"})"), "");
  EXPECT_EQ(out.kind, FrameKind::control);
}

TEST_F(KrakenTest, OtherMessages) {
  struct Case {
    const char* text;
    FrameKind kind;
    const char* type;
    const char* detail;
  };
  const Case cases[] = {
      {R"({"channel":"heartbeat"})", FrameKind::heartbeat, "heartbeat", ""},
      {R"({"channel":"status","type":"update","data":[{"api_version":"v2","connection_id":12345678901234567890,"system":"online","version":"2.0.10"}]})",
       FrameKind::control, "status", ""},
      {R"({"channel":"status","type":"update","data":[{"system":"maintenance"}]})", FrameKind::control, "status",
       "system maintenance"},
      {R"({"method":"subscribe","result":{"channel":"ticker","symbol":"BTC/USD","snapshot":true},"success":true,"time_in":"x","req_id":1})",
       FrameKind::control, "subscribe", ""},
      {R"({"error":"Currency pair not supported NOPE/USD","method":"subscribe","req_id":1,"success":false,"symbol":"NOPE/USD"})",
       FrameKind::refusal, "subscribe", "Currency pair not supported NOPE/USD (NOPE/USD)"},
      {R"({"method":"unsubscribe","success":true,"req_id":3})", FrameKind::control, "unsubscribe", ""},
      {R"({"method":"pong","req_id":42})", FrameKind::heartbeat, "pong", ""},
      {R"({"error":"Exceeded msg rate"})", FrameKind::refusal, "error", "Exceeded msg rate"},
      {R"({"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[{"price":1.0,"qty":0.0}],"asks":[],"checksum":1}]})",
       FrameKind::data, "book", ""},
      {R"({"channel":"ohlc","type":"update","data":[{"symbol":"BTC/USD"}]})", FrameKind::data, "ohlc", ""},
      {R"({"channel":"instrument","type":"snapshot","data":{"assets":[],"pairs":[]}})", FrameKind::data, "instrument",
       ""},
      {R"({"channel":"something_new","type":"update","data":[]})", FrameKind::data, "something_new", ""},
  };
  for (const auto& expected : cases) {
    EXPECT_EQ(why(expected.text), "") << expected.text;
    EXPECT_EQ(out.kind, expected.kind) << expected.text;
    EXPECT_EQ(out.type, expected.type) << expected.text;
    EXPECT_EQ(out.detail, expected.detail) << expected.text;
    EXPECT_TRUE(out.ticks.empty());
  }
}

TEST_F(KrakenTest, TheProtocolOfThePastIsNamed) {
  for (const char* text :
       {R"({"event":"heartbeat"})",
        R"({"connectionID":17843232920108168701,"event":"systemStatus","status":"online","version":"1.8.3"})",
        R"([1668,{"a":["13.25",35,"35.7"],"b":["13.23",185,"185.1"]},"ticker","WAVES/EUR"])",
        R"([1,{"a":[]},{"b":[],"c":"1"},"book-1000","XBT/USD"])"}) {
    const auto status = decode(text);
    ASSERT_FALSE(status) << text;
    EXPECT_EQ(status.error().code, core::ErrorCode::protocol_error);
    EXPECT_NE(status.error().context.find("v1"), std::string::npos);
    EXPECT_EQ(out.protocol, "v1");
  }
}

TEST_F(KrakenTest, UnknownSymbolsAreNamedAndTheOthersTaken) {
  ASSERT_EQ(why(with(kTrades, "BTC/USD", "NEW/USD")), "");
  EXPECT_EQ(out.unknown_symbol, "NEW/USD");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.ticks[0].instrument().value, 1u);
}

TEST_F(KrakenTest, ValuesOutOfRangeAreRefused) {
  const std::pair<const char*, const char*> changes[] = {{R"("price":64310.20)", R"("price":-64310.2)"},
                                                         {R"("price":64310.20)", R"("price":0)"},
                                                         {R"("price":64310.20)", R"("price":"64310.2")"},
                                                         {R"("price":64310.20)", R"("price":1e400)"},
                                                         {R"("price":64310.20)", R"("price":1.2.3)"},
                                                         {R"("price":64310.20)", R"("price":null)"},
                                                         {R"("price":64310.20,)", ""},
                                                         {R"("qty":0.00310000)", R"("qty":0)"},
                                                         {R"("trade_id":91000001)", R"("trade_id":"a")"},
                                                         {R"("side":"buy")", R"("side":"b")"},
                                                         {"2026-05-28T20:26:40.123456Z", "2026-05-29T20:26:41Z"},
                                                         {"2026-05-28T20:26:40.123456Z", ""},
                                                         {R"("symbol":"BTC/USD",)", ""},
                                                         {R"("data":[)", R"("data":7,"x":[)"}};
  for (const auto& [from, to] : changes) {
    const std::string text = with(kTrades, from, to);
    ASSERT_NE(text, "") << from;
    EXPECT_NE(why(text), "") << text;
  }
  EXPECT_NE(why(with(kTicker, R"("bid":64310.1)", R"("bid":-1)")), "");
  EXPECT_NE(why(with(kTicker, R"("bid_qty":1.25)", R"("bid_qty":"1")")), "");
  EXPECT_NE(why(R"({"channel":"ticker","type":"update"})"), "");
}

TEST_F(KrakenTest, TruncatedAndForeignFramesAreRefused) {
  for (const auto& text : {kTrades, kTicker}) {
    for (const auto& part : test_venues::prefixes(text)) EXPECT_NE(why(part), "") << part;
  }
  for (const char* text : {"{}", "5", "null", "hello", R"({"type":"match"})", R"({"stream":"btcusdt@trade"})"})
    EXPECT_NE(why(text), "") << text;
}

TEST_F(KrakenTest, SubscribesTradesAndBestPrices) {
  const std::vector<std::string> names = {"BTC/USD", "ETH/EUR"};
  EXPECT_EQ(
      protocol->subscribe(names, 7),
      (std::vector<std::string>{
          R"({"method":"subscribe","params":{"channel":"trade","snapshot":false,"symbol":["BTC/USD","ETH/EUR"]},"req_id":7})",
          R"({"method":"subscribe","params":{"channel":"ticker","event_trigger":"bbo","snapshot":true,"symbol":["BTC/USD","ETH/EUR"]},"req_id":8})"}));
  EXPECT_EQ(protocol->unsubscribe(names, 1).size(), 2u);
  EXPECT_EQ(protocol->ping(42), R"({"method":"ping","req_id":42})");
}

TEST_F(KrakenTest, AssetPairsAreSpelledAsV2Does) {
  const auto pairs = protocol->decode_symbols(
      R"({"error":[],"result":{"XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT\/USD","aclass_base":"currency","base":"XXBT","quote":"ZUSD","status":"online"},
          "XDGXBT":{"wsname":"XDG/XBT","status":"cancel_only"},"SOLEUR":{"wsname":"SOL/EUR"},
          "XBTUSD.d":{"altname":"XBTUSD.d"},"AAPLxUSD":{"wsname":"AAPLx/USD","aclass_base":"tokenized_asset","status":"online"},"ODD":{"wsname":"ODD/"}}})");
  ASSERT_TRUE(pairs);
  ASSERT_EQ(pairs->size(), 3u);
  EXPECT_EQ((*pairs)[0].venue_symbol, "BTC/USD");
  EXPECT_EQ((*pairs)[0].base, "btc");
  EXPECT_EQ((*pairs)[0].quote, "usd");
  EXPECT_TRUE((*pairs)[0].trading);
  EXPECT_EQ((*pairs)[1].venue_symbol, "DOGE/BTC");
  EXPECT_FALSE((*pairs)[1].trading);
  EXPECT_TRUE((*pairs)[2].trading) << "older answers give no status";
}

TEST_F(KrakenTest, SymbolListErrorsAreNamed) {
  const auto busy = protocol->decode_symbols(R"({"error":["EGeneral:Too many requests"]})");
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().code, core::ErrorCode::rate_limited);
  EXPECT_NE(busy.error().context.find("EGeneral:Too many requests"), std::string::npos);
  for (const char* text :
       {"", "{}", "<html>", R"({"error":[],"result":[]})", R"({"error":[],"result":{"A":{"wsname":"A/B")"}) {
    EXPECT_FALSE(protocol->decode_symbols(text)) << text;
  }
}

TEST_F(KrakenTest, RecordedSymbolList) {
  const auto dir = test::recordings_dir();
  if (!dir) GTEST_SKIP() << "no recordings (../shared is not there)";
  const auto pairs = protocol->decode_symbols(test::read_file(*dir + "/kraken/rest/AssetPairs_20210417.json"));
  ASSERT_TRUE(pairs);
  EXPECT_EQ(pairs->size(), 293u);
  const auto has = [&](std::string_view symbol) {
    return std::any_of(pairs->begin(), pairs->end(), [&](const auto& pair) { return pair.venue_symbol == symbol; });
  };
  EXPECT_TRUE(has("BTC/USD"));
  EXPECT_TRUE(has("DOGE/BTC"));
  EXPECT_FALSE(has("XBT/USD"));
}

}  // namespace
}  // namespace tickspan::feeds
