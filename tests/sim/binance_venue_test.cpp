#include <chrono>

#include "feeds/binance/binance.hpp"
#include "sim/text.hpp"
#include "sim/venues/binance.hpp"
#include "venue_fixture.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::Test;

class BinanceVenueTest : public VenueTest<BinanceServer> {
 protected:
  BinanceVenueTest() : VenueTest("binance") {}
};

TEST_F(BinanceVenueTest, SendsTradesAsRecorded) {
  const auto client = connect("/stream?streams=btcusdt@trade/ethusdt@trade");
  pass(2s);
  const auto trades = truth(pair("BTC", "USDT"), kStart, clock.now());
  const std::string text = client->first(R"("stream":"btcusdt@trade")");
  const SimTrade& t = trades.front();
  // Event time is the moment of sending, up to a step later.
  const std::string head = R"({"stream":"btcusdt@trade","data":{"e":"trade","E":)";
  ASSERT_EQ(text.substr(0, head.size()), head);
  EXPECT_EQ(text.substr(text.find(R"(,"s":)")), R"(,"s":"BTCUSDT","t":)" + std::to_string(t.id) + R"(,"p":")" +
                                                    fixed(t.price, 8) + R"(","q":")" + fixed(t.amount, 8) +
                                                    R"(","T":)" + std::to_string(t.time.ms()) + R"(,"m":)" +
                                                    (t.taker_buys ? "false" : "true") + R"(,"M":true}})");
  EXPECT_EQ(client->count("btcusdt@trade"), trades.size());
}

TEST_F(BinanceVenueTest, EveryFrameDecodesAndEveryTradeIsThere) {
  const auto protocol = feeds::make_binance();
  std::vector<std::string> symbols;
  for (const auto& p : pairs) symbols.push_back(p.spec().base_code + p.spec().quote_code);
  const auto client = connect(protocol->socket_target());
  for (const auto& message : protocol->subscribe(symbols, 1)) {
    client->say(message);
    pass(300ms);
  }
  const core::Timestamp subscribed = clock.now();
  client->texts.clear();
  pass(20s);
  const auto heard = decode(*protocol, *client);
  std::size_t expected = 0;
  for (const auto& p : pairs) expected += truth(p, subscribed + 1ns, clock.now()).size();
  EXPECT_EQ(heard.trades.size(), expected);
  EXPECT_GT(expected, 1000U);
  EXPECT_GT(heard.quotes, pairs.size() * 10);
  EXPECT_EQ(heard.refusals + heard.control, 0U);
}

TEST_F(BinanceVenueTest, DecodedTradesAreTheTruth) {
  const auto protocol = feeds::make_binance();
  const auto client = connect("/stream?streams=dogeusdt@trade");
  pass(60s);
  const auto heard = decode(*protocol, *client);
  const auto trades = truth(pair("DOGE", "USDT"), kStart, clock.now());
  ASSERT_EQ(heard.trades.size(), trades.size());
  for (std::size_t i = 0; i < trades.size(); ++i) {
    EXPECT_EQ(heard.trades[i].trade_id(), trades[i].id);
    EXPECT_EQ(heard.trades[i].price(), trades[i].price);
    EXPECT_EQ(heard.trades[i].amount(), trades[i].amount);
    EXPECT_EQ(heard.trades[i].event_time().ms(), trades[i].time.ms());
    EXPECT_EQ(heard.trades[i].side(), trades[i].taker_buys ? core::Side::buy : core::Side::sell);
  }
}

TEST_F(BinanceVenueTest, AnswersControlMessages) {
  const auto client = connect("/ws");
  client->say(R"({"method":"SUBSCRIBE","params":["btcusdt@bookTicker","nonsense@trade"],"id":1})");
  client->say(R"({"method":"LIST_SUBSCRIPTIONS","id":"abc"})");
  client->say(R"({"method":"GET_PROPERTY","params":["combined"],"id":null})");
  client->say(R"({"method":"JUMP","id":4})");
  ASSERT_EQ(client->texts.size(), 4U);
  EXPECT_EQ(client->texts[0], R"({"result":null,"id":1})");  // the unknown one is acknowledged, too
  EXPECT_EQ(client->texts[1], R"({"result":["btcusdt@bookTicker","nonsense@trade"],"id":"abc"})");
  EXPECT_EQ(client->texts[2], R"({"result":false,"id":null})");
  EXPECT_EQ(client->texts[3].substr(0, 10), R"({"code":2,)");
  pass(1s);
  client->texts.clear();
  pass(2s);
  ASSERT_FALSE(client->texts.empty());
  EXPECT_EQ(client->texts[0].substr(0, 5), R"({"u":)");  // bare, not wrapped
  client->say(R"({"method":"UNSUBSCRIBE","params":["btcusdt@bookTicker"],"id":5})");
  client->texts.clear();
  pass(2s);
  EXPECT_TRUE(client->texts.empty());
  client->say("{nonsense");
  EXPECT_EQ(client->texts.back().substr(0, 10), R"({"code":3,)");
}

TEST_F(BinanceVenueTest, SixMessagesInASecondAreTooMany) {
  const auto client = connect("/stream");
  for (int i = 0; i < 5; ++i) client->say(R"({"method":"LIST_SUBSCRIPTIONS","id":1})");
  EXPECT_EQ(client->closed_with, 0);
  client->say(R"({"method":"LIST_SUBSCRIPTIONS","id":1})");
  EXPECT_EQ(client->closed_with, 1008);
}

TEST_F(BinanceVenueTest, PingsEveryTwentySecondsAndCutsTheDead) {
  const auto client = connect("/stream?streams=btcusdt@miniTicker");
  pass(41s);
  EXPECT_EQ(client->pings.size(), 2U);
  client->handler->on_pong(client->pings.back());
  pass(50s);
  EXPECT_FALSE(client->aborted);
  pass(40s);
  EXPECT_TRUE(client->aborted);
}

TEST_F(BinanceVenueTest, TheClosedKlineIsTheSumOfTheTradesSent) {
  const auto client = connect("/stream?streams=ethusdt@trade/ethusdt@kline_1m/ethusdt@miniTicker/ethusdt@aggTrade");
  pass(62s);
  const SimCandle truth_candle = make_candle(pair("ETH", "USDT"), kStart, 1min, clock.now());
  const std::string closed = client->first(R"("x":true)");
  ASSERT_FALSE(closed.empty());
  std::size_t before = 0;  // the minute that was open when we came
  for (const auto& text : client->texts) {
    if (text.find(R"("x":true)") != std::string::npos &&
        text.find(R"("t":)" + std::to_string(kStart.ms())) != std::string::npos) {
      ++before;
      EXPECT_NE(text.find(R"("n":)" + std::to_string(truth_candle.trades)), std::string::npos) << text;
      EXPECT_NE(text.find(R"("o":")" + fixed(truth_candle.open, 8)), std::string::npos) << text;
      EXPECT_NE(text.find(R"("h":")" + fixed(truth_candle.high, 8)), std::string::npos) << text;
    }
  }
  EXPECT_EQ(before, 1U);
  EXPECT_EQ(client->count("ethusdt@trade"), client->count("ethusdt@aggTrade"));
  EXPECT_GE(client->count("24hrMiniTicker"), 30U);
}

TEST_F(BinanceVenueTest, KlinesAgreeWithThemselvesAndWithTheTrades) {
  const std::string all = get("/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=5").body;
  const std::string one =
      get("/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=" + std::to_string((kStart - 3min).ms()) + "&limit=1")
          .body;
  EXPECT_NE(all.find(one.substr(1, one.size() - 2)), std::string::npos);
  const SimCandle candle = make_candle(pair("BTC", "USDT"), kStart - 3min, 1min, clock.now());
  const std::string head = "[[" + std::to_string(candle.start.ms()) + ",\"" + fixed(candle.open, 8) + "\",\"" +
                           fixed(candle.high, 8) + "\",\"";
  EXPECT_EQ(one.substr(0, head.size()), head);
  EXPECT_NE(one.find("," + std::to_string(candle.trades) + ","), std::string::npos);
}

TEST_F(BinanceVenueTest, RestTradesReachBackWithoutAGap) {
  const std::uint64_t newest = pair("BTC", "USDT").first_trade_at(clock.now()) - 1;
  const std::string trades =
      get("/api/v3/aggTrades?symbol=BTCUSDT&fromId=" + std::to_string(newest - 9) + "&limit=1000").body;
  for (std::uint64_t id = newest - 9; id <= newest; ++id) {
    EXPECT_NE(trades.find(R"("a":)" + std::to_string(id) + ","), std::string::npos);
  }
  EXPECT_EQ(trades.find(R"("a":)" + std::to_string(newest + 1)), std::string::npos);
  EXPECT_EQ(get("/api/v3/trades?symbol=BTCUSDT&limit=1").body.substr(0, 7), R"([{"id":)");
}

TEST_F(BinanceVenueTest, RestErrorsAreBinances) {
  EXPECT_EQ(get("/api/v3/klines?symbol=NOPE&interval=1m").body, R"({"code":-1121,"msg":"Invalid symbol."})");
  EXPECT_EQ(get("/api/v3/klines?symbol=BTCUSDT&interval=7m").status, 400);
  EXPECT_EQ(get("/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=x").status, 400);
  EXPECT_EQ(get("/api/v3/nothing").status, 404);
  EXPECT_EQ(get("/api/v3/ping").body, "{}");
  EXPECT_EQ(get("/api/v3/time").body, R"({"serverTime":)" + std::to_string(kStart.ms()) + "}");
  EXPECT_NE(
      get(R"(/api/v3/ticker/24hr?symbols=["BTCUSDT","ETHUSDT"])").body.find(R"("symbol":"ETHUSDT","priceChange")"),
      std::string::npos);
  EXPECT_NE(get("/api/v3/ticker/bookTicker?symbol=BTCUSDT").body.find(R"({"symbol":"BTCUSDT","bidPrice":")"),
            std::string::npos);
}

TEST_F(BinanceVenueTest, TimesBeyondAllReasonAreRefusedOrEmpty) {
  EXPECT_EQ(get("/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=8999999999999").body, "[]");
  EXPECT_EQ(get("/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=32503680000000").status, 400);
  EXPECT_EQ(get("/api/v3/aggTrades?symbol=BTCUSDT&startTime=9007199254740992").body, "[]");
  EXPECT_NE(get("/api/v3/klines?symbol=BTCUSDT&interval=1d&startTime=0&limit=1").body.find("[[1500"),
            std::string::npos);
}

TEST_F(BinanceVenueTest, TheBudgetRunsOutAndComesBack) {
  RestRequest request;
  request.path = "/api/v3/ticker/24hr";
  request.now = clock.now();
  std::optional<net::HttpResponse> refused;
  for (int i = 0; i < 100 && !refused; ++i) refused = server->over_budget(request);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 429);
  EXPECT_TRUE(refused->headers.find("Retry-After"));
  request.now = request.now + 10s;
  EXPECT_FALSE(server->over_budget(request));
}

TEST_F(BinanceVenueTest, FaultsDoWhatTheySay) {
  const auto protocol = feeds::make_binance();
  const auto client = connect("/stream?streams=btcusdt@trade");
  VenueFaults faults;
  faults.mute = true;
  server->set_faults(faults);
  pass(5s);
  EXPECT_TRUE(client->texts.empty());
  faults.mute = false;
  faults.malformed_every = 3;
  server->set_faults(faults);
  pass(10s);
  std::size_t broken = 0;
  for (const auto& text : client->texts) broken += text.back() != '}' ? 1 : 0;
  EXPECT_EQ(broken, client->texts.size() / 3);
  EXPECT_GT(broken, 5U);
  faults.malformed_every = 0;
  faults.freeze = true;
  server->set_faults(faults);
  const SimQuote frozen = pair("BTC", "USDT").quote(clock.now());
  client->texts.clear();
  pass(5s);
  EXPECT_EQ(client->count(fixed(frozen.bid, 8)) + client->count(fixed(frozen.ask, 8)), client->texts.size());
  server->drop_connections();
  EXPECT_TRUE(client->aborted);
}

TEST_F(BinanceVenueTest, PricesClocksAndConnectionsCanBeWrong) {
  const auto client = connect("/stream?streams=btcusdt@trade/ethusdt@trade/btcusdt@bookTicker");
  pass(5s);
  const std::size_t all = client->texts.size();
  ASSERT_GT(all, 20U);
  client->texts.clear();
  server->set_faults({.price_shift = 1, .clock_skew_ms = -90'000});
  pass(1s);
  const core::Decimal tenfold = [&] {
    core::Decimal bid = pair("BTC", "USDT").quote(clock.now()).bid;
    ++bid.exponent;
    return bid;
  }();
  EXPECT_GT(client->count(fixed(tenfold, 8).substr(0, 4)), 0U);
  EXPECT_GT(client->count("\"E\":" + std::to_string((clock.now().ms() - 90'000) / 10'000)), 0U);
  EXPECT_EQ(client->count("\"T\":" + std::to_string(clock.now().ms() / 100'000)), 0U) << "of trades, too";

  client->texts.clear();
  server->set_faults({.mute_pairs = 1});
  pass(5s);
  EXPECT_TRUE(client->texts.empty());
  server->set_faults({.drop_after_s = 20});
  pass(5s);
  EXPECT_FALSE(client->aborted);
  pass(10s);
  EXPECT_TRUE(client->aborted);

  const auto second = connect("/stream?streams=btcusdt@trade");
  server->set_faults({.maintenance = true});
  pass(100ms);
  EXPECT_EQ(second->closed_with, 1012);
  net::HttpResponse refusal;
  EXPECT_EQ(server->accept({}, "/stream", refusal), nullptr);
  EXPECT_EQ(refusal.status, 503);
}

TEST_F(BinanceVenueTest, AClientThatReadsNothingIsCut) {
  const auto client = connect("/stream?streams=btcusdt@trade");
  client->queued = 9 << 20;
  pass(2s);
  EXPECT_TRUE(client->aborted);
  EXPECT_EQ(server->totals().sockets, 0U);
}

TEST_F(BinanceVenueTest, RefusesUnknownPaths) {
  net::HttpResponse refusal;
  EXPECT_EQ(server->accept({}, "/nope", refusal), nullptr);
  EXPECT_EQ(refusal.status, 404);
}

}  // namespace
}  // namespace tickspan::sim
