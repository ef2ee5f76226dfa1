// The small parts between a request and its response.
#include <gmock/gmock.h>

#include "../support/http_test_client.hpp"
#include "market_fixture.hpp"
#include "server/answer_cache.hpp"
#include "server/compression.hpp"
#include "server/error_table.hpp"
#include "server/problem.hpp"
#include "server/rate_limiter.hpp"
#include "server/responder.hpp"
#include "server/router.hpp"
#include "server/ui_bundle.hpp"
#include "server/ui_pages.hpp"

namespace tickspan::server {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ErrorTable, EveryErrorCodeHasOneRowThatMakesSense) {
  constexpr int kCodes = static_cast<int>(core::ErrorCode::internal) + 1;
  EXPECT_EQ(error_table().size(), static_cast<std::size_t>(kCodes));
  for (int i = 0; i < kCodes; ++i) {
    const ErrorRow& row = error_row(static_cast<core::ErrorCode>(i));
    EXPECT_EQ(row.code, static_cast<core::ErrorCode>(i));
    EXPECT_EQ(problem_kind(row.word).word, row.word) << "not a problem's word";
    EXPECT_EQ(problem_kind(row.word).status, row.status) << row.word;
    EXPECT_EQ(row.temporary, row.status == 429 || row.status == 503) << row.word;
    EXPECT_GE(row.close_code, 4000);
    EXPECT_LT(row.close_code, 4600);
    const Problem problem = from_error({static_cast<core::ErrorCode>(i), "context"});
    EXPECT_EQ(problem.status(), row.status);
    EXPECT_EQ(problem.retry_after_s > 0, row.temporary);
  }
}

TEST(Problems, InternalErrorsTellNothing) {
  EXPECT_THAT(from_error({core::ErrorCode::internal, "pointer 0x1234"}).encode("/x"), Not(HasSubstr("0x1234")));
}

TEST(Problems, AreEncodedAsProblemDetails) {
  core::Catalogue catalogue;
  catalogue.upsert_asset({"bitcoin", "btc", "Bitcoin", core::AssetKind::coin, 1});
  EXPECT_EQ(
      unknown_asset(catalogue, "coin_id", "bitcon").encode("/price/bitcon"),
      R"({"type":"about:blank","title":"Not found","status":404,"detail":"unknown asset 'bitcon'; near: bitcoin",)"
      R"("instance":"/price/bitcon","code":"unknown_asset","temporary":false,"errors":[{"parameter":"coin_id",)"
      R"("value":"bitcon","allowed":"an asset id or symbol","near":["bitcoin"]}]})");
}

TEST(Problems, RetryAfterOfASourceIsHandedOn) {
  EXPECT_EQ(from_error({core::ErrorCode::rate_limited, "x", true, 2500}).retry_after_s, 3);
}

Route route_at(std::string_view path) {
  return {.path = path, .summary = "x"};
}

TEST(RouterTest, TakesPathsWithAndWithoutTrailingSlash) {
  const Router router({route_at("/top-coins/"), route_at("/price/{coin_id}"), route_at("/api/v1/assets"),
                       route_at("/api/v1/assets/{id}")});
  for (const char* path : {"/top-coins", "/top-coins/"})
    EXPECT_EQ(router.match(path).route, &router.routes()[0]) << path;
  EXPECT_EQ(router.match("/api/v1/assets/").route, &router.routes()[2]);
  const auto match = router.match("/price/bit%20coin/");
  ASSERT_EQ(match.route, &router.routes()[1]);
  EXPECT_THAT(match.path_values, ElementsAre("bit coin"));
  for (const char* path : {"", "x", "/", "/price", "/price/", "/price//", "/price/a/b", "//price/a", "/Price/a"}) {
    EXPECT_EQ(router.match(path).route, nullptr) << path;
  }
  EXPECT_THAT(router.near("/api/v1/asets"), Contains("/api/v1/assets"));
}

TEST(RateLimiterTest, AllowsABurstThenTheRate) {
  RateLimiter limiter(10);
  core::Timestamp now = core::Timestamp::from_s(1000);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(limiter.take("192.0.2.1", now), 0) << i;
  EXPECT_EQ(limiter.take("192.0.2.1", now), 1);
  EXPECT_EQ(limiter.take("192.0.2.2", now), 0);  // somebody else
  now = now + 100ms;
  EXPECT_EQ(limiter.take("192.0.2.1", now), 0);
  EXPECT_EQ(limiter.take("192.0.2.1", now), 1);
  EXPECT_EQ(limiter.take("192.0.2.1", now - 1h), 1);  // a clock set back
}

TEST(RateLimiterTest, CountsAnIpv6ClientByItsNetwork) {
  EXPECT_EQ(client_key("2001:db8:1:2::1"), client_key("2001:db8:1:2:ffff::9"));
  EXPECT_NE(client_key("2001:db8:1:2::1"), client_key("2001:db8:1:3::1"));
  EXPECT_NE(client_key("::ffff:192.0.2.1"), client_key("::ffff:192.0.2.2"));
}

TEST(RateLimiterTest, ForgetsAddressesRatherThanGrow) {
  RateLimiter limiter(1);
  const core::Timestamp now = core::Timestamp::from_s(1000);
  for (int i = 0; i < 100'000; ++i)
    limiter.take(
        "10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) + "." + std::to_string(i % 256), now);
  EXPECT_LE(limiter.buckets(), 16 * RateLimiter::kMaxBuckets);
}

TEST(RateLimiterTest, ZeroIsNoLimit) {
  RateLimiter limiter(0);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(limiter.take("192.0.2.1", core::Timestamp::from_s(1)), 0);
}

TEST(Compression, AcceptEncodingIsReadAsItIsMeant) {
  for (const char* yes : {"gzip", "deflate, gzip;q=1.0, *;q=0.5", "GZIP", "*", "br, gzip", "gzip;q=0.5"})
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  for (const char* no : {"", "br", "gzip;q=0", "gzip; q=0.000", "identity", "*;q=0", "*, gzip;q=0"})
    EXPECT_FALSE(accepts_gzip(no)) << no;
}

TEST(Compression, GivesBackWhatWentIn) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += std::to_string(i * i);
  EXPECT_LT(gzip(text).size(), text.size());
  EXPECT_EQ(test::gunzip(gzip(text)), text);
  EXPECT_EQ(test::gunzip(gzip("")), "");
}

class ResponderTest : public ::testing::Test {
 protected:
  net::HttpResponse answer(const std::string& body, std::vector<std::pair<std::string, std::string>> headers = {}) {
    net::HttpRequest request;
    for (auto& [name, value] : headers) request.headers.add(name, value);
    auto encoded = encode_answer({.body = body});
    return make_response(request, *encoded, {core::Timestamp::from_ms(1'780'315'200'123), "id-1"});
  }
};

TEST_F(ResponderTest, EveryAnswerHasItsTimeAndId) {
  const auto response = answer("{}");
  EXPECT_EQ(response.headers.find("Server-Time"), "2026-06-01T12:00:00.123Z");
  EXPECT_EQ(response.headers.find("X-Request-Id"), "id-1");
  EXPECT_EQ(response.headers.find("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(response.content(), "{}");
}

TEST_F(ResponderTest, AKnownTagGives304) {
  const std::string tag(*answer("{}").headers.find("ETag"));
  EXPECT_EQ(answer("{}", {{"If-None-Match", tag}}).status, 304);
  EXPECT_EQ(answer("{}", {{"If-None-Match", tag}}).content(), "");
  EXPECT_EQ(answer("{}", {{"If-None-Match", "\"x\", " + tag.substr(2)}}).status, 304);  // weak comparison
  EXPECT_EQ(answer("{}", {{"If-None-Match", "*"}}).status, 304);
  EXPECT_EQ(answer("{ }", {{"If-None-Match", tag}}).status, 200);
}

TEST_F(ResponderTest, CompressesWhatIsLargeForThoseWhoTakeIt) {
  const std::string large(5000, 'x');
  const auto packed = answer(large, {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(packed.headers.find("Content-Encoding"), "gzip");
  EXPECT_EQ(test::gunzip(packed.content()), large);
  EXPECT_EQ(packed.headers.find("Vary"), "Accept-Encoding");
  EXPECT_EQ(answer(large).headers.find("Content-Encoding"), std::nullopt);
  EXPECT_EQ(answer(large).headers.find("Vary"), "Accept-Encoding");
  EXPECT_EQ(answer("small", {{"Accept-Encoding", "gzip"}}).headers.find("Content-Encoding"), std::nullopt);
}

TEST_F(ResponderTest, ForeignIdsAreEchoedOnlyWhenHarmless) {
  const auto id = [](const std::string& given) {
    net::HttpRequest request;
    request.headers.add("X-Request-Id", given);
    return request_id_of(request);
  };
  EXPECT_EQ(id("abc-1.2_Z"), "abc-1.2_Z");
  for (const std::string& bad :
       {std::string("a b"), std::string("a\r\nSet-Cookie: x"), std::string(65, 'a'), std::string()}) {
    EXPECT_NE(id(bad), bad);
    EXPECT_EQ(id(bad).size(), 16U);
  }
}

TEST(AnswerCacheTest, AnswersBelongToOneSnapshot) {
  const auto first = std::make_shared<const core::MarketSnapshot>();
  const auto second = std::make_shared<const core::MarketSnapshot>();
  AnswerCache cache;
  const auto answer = encode_answer({.body = "1"});
  cache.put(first, "/a", answer);
  EXPECT_EQ(cache.find(first, "/a"), answer);
  EXPECT_EQ(cache.find(first, "/b"), nullptr);
  EXPECT_EQ(cache.find(second, "/a"), nullptr);
  EXPECT_EQ(cache.find(first, "/a"), nullptr);  // gone with its snapshot
}

TEST(AnswerCacheTest, IsBounded) {
  const auto snapshot = std::make_shared<const core::MarketSnapshot>();
  AnswerCache cache;
  for (std::size_t i = 0; i < AnswerCache::kMaxEntries + 10; ++i)
    cache.put(snapshot, std::to_string(i), encode_answer({.body = "1"}));
  EXPECT_NE(cache.find(snapshot, "0"), nullptr);
  EXPECT_EQ(cache.find(snapshot, std::to_string(AnswerCache::kMaxEntries + 5)), nullptr);
  AnswerCache large;
  large.put(snapshot, "/large", encode_answer({.body = std::string(AnswerCache::kMaxBytes + 1, 'x')}));
  EXPECT_EQ(large.find(snapshot, "/large"), nullptr);
}

// A blob as tools/pack_ui writes it.
std::string blob() {
  std::string out = "TICKSPAN-UI-1\n";
  const auto file = [&](std::string_view path, std::string_view type, std::string_view bytes) {
    for (const std::string_view record : {path, type, std::string_view("W/\"1\""), bytes, std::string_view()}) {
      out += std::to_string(record.size()) + ' ' + std::string(record) + '\n';
    }
  };
  file("index.html", "text/html; charset=utf-8", "<p>page 7 \n</p>");
  file("assets/index-BfX1a2_c.js", "text/javascript; charset=utf-8", "let a");
  file("favicon.svg", "image/svg+xml", "<svg/>");
  return out;
}

TEST(Ui, ReadsItsBlob) {
  const std::string bytes = blob();
  const UiBundle ui(bytes);
  ASSERT_NE(ui.find("index.html"), nullptr);
  EXPECT_EQ(ui.find("index.html")->plain, "<p>page 7 \n</p>");
  EXPECT_EQ(ui.find("nope"), nullptr);
  for (std::size_t cut = 15; cut < bytes.size() - 1; ++cut) {
    const UiBundle broken(std::string_view(bytes).substr(0, cut));  // no crash, and nothing half read
    EXPECT_EQ(broken.find("favicon.svg"), nullptr);
  }
  EXPECT_TRUE(UiBundle("").empty());
}

TEST(Ui, PagesFallToTheDashboardAndTheApiDoesNot) {
  const std::string bytes = blob();
  const UiBundle ui(bytes);
  const auto get = [&](const std::string& target, bool html = true, bool serve = true) {
    net::HttpRequest request;
    request.target = target;
    if (html) request.headers.add("Accept", "text/html,*/*");
    return ui_page(ui, serve, request);
  };
  EXPECT_EQ(get("/")->content_type, "text/html; charset=utf-8");
  EXPECT_EQ(get("/coin/bitcoin?tab=1")->content_type, "text/html; charset=utf-8");
  EXPECT_EQ(get("/assets/index-BfX1a2_c.js")->cache_control, "public, max-age=31536000, immutable");
  EXPECT_EQ(get("/favicon.svg")->cache_control, "no-cache");
  EXPECT_FALSE(get("/coin/bitcoin", false));
  EXPECT_FALSE(get("/missing.js"));
  EXPECT_FALSE(get("/api/v1/nope"));
  EXPECT_FALSE(get("/price"));
  EXPECT_FALSE(get("/docs-assets/swagger-ui.css"));
  EXPECT_THAT(get("/", true, false)->body, HasSubstr("without the dashboard"));
  EXPECT_FALSE(get("/index.html", true, false));
}

}  // namespace
}  // namespace tickspan::server
