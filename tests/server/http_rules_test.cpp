// What holds for every answer, and what bad input gets.
#include <gmock/gmock.h>

#include "../support/support.hpp"
#include "server_fixture.hpp"

namespace tickspan::server {
namespace {

using namespace std::chrono_literals;
using test::HttpTestClient;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class HttpRules : public test::ServerTest {};

TEST_F(HttpRules, StartingIsSaidWithARetry) {
  start();
  for (const char* target :
       {"/price/bitcoin", "/top-coins/", "/api/v1/status", "/api/v1/candles/btc/usd", "/history/bitcoin"}) {
    const auto response = get(target);
    EXPECT_EQ(response.status, 503) << target;
    EXPECT_EQ(response.header("retry-after"), "1");
    EXPECT_THAT(response.body, AllOf(HasSubstr(R"("code":"starting")"), HasSubstr(R"("temporary":true)")));
  }
  EXPECT_EQ(get("/top-coins/?limit=abc").status, 400);  // a retry would not help
  EXPECT_EQ(get("/livez").status, 200);
}

TEST_F(HttpRules, CommonHeaders) {
  start_all();
  const auto response = get("/price/bitcoin", {{"X-Request-Id", "mine-1"}});
  EXPECT_EQ(response.header("server-time"), "2026-06-01T12:00:30.500Z");
  EXPECT_EQ(response.header("x-request-id"), "mine-1");
  EXPECT_EQ(response.header("access-control-allow-origin"), "*");
  EXPECT_EQ(response.header("cache-control"), "no-cache");
  EXPECT_NE(get("/price/bitcoin", {{"X-Request-Id", "not ok"}}).header("x-request-id"), "not ok");
  EXPECT_EQ(get("/price/nope", {{"X-Request-Id", "mine-2"}}).header("x-request-id"), "mine-2");
  EXPECT_EQ(get("/price/nope").header("server-time"), "2026-06-01T12:00:30.500Z");
}

TEST_F(HttpRules, TagsSpareTheBodyUntilTheAnswerChanges) {
  start_all();
  const std::string tag = get("/price/bitcoin").header("etag");
  ASSERT_FALSE(tag.empty());
  const auto same = get("/price/bitcoin", {{"If-None-Match", tag}});
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.header("etag"), tag);
  EXPECT_EQ(same.header("server-time"), "2026-06-01T12:00:30.500Z");
  auto block = std::make_shared<core::AssetBlock>(*market.market.blocks[0]);
  (*block)[market.asset("bitcoin").index()].state =
      core::Freshness::stale;  // a change of state is a change of the answer
  market.market.blocks = {block};
  serve();
  EXPECT_EQ(get("/price/bitcoin", {{"If-None-Match", tag}}).status, 200);
}

TEST_F(HttpRules, TheRateIsCountedByWhomATrustedProxyNames) {
  server_options.trusted_proxies = *net::TrustedProxies::parse({"127.0.0.1"});
  start(5);
  const auto statuses = [&](const std::string& forwarded_for) {
    HttpTestClient client(http->port());
    int last = 0;
    for (int i = 0; i < 40 && last != 429; ++i)
      last = client.get("/api/v1/sources", {{"X-Forwarded-For", forwarded_for}}).status;
    return last;
  };
  EXPECT_EQ(statuses("198.51.100.1"), 429);
  EXPECT_EQ(get("/api/v1/sources", {{"X-Forwarded-For", "6.6.6.6, 198.51.100.1"}}).status, 429);
  EXPECT_NE(get("/api/v1/sources", {{"X-Forwarded-For", "198.51.100.2"}}).status, 429);
}

TEST_F(HttpRules, NobodyElseEscapesTheRateByAHeader) {
  start(5);
  HttpTestClient client(http->port());
  int last = 0;
  for (int i = 0; i < 40 && last != 429; ++i)
    last = client.get("/api/v1/sources", {{"X-Forwarded-For", "198.51.100." + std::to_string(i)}}).status;
  EXPECT_EQ(last, 429);
}

TEST_F(HttpRules, LargeBodiesAreCompressed) {
  start_all();
  const auto packed = get("/api/v1/prices", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(packed.header("content-encoding"), "gzip");
  EXPECT_EQ(test::gunzip(packed.body), get("/api/v1/prices").body);
  EXPECT_EQ(get("/price/bitcoin", {{"Accept-Encoding", "gzip"}}).header("content-encoding"), "");
}

TEST_F(HttpRules, HeadHasTheHeadersWithoutTheBody) {
  start_all();
  HttpTestClient client(http->port());
  const auto head = client.request("HEAD", "/price/bitcoin");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), std::to_string(get("/price/bitcoin").body.size()));
  EXPECT_EQ(client.get("/livez").body, "ok\n");  // the connection is still in step
}

TEST_F(HttpRules, OptionsOpenReadsOnly) {
  start_all();
  HttpTestClient client(http->port());
  const auto response = client.request("OPTIONS", "/price/bitcoin",
                                       {{"Origin", "https://example.org"}, {"Access-Control-Request-Method", "GET"}});
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.header("access-control-allow-methods"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(response.header("access-control-allow-origin"), "*");
}

TEST_F(HttpRules, WrongMethodsAndPaths) {
  start_all();
  HttpTestClient client(http->port());
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH"}) {
    const auto response = client.request(method, "/price/bitcoin", {}, "x=1");
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_EQ(response.header("allow"), "GET, HEAD, OPTIONS");
    EXPECT_THAT(response.body, HasSubstr(R"("code":"method_not_allowed")"));
  }
  EXPECT_EQ(client.request("POST", "/api/v1/nope").status, 404);
  EXPECT_THAT(error("/api/v1/pricez", 404), AllOf(HasSubstr(R"("code":"unknown_path")"), HasSubstr("/api/v1/prices")));
  EXPECT_THAT(error("/nope", 404), HasSubstr(R"("code":"unknown_path")"));
  EXPECT_THAT(error("/price", 404), HasSubstr("unknown_path"));
  // An API client never gets a page, whatever it accepts.
  EXPECT_EQ(get("/api/nope", {{"Accept", "text/html"}}).header("content-type"), "application/problem+json");
}

TEST_F(HttpRules, HugeAndBrokenTargets) {
  start_all();
  EXPECT_THAT(error("/price/" + std::string(10'000, 'a'), 414), HasSubstr(R"("code":"uri_too_long")"));
  const auto beyond = get("/price/" + std::string(100'000, 'a'));
  EXPECT_THAT(beyond.status, ::testing::AnyOf(414, 431));
  EXPECT_EQ(error("/price/%zz%", 404).find("<"), std::string::npos);
  for (const char* target : {"/price/%00", "/price/%ff%fe", "/price/..%2f..%2fetc%2fpasswd", "/price/%22%3Cscript%3E",
                             "/history/%E2%82?days=%"}) {
    const auto response = get(target);
    EXPECT_THAT(response.status, ::testing::AnyOf(400, 404)) << target;
    EXPECT_EQ(response.header("content-type"), "application/problem+json") << target;
    simdjson::dom::parser parser;
    EXPECT_EQ(parser.parse(simdjson::padded_string(response.body)).error(), simdjson::SUCCESS) << response.body;
  }
  EXPECT_THAT(error("/price/" + std::string(2000, 'x'), 404), HasSubstr("…"));  // not echoed whole
}

TEST_F(HttpRules, ABusyClientIsToldToWaitAndNobodyElseNoticesIt) {
  start(5);
  open_store();
  serve();
  HttpTestClient client(http->port());
  int refused = 0;
  for (int i = 0; i < 12; ++i) {
    const auto response = client.get("/price/bitcoin");
    if (response.status == 200) continue;
    ++refused;
    EXPECT_EQ(response.status, 429);
    EXPECT_EQ(response.header("retry-after"), "1");
    EXPECT_THAT(response.body, HasSubstr(R"("code":"rate_limited")"));
  }
  EXPECT_EQ(refused, 2);
  EXPECT_EQ(metrics.counter("tickspan_server_refused_total", "", {{"reason", "rate"}}).value(), 2U);
  EXPECT_EQ(client.get("/livez").status, 200);  // an operator's probe is not counted
  EXPECT_EQ(client.get("/readyz").status, 200);
  market.clock.advance(200ms);
  EXPECT_EQ(client.get("/price/bitcoin").status, 200);
}

TEST_F(HttpRules, UnknownParametersDoNotMatter) {
  start_all();
  EXPECT_EQ(get("/price/bitcoin?utm_source=x&limit=abc").status, 200);
  EXPECT_EQ(get("/price/bitcoin?time_format=unix").status, 400);
}

TEST_F(HttpRules, AnotherBackendIsServedAtOnce) {
  start_all();
  EXPECT_THAT(get("/price/bitcoin").body, HasSubstr(R"("origin":"real")"));
  market.market.origin = core::Origin::simulated;
  auto simulated = market.backend();
  simulated->notice = "These prices are simulated";
  http->set_backend(simulated);
  EXPECT_THAT(get("/price/bitcoin").body, HasSubstr(R"("origin":"simulated")"));
  EXPECT_THAT(get("/api/v1/status").body, HasSubstr(R"("notice":"These prices are simulated")"));
}

TEST_F(HttpRules, ATakenPortIsNamed) {
  start();
  ServerOptions options;
  options.listen = {{"127.0.0.1", http->port()}};
  for (const std::size_t threads : {1U, 2U}) {
    options.threads = threads;
    runtime::Metrics other_metrics;
    Server second(options, market.clock, other_metrics);
    const auto started = second.start();
    ASSERT_FALSE(started) << threads;
    EXPECT_EQ(started.error().code, core::ErrorCode::io_error);
    EXPECT_THAT(started.error().context, HasSubstr("127.0.0.1:" + std::to_string(http->port())));
  }
  EXPECT_EQ(get("/livez").status, 200);
}

TEST_F(HttpRules, SeveralAddressesServeTheSame) {
  ServerOptions options;
  options.listen = {{"127.0.0.1", 0}, {"127.0.0.1", 0}};
  options.threads = 2;
  http = std::make_unique<Server>(options, market.clock, metrics);
  ASSERT_TRUE(http->start());
  EXPECT_NE(http->port(0), http->port(1));
  EXPECT_EQ(test::http_get(http->port(0), "/livez").status, 200);
  EXPECT_EQ(test::http_get(http->port(1), "/livez").status, 200);
}

TEST_F(HttpRules, ConnectionsAreCountedOverAllThreadsAndAddresses) {
  ServerOptions options;
  options.listen = {{"127.0.0.1", 0}, {"127.0.0.1", 0}};
  options.threads = 2;
  options.max_connections = 5;
  http = std::make_unique<Server>(options, market.clock, metrics);
  ASSERT_TRUE(http->start());
  std::vector<std::unique_ptr<HttpTestClient>> clients;
  std::vector<int> statuses;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<HttpTestClient>(http->port(static_cast<std::size_t>(i % 2))));
    statuses.push_back(clients.back()->get("/livez").status);
  }
  EXPECT_THAT(statuses, ::testing::ElementsAre(200, 200, 200, 200, 200, 503, 503, 503));
  EXPECT_EQ(clients[0]->get("/livez").status, 200);
}

TEST_F(HttpRules, ManyClientsAtOnceWhileTheMarketMoves) {
  start_all();
  std::atomic<int> good{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < 4; ++c) {
    clients.emplace_back([&] {
      HttpTestClient client(http->port());
      for (int i = 0; i < 50; ++i)
        good += client.get(i % 2 == 0 ? "/api/v1/prices" : "/api/v1/candles/btc/usd").status == 200 ? 1 : 0;
    });
  }
  for (int i = 0; i < 20; ++i) {
    ++market.market.position;
    serve();
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 200);
}

}  // namespace
}  // namespace tickspan::server
