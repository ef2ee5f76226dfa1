// The server says what api/asyncapi.yaml says, and everything in there is said by the server.
#include <gmock/gmock.h>

#include "../support/support.hpp"
#include "../support/ws_test_client.hpp"
#include "described_streams.hpp"
#include "server_fixture.hpp"
#include "stream/close_codes.hpp"
#include "wire/messages.hpp"

namespace tickspan::server {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;
using test::DescribedStreams;
using test::WsTestClient;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

using Names = std::vector<std::string>;

/// `GET /api/v1/events`, one event at a time.
class EventsClient {
 public:
  EventsClient(std::uint16_t port, const std::string& channels, const std::string& last_event_id = "")
      : connection_(port) {
    connection_.send("GET /api/v1/events?channels=" + channels + " HTTP/1.1\r\nHost: localhost\r\n" +
                     (last_event_id.empty() ? "" : "Last-Event-ID: " + last_event_id + "\r\n") + "\r\n");
    head = connection_.read_until("\r\n\r\n");
  }
  struct Event {
    std::string type, id, data;
    std::string headers() const {
      return "{\"event\":\"" + type + "\"" + (id.empty() ? "" : ",\"id\":\"" + id + "\"") + "}";
    }
  };
  Event read() {
    Event event;
    while (event.data.empty()) {
      const std::string text = connection_.read_until("\n\n");  // sizes of chunks are lines of their own
      if (text.empty()) throw std::runtime_error("the stream of events has ended");
      std::size_t at = 0;
      for (std::size_t end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
        const std::string line = text.substr(at, end - at);
        if (line.starts_with("id: ")) event.id = line.substr(4);
        if (line.starts_with("event: ")) event.type = line.substr(7);
        if (line.starts_with("data: ")) event.data = line.substr(6);
      }
    }
    return event;
  }
  std::string head;

 private:
  test::RawConnection connection_;
};

class AsyncApi : public test::ServerTest {
 protected:
  std::uint16_t port() { return http->port(); }
  WsTestClient stream() { return WsTestClient(port(), "/api/v1/stream"); }
  /// The kinds of the next messages. Heartbeats come in between when the machine is slow; they are left out.
  Names take(WsTestClient& client, std::size_t count) {
    Names out;
    while (out.size() < count) {
      out.push_back(described.push("stream", last = client.read_text()));
      if (out.back() == "heartbeat") out.pop_back();
    }
    return out;
  }
  Names take(EventsClient& client, std::size_t count) {
    Names out;
    while (out.size() < count) {
      event = client.read();
      EXPECT_EQ(described.push("events", event.data, event.headers()), event.type == "resumed" ? "resumed" : "event");
      out.push_back(event.type);
    }
    return out;
  }
  void ask(WsTestClient& client, const std::string& json) {
    EXPECT_THAT(described.request("stream", json), Not(HasSubstr("not described")));
    client.send_text(json);
  }
  /// One message, the answer read.
  void subscribe(WsTestClient& client, const std::string& channels, const std::string& more = "") {
    ask(client, R"({"id":1,"method":"subscribe","params":{"channels":[)" + channels + "]" + more + "}}");
    EXPECT_THAT(take(client, 1), ElementsAre("answer"));
  }

  wire::Frame frame(const std::string& channel, std::uint64_t seq, const std::string& data) const {
    const wire::Topic topic = *wire::parse_topic(channel, *market.catalogue);
    const auto name = wire::topic_name(topic, *market.catalogue);
    return {topic, seq,
            std::make_shared<const std::string>(wire::stream_message(name, "update", seq, market.market.epoch, data))};
  }
  wire::Frame row_frame(const std::string& channel, std::uint64_t seq) const {
    const wire::Topic topic = *wire::parse_topic(channel, *market.catalogue);
    const auto& row = *market.market.row(topic.base);
    std::string data;
    wire::JsonWriter json(data);
    topic.kind == wire::TopicKind::price ? wire::write_price(json, market.market, row, topic.quote)
                                         : wire::write_ticker(json, market.market, row, topic.quote);
    return frame(channel, seq, data);
  }
  wire::Frame trade_frame(std::uint64_t seq, std::uint64_t trade_id, core::Side side, core::Timestamp time) const {
    const core::Tick trade(core::Tick::Trade{.instrument = {0},
                                             .received_at = market.now(),
                                             .event_time = time,
                                             .price = *core::Decimal::parse("64321.50"),
                                             .amount = *core::Decimal::parse("0.010"),
                                             .trade_id = trade_id,
                                             .side = side});
    std::string data;
    wire::JsonWriter json(data);
    wire::write_trade(json, *market.catalogue, market.market.origin, trade);
    return frame("trades:kraken:btc/usd", seq, data);
  }
  wire::Frame candle_frame(std::uint64_t seq) const {
    std::string data;
    wire::JsonWriter json(data);
    wire::write_candle_message(json, *market.catalogue, market.market.origin,
                               {market.asset("bitcoin"), market.market.usd, {}}, core::Interval::m1,
                               market.candle(market.minute(), "64321.5"));
    return frame("candles:btc/usd:1m", seq, data);
  }
  void publish(const std::vector<wire::Frame>& frames) { http->frames().publish(frames); }

  // ---- the parts of the test of everything ----

  void before_there_is_a_market() {
    WsTestClient client = stream();
    EXPECT_THAT(take(client, 1), ElementsAre("hello"));
    ask(client, R"({"id":1,"method":"subscribe","params":{"channels":["price:btc/usd"]}})");
    EXPECT_THAT(take(client, 1), ElementsAre("refusal"));
    EXPECT_THAT(last, HasSubstr("starting"));
  }

  void every_kind_of_channel() {
    WsTestClient client = stream();
    take(client, 1);
    subscribe(client, R"("price:Bitcoin/USD","price:ghost/usd","price:*","ticker:btc/eur","ticker:ghost/usd",)"
                      R"("ticker:*/eur","trades:kraken:btc/usd","candles:btc/usd:1m")");
    EXPECT_THAT(take(client, 8),
                ElementsAre("price", "price", "prices", "ticker", "ticker", "tickers", "trades", "candles"));
    publish({row_frame("price:btc/usd", 992), row_frame("ticker:btc/eur", 992), row_frame("price:doge/usd", 993),
             trade_frame(1, 991, core::Side::sell, market.now()), trade_frame(2, 0, core::Side::unknown, {}),
             candle_frame(1)});
    EXPECT_THAT(take(client, 6), UnorderedElementsAre("price", "ticker", "price", "trade", "trade", "candle"));
    ask(client, R"({"id":"x","method":"unsubscribe","params":{"channels":["price:*","price:doge/usd","nope"]}})");
    EXPECT_THAT(take(client, 1), ElementsAre("answer"));
    ask(client, R"({"method":"ping"})");
    EXPECT_THAT(take(client, 1), ElementsAre("pong"));
  }

  void who_comes_back() {
    WsTestClient client = stream();
    take(client, 1);
    subscribe(client, R"("trades:kraken:btc/usd","candles:btc/usd:1m")",
              R"(,"since":{"trades:kraken:btc/usd":{"epoch":"e-test","seq":1},)"
              R"("candles:btc/usd:1m":{"epoch":"another","seq":1}})");
    EXPECT_THAT(last, HasSubstr(R"("recovered":true)"));
    EXPECT_THAT(last, HasSubstr(R"("recovered":false)"));
    EXPECT_THAT(take(client, 2), ElementsAre("trade", "candles"));
    // More than a web thread can hold and than the history keeps: told as a gap.
    std::vector<wire::Frame> flood(5000, row_frame("price:eth/usd", 994));
    for (std::uint64_t seq = 2; seq <= 100; ++seq) flood.push_back(candle_frame(seq));
    publish(flood);
    EXPECT_THAT(take(client, 2), ElementsAre("gap", "candles"));
  }

  void every_refusal_of_a_channel() {
    WsTestClient client = stream();
    take(client, 1);
    subscribe(client, R"("nope","price:bitcon/usd","candles:btc/eur:1m","trades:nope:btc/usd")");
    std::string many;
    for (int i = 0; i < 200; ++i) many += (i > 0 ? ",\"price:" : "\"price:") + coin(i) + "/usd\"";
    subscribe(client, many);
    EXPECT_EQ(take(client, 200), Names(200, "price"));
    subscribe(client, R"("price:btc/usd")");
    EXPECT_THAT(last, HasSubstr("limit"));
  }

  void events() {
    EventsClient client(port(), "price:btc/usd,trades:kraken:btc/usd");
    EXPECT_THAT(client.head, HasSubstr("text/event-stream"));
    EXPECT_THAT(take(client, 2), ElementsAre("snapshot", "snapshot"));
    const std::string id = event.id;
    publish({row_frame("price:btc/usd", 995)});
    EXPECT_THAT(take(client, 1), ElementsAre("update"));
    EventsClient back(port(), "price:btc/usd", id);
    EXPECT_THAT(take(back, 1), ElementsAre("resumed"));
    EXPECT_EQ(event.data, R"({"recovered":true})");
    EventsClient late(port(), "price:btc/usd", "e-test:5");
    EXPECT_THAT(take(late, 1), ElementsAre("resumed"));
    EXPECT_EQ(event.data, R"({"recovered":false})");
  }

  void seed_sockets() {
    WsTestClient prices(port(), "/ws/prices?currency=eur&limit=3");
    EXPECT_EQ(described.push("topCoins", prices.read_text()), "topCoins");
    WsTestClient ticks(port(), "/ws?assets=BTC,doge");
    for (int i = 0; i < 2; ++i) EXPECT_EQ(described.push("ticks", ticks.read_text()), "tick");
  }

  void another_market() {
    WsTestClient client = stream();
    EventsClient listener(port(), "price:btc/usd");
    take(client, 1);
    subscribe(client, R"("price:btc/usd","price:c0/usd")");
    take(client, 2);
    take(listener, 1);
    next.market.epoch = "e-next";
    next.market.origin = core::Origin::simulated;
    http->set_backend(next.backend());
    EXPECT_THAT(take(client, 3), UnorderedElementsAre("status", "price", "status"));
    EXPECT_THAT(take(listener, 2), ElementsAre("status", "snapshot"));
  }

  static std::string coin(int number) { return "c" + std::to_string(number); }
  void add_coins() {
    for (int i = 0; i < 200; ++i)
      market.catalogue->upsert_asset({coin(i), coin(i), coin(i), core::AssetKind::coin, 1000 + i});
  }

  DescribedStreams described{TICKSPAN_ASYNCAPI_JSON};
  std::string last;
  EventsClient::Event event;
  test::MarketFixture next;
};

TEST_F(AsyncApi, EveryMessageOfTheServerIsDescribedAndEveryDescribedMessageIsSeen) {
  server_options.stream.heartbeat = std::chrono::seconds(1);
  server_options.stream.history_bytes = 8'000;  // some twenty candles
  start();
  before_there_is_a_market();
  add_coins();
  serve();
  WsTestClient idle = stream();  // hears nothing but heartbeats
  take(idle, 1);
  every_kind_of_channel();
  who_comes_back();
  every_refusal_of_a_channel();
  events();
  seed_sockets();
  another_market();
  EXPECT_EQ(described.push("stream", idle.read_text()), "heartbeat");
  WsTestClient bad = stream();
  take(bad, 1);
  bad.send_text("?");
  EXPECT_THAT(take(bad, 1), ElementsAre("refusal"));

  EXPECT_EQ(described.seen(), described.all()) << "a message that no client here has seen";
  EXPECT_EQ(described.of_operations(), described.all()) << "a message that no operation names";
  std::set<std::string> codes = described.words("/components/schemas/ChannelError/properties/code/enum");
  codes.merge(described.words("/components/messages/refusal/payload/properties/error/properties/code/enum"));
  EXPECT_EQ(described.codes(), codes);
}

TEST_F(AsyncApi, RequestsAreTakenAsDescribedAndInNoOtherForm) {
  start();
  serve();
  const std::string long_id(129, 'x');
  std::string crowd;
  for (int i = 0; i < 201; ++i) crowd += (i > 0 ? R"(,"x")" : R"("x")");
  const auto with = [](const std::string& params) {
    return R"({"id":1,"method":"subscribe","params":{)" + params + "}}";
  };
  const std::string btc = R"("channels":["price:btc/usd"])";
  for (const std::string& good :
       {std::string(R"({"id":null,"method":"ping"})"), std::string(R"({"id":1.5,"method":"ping"})"),
        std::string(R"({"id":-7,"method":"ping"})"), R"({"method":"ping","id":")" + long_id.substr(1) + "\"}",
        with(btc), with(btc + R"(,"since":null,"max_rate_ms":null)"), with(btc + R"(,"since":{},"max_rate_ms":0)"),
        with(btc + R"(,"since":{"price:btc/usd":{"epoch":"e","seq":0}},"max_rate_ms":60000)"),
        std::string(R"({"id":2,"method":"unsubscribe","params":{"channels":["price:btc/usd"]}})")}) {
    WsTestClient client = stream();
    client.read_text();
    EXPECT_THAT(described.request("stream", good), Not(HasSubstr("not described")));
    client.send_text(good);
    EXPECT_THAT(client.read_text(), Not(HasSubstr("bad_request"))) << good;
  }
  for (const std::string& bad : {std::string(R"([])"),
                                 std::string(R"({"id":1})"),
                                 std::string(R"({"id":[1],"method":"ping"})"),
                                 std::string(R"({"id":true,"method":"ping"})"),
                                 R"({"method":"ping","id":")" + long_id + "\"}",
                                 std::string(R"({"id":1,"method":"nope"})"),
                                 std::string(R"({"id":1,"method":"subscribe"})"),
                                 std::string(R"({"id":1,"method":"unsubscribe","params":{}})"),
                                 with(""),
                                 with(R"("channels":[])"),
                                 with(R"("channels":"price:btc/usd")"),
                                 with(R"("channels":[1])"),
                                 with(R"("channels":[)" + crowd + "]"),
                                 with(btc + R"(,"since":7)"),
                                 with(btc + R"(,"since":{"x":{"seq":1}})"),
                                 with(btc + R"(,"since":{"x":{"epoch":"e","seq":-1}})"),
                                 with(btc + R"(,"max_rate_ms":60001)"),
                                 with(btc + R"(,"max_rate_ms":-1)"),
                                 with(btc + R"(,"max_rate_ms":1.5)"),
                                 with(btc + R"(,"max_rate_ms":"1")")}) {
    WsTestClient client = stream();
    client.read_text();
    EXPECT_THAT(described.request("stream", bad), HasSubstr("not described")) << bad;
    client.send_text(bad);
    const std::string answer = client.read_text();
    EXPECT_EQ(described.push("stream", answer), "refusal") << bad;
    EXPECT_THAT(answer, HasSubstr("bad_request")) << bad;
  }
}

TEST_F(AsyncApi, WhatIsNotDescribedIsNoticed) {
  const std::string time = R"("time":"2026-06-01T12:00:00.000Z")";
  EXPECT_EQ(described.push("stream", R"({"type":"heartbeat",)" + time + "}"), "heartbeat");
  for (const std::string& odd : {R"({"type":"heartbeat",)" + time + R"(,"more":1})", R"({"type":"heart",)" + time + "}",
                                 std::string(R"({"type":"heartbeat","time":"today"})"),
                                 std::string(R"({"type":"heartbeat"})"), std::string(R"({"type":"news"})"),
                                 std::string(R"({"channel":"bench:0","type":"update","seq":1,"epoch":"e","data":{}})")})
    EXPECT_THAT(described.push("stream", odd), HasSubstr("not described")) << odd;
  EXPECT_THAT(described.push("events", R"({"recovered":true})", R"({"event":"news"})"), HasSubstr("not described"));
}

TEST_F(AsyncApi, TheExamplesFitAndTheCloseCodesAreTheServers) {
  std::size_t examples = 0;
  for (const auto message : object(described.checker().document()["components"]["messages"])) {
    element list;
    if (message.value["examples"].get(list) != simdjson::SUCCESS) continue;
    for (const element example : array(list)) {
      ++examples;
      EXPECT_EQ(described.checker().check(message.value["payload"], example["payload"]), "") << message.key;
      element headers;
      if (example["headers"].get(headers) != simdjson::SUCCESS) continue;
      EXPECT_EQ(described.checker().check(message.value["headers"], headers), "") << message.key;
    }
  }
  EXPECT_GT(examples, 15U);
  namespace code = stream::close_code;
  EXPECT_EQ(described.words("/components/schemas/CloseCode/enum"),
            (std::set<std::string>{"4000", std::to_string(code::kSlow), std::to_string(code::kNoPong),
                                   std::to_string(code::kBadRequest), "4501", std::to_string(code::kLimit)}));
}

}  // namespace
}  // namespace tickspan::server
