#include "fixture.hpp"

namespace tickspan::stream {
namespace {

using namespace std::chrono_literals;
using test::WsTestClient;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using SessionTest = StreamTest;

TEST_F(SessionTest, SaysHelloWithItsLimits) {
  start();
  WsTestClient client(port(), "/api/v1/stream");
  const std::string hello = client.read_text();
  EXPECT_THAT(hello, StartsWith(R"({"type":"hello","server":"tickspan","version":")"));
  EXPECT_THAT(hello, HasSubstr(R"("protocol":1,"session":")"));
  EXPECT_THAT(
      hello,
      HasSubstr(R"("heartbeat_ms":5000,"limits":{"subscriptions":200,"message_bytes":65536,"messages_per_second":20,)"
                R"("queued_bytes":1048576,"history_ms":60000,"history_bytes":16777216,"idle_ms":60000},)"));
  EXPECT_THAT(hello, HasSubstr(R"("time":"2026-)"));
  EXPECT_EQ(hub->figures().clients, 1U);
}

TEST_F(SessionTest, AnswersPerChannel) {
  start();
  WsTestClient client(port(), "/api/v1/stream");
  client.read_text();
  client.send_text(
      R"({"id":"a\"b","method":"subscribe","params":{"channels":["price:bitcoin/usd","price:nope/usd","x"]}})");
  const std::string answer = client.read_text();
  EXPECT_THAT(
      answer,
      StartsWith(
          R"({"id":"a\"b","results":[{"channel":"price:bitcoin/usd","result":{"channel":"price:btc/usd","recovered":false}})"));
  EXPECT_THAT(answer, HasSubstr(R"({"channel":"price:nope/usd","error":{"code":"unknown_asset","message":)"));
  EXPECT_THAT(answer, HasSubstr(R"({"channel":"x","error":{"code":"invalid_channel","message":)"));
  EXPECT_EQ(hub->figures().subscriptions, 1U);
  client.send_text(R"({"id":2,"method":"unsubscribe","params":{"channels":["price:btc/usd","price:eth/usd"]}})");
  const std::string gone = client.read_text_with("\"id\":2");
  EXPECT_THAT(gone, HasSubstr(R"({"channel":"price:btc/usd","result":{"channel":"price:btc/usd"}})"));
  EXPECT_THAT(gone, HasSubstr(R"("code":"not_subscribed")"));
  EXPECT_EQ(hub->figures().subscriptions, 0U);
  EXPECT_TRUE(hub->interest().current()->empty());
  client.send_text(R"({"id":3,"method":"ping"})");
  EXPECT_THAT(client.read_text(), StartsWith(R"({"id":3,"result":{"time":")"));
}

TEST_F(SessionTest, SnapshotComesFirstThenUpdates) {
  start();
  const auto client = subscriber(R"("price:btc/usd")");
  const std::string snapshot = client->read_text();
  EXPECT_THAT(snapshot,
              StartsWith(R"({"channel":"price:btc/usd","type":"snapshot","seq":)" + std::to_string(engine.position())));
  EXPECT_THAT(snapshot, HasSubstr(R"("epoch":"e1","data":{"pair":"btc/usd","id":"bitcoin","price":64000.5,)"));
  std::uint64_t seq = seq_of(snapshot);
  for (int i = 0; i < 20; ++i) {
    engine.set_price(*hub, "eth", std::to_string(3000 + i));  // not listened to
    engine.set_price(*hub, "btc", std::to_string(65000 + i));
    const std::string update = client->read_text();
    EXPECT_THAT(update, StartsWith(R"({"channel":"price:btc/usd","type":"update")"));
    EXPECT_THAT(update, HasSubstr("\"price\":" + std::to_string(65000 + i)));
    EXPECT_GT(seq_of(update), seq);
    seq = seq_of(update);
  }
}

TEST_F(SessionTest, SkipsWhatTheSnapshotHas) {
  start();
  // The engine has swapped in, its frames are still on their way when the client subscribes.
  const auto late = engine.price_frames("btc", "70000");
  const auto client = subscriber(R"("price:btc/usd")");
  EXPECT_THAT(client->read_text(), HasSubstr("70000"));
  hub->publish(late);
  engine.set_price(*hub, "btc", "70001");
  EXPECT_THAT(client->read_text(), HasSubstr("70001"));
}

TEST_F(SessionTest, WildcardsSendOneSnapshotAndConcreteChannels) {
  start();
  const auto client = subscriber(R"("ticker:*","ticker:btc/usd")");
  const std::string all = client->read_text();
  EXPECT_THAT(all, StartsWith(R"({"channel":"ticker:*","type":"snapshot",)"));
  EXPECT_THAT(all, HasSubstr(R"("data":[{"pair":"btc/usd")"));
  EXPECT_THAT(all, HasSubstr(R"({"pair":"eth/usd")"));
  EXPECT_THAT(all, Not(HasSubstr("eur/usd")));  // currencies are listened to by name
  EXPECT_THAT(client->read_text(), StartsWith(R"({"channel":"ticker:btc/usd","type":"snapshot",)"));
  engine.set_price(*hub, "btc", "65001");
  engine.set_price(*hub, "eth", "3001");
  EXPECT_THAT(client->read_text(), HasSubstr("65001"));  // once, though it is subscribed to twice
  EXPECT_THAT(client->read_text(), StartsWith(R"({"channel":"ticker:eth/usd","type":"update")"));
}

TEST_F(SessionTest, AWildcardInAnotherQuoteConverts) {
  start();
  const auto client = subscriber(R"("price:*/eur")");
  const std::string all = client->read_text();
  EXPECT_THAT(all, StartsWith(R"({"channel":"price:*/eur","type":"snapshot",)"));
  EXPECT_THAT(all, HasSubstr(R"("pair":"eth/eur","id":"ethereum","price":2560,)"));
}

TEST_F(SessionTest, ManyFramesOfOneTurnArriveInOrder) {
  start();
  const auto client = subscriber(R"("trades:kraken:btc/usd")");
  client->read_text();
  std::vector<wire::Frame> frames;
  for (std::uint64_t seq = 1; seq <= 1000; ++seq) frames.push_back(engine.trade_frame(seq));
  hub->publish(frames);
  for (std::uint64_t seq = 1; seq <= 1000; ++seq) ASSERT_EQ(seq_of(client->read_text()), seq);
  EXPECT_TRUE(test::eventually([&] { return counted("deliveries_total") == 1000U; }));
}

TEST_F(SessionTest, RefusesWhatItCannotTakeAndThenCloses) {
  options.max_offences = 5;
  start();
  WsTestClient client(port(), "/api/v1/stream");
  client.read_text();
  client.send_text(R"({"id":1,)");
  EXPECT_THAT(client.read_text(), StartsWith(R"({"id":null,"error":{"code":"bad_request","message":"not JSON)"));
  client.send_text(R"({"id":2,"method":"dance"})");
  EXPECT_THAT(client.read_text(), AllOf(StartsWith(R"({"id":2,"error":)"), HasSubstr("unknown method 'dance'")));
  client.send_text(R"({"id":3,"method":"subscribe","params":{"channels":"price:btc/usd"}})");
  EXPECT_THAT(client.read_text(), HasSubstr("params.channels must be a list"));
  client.send_text("[]");
  EXPECT_THAT(client.read_text(), HasSubstr("a message must be an object"));
  client.send_text(R"({"id":{},"method":"ping"})");
  EXPECT_THAT(client.read_text(), HasSubstr("id must be a number or a short string"));
  const auto close = client.read_frame();
  EXPECT_EQ(close.close_code, 4500);
  EXPECT_EQ(close.payload, "bad_request");
}

TEST_F(SessionTest, RefusesTenThousandChannels) {
  options.max_message_bytes = 1024 * 1024;
  start();
  std::string channels = R"("price:btc/usd")";
  for (int i = 1; i < 10'000; ++i) channels += R"(,"price:nope)" + std::to_string(i) + R"(/usd")";
  WsTestClient client(port(), "/api/v1/stream");
  client.read_text();
  client.send_text(R"({"id":1,"method":"subscribe","params":{"channels":[)" + channels + "]}}");
  EXPECT_THAT(client.read_text(),
              StartsWith(R"({"id":1,"error":{"code":"bad_request","message":"at most 200 channels in one message")"));
  EXPECT_EQ(hub->figures().subscriptions, 0U);
}

TEST_F(SessionTest, LimitsSubscriptions) {
  options.max_subscriptions = 3;
  start();
  const auto client = subscriber(R"("price:btc/usd","price:eth/usd","price:*")");
  client->send_text(R"({"id":2,"method":"subscribe","params":{"channels":["price:btc/usd","ticker:*"]}})");
  const std::string answer = client->read_text_with("\"id\":2");
  EXPECT_THAT(answer, HasSubstr(R"({"channel":"price:btc/usd","result":)"));
  EXPECT_THAT(answer,
              HasSubstr(R"({"channel":"ticker:*","error":{"code":"limit","message":"at most 3 subscriptions"}})"));
  EXPECT_EQ(counted("refused_total", {{"reason", "subscriptions"}}), 1U);
}

TEST_F(SessionTest, AnOversizeMessageClosesWith1009) {
  start();
  WsTestClient client(port(), "/api/v1/stream");
  client.read_text();
  client.send_text(std::string(65'537, ' '));
  EXPECT_EQ(client.read_close(), 1009);
}

TEST_F(SessionTest, WhoNeitherListensNorSpeaksIsClosed) {
  options.idle = 400ms;
  options.timer_step = 5ms;
  options.messages_per_second = 100'000;
  start();
  const auto listener = subscriber(R"("price:btc/usd")");
  WsTestClient silent(port(), "/api/v1/stream"), talker(port(), "/api/v1/stream");
  EXPECT_TRUE(test::eventually([&] {
    talker.send_text(R"({"id":7,"method":"ping"})");
    talker.read_text_with("\"id\":7");
    return counted("closed_total", {{"reason", "idle"}}) == 1;
  }));
  silent.read_text();
  const auto closed = silent.read_frame();
  EXPECT_EQ(closed.opcode, 8);
  EXPECT_EQ(closed.close_code, 4502);
  EXPECT_THAT(closed.payload, HasSubstr("idle"));

  // Its last subscription gone, a client's time begins.
  listener->send_text(R"({"id":2,"method":"unsubscribe","params":{"channels":["price:btc/usd"]}})");
  EXPECT_THAT(listener->read_text_with("\"id\":2"), HasSubstr("\"result\""));
  EXPECT_EQ(listener->read_close(), 4502);
  EXPECT_EQ(talker.read_close(), 4502);
}

TEST_F(SessionTest, TooManyMessagesCloseWith4502) {
  start();
  WsTestClient client(port(), "/api/v1/stream");
  client.read_text();
  std::string burst;
  for (int i = 0; i < 100; ++i) burst += test::client_frame(1, R"({"id":1,"method":"ping"})");
  client.connection().send(burst);
  EXPECT_EQ(client.read_close(), 4502);
  EXPECT_EQ(counted("closed_total", {{"reason", "limit"}}), 1U);
}

TEST_F(SessionTest, SendsHeartbeatsAndEndsWhoDoesNotAnswerPings) {
  options.heartbeat = 50ms;
  options.ping_interval = 100ms;
  options.pong_timeout = 100ms;
  options.timer_step = 2ms;
  start();
  WsTestClient client(port(), "/api/v1/stream");
  client.read_text();
  EXPECT_THAT(client.read_text(), StartsWith(R"({"type":"heartbeat","time":"2026-)"));
  for (int i = 0; i < 10; ++i) client.read_text();  // answers pings: lives on
  EXPECT_EQ(client.read_close(), 4009);             // doesn't any more
  EXPECT_EQ(counted("closed_total", {{"reason", "no_pong"}}), 1U);
  EXPECT_TRUE(test::eventually([&] { return hub->figures().clients == 0; }, 5s));
}

TEST_F(SessionTest, AsksForPatienceUntilThereIsAMarket) {
  start(false);
  WsTestClient client(port(), "/api/v1/stream");
  client.read_text();
  client.send_text(R"({"id":1,"method":"subscribe","params":{"channels":["price:btc/usd"]}})");
  EXPECT_THAT(client.read_text(), StartsWith(R"({"id":1,"error":{"code":"starting",)"));
  hub->reset(engine.snapshots());
  settle();
  client.send_text(R"({"id":2,"method":"subscribe","params":{"channels":["price:btc/usd"]}})");
  EXPECT_THAT(client.read_text(), HasSubstr("\"result\""));
}

TEST_F(SessionTest, KeepsToTheRateAClientAsksFor) {
  start();
  const auto client = subscriber(R"("price:btc/usd")", R"(,"max_rate_ms":300)");
  client->read_text();
  engine.set_price(*hub, "btc", "65000");
  EXPECT_THAT(client->read_text(), HasSubstr("65000"));
  for (int i = 1; i <= 50; ++i) engine.set_price(*hub, "btc", std::to_string(65000 + i));
  // All within the 300 ms after the first: one message, the newest.
  EXPECT_THAT(client->read_text(), HasSubstr("65050"));
  EXPECT_GE(counted("conflated_total"), 40U);
}

TEST_F(SessionTest, GoesOverToAnotherPipeline) {
  start();
  const auto client = subscriber(R"("price:btc/usd","price:eth/usd","ticker:*")");
  for (int i = 0; i < 3; ++i) client->read_text();
  FakeEngine real("e2", core::Origin::real, false);
  const auto old_frames = engine.price_frames("btc", "1");
  hub->reset(real.snapshots());
  EXPECT_THAT(client->read_text(), AllOf(StartsWith(R"({"channel":"price:btc/usd","type":"status",)"),
                                         HasSubstr(R"("epoch":"e2","data":{"origin":"real"})")));
  EXPECT_THAT(client->read_text(),
              AllOf(StartsWith(R"({"channel":"price:btc/usd","type":"snapshot",)"), HasSubstr("64000.5")));
  EXPECT_THAT(client->read_text(), AllOf(StartsWith(R"({"channel":"price:eth/usd","type":"status",)"),
                                         HasSubstr(R"({"origin":"real","error":{"code":"unknown_asset")")));
  EXPECT_THAT(client->read_text(), StartsWith(R"({"channel":"ticker:*","type":"status",)"));
  EXPECT_THAT(client->read_text(), StartsWith(R"({"channel":"ticker:*","type":"snapshot",)"));
  hub->publish(old_frames);  // a straggler: its ids mean other assets now
  real.set_price(*hub, "btc", "70000");
  EXPECT_THAT(client->read_text(), AllOf(HasSubstr(R"("epoch":"e2")"), HasSubstr("70000")));
  EXPECT_EQ(counted("foreign_frames_total"), 2U);
  EXPECT_EQ(hub->figures().subscriptions, 2U);
}

TEST_F(SessionTest, TheServersEndCloses4000) {
  start();
  WsTestClient client(port(), "/api/v1/stream");
  client.read_text();
  server->stop(4000, 0ms);
  EXPECT_EQ(client.read_close(), 4000);
}

}  // namespace
}  // namespace tickspan::stream
