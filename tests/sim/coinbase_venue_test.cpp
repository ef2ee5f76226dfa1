#include <chrono>

#include "feeds/coinbase/coinbase.hpp"
#include "sim/text.hpp"
#include "sim/venues/coinbase.hpp"
#include "venue_fixture.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

class CoinbaseVenueTest : public VenueTest<CoinbaseServer> {
 protected:
  CoinbaseVenueTest() : VenueTest("coinbase") {}
};

TEST_F(CoinbaseVenueTest, AcknowledgesThenSendsTheLastMatchAndTheTicker) {
  const auto client = connect("/");
  client->say(
      R"({"type":"subscribe","product_ids":["BTC-USD"],"channels":["ticker","heartbeat",{"name":"matches","product_ids":["ETH-USD"]}]})");
  ASSERT_EQ(client->texts.size(), 4U);
  EXPECT_EQ(
      client->texts[0],
      R"({"type":"subscriptions","channels":[{"name":"ticker","product_ids":["BTC-USD"],"account_ids":null},)"
      R"({"name":"matches","product_ids":["BTC-USD","ETH-USD"],"account_ids":null},{"name":"heartbeat","product_ids":["BTC-USD"],"account_ids":null}]})");
  EXPECT_EQ(client->count(R"({"type":"ticker","sequence":)"), 1U);
  EXPECT_EQ(client->count(R"("type":"last_match")"), 2U);
}

TEST_F(CoinbaseVenueTest, SpellsMatchesAsRecorded) {
  const auto client = connect("");
  client->say(R"({"type":"subscribe","product_ids":["BTC-USD"],"channels":["matches"]})");
  pass(5s);
  const auto trades = truth(pair("BTC", "USD"), kStart, clock.now());
  ASSERT_FALSE(trades.empty());
  const SimTrade& t = trades[0];
  const std::string text = client->first(R"("type":"match")");
  EXPECT_EQ(text.substr(0, 27 + std::to_string(t.id).size()), R"({"type":"match","trade_id":)" + std::to_string(t.id));
  // The side is the maker's.
  EXPECT_EQ(text.substr(text.find(R"("side")")),
            R"("side":")" + std::string(t.taker_buys ? "sell" : "buy") + R"(","size":")" + trimmed(t.amount) +
                R"(","price":")" + trimmed(t.price) + R"(","product_id":"BTC-USD","sequence":)" +
                std::to_string(t.id * 20 + 7) + R"(,"time":")" + time_us(t.time) + R"("})");
}

TEST_F(CoinbaseVenueTest, EveryFrameDecodesAndEveryTradeIsThere) {
  const auto protocol = feeds::make_coinbase();
  std::vector<std::string> products;
  for (const auto& p : pairs) products.push_back(p.spec().base_code + "-" + p.spec().quote_code);
  const auto client = connect(protocol->socket_target());
  for (const auto& message : protocol->subscribe(products, 1)) client->say(message);
  pass(20s);
  const auto heard = decode(*protocol, *client);
  std::size_t expected = 0;
  for (const auto& p : pairs) expected += truth(p, kStart, clock.now()).size();
  EXPECT_EQ(heard.trades.size(), expected);
  EXPECT_GT(expected, 500U);
  EXPECT_GE(heard.quotes, expected);
  EXPECT_EQ(heard.heartbeats, pairs.size() * 20);
  EXPECT_EQ(heard.refusals, 0U);
  for (const auto& tick : heard.trades) {
    ASSERT_NE(tick.side(), core::Side::unknown);
    ASSERT_GE(tick.event_time(), core::Timestamp::from_us(kStart.ns / 1000));
  }
}

TEST_F(CoinbaseVenueTest, ASequenceGapIsATradeThatOnlyThePastKnows) {
  VenueFaults faults;
  faults.sequence_gaps = 5;
  server->set_faults(faults);
  const auto client = connect("/");
  client->say(R"({"type":"subscribe","product_ids":["BTC-USD"],"channels":["matches"]})");
  pass(20s);
  std::size_t told = 0, left_out = 0;
  const auto past = get("/products/BTC-USD/trades").body;
  for (const SimTrade& trade : truth(pair("BTC", "USD"), kStart, clock.now())) {
    const std::string id = R"("trade_id":)" + std::to_string(trade.id) + ",";
    const bool heard = client->count(R"({"type":"match",)" + id) == 1;
    EXPECT_EQ(heard, trade.id % 5 != 0) << trade.id;
    EXPECT_NE(past.find(id), std::string::npos);
    ++(heard ? told : left_out);
  }
  EXPECT_GT(left_out, 5U);
  EXPECT_GT(told, 20U);
}

TEST_F(CoinbaseVenueTest, OneBadProductVoidsTheRequest) {
  const auto client = connect("/");
  client->say(R"({"type":"subscribe","product_ids":["BTC-USD","NOPE-USD"],"channels":["ticker"]})");
  ASSERT_EQ(client->texts.size(), 1U);
  EXPECT_EQ(client->texts[0],
            R"({"type":"error","message":"Failed to subscribe","reason":"NOPE-USD is not a valid product"})");
  pass(3s);
  EXPECT_EQ(client->texts.size(), 1U);
  client->say(R"({"type":"subscribe","product_ids":["BTC-USD"],"channels":["full"]})");
  EXPECT_NE(client->texts.back().find("full is not a valid channel"), std::string::npos);
  client->say("no json");
  EXPECT_NE(client->texts.back().find(R"("type":"error")"), std::string::npos);
}

TEST_F(CoinbaseVenueTest, ClosesWhoDoesNotSubscribeInFiveSeconds) {
  const auto silent = connect("/");
  const auto talking = connect("/");
  talking->say(R"({"type":"subscribe","product_ids":["BTC-USD"],"channels":["heartbeat"]})");
  pass(4900ms);
  EXPECT_EQ(silent->closed_with, 0);
  pass(200ms);
  EXPECT_EQ(silent->closed_with, 1008);
  EXPECT_EQ(talking->closed_with, 0);
}

TEST_F(CoinbaseVenueTest, UnsubscribesAChannelAsAWhole) {
  const auto client = connect("/");
  client->say(R"({"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channels":["ticker","heartbeat"]})");
  client->say(R"({"type":"unsubscribe","channels":["heartbeat"]})");
  EXPECT_EQ(
      client->texts.back(),
      R"({"type":"subscriptions","channels":[{"name":"ticker","product_ids":["BTC-USD","ETH-USD"],"account_ids":null}]})");
  client->texts.clear();
  pass(3s);
  EXPECT_EQ(client->count("heartbeat"), 0U);
  EXPECT_GT(client->count(R"("type":"ticker")"), 0U);
}

TEST_F(CoinbaseVenueTest, CandlesAreNewestFirstLowBeforeHigh) {
  clock.advance(30s);
  const auto body = get("/products/BTC-USD/candles?granularity=60&start=" + core::to_rfc3339(kStart - 2min) +
                        "&end=" + core::to_rfc3339(kStart - 1min))
                        .body;
  const auto row = [&](core::Timestamp start) {
    const SimCandle c = make_candle(pair("BTC", "USD"), start, 1min, clock.now());
    return "[" + std::to_string(start.seconds()) + "," + trimmed(c.low) + "," + trimmed(c.high) + "," +
           trimmed(c.open) + "," + trimmed(c.close) + "," +
           trimmed(core::Decimal{c.volume, static_cast<std::int8_t>(-pair("BTC", "USD").spec().lot_decimals)}) + "]";
  };
  EXPECT_EQ(body, "[" + row(kStart - 1min) + "," + row(kStart - 2min) + "]");
  EXPECT_EQ(get("/products/BTC-USD/candles?granularity=61").status, 400);
  EXPECT_EQ(get("/products/BTC-USD/candles?granularity=60&start=1790000000&end=1795000000").status, 400);
}

TEST_F(CoinbaseVenueTest, RestIsCoinbases) {
  EXPECT_EQ(get("/products/NOPE-USD").body, R"({"message":"NotFound"})");
  EXPECT_EQ(get("/products/NOPE-USD").status, 404);
  EXPECT_NE(get("/products/BTC-USD/ticker").body.find(R"({"ask":")"), std::string::npos);
  EXPECT_NE(get("/products/BTC-USD/stats").body.find(R"({"open":")"), std::string::npos);
  EXPECT_EQ(get("/time").body,
            R"({"iso":")" + core::to_rfc3339(kStart) + R"(","epoch":)" + std::to_string(kStart.seconds()) + ".000}");
  const std::uint64_t newest = pair("BTC", "USD").first_trade_at(clock.now()) - 1;
  const auto page = get("/products/BTC-USD/trades?limit=3");
  EXPECT_EQ(page.body.substr(0, 13 + std::to_string(newest).size()), R"([{"trade_id":)" + std::to_string(newest));
  EXPECT_EQ(page.headers.find("CB-AFTER"), std::to_string(newest - 2));
  const auto older = get("/products/BTC-USD/trades?limit=3&after=" + std::to_string(newest - 2));
  EXPECT_EQ(older.body.substr(0, 13 + std::to_string(newest).size()), R"([{"trade_id":)" + std::to_string(newest - 3));
}

/// The other host of the same books.
class CoinbaseAdvancedVenueTest : public VenueTest<CoinbaseAdvancedServer> {
 protected:
  CoinbaseAdvancedVenueTest() : VenueTest("coinbase_advanced") {}
};

TEST_F(CoinbaseAdvancedVenueTest, EveryFrameDecodesAndEveryTradeIsThere) {
  const auto protocol = feeds::make_coinbase();
  const feeds::VenueProtocol& advanced = protocol->dialect("advanced");
  std::vector<std::string> products;
  for (const auto& p : pairs) products.push_back(p.spec().base_code + "-" + p.spec().quote_code);
  const auto client = connect(advanced.socket_target());
  for (const auto& message : advanced.subscribe(products, 1)) client->say(message);
  pass(20s);
  const auto heard = decode(*protocol, advanced, *client);
  std::size_t expected = 0;
  for (const auto& p : pairs) expected += truth(p, kStart, clock.now()).size();
  EXPECT_EQ(heard.trades.size(), expected) << "and none of the snapshots'";
  EXPECT_GT(heard.quotes, 500U);
  EXPECT_EQ(heard.heartbeats, 20U);
  EXPECT_EQ(heard.refusals, 0U);
  for (std::size_t i = 0; i < client->texts.size(); ++i) {
    ASSERT_NE(client->texts[i].find(R"("sequence_num":)" + std::to_string(i) + ","), std::string::npos) << i;
  }
  const auto listed = advanced.decode_symbols(get(advanced.symbols_target()).body);
  ASSERT_TRUE(listed) << listed.error().context;
  EXPECT_EQ(listed->size(), pairs.size());
  client->say(R"({"type":"subscribe","product_ids":["NOPE-USD"],"channel":"ticker"})");
  EXPECT_EQ(client->texts.back(), R"({"type":"error","message":"NOPE-USD is not a valid product"})");
}

TEST_F(CoinbaseAdvancedVenueTest, HasTheTradesOfTheExchange) {
  const auto exchange = list_pairs(model, {"coinbase"}, 200)["coinbase"];
  ASSERT_EQ(pairs.size(), exchange.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const std::uint64_t next = exchange[i].first_trade_at(kStart);
    ASSERT_EQ(pairs[i].first_trade_at(kStart), next);
    EXPECT_EQ(pairs[i].trade(next).time, exchange[i].trade(next).time);
    EXPECT_EQ(pairs[i].trade(next).price, exchange[i].trade(next).price);
    EXPECT_EQ(pairs[i].trade(next).amount, exchange[i].trade(next).amount);
  }
}

TEST_F(CoinbaseAdvancedVenueTest, NeitherHostSpeaksTheOthersLanguage) {
  const auto protocol = feeds::make_coinbase();
  const feeds::VenueProtocol& advanced = protocol->dialect("advanced");
  CoinbaseServer exchange({model, clock, metrics}, pairs);
  const std::vector<std::string> products = {"BTC-USD"};
  const auto there = connect("/");
  for (const auto& message : protocol->subscribe(products, 1)) there->say(message);
  FakeClient here;
  net::HttpResponse refusal;
  here.handler = exchange.accept({}, "/", refusal);
  here.handler->on_open(here);
  for (const auto& message : advanced.subscribe(products, 1)) here.say(message);
  for (const FakeClient* client : {there.get(), &here}) {
    EXPECT_GT(client->texts.size(), 0u);
    EXPECT_EQ(client->count(R"("type":"error")"), client->texts.size());
  }
  EXPECT_EQ(get(protocol->symbols_target()).status, 404);
  EXPECT_EQ(
      exchange.rest({advanced.symbols_target().substr(0, advanced.symbols_target().find('?')), {}, false, {}}).status,
      404);
}

}  // namespace
}  // namespace tickspan::sim
