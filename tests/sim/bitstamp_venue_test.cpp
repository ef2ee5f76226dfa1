#include <chrono>

#include "feeds/bitstamp/bitstamp.hpp"
#include "feeds/bitstamp/history.hpp"
#include "sim/text.hpp"
#include "sim/venues/bitstamp.hpp"
#include "venue_fixture.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

class BitstampVenueTest : public VenueTest<BitstampServer> {
 protected:
  BitstampVenueTest() : VenueTest("bitstamp") {}
};

TEST_F(BitstampVenueTest, AnswersEachChannel) {
  const auto client = connect("/");
  client->say(R"({"event":"bts:subscribe","data":{"channel":"live_trades_btcusd"}})");
  EXPECT_EQ(client->texts.back(), R"({"event":"bts:subscription_succeeded","channel":"live_trades_btcusd","data":{}})");
  client->say(R"({"event":"bts:subscribe","data":{"channel":"live_trades_nopeusd"}})");
  EXPECT_EQ(
      client->texts.back(),
      R"({"event":"bts:error","channel":"live_trades_nopeusd","data":{"code":null,"message":"Bad subscription string."}})");
  client->say(R"({"event":"bts:heartbeat"})");
  EXPECT_EQ(client->texts.back(), R"({"event":"bts:heartbeat","channel":"","data":{"status":"success"}})");
  for (const char* text : {"hello", "{}", R"({"event":"bts:subscribe"})"}) {
    client->say(text);
    EXPECT_NE(client->texts.back().find("bts:error"), std::string::npos) << text;
  }
  EXPECT_EQ(connect("/v2")->handler, nullptr);
}

TEST_F(BitstampVenueTest, SpellsTradesAsRecordedAndStopsWhenTold) {
  const auto client = connect("/");
  client->say(R"({"event":"bts:subscribe","data":{"channel":"live_trades_btcusd"}})");
  client->texts.clear();
  pass(10s);
  const auto trades = truth(pair("BTC", "USD"), kStart, clock.now());
  ASSERT_FALSE(trades.empty());
  const SimTrade& t = trades[0];
  EXPECT_EQ(client->texts.front().find(R"({"data":{"id":)" + std::to_string(t.id) + R"(,"timestamp":")" +
                                       std::to_string(t.time.seconds()) + R"(","amount":)" + trimmed(t.amount) +
                                       R"(,"amount_str":")" + fixed(t.amount, 8) + R"(","price":)" + trimmed(t.price)),
            0U)
      << client->texts.front();
  client->say(R"({"event":"bts:unsubscribe","data":{"channel":"live_trades_btcusd"}})");
  EXPECT_EQ(client->texts.back(),
            R"({"event":"bts:unsubscription_succeeded","channel":"live_trades_btcusd","data":{}})");
  client->texts.clear();
  pass(5s);
  EXPECT_TRUE(client->texts.empty());
}

TEST_F(BitstampVenueTest, EveryFrameDecodesAndEveryTradeIsThere) {
  const auto protocol = feeds::make_bitstamp();
  std::vector<std::string> names;
  for (const auto& p : pairs) names.push_back(lower(p.spec().base_code + p.spec().quote_code));
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
}

TEST_F(BitstampVenueTest, TheTradesOfTheLastHourAreTheTruthAndOlderOnesAreNot) {
  const auto history = feeds::make_bitstamp_history();
  const PairMarket& market = pair("LTC", "USD");
  feeds::HistoryQuery query{feeds::HistoryKind::trades, "ltcusd", kStart - 30min, kStart - 10min};
  const auto page = history->decode(query, "", get(history->target(query, "")).body);
  ASSERT_TRUE(page) << page.error().context;
  std::size_t expected = 0;
  for (TradeWalk walk(market, market.first_trade_at(query.from)); walk.time() < query.to; walk.next()) ++expected;
  EXPECT_EQ(page->trades.size(), expected);
  EXPECT_GT(expected, 10U);
  query.from = kStart - 2h;
  EXPECT_FALSE(history->decode(query, "", get(history->target(query, "")).body));
}

TEST_F(BitstampVenueTest, RestIsBitstamps) {
  EXPECT_NE(get("/api/v2/ticker/btcusd").body.find(R"("percent_change_24":")"), std::string::npos);
  EXPECT_EQ(get("/api/v2/ohlc/nopeusd").status, 404);
  EXPECT_EQ(get("/api/v2/ohlc/btcusd?step=61&limit=1").status, 400);
  EXPECT_EQ(get("/api/v2/transactions/btcusd?time=week").status, 400);
  EXPECT_EQ(get("/nowhere").status, 404);
  EXPECT_NE(get("/api/v2/ohlc/btcusd?step=60&limit=2").body.find(R"({"data":{"pair":"BTC/USD","ohlc":[{"timestamp":")"),
            std::string::npos);
}

}  // namespace
}  // namespace tickspan::sim
