#include "fixture.hpp"

namespace tickspan::stream {
namespace {

using namespace std::chrono_literals;
using test::WsTestClient;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using LosslessTest = StreamTest;
constexpr const char* kTrades = R"("trades:kraken:btc/usd")";

TEST_F(LosslessTest, ResumesWithoutALoss) {
  start();
  auto client = subscriber(kTrades);
  client->read_text();
  for (std::uint64_t seq = 1; seq <= 3; ++seq) hub->publish({{engine.trade_frame(seq)}});
  for (int i = 0; i < 3; ++i) client->read_text();
  client.reset();
  ASSERT_TRUE(test::eventually([&] { return hub->figures().clients == 0; }));
  // The hub keeps listening for a while.
  EXPECT_EQ(hub->interest().current()->size(), 1U);
  for (std::uint64_t seq = 4; seq <= 6; ++seq) hub->publish({{engine.trade_frame(seq)}});
  WsTestClient back(port(), "/api/v1/stream");
  back.read_text();
  back.send_text(R"({"id":1,"method":"subscribe","params":{"channels":["trades:kraken:btc/usd"],)"
                 R"("since":{"trades:kraken:btc/usd":{"epoch":"e1","seq":3}}}})");
  EXPECT_THAT(back.read_text(), HasSubstr("\"recovered\":true"));
  for (std::uint64_t seq = 4; seq <= 6; ++seq) EXPECT_EQ(seq_of(back.read_text()), seq);
  hub->publish({{engine.trade_frame(7)}});
  EXPECT_EQ(seq_of(back.read_text()), 7U);
  EXPECT_EQ(counted("recovered_total"), 1U);
}

TEST_F(LosslessTest, IsHonestAboutWhatItCannotRecover) {
  options.history_bytes = 500;  // a handful
  start();
  const auto holder = subscriber(kTrades);
  std::vector<wire::Frame> frames;
  for (std::uint64_t seq = 1; seq <= 50; ++seq) frames.push_back(engine.trade_frame(seq));
  hub->publish(frames);
  const auto ask = [&](const std::string& since) {
    WsTestClient back(port(), "/api/v1/stream");
    back.read_text();
    back.send_text(
        R"({"id":1,"method":"subscribe","params":{"channels":["trades:kraken:btc/usd"],"since":{"trades:kraken:btc/usd":)" +
        since + "}}}");
    const std::string answer = back.read_text(), next = back.read_text_with("trades");
    return (answer.find("\"recovered\":true") != std::string::npos ? "recovered " : "anew ") +
           std::to_string(seq_of(next));
  };
  EXPECT_EQ(ask(R"({"epoch":"e1","seq":48})"), "recovered 49");
  EXPECT_EQ(ask(R"({"epoch":"e1","seq":3})"), "anew 50");
  EXPECT_EQ(ask(R"({"epoch":"e0","seq":48})"), "anew 50");
  EXPECT_EQ(ask(R"({"epoch":"e1","seq":51})"), "anew 50");
}

TEST_F(LosslessTest, ASnapshotHoldsTheNewestMessages) {
  start();
  const auto first = subscriber(kTrades);
  EXPECT_THAT(first->read_text(),
              StartsWith(R"({"channel":"trades:kraken:btc/usd","type":"snapshot","seq":0,"epoch":"e1","data":[]})"));
  hub->publish({{engine.trade_frame(1), engine.trade_frame(2)}});
  const auto second = subscriber(kTrades);
  EXPECT_THAT(
      second->read_text(),
      StartsWith(
          R"({"channel":"trades:kraken:btc/usd","type":"snapshot","seq":2,"epoch":"e1","data":[{"trade_id":1},{"trade_id":2}]})"));
  hub->publish({{engine.trade_frame(3)}});
  EXPECT_EQ(seq_of(second->read_text()), 3U);
}

TEST_F(LosslessTest, TakesFromTheHistoryWhatAFullInboxRefused) {
  options.inbox_frames = 10;
  options.max_queued_bytes = 2'000;  // a few messages a turn
  start();
  const auto client = subscriber(R"("trades:kraken:btc/usd","price:btc/usd")");
  client->read_text();
  client->read_text();
  // The web thread is busy: nothing is taken meanwhile.
  loop.run_and_wait([&] {
    for (std::uint64_t seq = 1; seq <= 60; ++seq) hub->publish({{engine.trade_frame(seq)}});
    for (int i = 0; i < 5; ++i) engine.set_price(*hub, "btc", std::to_string(65000 + i));
  });
  hub->publish({{engine.trade_frame(61)}});
  for (std::uint64_t seq = 1; seq <= 61; ++seq) EXPECT_EQ(seq_of(client->read_text_with("trades:")), seq);
  EXPECT_EQ(counted("gaps_total"), 0U);
  EXPECT_GE(counted("caught_up_total"), 50U);
  EXPECT_GE(counted("inbox_overflow_total"), 60U);
}

TEST_F(LosslessTest, TellsAGapOfWhatIsGoneFromTheHistoryToo) {
  options.inbox_frames = 10;
  options.history_bytes = 500;  // a handful
  start();
  const auto client = subscriber(R"("trades:kraken:btc/usd")");
  const auto other = subscriber(R"("trades:kraken:btc/usd","price:btc/usd")");
  client->read_text();
  loop.run_and_wait([&] {
    for (std::uint64_t seq = 1; seq <= 60; ++seq) hub->publish({{engine.trade_frame(seq)}});
  });
  for (std::uint64_t seq = 1; seq <= 10; ++seq) EXPECT_EQ(seq_of(client->read_text_with("trades:")), seq);
  EXPECT_THAT(client->read_text_with("trades:"),
              StartsWith(R"({"channel":"trades:kraken:btc/usd","type":"gap","seq":60,)"));
  const std::string anew = client->read_text_with("trades:");
  EXPECT_THAT(anew, StartsWith(R"({"channel":"trades:kraken:btc/usd","type":"snapshot","seq":60,)"));
  EXPECT_THAT(anew, HasSubstr(R"({"trade_id":60}])"));
  hub->publish({{engine.trade_frame(61)}});
  EXPECT_EQ(seq_of(client->read_text_with("trades:")), 61U);
  EXPECT_EQ(counted("gaps_total"), 2U);
}

TEST_F(LosslessTest, ParkedPricesComeWithTheirNewestValue) {
  options.inbox_frames = 2;
  start();
  const auto client = subscriber(R"("price:btc/usd")");
  client->read_text();
  loop.run_and_wait([&] {
    for (int i = 0; i <= 30; ++i) engine.set_price(*hub, "btc", std::to_string(65000 + i));
  });
  EXPECT_THAT(client->read_text(), HasSubstr("65000"));
  EXPECT_THAT(client->read_text(), HasSubstr("65030"));
}

TEST_F(LosslessTest, ListensOnForAWhileThenLetsGo) {
  options.history_age = 50ms;
  options.timer_step = 5ms;
  start();
  auto client = subscriber(kTrades);
  hub->publish({{engine.trade_frame(1)}});
  client->read_text_with("\"update\"");
  client.reset();
  EXPECT_TRUE(test::eventually([&] { return hub->interest().current()->empty(); }));
  // The engine leaves a number out after a pause; whoever was there before it can't be told that nothing is missing.
  WsTestClient back(port(), "/api/v1/stream");
  back.read_text();
  back.send_text(R"({"id":1,"method":"subscribe","params":{"channels":["trades:kraken:btc/usd"],)"
                 R"("since":{"trades:kraken:btc/usd":{"epoch":"e1","seq":1}}}})");
  EXPECT_THAT(back.read_text(), HasSubstr("\"recovered\":false"));
  EXPECT_THAT(back.read_text(), HasSubstr(R"("type":"snapshot","seq":1)"));
  hub->publish({{engine.trade_frame(3)}});
  // A fresh state, no gap: nothing was lost on the way to this client.
  EXPECT_THAT(back.read_text(), HasSubstr(R"("type":"snapshot","seq":2)"));
  EXPECT_THAT(back.read_text(), HasSubstr(R"("type":"update","seq":3)"));
  EXPECT_EQ(counted("gaps_total"), 0U);
}

TEST_F(LosslessTest, ClosesASlowReader) {
  options.max_queued_bytes = 100'000;
  start();
  const auto slow = subscriber(kTrades, "", 4096);
  const auto quick = subscriber(kTrades);
  quick->read_text();
  std::uint64_t seq = 0;
  const std::string data = "\"" + std::string(1000, 'x') + "\"";
  while (counted("closed_total", {{"reason", "slow"}}) == 0 && seq < 20'000) {
    std::vector<wire::Frame> frames;
    for (int i = 0; i < 10; ++i) frames.push_back(engine.trade_frame(++seq, data));
    hub->publish(frames);
    // The one beside it gets everything, at once.
    for (int i = 0; i < 10; ++i) ASSERT_GT(seq_of(quick->read_text()), seq - 10);
  }
  EXPECT_EQ(counted("closed_total", {{"reason", "slow"}}), 1U);
  EXPECT_TRUE(test::eventually([&] { return hub->figures().clients == 1; }));
  EXPECT_EQ(slow->read_close(), 1006);  // cut after two seconds: it took nothing, so it was not told either
}

TEST_F(LosslessTest, ASlowReaderOfPricesGetsTheNewest) {
  start();
  const auto slow = subscriber(R"("price:*")", "", 4096);
  const auto quick = subscriber(R"("price:*")");
  quick->read_text();
  int i = 0;
  // Until the socket is full and prices are replaced in place.
  while (counted("conflated_total") < 100 && i < 200'000) {
    std::vector<wire::Frame> frames;
    for (int k = 0; k < 50; ++k) {
      for (auto& frame : engine.price_frames("btc", std::to_string(70'000 + ++i))) frames.push_back(frame);
    }
    hub->publish(frames);
    for (int k = 0; k < 50; ++k) quick->read_text();
  }
  ASSERT_GE(counted("conflated_total"), 100U);
  const std::string newest = "\"price\":" + std::to_string(70'000 + i) + ",";
  std::uint64_t seq = 0;
  std::string message;
  do {
    message = slow->read_text();
    ASSERT_GT(seq_of(message), seq);
    seq = seq_of(message);
  } while (message.find(newest) == std::string::npos);
  EXPECT_EQ(counted("closed_total", {{"reason", "slow"}}), 0U);
  engine.set_price(*hub, "btc", "1");
  EXPECT_GT(seq_of(slow->read_text()), seq);
}

}  // namespace
}  // namespace tickspan::stream
