#include "feeds/coinbase/coinbase.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "venue_fixture.hpp"

namespace tickspan::feeds {
namespace {

using core::Decimal;
using test_venues::with;

const std::string kMatch =
    R"({"type":"match","trade_id":1568268,"maker_order_id":"cac0","taker_order_id":"3dec","side":"sell","size":"450","price":"0.791","product_id":"SKL-USD","sequence":201390075,"time":"2026-05-28T20:26:40.121358Z"})";
const std::string kTicker =
    R"({"type":"ticker","sequence":90000000001,"product_id":"BTC-USD","price":"64320.01","open_24h":"63010.5","volume_24h":"8123.4","low_24h":"62740","high_24h":"64911.2","volume_30d":"300123.9","best_bid":"64320.00","best_bid_size":"0.4","best_ask":"64320.01","best_ask_size":"0.9","side":"buy","time":"2026-05-28T20:26:39.123456Z","trade_id":800000001,"last_size":"0.002"})";
const std::string kTrades =
    R"({"channel":"market_trades","timestamp":"2026-05-28T20:26:40.228568804Z","sequence_num":9,"events":[{"type":"update","trades":[{"product_id":"BTC-USD","trade_id":"1068572091","price":"65083.67","size":"0.01","time":"2026-05-28T20:26:40.167634Z","side":"SELL"},{"product_id":"BTC-USD","trade_id":"1068572092","price":"65083.66","size":"0.02","time":"2026-05-28T20:26:40.2Z","side":"BUY"}]}]})";
const std::string kTickers =
    R"({"channel":"ticker","timestamp":"2026-05-28T20:26:40.229198328Z","sequence_num":6,"events":[{"type":"snapshot","tickers":[{"type":"ticker","product_id":"BTC-USD","price":"65086.18","best_bid":"65083.66","best_ask":"65083.67","best_bid_quantity":"0.2","best_ask_quantity":"0.24"}]}]})";

class CoinbaseTest : public ::testing::Test, protected test_venues::Venue {
 protected:
  CoinbaseTest() : Venue(make_coinbase()) {
    know("SKL-USD");
    know("BTC-USD");
  }
};

TEST_F(CoinbaseTest, MatchIsATradeWithTheTakersSide) {
  ASSERT_EQ(why(kMatch), "");
  EXPECT_EQ(out.type, "match");
  EXPECT_EQ(out.kind, FrameKind::data);
  EXPECT_EQ(out.protocol, "exchange");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.ticks[0].kind(), core::TickKind::trade);
  EXPECT_EQ(out.ticks[0].price(), *Decimal::parse("0.791"));
  EXPECT_EQ(out.ticks[0].amount(), *Decimal::parse("450"));
  EXPECT_EQ(out.ticks[0].trade_id(), 1568268u);
  EXPECT_EQ(out.ticks[0].event_time(), core::Timestamp::from_us(1780000000121358));
  EXPECT_EQ(out.ticks[0].side(), core::Side::buy) << "the maker sold";
  ASSERT_EQ(why(with(kMatch, R"("side":"sell")", R"("side":"buy")")), "");
  EXPECT_EQ(out.ticks.at(0).side(), core::Side::sell);
}

TEST_F(CoinbaseTest, TickerIsAQuoteAndNoTrade) {
  ASSERT_EQ(why(kTicker), "");
  EXPECT_EQ(out.type, "ticker");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.ticks[0].kind(), core::TickKind::quote);
  EXPECT_EQ(out.ticks[0].instrument().value, 1u);
  EXPECT_EQ(out.ticks[0].bid(), *Decimal::parse("64320"));
  EXPECT_EQ(out.ticks[0].ask(), *Decimal::parse("64320.01"));
  EXPECT_EQ(out.ticks[0].bid_size(), *Decimal::parse("0.4"));
  EXPECT_EQ(out.ticks[0].ask_size(), *Decimal::parse("0.9"));
  EXPECT_TRUE(out.ticks[0].event_time().is_set());
}

TEST_F(CoinbaseTest, TickerWithoutSizesAsOldServersSendIt) {
  ASSERT_EQ(why(with(with(kTicker, R"("best_bid_size":"0.4",)", ""), R"("best_ask_size":"0.9",)", "")), "");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_TRUE(out.ticks[0].bid_size().is_zero());
  ASSERT_EQ(why(with(kTicker, R"("best_bid":"64320.00")", R"("best_bid":"")")), "");
  EXPECT_TRUE(out.ticks.empty()) << "an empty side is no quote";
}

TEST_F(CoinbaseTest, KeyOrderDoesNotMatter) {
  ASSERT_EQ(
      why(R"({"time":"2026-05-28T20:26:40Z","product_id":"SKL-USD","price":"1","size":"2","side":"buy","trade_id":3,"type":"match"})"),
      "");
  EXPECT_EQ(out.ticks.size(), 1u);
  ASSERT_EQ(
      why(R"({"events":[{"trades":[{"side":"BUY","time":"2026-05-28T20:26:40Z","size":"1","price":"2","trade_id":"3","product_id":"BTC-USD"}],"type":"update"}],"sequence_num":1,"timestamp":"2026-05-28T20:26:40Z","channel":"market_trades"})"),
      "");
  EXPECT_EQ(out.ticks.size(), 1u);
}

TEST_F(CoinbaseTest, AnOldTradeOnSubscribingIsControl) {
  ASSERT_EQ(why(with(kMatch, "match", "last_match")), "");
  EXPECT_EQ(out.kind, FrameKind::control);
  EXPECT_EQ(out.type, "last_match");
  EXPECT_TRUE(out.ticks.empty());
  ASSERT_EQ(why(with(kTrades, "update", "snapshot")), "");
  EXPECT_EQ(out.kind, FrameKind::control);
  EXPECT_TRUE(out.ticks.empty());
}

TEST_F(CoinbaseTest, OtherMessages) {
  struct Case {
    const char* text;
    FrameKind kind;
    const char* type;
  };
  const Case cases[] = {
      {R"({"type":"heartbeat","sequence":1,"last_trade_id":2,"product_id":"BTC-USD","time":"2026-05-28T20:26:40Z"})",
       FrameKind::heartbeat, "heartbeat"},
      {R"({"type":"subscriptions","channels":[{"name":"ticker","product_ids":["BTC-USD"]}]})", FrameKind::control,
       "subscriptions"},
      {R"({"type":"l2update","product_id":"BTC-USD","changes":[["sell","0.57","335.0"]],"time":"x"})", FrameKind::data,
       "l2update"},
      {R"({"type":"snapshot","product_id":"BTC-USD","asks":[["1","2"]],"bids":[]})", FrameKind::data, "snapshot"},
      {R"({"type":"something_new","x":1})", FrameKind::data, "something_new"},
      {R"({"channel":"heartbeats","timestamp":"2026-05-28T20:26:40Z","sequence_num":1,"events":[{"heartbeat_counter":1}]})",
       FrameKind::heartbeat, "heartbeats"},
      {R"({"channel":"subscriptions","timestamp":"2026-05-28T20:26:40Z","sequence_num":1,"events":[{"subscriptions":{}}]})",
       FrameKind::control, "subscriptions"},
      {R"({"channel":"l2_data","timestamp":"2026-05-28T20:26:40Z","sequence_num":1,"events":[{"type":"update","updates":[]}]})",
       FrameKind::data, "l2_data"},
      {R"({"channel":"candles","timestamp":"2026-05-28T20:26:40Z","sequence_num":1,"events":[]})", FrameKind::data,
       "candles"},
  };
  for (const auto& expected : cases) {
    EXPECT_EQ(why(expected.text), "") << expected.text;
    EXPECT_EQ(out.kind, expected.kind) << expected.text;
    EXPECT_EQ(out.type, expected.type);
    EXPECT_TRUE(out.ticks.empty());
  }
}

TEST_F(CoinbaseTest, ErrorsAreRefusals) {
  ASSERT_EQ(why(R"({"type":"error","message":"Failed to subscribe","reason":"NOPE-USD is not a valid product"})"), "");
  EXPECT_EQ(out.kind, FrameKind::refusal);
  EXPECT_EQ(out.detail, "Failed to subscribe: NOPE-USD is not a valid product");
  ASSERT_EQ(why(R"({"message":"rate limit","type":"error"})"), "");
  EXPECT_EQ(out.detail, "rate limit");
}

TEST_F(CoinbaseTest, AdvancedTradesComeInBatches) {
  ASSERT_EQ(why(kTrades), "");
  EXPECT_EQ(out.protocol, "advanced");
  EXPECT_EQ(out.type, "market_trades");
  ASSERT_EQ(out.ticks.size(), 2u);
  EXPECT_EQ(out.ticks[0].trade_id(), 1068572091u);
  EXPECT_EQ(out.ticks[0].side(), core::Side::buy);
  EXPECT_EQ(out.ticks[1].side(), core::Side::sell);
}

TEST_F(CoinbaseTest, AdvancedTickerIsAQuoteAtTheEnvelopesTime) {
  ASSERT_EQ(why(kTickers), "");
  EXPECT_EQ(out.kind, FrameKind::data);
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.ticks[0].bid_size(), *Decimal::parse("0.2"));
  EXPECT_EQ(out.ticks[0].event_time(), core::Timestamp{1780000000229198328});
}

TEST_F(CoinbaseTest, UnknownProductIsNamed) {
  ASSERT_EQ(why(with(kMatch, "SKL-USD", "NEW-USD")), "");
  EXPECT_EQ(out.unknown_symbol, "NEW-USD");
  EXPECT_TRUE(out.ticks.empty());
}

TEST_F(CoinbaseTest, ValuesOutOfRangeAreRefused) {
  const std::pair<const char*, const char*> changes[] = {{R"("price":"0.791")", R"("price":"-0.791")"},
                                                         {R"("price":"0.791")", R"("price":"0")"},
                                                         {R"("price":"0.791")", R"("price":"1e40")"},
                                                         {R"("price":"0.791",)", ""},
                                                         {R"("size":"450")", R"("size":null)"},
                                                         {R"("size":"450")", R"("size":"0")"},
                                                         {R"("trade_id":1568268)", R"("trade_id":{})"},
                                                         {R"("trade_id":1568268,)", ""},
                                                         {R"("side":"sell")", R"("side":"up")"},
                                                         {"2026-05-28T20:26:40.121358Z", "yesterday"},
                                                         {"2026-05-28T20:26:40.121358Z", "2026-05-30T20:26:40Z"},
                                                         {"2026-05-28T20:26:40.121358Z", "2008-12-31T23:59:59Z"},
                                                         {R"("product_id":"SKL-USD",)", ""}};
  for (const auto& [from, to] : changes) {
    const std::string text = with(kMatch, from, to);
    ASSERT_NE(text, "") << from;
    EXPECT_NE(why(text), "") << text;
    EXPECT_TRUE(out.ticks.empty()) << text;
  }
  EXPECT_NE(why(with(kTicker, R"("best_bid":"64320.00")", R"("best_bid":"-1")")), "");
  EXPECT_NE(why(with(kTicker, R"("best_ask_size":"0.9")", R"("best_ask_size":"-1")")), "");
  EXPECT_NE(why(with(kTrades, R"("size":"0.02")", R"("size":"-0.02")")), "");
  EXPECT_NE(why(with(kTrades, R"("events":[)", R"("events":5,"x":[)")), "");
}

TEST_F(CoinbaseTest, TruncatedAndForeignFramesAreRefused) {
  for (const auto& text : {kMatch, kTicker, kTrades, kTickers}) {
    for (const auto& part : test_venues::prefixes(text)) EXPECT_NE(why(part), "") << part;
  }
  for (const char* text :
       {"[]", "{}", "5", "null", "hello", R"({"type":5})", R"({"channel":"ticker"})", R"({"stream":"btcusdt@trade"})"})
    EXPECT_NE(why(text), "") << text;
}

TEST_F(CoinbaseTest, SubscribesThreeChannels) {
  const std::vector<std::string> names = {"BTC-USD", "ETH-USD"};
  EXPECT_EQ(
      protocol->subscribe(names, 1),
      (std::vector<std::string>{
          R"({"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channels":["matches","ticker","heartbeat"]})"}));
  EXPECT_EQ(protocol->unsubscribe(std::span(names).first(1), 1),
            (std::vector<std::string>{
                R"({"type":"unsubscribe","product_ids":["BTC-USD"],"channels":["matches","ticker","heartbeat"]})"}));
  EXPECT_TRUE(protocol->ping(1).empty());
}

TEST_F(CoinbaseTest, AdvancedIsADialectOfTheSecondHost) {
  const auto hosts = protocol->default_hosts();
  ASSERT_EQ(hosts.size(), 2u);
  EXPECT_EQ(&protocol->dialect(hosts[0].dialect), protocol.get());
  const VenueProtocol& advanced = protocol->dialect(hosts[1].dialect);
  EXPECT_EQ(advanced.venue().id, "coinbase") << "the same books, the same trade ids";
  const std::vector<std::string> names = {"BTC-USD", "ETH-USD"};
  EXPECT_EQ(
      advanced.subscribe(names, 1),
      (std::vector<std::string>{R"({"type":"subscribe","channel":"heartbeats"})",
                                R"({"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channel":"market_trades"})",
                                R"({"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channel":"ticker"})"}));
  EXPECT_EQ(advanced.unsubscribe(std::span(names).first(1), 1),
            (std::vector<std::string>{R"({"type":"unsubscribe","product_ids":["BTC-USD"],"channel":"market_trades"})",
                                      R"({"type":"unsubscribe","product_ids":["BTC-USD"],"channel":"ticker"})"}));
}

TEST_F(CoinbaseTest, AdvancedCountsTheMessagesOfTheConnection) {
  ASSERT_EQ(why(kTrades), "");
  EXPECT_EQ(out.sequence, 10u);
  ASSERT_EQ(why(with(kTrades, R"("sequence_num":9)", R"("sequence_num":0)")), "");
  EXPECT_EQ(out.sequence, 1u) << "the first one has a number, too";
  ASSERT_EQ(why(kMatch), "");
  EXPECT_EQ(out.sequence, 0u) << "the Exchange's counts the book's changes";
}

TEST_F(CoinbaseTest, AdvancedListKnowsOtherNamesOfABook) {
  const VenueProtocol& advanced = protocol->dialect("advanced");
  const auto dir = test::recordings_dir();
  if (!dir) GTEST_SKIP() << "no recordings (../shared is not there)";
  const auto pairs =
      advanced.decode_symbols(test::read_file(*dir + "/coinbase/rest/advanced_products_20260809.json.gz"));
  ASSERT_TRUE(pairs) << pairs.error().context;
  EXPECT_EQ(pairs->size(), 920u);
  EXPECT_EQ(std::count_if(pairs->begin(), pairs->end(), [](const auto& p) { return p.trading; }), 516);
  for (const auto& pair : *pairs) {
    if (pair.venue_symbol == "BTC-USD" || pair.venue_symbol == "BTC-USDC") {
      EXPECT_EQ(pair.trading, pair.venue_symbol == "BTC-USD") << pair.venue_symbol;
    }
  }
  for (const char* text : {"", "{}", R"({"message":"NotFound"})", R"({"products":[{"product_id":"A")", "[5]"})
    EXPECT_FALSE(advanced.decode_symbols(text)) << text;
}

TEST_F(CoinbaseTest, ProductListFlagsWhatTrades) {
  const auto pairs = protocol->decode_symbols(
      R"([{"id":"BTC-USD","base_currency":"BTC","quote_currency":"USD","status":"online","trading_disabled":false,"cancel_only":false},
          {"id":"XRP-USD","base_currency":"XRP","quote_currency":"USD","status":"delisted"},
          {"id":"A-USD","base_currency":"A","quote_currency":"USD","status":"online","trading_disabled":true},
          {"id":"B-USD","base_currency":"B","quote_currency":"USD","status":"online","cancel_only":true},{"id":"C-USD"}])");
  ASSERT_TRUE(pairs);
  ASSERT_EQ(pairs->size(), 4u);
  EXPECT_EQ((*pairs)[0].base, "btc");
  EXPECT_EQ((*pairs)[0].quote, "usd");
  EXPECT_TRUE((*pairs)[0].trading);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_FALSE((*pairs)[i].trading) << i;
  for (const char* text : {"", "{}", R"({"message":"NotFound"})", R"([{"id":"A")", "[5]"})
    EXPECT_FALSE(protocol->decode_symbols(text)) << text;
}

}  // namespace
}  // namespace tickspan::feeds
