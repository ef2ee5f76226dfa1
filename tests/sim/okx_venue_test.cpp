#include <chrono>

#include "feeds/okx/okx.hpp"
#include "sim/text.hpp"
#include "sim/venues/okx.hpp"
#include "venue_fixture.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

class OkxVenueTest : public VenueTest<OkxServer> {
 protected:
  OkxVenueTest() : VenueTest("okx") {}
};

TEST_F(OkxVenueTest, AnswersEachArgumentByItself) {
  const auto client = connect("/ws/v5/public");
  client->say(
      R"({"id":"7","op":"subscribe","args":[{"channel":"tickers","instId":"BTC-USDT"},{"channel":"trades","instId":"NO-PE"},{"channel":"trades","instId":"BTC-USDT"}]})");
  ASSERT_EQ(client->texts.size(), 4U);
  EXPECT_EQ(client->texts[0],
            R"({"id":"7","event":"subscribe","arg":{"channel":"tickers","instId":"BTC-USDT"},"connId":"a4d3ae55"})");
  EXPECT_EQ(client->texts[1].find(R"({"arg":{"channel":"tickers","instId":"BTC-USDT"},"data":[{"instType":"SPOT")"),
            0U);
  EXPECT_NE(client->texts[2].find(R"("event":"error","code":"60018","msg":"Wrong URL or channel:trades,instId:NO-PE)"),
            std::string::npos);
  EXPECT_EQ(client->texts[3],
            R"({"id":"7","event":"subscribe","arg":{"channel":"trades","instId":"BTC-USDT"},"connId":"a4d3ae55"})");
}

TEST_F(OkxVenueTest, SpellsTradesAsRecorded) {
  const auto client = connect("/ws/v5/public");
  client->say(R"({"op":"subscribe","args":[{"channel":"trades","instId":"BTC-USDT"}]})");
  client->texts.clear();
  pass(5s);
  const auto trades = truth(pair("BTC", "USDT"), kStart, clock.now());
  ASSERT_FALSE(trades.empty());
  const SimTrade& t = trades[0];
  EXPECT_EQ(client->texts.front(),
            R"({"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":")" +
                std::to_string(t.id) + R"(","px":")" + fixed(t.price, pair("BTC", "USDT").spec().price_decimals) +
                R"(","sz":")" + trimmed(t.amount) + R"(","side":")" + (t.taker_buys ? "buy" : "sell") + R"(","ts":")" +
                std::to_string(t.time.ms()) + R"(","count":"1"}]})");
}

TEST_F(OkxVenueTest, EveryFrameDecodesAndEveryTradeIsThere) {
  const auto protocol = feeds::make_okx();
  std::vector<std::string> names;
  for (const auto& p : pairs) names.push_back(p.spec().base_code + "-" + p.spec().quote_code);
  const auto client = connect(protocol->socket_target());
  for (const auto& message : protocol->subscribe(names, 1)) client->say(message);
  client->say(protocol->ping(9));
  pass(20s);
  const auto heard = decode(*protocol, *client);
  std::size_t expected = 0;
  for (const auto& p : pairs) expected += truth(p, kStart, clock.now()).size();
  EXPECT_EQ(heard.trades.size(), expected);
  EXPECT_GT(expected, 500U);
  EXPECT_GT(heard.quotes, pairs.size());
  EXPECT_EQ(heard.control, 2 * pairs.size());
  EXPECT_EQ(heard.heartbeats, 1U);
  EXPECT_EQ(heard.refusals, 0U);
  for (const auto& tick : heard.trades) ASSERT_GE(tick.event_time(), core::Timestamp::from_ms(kStart.ms()));
}

TEST_F(OkxVenueTest, ClosesWhoHearsNothingForThirtySeconds) {
  const auto silent = connect("/ws/v5/public");
  const auto pinging = connect("/ws/v5/public");
  pass(20s);
  pinging->say("ping");
  EXPECT_EQ(pinging->texts.back(), "pong");
  pass(11s);
  EXPECT_EQ(silent->closed_with, 4004);
  EXPECT_EQ(pinging->closed_with, 0);
}

TEST_F(OkxVenueTest, UnsubscribesAndRefusesNonsense) {
  const auto client = connect("/ws/v5/public");
  const std::string argument = R"([{"channel":"trades","instId":"BTC-USDT"}]})";
  client->say(R"({"op":"subscribe","args":)" + argument);
  client->say(R"({"op":"unsubscribe","args":)" + argument);
  EXPECT_EQ(client->texts.back(),
            R"({"event":"unsubscribe","arg":{"channel":"trades","instId":"BTC-USDT"},"connId":"a4d3ae55"})");
  client->texts.clear();
  pass(5s);
  EXPECT_TRUE(client->texts.empty());
  for (const char* text : {"hello", "[]", R"({"op":"login"})", R"({"op":"subscribe"})"}) {
    client->say(text);
    EXPECT_NE(client->texts.back().find(R"("event":"error","code":"60012")"), std::string::npos) << text;
  }
  EXPECT_EQ(connect("/ws/v5/private")->handler, nullptr);
}

TEST_F(OkxVenueTest, RestIsOkxs) {
  EXPECT_EQ(get("/api/v5/public/time").body,
            R"({"code":"0","msg":"","data":[{"ts":")" + std::to_string(kStart.ms()) + R"("}]})");
  EXPECT_NE(get("/api/v5/market/candles?instId=NO-PE").body.find(R"("code":"51001")"), std::string::npos);
  EXPECT_NE(get("/api/v5/market/candles?instId=BTC-USDT&bar=7m").body.find(R"("code":"51000")"), std::string::npos);
  EXPECT_NE(get("/api/v5/market/history-trades?instId=BTC-USDT&limit=101").body.find(R"("code":"51000")"),
            std::string::npos);
  EXPECT_NE(get("/api/v5/market/ticker?instId=BTC-USDT").body.find(R"("instId":"BTC-USDT")"), std::string::npos);
  EXPECT_EQ(get("/nowhere").status, 404);
}

}  // namespace
}  // namespace tickspan::sim
