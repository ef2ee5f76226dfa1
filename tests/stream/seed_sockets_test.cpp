#include "fixture.hpp"

namespace tickspan::stream {
namespace {

using namespace std::chrono_literals;
using test::WsTestClient;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using SeedSocketsTest = StreamTest;

TEST_F(SeedSocketsTest, PricesComeAtOnceAndAgain) {
  options.timer_step = 2ms;
  start();
  WsTestClient client(port(), "/ws/prices?currency=EUR&limit=1&interval=1");
  const std::string first = client.read_text();
  EXPECT_THAT(first, StartsWith(R"({"type":"prices","currency":"eur","time":")"));
  EXPECT_THAT(first,
              HasSubstr(R"("coins":[{"rank":1,"coin_id":"bitcoin","symbol":"btc","name":"Bitcoin","price":51200.4,)"));
  EXPECT_THAT(first, Not(HasSubstr("ethereum")));
  engine.set_price(*hub, "btc", "100000");
  EXPECT_THAT(client.read_text(), HasSubstr("\"price\":80000,"));
}

TEST_F(SeedSocketsTest, PricesNameABadParameter) {
  start();
  EXPECT_THAT(WsTestClient(port(), "/ws/prices?limit=abc").handshake(), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(WsTestClient(port(), "/ws/prices?limit=0").handshake(), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(WsTestClient(port(), "/ws/prices?interval=61").handshake(), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(WsTestClient(port(), "/ws/prices?currency=nope").handshake(), StartsWith("HTTP/1.1 404"));
}

TEST_F(SeedSocketsTest, TicksComePerAssetAndUpdate) {
  start();
  WsTestClient client(port(), "/ws?assets=btc,ethereum,BTC");
  EXPECT_THAT(client.read_text(), StartsWith(R"({"asset_id":"BTC","price":64000.5,"as_of":")"));
  EXPECT_THAT(client.read_text(), AllOf(StartsWith(R"({"asset_id":"ETH","price":3200,)"),
                                        EndsWith(R"("state":"live","origin":"simulated","source":"composite"})")));
  engine.set_price(*hub, "eth", "3201");
  EXPECT_THAT(client.read_text(), StartsWith(R"({"asset_id":"ETH","price":3201,)"));
  FakeEngine real("e2", core::Origin::real);
  hub->reset(real.snapshots());
  EXPECT_THAT(client.read_text(), AllOf(StartsWith(R"({"asset_id":"BTC")"), HasSubstr(R"("origin":"real")")));
  client.read_text();
  real.set_price(*hub, "btc", "7");
  EXPECT_THAT(client.read_text(), StartsWith(R"({"asset_id":"BTC","price":7,)"));
}

TEST_F(SeedSocketsTest, TicksComeWithoutChangesToo) {
  options.heartbeat = 50ms;
  options.timer_step = 2ms;
  start();
  WsTestClient client(port(), "/ws");
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(client.read_text(), StartsWith(R"({"asset_id":"BTC","price":64000.5,)"));
    EXPECT_THAT(client.read_text(), StartsWith(R"({"asset_id":"ETH","price":3200,)"));
  }
}

TEST_F(SeedSocketsTest, TicksNameAnUnknownAsset) {
  start();
  WsTestClient client(port(), "/ws?assets=BTC,nope");
  EXPECT_THAT(client.handshake(), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(WsTestClient(port(), "/ws?assets=").handshake(), StartsWith("HTTP/1.1 400"));
}

TEST_F(SeedSocketsTest, AskForPatienceUntilThereIsAMarket) {
  start(false);
  EXPECT_THAT(WsTestClient(port(), "/ws").handshake(), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(WsTestClient(port(), "/ws/prices").handshake(), StartsWith("HTTP/1.1 503"));
}

// ---- server-sent events ----

TEST_F(SeedSocketsTest, EventsComeWithSnapshotsAndPositions) {
  start();
  test::RawConnection raw(port());
  raw.send("GET /api/v1/events?channels=price:btc/usd,trades:kraken:btc/usd HTTP/1.0\r\n\r\n");
  EXPECT_THAT(raw.read_until("\r\n\r\n"), HasSubstr("Content-Type: text/event-stream\r\n"));
  const std::string place = "id: e1:" + std::to_string(engine.position()) + "\n";
  EXPECT_THAT(raw.read_until("\n\n"),
              StartsWith(place + "event: snapshot\ndata: {\"channel\":\"price:btc/usd\",\"type\":\"snapshot\","));
  EXPECT_THAT(raw.read_until("\n\n"),
              StartsWith(place + "event: snapshot\ndata: {\"channel\":\"trades:kraken:btc/usd\","));
  hub->publish({{engine.trade_frame(1)}});
  EXPECT_THAT(raw.read_until("\n\n"),
              StartsWith(place + "event: update\ndata: {\"channel\":\"trades:kraken:btc/usd\","));
  engine.set_price(*hub, "btc", "5");
  EXPECT_THAT(raw.read_until("\n\n"), StartsWith("id: e1:" + std::to_string(engine.position()) + "\nevent: update\n"));
  EXPECT_EQ(hub->figures().clients, 1U);
  raw.finish_sending();
  EXPECT_TRUE(test::eventually([&] { return hub->figures().clients == 0; }));
}

TEST_F(SeedSocketsTest, EventsAreHonestAboutALastEventId) {
  start();
  const auto ask = [&](const std::string& id) {
    test::RawConnection raw(port());
    raw.send("GET /api/v1/events?channels=price:btc/usd HTTP/1.0\r\nLast-Event-ID: " + id + "\r\n\r\n");
    raw.read_until("\r\n\r\n");
    return raw.read_until("\n\n");
  };
  EXPECT_EQ(ask("e1:" + std::to_string(engine.position())), "event: resumed\ndata: {\"recovered\":true}\n\n");
  EXPECT_EQ(ask("e1:1"), "event: resumed\ndata: {\"recovered\":false}\n\n");
  EXPECT_EQ(ask("e0:" + std::to_string(engine.position())), "event: resumed\ndata: {\"recovered\":false}\n\n");
}

TEST_F(SeedSocketsTest, EventsNameAnUnknownChannel) {
  start();
  const auto ask = [&](const std::string& query) {
    test::RawConnection raw(port());
    raw.send("GET /api/v1/events" + query + " HTTP/1.0\r\n\r\n");
    return raw.read_all();
  };
  EXPECT_THAT(ask("?channels=price:nope/usd"), AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("nope")));
  EXPECT_THAT(ask(""), AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("channels")));
}

}  // namespace
}  // namespace tickspan::stream
