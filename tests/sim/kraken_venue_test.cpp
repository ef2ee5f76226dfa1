#include <chrono>

#include "feeds/kraken/kraken.hpp"
#include "sim/text.hpp"
#include "sim/venues/kraken.hpp"
#include "venue_fixture.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

class KrakenVenueTest : public VenueTest<KrakenServer> {
 protected:
  KrakenVenueTest() : VenueTest("kraken") {}
};

TEST_F(KrakenVenueTest, SaysItsStatusFirst) {
  const auto client = connect("/v2");
  ASSERT_EQ(client->texts.size(), 1U);
  EXPECT_EQ(
      client->texts[0].substr(0, 118 - 1),
      R"({"channel":"status","type":"update","data":[{"version":"2.0.10","system":"online","api_version":"v2","connection_id":)");
}

TEST_F(KrakenVenueTest, AcknowledgesEachSymbolByItself) {
  const auto client = connect("/v2");
  client->texts.clear();
  client->say(
      R"({"method":"subscribe","params":{"channel":"ticker","symbol":["BTC/USD","NOPE/USD","ETH/EUR"],"event_trigger":"bbo"},"req_id":7})");
  ASSERT_EQ(client->texts.size(), 5U);
  EXPECT_EQ(
      client->texts[0].substr(0, 124 - 1),
      R"({"method":"subscribe","result":{"channel":"ticker","event_trigger":"bbo","snapshot":true,"symbol":"BTC/USD"},"success":true)");
  EXPECT_EQ(client->texts[0].substr(client->texts[0].size() - 12), R"(,"req_id":7})");
  EXPECT_NE(client->texts[1].find(R"({"channel":"ticker","type":"snapshot","data":[{"symbol":"BTC/USD","bid":)"),
            std::string::npos);
  EXPECT_NE(client->texts[2].find(R"("error":"Currency pair not supported NOPE/USD")"), std::string::npos);
  EXPECT_NE(client->texts[2].find(R"("success":false,"symbol":"NOPE/USD")"), std::string::npos);
  EXPECT_NE(client->texts[3].find(R"("symbol":"ETH/EUR")"), std::string::npos);
}

TEST_F(KrakenVenueTest, APairOfItsListMayBeRefused) {
  VenueFaults faults;
  faults.no_pairs = 6;
  server->set_faults(faults);
  const auto client = connect("/v2");
  const auto name = [&](std::size_t i) { return pairs[i].spec().base_code + "/" + pairs[i].spec().quote_code; };
  client->say(R"({"method":"subscribe","params":{"channel":"trade","symbol":[")" + name(0) + R"(",")" + name(5) +
              R"("]}})");
  EXPECT_EQ(client->count(R"("success":true)"), 1U);
  EXPECT_EQ(client->count("Currency pair not supported " + name(5)), 1U);
  EXPECT_NE(get("/0/public/AssetPairs").body.find("\"" + name(5) + "\""), std::string::npos) << "listed it is";
}

TEST_F(KrakenVenueTest, WritesNumbersWithThePairsDecimals) {
  const auto client = connect("/v2");
  client->say(R"({"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD"]}})");
  client->texts.clear();
  pass(10s);
  const auto trades = truth(pair("BTC", "USD"), kStart, clock.now());
  ASSERT_FALSE(trades.empty());
  const SimTrade& t = trades[0];
  EXPECT_EQ(client->first("trade").find(R"({"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":")" +
                                        std::string(t.taker_buys ? "buy" : "sell") + R"(","price":)" +
                                        fixed(t.price, 1) + R"(,"qty":)" + fixed(t.amount, 8) + R"(,"ord_type":")"),
            0U);
  EXPECT_NE(client->first("trade").find(R"("trade_id":)" + std::to_string(t.id) + R"(,"timestamp":")" +
                                        time_us(t.time) + R"("})"),
            std::string::npos);
}

TEST_F(KrakenVenueTest, EveryFrameDecodesAndEveryTradeIsThere) {
  const auto protocol = feeds::make_kraken();
  std::vector<std::string> symbols;
  for (const auto& p : pairs) symbols.push_back(p.spec().base_code + "/" + p.spec().quote_code);
  const auto client = connect(protocol->socket_target());
  for (const auto& message : protocol->subscribe(symbols, 1)) client->say(message);
  pass(20s);
  const auto heard = decode(*protocol, *client);
  std::size_t expected = 0;
  for (const auto& p : pairs) expected += truth(p, kStart, clock.now()).size();
  EXPECT_EQ(heard.trades.size(), expected);
  EXPECT_GT(expected, 400U);
  EXPECT_GT(heard.quotes, pairs.size());
  EXPECT_EQ(heard.refusals, 0U);
}

TEST_F(KrakenVenueTest, BeatsWhenQuietAndAnswersPings) {
  const auto client = connect("/v2");
  pass(5s);
  EXPECT_EQ(client->count("heartbeat"), 0U);  // nothing subscribed yet
  client->say(R"({"method":"ping","req_id":42})");
  EXPECT_EQ(client->texts.back().substr(0, 41), R"({"method":"pong","req_id":42,"time_in":"2)");
  const auto quiet = std::min_element(pairs.begin(), pairs.end(), [](const PairMarket& a, const PairMarket& b) {
    return a.spec().trades_per_second < b.spec().trades_per_second;
  });
  client->say(R"({"method":"subscribe","params":{"channel":"trade","symbol":[")" + quiet->spec().base_code + "/" +
              quiet->spec().quote_code + R"("]}})");
  client->texts.clear();
  pass(10s);
  EXPECT_GE(client->count(R"({"channel":"heartbeat"})"), 7U);
  const auto idle = connect("/v2");
  pass(61s);
  EXPECT_EQ(idle->closed_with, 1000);
  EXPECT_EQ(client->closed_with, 0);
}

TEST_F(KrakenVenueTest, SendsTheInstruments) {
  const auto client = connect("/v2");
  client->say(R"({"method":"subscribe","params":{"channel":"instrument"}})");
  EXPECT_NE(client->texts.back().find(R"({"symbol":"DOGE/USD","base":"DOGE","quote":"USD","status":"online")"),
            std::string::npos);
}

TEST_F(KrakenVenueTest, SpellsTheOldNamesOverRest) {
  const auto body = get("/0/public/AssetPairs").body;
  for (
      const char* part :
      {R"("XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD","aclass_base":"currency","base":"XXBT","aclass_quote":"currency","quote":"ZUSD")",
       R"("XDGUSD":{"altname":"XDGUSD","wsname":"XDG/USD","aclass_base":"currency","base":"XXDG")",
       R"("SOLUSD":{"altname":"SOLUSD","wsname":"SOL/USD")", R"("XETHXXBT":{)", R"("USDTZUSD":{)", R"("XBTUSDT":{)",
       R"("ZEURZUSD":{)"}) {
    EXPECT_NE(body.find(part), std::string::npos) << part;
  }
}

TEST_F(KrakenVenueTest, OhlcIsTheNewest720AndAgreesWithTheTrades) {
  clock.advance(20s);
  const auto body = get("/0/public/OHLC?pair=XBTUSD&interval=1&since=1").body;
  const SimCandle c = make_candle(pair("BTC", "USD"), kStart - 1min, 1min, clock.now());
  EXPECT_NE(body.find("[" + std::to_string(c.start.seconds()) + ",\"" + fixed(c.open, 1) + "\",\"" + fixed(c.high, 1) +
                      "\",\"" + fixed(c.low, 1) + "\",\"" + fixed(c.close, 1)),
            std::string::npos);
  EXPECT_EQ(static_cast<std::size_t>(std::count(body.begin(), body.end(), '[')), 720U + 2);
  EXPECT_EQ(body.substr(body.rfind("last") - 1), R"("last":)" + std::to_string(c.start.seconds()) + "}}");
}

TEST_F(KrakenVenueTest, TradesPageByTheirCursor) {
  const auto first = get("/0/public/Trades?pair=XXBTZUSD&count=2&since=" + std::to_string((kStart - 1min).ns)).body;
  const PairMarket& btc = pair("BTC", "USD");
  const std::uint64_t id = btc.first_trade_at(kStart - 1min);
  EXPECT_NE(first.find("," + std::to_string(id) + "]"), std::string::npos);
  EXPECT_NE(first.find(R"("last":")" + std::to_string(btc.trade(id + 1).time.ns)), std::string::npos);
  EXPECT_EQ(first.find("," + std::to_string(id + 2) + "]"), std::string::npos);
}

TEST_F(KrakenVenueTest, TradesOfTheFarFutureAreNone) {
  for (const char* since : {"8999999999", "9223372036854775807"}) {
    EXPECT_NE(get(std::string("/0/public/Trades?pair=XBTUSD&since=") + since).body.find(R"("XXBTZUSD":[])"),
              std::string::npos)
        << since;
  }
}

TEST_F(KrakenVenueTest, ErrorsComeWithStatus200) {
  for (const char* target : {"/0/public/OHLC?pair=NOPE", "/0/public/Ticker?pair=NOPE", "/0/public/Trades?pair=NOPE"}) {
    EXPECT_EQ(get(target).status, 200);
    EXPECT_EQ(get(target).body, R"({"error":["EQuery:Unknown asset pair"]})");
  }
  EXPECT_EQ(get("/0/public/OHLC?pair=XBTUSD&interval=7").body, R"({"error":["EGeneral:Invalid arguments"]})");
  EXPECT_NE(get("/0/public/Ticker?pair=XBTUSD").body.find(R"({"error":[],"result":{"XXBTZUSD":{"a":[")"),
            std::string::npos);
  EXPECT_NE(get("/0/public/Time").body.find(std::to_string(kStart.seconds())), std::string::npos);
  EXPECT_NE(get("/0/public/SystemStatus").body.find(R"("status":"online")"), std::string::npos);
}

}  // namespace
}  // namespace tickspan::sim
