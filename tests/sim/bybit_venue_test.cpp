#include <chrono>

#include "feeds/bybit/bybit.hpp"
#include "feeds/bybit/history.hpp"
#include "sim/text.hpp"
#include "sim/venues/bybit.hpp"
#include "venue_fixture.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

class BybitVenueTest : public VenueTest<BybitServer> {
 protected:
  BybitVenueTest() : VenueTest("bybit") {}
};

TEST_F(BybitVenueTest, OneBadTopicVoidsTheRequestAndTenAreTheMost) {
  const auto client = connect("/v5/public/spot");
  client->say(R"({"req_id":"7","op":"subscribe","args":["publicTrade.BTCUSDT","publicTrade.NOPEUSDT"]})");
  ASSERT_EQ(client->texts.size(), 1U);
  EXPECT_EQ(
      client->texts[0],
      R"({"success":false,"ret_msg":"Invalid symbol :[publicTrade.NOPEUSDT]","conn_id":"d9avt8shteepr00gfc1g-4zd1x","req_id":"7","op":"subscribe"})");
  std::string args;
  for (int i = 0; i < 11; ++i) args += std::string(i == 0 ? "" : ",") + R"("publicTrade.BTCUSDT")";
  client->say(R"({"op":"subscribe","args":[)" + args + "]}");
  EXPECT_NE(client->texts.back().find(R"("success":false,"ret_msg":"args size >10")"), std::string::npos);
  for (const char* text : {"hello", R"({"op":"auth"})", R"({"op":"subscribe","args":["kline.BTCUSDT"]})"}) {
    client->say(text);
    EXPECT_NE(client->texts.back().find(R"("success":false)"), std::string::npos) << text;
  }
  pass(2s);
  EXPECT_EQ(client->count("topic\":\"publicTrade"), 0U);
  EXPECT_EQ(connect("/v5/public/linear")->handler, nullptr);
}

TEST_F(BybitVenueTest, SpellsTradesAsRecorded) {
  const auto client = connect("/v5/public/spot");
  client->say(R"({"op":"subscribe","args":["publicTrade.BTCUSDT"]})");
  EXPECT_EQ(client->texts[0],
            R"({"success":true,"ret_msg":"subscribe","conn_id":"d9avt8shteepr00gfc1g-4zd1x","op":"subscribe"})");
  client->texts.clear();
  pass(5s);
  const auto trades = truth(pair("BTC", "USDT"), kStart, clock.now());
  ASSERT_FALSE(trades.empty());
  const SimTrade& t = trades[0];
  EXPECT_NE(client->texts.front().find(R"("type":"snapshot","data":[{"i":")" + std::to_string(t.id) + R"(","T":)" +
                                       std::to_string(t.time.ms()) + R"(,"p":")" +
                                       fixed(t.price, pair("BTC", "USDT").spec().price_decimals) + R"(","v":")" +
                                       trimmed(t.amount) + R"(","S":")" + (t.taker_buys ? "Buy" : "Sell")),
            std::string::npos);
}

TEST_F(BybitVenueTest, EveryFrameDecodesAndEveryTradeIsThere) {
  const auto protocol = feeds::make_bybit();
  std::vector<std::string> names;
  for (const auto& p : pairs) names.push_back(p.spec().base_code + p.spec().quote_code);
  const auto client = connect(protocol->socket_target());
  const auto messages = protocol->subscribe(names, 1);
  for (const auto& message : messages) client->say(message);
  client->say(R"({"op":"subscribe","args":["tickers.BTCUSDT"]})");
  client->say(protocol->ping(9));
  pass(20s);
  const auto heard = decode(*protocol, *client);
  std::size_t expected = 0;
  for (const auto& p : pairs) expected += truth(p, kStart, clock.now()).size();
  EXPECT_EQ(heard.trades.size(), expected);
  EXPECT_GT(expected, 500U);
  EXPECT_GT(heard.quotes, pairs.size());
  EXPECT_EQ(heard.control, messages.size() + 1);
  EXPECT_EQ(heard.heartbeats, 1U);
  EXPECT_EQ(heard.refusals, 0U);
}

TEST_F(BybitVenueTest, UnsubscribesWhatItIsTold) {
  const auto client = connect("/v5/public/spot");
  client->say(R"({"op":"subscribe","args":["publicTrade.BTCUSDT"]})");
  client->say(R"({"op":"unsubscribe","args":["publicTrade.BTCUSDT"]})");
  client->texts.clear();
  pass(5s);
  EXPECT_TRUE(client->texts.empty());
}

TEST_F(BybitVenueTest, ItsNewestTradesAreTheTruthAndNoMore) {
  const auto history = feeds::make_bybit_history();
  const PairMarket& market = pair("BTC", "USDT");
  const auto newest = truth(market, kStart - 1h, kStart);
  ASSERT_GT(newest.size(), 60U);
  const SimTrade& first = newest[newest.size() - 30];
  feeds::HistoryQuery query{feeds::HistoryKind::trades, "BTCUSDT", first.time, kStart};
  const auto page = history->decode(query, "", get(history->target(query, "")).body);
  ASSERT_TRUE(page) << page.error().context;
  ASSERT_FALSE(page->trades.empty());
  EXPECT_EQ(page->trades.back().price, newest.back().price);
  EXPECT_EQ(page->trades.back().first_id, newest.back().id);
  EXPECT_GE(page->trades.size(), 29U);
  query.from = newest[newest.size() - 200].time;
  EXPECT_FALSE(history->decode(query, "", get(history->target(query, "")).body));
}

TEST_F(BybitVenueTest, RestIsBybits) {
  EXPECT_NE(get("/v5/market/time").body.find(R"({"retCode":0,"retMsg":"OK","result":{"timeSecond":")"),
            std::string::npos);
  EXPECT_NE(get("/v5/market/kline?symbol=BTCUSDT&interval=1").body.find(R"("retCode":10001)"), std::string::npos);
  EXPECT_NE(get("/v5/market/kline?category=spot&symbol=NOPE&interval=1").body.find("Not supported symbols"),
            std::string::npos);
  EXPECT_NE(get("/v5/market/kline?category=spot&symbol=BTCUSDT&interval=7").body.find("Invalid period!"),
            std::string::npos);
  EXPECT_NE(get("/v5/market/tickers?category=spot&symbol=BTCUSDT").body.find(R"("bid1Price":")"), std::string::npos);
}

}  // namespace
}  // namespace tickspan::sim
