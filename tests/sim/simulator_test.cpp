#include "sim/simulator.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <thread>

#include "../support/http_test_client.hpp"
#include "../support/support.hpp"
#include "feeds/coinapi/decode.hpp"
#include "net/http_client.hpp"
#include "net/websocket_client.hpp"
#include "runtime/event_loop.hpp"

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::HttpTestClient;

/// A real client on a real socket.
class Listener {
 public:
  Listener(runtime::EventLoop& loop, const runtime::Clock& clock, const std::string& url,
           const std::string& first_message = {}, const std::string& ca_file = {}, const std::string& nameserver = {})
      : loop_(loop) {
    net::ClientOptions options;
    options.tls.ca_file = ca_file;
    if (!nameserver.empty()) options.nameservers = {nameserver};
    net::WebSocketClient::Callbacks callbacks;
    callbacks.on_open = [this, first_message] {
      opened = true;
      if (!first_message.empty()) client_->send_text(first_message);
    };
    callbacks.on_message = [this](std::string_view text, core::Timestamp) {
      const std::lock_guard lock(mutex_);
      texts_.emplace_back(text);
    };
    callbacks.on_close = [this](core::Error error, int status) {
      const std::lock_guard lock(mutex_);
      error_ = error;
      status_ = status;
      closed = true;
    };
    loop_.run_and_wait([&] {
      client_ = std::make_unique<net::WebSocketClient>(loop_, clock, options, callbacks);
      client_->connect(url);
    });
  }
  ~Listener() {
    loop_.run_and_wait([&] { client_.reset(); });
  }
  std::size_t count(std::string_view part) const {
    const std::lock_guard lock(mutex_);
    std::size_t n = 0;
    for (const auto& text : texts_) n += text.find(part) != std::string::npos ? 1 : 0;
    return n;
  }
  int status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }
  std::string why() const {
    const std::lock_guard lock(mutex_);
    return error_.context;
  }
  std::int64_t retry_after_ms() const {
    const std::lock_guard lock(mutex_);
    return error_.retry_after_ms;
  }

  std::atomic<bool> opened{false};
  std::atomic<bool> closed{false};

 private:
  runtime::EventLoop& loop_;
  std::unique_ptr<net::WebSocketClient> client_;
  mutable std::mutex mutex_;
  std::vector<std::string> texts_;
  core::Error error_;
  int status_ = 0;
};

class SimulatorTest : public ::testing::Test {
 protected:
  void start(SimulatorOptions options = {}) {
    simulator = std::make_unique<Simulator>(std::move(options), clock, metrics);
    const auto status = simulator->start();
    ASSERT_TRUE(status.has_value()) << status.error().context;
    loop.start();
  }
  SimulatedHost host(const std::string& venue) {
    for (auto& h : simulator->hosts()) {
      if (h.venue == venue) return h;
    }
    return {};
  }
  test::TestResponse get(const std::string& target) { return test::http_get(simulator->port(), target); }
  test::TestResponse post(const std::string& target) {
    return HttpTestClient(simulator->port()).request("POST", target);
  }

  runtime::SystemClock clock;
  runtime::Metrics metrics;
  std::unique_ptr<Simulator> simulator;
  runtime::EventLoop loop{"client"};
};

constexpr const char* kCoinbaseSubscribe =
    R"({"type":"subscribe","product_ids":["BTC-USD"],"channels":["matches","heartbeat"]})";
constexpr const char* kKrakenSubscribe =
    R"({"method":"subscribe","params":{"channel":"ticker","symbol":["BTC/USD"],"event_trigger":"bbo"}})";

TEST_F(SimulatorTest, ServesAllVenuesOnOnePort) {
  SimulatorOptions options;
  options.trades_per_second = 2000;
  start(options);
  ASSERT_EQ(simulator->hosts().size(), simulated_venues().size() - 1) << "one is another's alternate";
  EXPECT_EQ(host("coinbase").alternate_ws_url, host("coinbase").ws_url + "_advanced");
  EXPECT_EQ(host("coinbase").alternate_rest_url, host("coinbase").rest_url + "_advanced");
  EXPECT_EQ(host("kraken").alternate_ws_url, "");
  EXPECT_EQ(host("coingecko").ws_url, "");
  EXPECT_EQ(host("coingecko").rest_url, "http://127.0.0.1:" + std::to_string(simulator->port()) + "/coingecko/api/v3");
  Listener binance(loop, clock, host("binance").ws_url + "/stream?streams=btcusdt@trade/btcusdt@bookTicker");
  Listener coinbase(loop, clock, host("coinbase").ws_url + "/", kCoinbaseSubscribe);
  Listener kraken(loop, clock, host("kraken").ws_url + "/v2", kKrakenSubscribe);
  EXPECT_TRUE(eventually([&] { return binance.count("btcusdt@trade") > 20 && binance.count("bookTicker") > 3; }));
  EXPECT_TRUE(eventually([&] {
    return coinbase.count(R"("type":"match")") > 10 && coinbase.count("last_match") == 1 &&
           coinbase.count("heartbeat") > 1;
  }));
  EXPECT_TRUE(
      eventually([&] { return kraken.count(R"("type":"update")") > 3 && kraken.count(R"("success":true)") == 1; }));
  EXPECT_GT(simulator->trades_sent("binance"), 20U);
  EXPECT_EQ(simulator->sockets("kraken"), 1U);
}

TEST_F(SimulatorTest, AnswersRest) {
  start();
  EXPECT_EQ(get("/binance/api/v3/ping").body, "{}");
  EXPECT_EQ(get("/binance/api/v3/exchangeInfo?permissions=SPOT").status, 200);
  EXPECT_EQ(get("/coinbase/products/BTC-USD/ticker").status, 200);
  EXPECT_EQ(get("/kraken/0/public/SystemStatus").status, 200);
  EXPECT_EQ(get("/coingecko/api/v3/ping/").body, R"({"gecko_says":"(V3) To the Moon!"})");
  EXPECT_EQ(get("/coingecko/api/v3/coins/nope").status, 404);
  EXPECT_EQ(get("/nowhere").status, 404);
}

TEST_F(SimulatorTest, SpeaksTlsWithItsOwnCertificate) {
  SimulatorOptions options;
  options.tls = true;
  start(options);
  const std::string ca = simulator->certificate_file();
  ASSERT_TRUE(std::filesystem::exists(ca));
  EXPECT_EQ(host("kraken").ws_url, "wss://127.0.0.1:" + std::to_string(simulator->port()) + "/kraken");
  Listener trusting(loop, clock, host("kraken").ws_url + "/v2", kKrakenSubscribe, ca);
  EXPECT_TRUE(eventually([&] { return trusting.count(R"("channel":"ticker")") > 1; }));
  Listener wary(loop, clock, host("kraken").ws_url + "/v2");
  EXPECT_TRUE(eventually([&] { return wary.closed.load(); }));
  EXPECT_FALSE(wary.opened);
  simulator->stop();
  simulator.reset();
  EXPECT_FALSE(std::filesystem::exists(ca));  // leaves nothing behind
}

TEST_F(SimulatorTest, VenuesHaveNamesThatItsNameServerKnows) {
  SimulatorOptions options;
  options.dns = options.tls = true;
  options.faults["okx"].dns = DnsFault::refused;
  start(options);
  const std::string port = std::to_string(simulator->port()), ca = simulator->certificate_file();
  const std::string dns = simulator->nameserver();
  EXPECT_EQ(dns, "127.0.0.1:" + port);
  EXPECT_EQ(host("kraken").ws_url, "wss://kraken.tickspan.test:" + port + "/kraken");
  EXPECT_EQ(host("coinbase").alternate_rest_url,
            "https://coinbase-advanced.tickspan.test:" + port + "/coinbase_advanced");
  EXPECT_EQ(host("coingecko").rest_url, "https://coingecko.tickspan.test:" + port + "/coingecko/api/v3");
  const std::string us = host("binance_us").ws_url + "/stream?streams=btcusdt@bookTicker";
  Listener kraken(loop, clock, host("kraken").ws_url + "/v2", kKrakenSubscribe, ca, dns);
  Listener binance_us(loop, clock, us, {}, ca, dns);
  Listener okx(loop, clock, host("okx").ws_url + "/ws/v5/public", {}, ca, dns);
  EXPECT_TRUE(eventually([&] { return kraken.count(R"("channel":"ticker")") > 1 && binance_us.opened; }))
      << kraken.why() << binance_us.why();
  EXPECT_TRUE(eventually([&] { return okx.closed.load(); }));
  EXPECT_EQ(okx.why(), "cannot resolve okx.tickspan.test: the name server refuses to answer (REFUSED)");
}

TEST_F(SimulatorTest, NamesCanBeBroken) {
  SimulatorOptions options;
  options.dns = true;
  start(options);
  const auto why = [&] {
    Listener listener(loop, clock, host("kraken").ws_url + "/v2", {}, {}, simulator->nameserver());
    EXPECT_TRUE(eventually([&] { return listener.closed || listener.opened; }));
    return listener.why();
  };
  EXPECT_EQ(why(), "");
  EXPECT_NE(get("/control").body.find(R"("dns":"none")"), std::string::npos);
  EXPECT_NE(post("/control/kraken?dns=nxdomain").body.find(R"("dns":"nxdomain")"), std::string::npos);
  EXPECT_EQ(why(), "cannot resolve kraken.tickspan.test: there is no such name");
  post("/control/kraken?dns=servfail");
  EXPECT_EQ(why(), "cannot resolve kraken.tickspan.test: the name server failed (SERVFAIL)");
  EXPECT_EQ(post("/control/kraken?dns=nonsense").status, 400);
  post("/control/kraken/reset");
  EXPECT_EQ(why(), "");
}

TEST_F(SimulatorTest, WithoutNamesThereIsNothingToBreakAboutThem) {
  start();
  EXPECT_EQ(simulator->nameserver(), "");
  EXPECT_NE(post("/control/kraken?dns=mute").body.find("start with --dns"), std::string::npos);
  EXPECT_NE(get("/control/kraken").body.find(R"("dns":"none")"), std::string::npos);
}

TEST_F(SimulatorTest, RefusesHandshakesAndRequestsOnDemand) {
  SimulatorOptions options;
  options.faults["binance"].refuse_status = 451;
  options.faults["kraken"].refuse_status = 429;
  options.faults["kraken"].retry_after = 7;
  options.faults["kraken"].rest_status = 503;
  start(options);
  Listener binance(loop, clock, host("binance").ws_url + "/stream");
  Listener kraken(loop, clock, host("kraken").ws_url + "/v2");
  EXPECT_TRUE(eventually([&] { return binance.closed && kraken.closed; }));
  EXPECT_EQ(binance.status(), 451);
  EXPECT_EQ(kraken.status(), 429);
  EXPECT_EQ(kraken.retry_after_ms(), 7000);
  const auto answer = get("/kraken/0/public/Time");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("retry-after"), "7");
  EXPECT_EQ(get("/binance/api/v3/ping").status, 200);
}

TEST_F(SimulatorTest, ItsRequestsAreSlowOrAnsweredBy503InAMaintenanceWindow) {
  SimulatorOptions options;
  options.faults["kraken"].maintenance = true;
  options.faults["binance"].rest_delay_ms = 300;
  start(options);
  EXPECT_EQ(get("/kraken/0/public/Time").status, 503);
  Listener kraken(loop, clock, host("kraken").ws_url + "/v2");
  EXPECT_TRUE(eventually([&] { return kraken.closed.load(); }));
  EXPECT_EQ(kraken.status(), 503);
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(get("/binance/api/v3/ping").status, 200);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 300ms);
}

TEST_F(SimulatorTest, BodiesComeSlowlyOrAreCutInHalf) {
  start();
  const std::string whole = get("/kraken/0/public/AssetPairs").body;
  ASSERT_GT(whole.size(), 1000u);
  ASSERT_EQ(post("/control/kraken?rest_body_s=1").status, 200);
  const auto begun = std::chrono::steady_clock::now();
  const auto slow = get("/kraken/0/public/AssetPairs");
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 900ms);
  EXPECT_EQ(slow.status, 200);
  EXPECT_EQ(slow.body, whole);
  EXPECT_EQ(slow.header("content-type"), "application/json; charset=utf-8");
  EXPECT_EQ(get("/binance/api/v3/klines").status, 400) << "others are as ever";
  ASSERT_EQ(post("/control/binance?rest_body_s=1").status, 200);
  EXPECT_EQ(get("/binance/api/v3/klines").status, 400) << "refusals are, but slow";
  ASSERT_EQ(post("/control/kraken?rest_body_s=0&rest_truncated=true").status, 200);
  EXPECT_EQ(get("/kraken/0/public/AssetPairs").body, whole.substr(0, whole.size() / 2));
}

TEST_F(SimulatorTest, MutesAndDropsOneVenueAndNotAnother) {
  SimulatorOptions options;
  options.trades_per_second = 2000;
  start(options);
  Listener binance(loop, clock, host("binance").ws_url + "/ws/btcusdt@trade");
  Listener coinbase(loop, clock, host("coinbase").ws_url, kCoinbaseSubscribe);
  ASSERT_TRUE(eventually([&] { return binance.count("trade") > 0 && coinbase.count("match") > 1; }));
  EXPECT_EQ(post("/control/binance?mute=true").status, 200);
  const std::size_t before = binance.count("trade");
  const std::size_t other = coinbase.count("match");
  ASSERT_TRUE(eventually([&] { return coinbase.count("match") > other + 20; }));
  EXPECT_LE(binance.count("trade"), before + 5);  // what was under way
  EXPECT_FALSE(binance.closed);
  EXPECT_EQ(post("/control/binance/reset").status, 200);
  EXPECT_TRUE(eventually([&] { return binance.count("trade") > before + 20; }));
  EXPECT_EQ(post("/control/coinbase/drop").status, 200);
  EXPECT_TRUE(eventually([&] { return coinbase.closed.load(); }));
  EXPECT_FALSE(binance.closed);
}

TEST_F(SimulatorTest, ControlShowsTheTruthAndRefusesNonsense) {
  start();
  EXPECT_NE(get("/control").body.find(R"("binance":{"faults":{"mute":false,)"), std::string::npos);
  EXPECT_EQ(
      get("/control/price?asset=bitcoin&at=1795000000000").body.find(R"({"asset":"bitcoin","at":1795000000000,"usd":)"),
      0U);
  EXPECT_EQ(get("/control/price?asset=nope").status, 404);
  EXPECT_NE(
      get("/control/trades?venue=kraken&pair=BTC/USD&from=1795000000000&to=1795000010000").body.find(R"("side":")"),
      std::string::npos);
  EXPECT_EQ(get("/control/trades?venue=coingecko&pair=BTC/USD").status, 404);
  EXPECT_EQ(post("/control/binance?mute=perhaps").status, 400);
  EXPECT_NE(post("/control/binance?nonsense=1").body.find("unknown fault 'nonsense'; there are mute"),
            std::string::npos);
  EXPECT_EQ(post("/control/binance?refuse_status=200").status, 400);
  EXPECT_EQ(post("/control/nope?mute=true").status, 404);
  EXPECT_EQ(post("/control/binance/explode").status, 404);
  EXPECT_EQ(get("/control/binance/drop").status, 405);
}

TEST_F(SimulatorTest, EnforcesTheBudgetWhenAsked) {
  start();
  for (int i = 0; i < 12; ++i) ASSERT_EQ(get("/coingecko/api/v3/ping").status, 200);
  VenueFaults faults;
  faults.rate_limit = true;
  simulator->set_faults("coingecko", faults);
  int last = 200;
  test::TestResponse answer;
  for (int i = 0; i < 12 && last == 200; ++i) last = (answer = get("/coingecko/api/v3/ping")).status;
  EXPECT_EQ(last, 429);
  EXPECT_GE(std::stoi(answer.header("retry-after")), 1);
}

TEST_F(SimulatorTest, AnAnswerIsOfOneStateOfTheFaults) {
  SimulatorOptions options;
  options.venues = {"coinapi"};
  start(options);
  std::atomic<bool> over{false};
  std::thread changes([&] {
    for (bool on = true; !over; on = !on)
      simulator->set_faults("coinapi", {.price_shift = on ? 1 : 0, .clock_skew_ms = on ? 3'600'000 : 0});
  });
  for (int i = 0; i < 200; ++i) {
    const auto rates = feeds::coinapi::decode_rates(get("/coinapi/v1/exchangerate/BTC/USD?apikey=k").body, clock.now());
    EXPECT_TRUE(rates.has_value());
    if (!rates) break;
    const double truth = simulator->market().true_price(*simulator->market().find_id("bitcoin"), clock.now());
    EXPECT_EQ((*rates)[0].at - clock.now() > 30min, (*rates)[0].rate.to_double() > 3 * truth);
  }
  over = true;
  changes.join();
}

TEST_F(SimulatorTest, TwoRunsWithOneSeedAreTheSameMarket) {
  start();
  Simulator other({}, clock, metrics);
  ASSERT_TRUE(other.start());
  const core::Timestamp fixed = core::Timestamp::from_s(1'780'000'000);  // of the past
  const std::string target = "/binance/api/v3/klines?symbol=ETHUSDT&interval=1m&startTime=1780000000000&limit=20";
  EXPECT_EQ(get(target).body, test::http_get(other.port(), target).body);
  EXPECT_GT(get(target).body.size(), 1000U);
  EXPECT_EQ(simulator->market().true_price(0, fixed), other.market().true_price(0, fixed));
}

TEST_F(SimulatorTest, SaysWhatIsWrongWithItsOptions) {
  const auto start_with = [&](auto change) {
    SimulatorOptions options;
    change(options);
    Simulator broken(options, clock, metrics);
    const auto status = broken.start();
    return status ? std::string() : status.error().context;
  };
  EXPECT_NE(start_with([](auto& o) { o.speed = 0; }).find("speed 0"), std::string::npos);
  EXPECT_NE(start_with([](auto& o) { o.assets = 0; }).find("assets 0"), std::string::npos);
  EXPECT_NE(start_with([](auto& o) { o.venues = {"nyse"}; }).find("'nyse'"), std::string::npos);
  EXPECT_NE(start_with([](auto& o) { o.trades_per_second = -1; }).find("trades per second"), std::string::npos);
  EXPECT_NE(start_with([](auto& o) { o.faults["okx"].dns = DnsFault::mute; }).find("start with --dns"),
            std::string::npos);
  start();
  const auto taken = start_with([&](auto& o) { o.port = simulator->port(); });
  EXPECT_NE(taken.find(std::to_string(simulator->port())), std::string::npos);
  const int udp = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(udp, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::getsockname(udp, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::uint16_t port = ntohs(address.sin_port);
  const auto taken_over_udp = start_with([&](auto& o) {
    o.dns = true;
    o.port = port;
  });
  ::close(udp);
  EXPECT_NE(taken_over_udp.find("UDP 127.0.0.1:" + std::to_string(port)), std::string::npos);
}

TEST_F(SimulatorTest, StopsTwiceAndWithoutStart) {
  Simulator idle({}, clock, metrics);
  idle.stop();
  start();
  Listener kraken(loop, clock, host("kraken").ws_url + "/v2", kKrakenSubscribe);
  ASSERT_TRUE(eventually([&] { return kraken.opened.load(); }));
  simulator->stop();
  simulator->stop();
  EXPECT_TRUE(eventually([&] { return kraken.closed.load(); }));
}

}  // namespace
}  // namespace tickspan::sim
