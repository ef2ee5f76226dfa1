// Every endpoint over real HTTP: what it answers, and that api/openapi.yaml describes it.
#include <gmock/gmock.h>

#include "server_fixture.hpp"

namespace tickspan::server {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Endpoints : public test::ServerTest {};

TEST_F(Endpoints, CoinPrice) {
  start_all();
  const std::string expected =
      R"({"coin_id":"bitcoin","symbol":"btc","name":"Bitcoin","currency":"usd","price":64321.50,"market_cap":1288000000000.5,)"
      R"("change_24h":1210.2,"change_24h_percent":1.9175647,"last_updated":"2026-06-01T12:00:30.300Z","as_of":"2026-06-01T12:00:30.300Z",)"
      R"("state":"live","origin":"real","source":"composite","source_since":"2026-06-01T09:00:30.500Z"})";
  EXPECT_EQ(body("/price/bitcoin?currency=usd", "/price/{coin_id}"), expected);
  EXPECT_EQ(body("/price/BTC/", "/price/{coin_id}"), expected);
  EXPECT_THAT(
      body("/price/btc?currency=EUR", "/price/{coin_id}"),
      AllOf(HasSubstr(R"("currency":"eur","price":51457.2)"), HasSubstr(R"("as_of":"2026-06-01T11:59:50.500Z")")));
  EXPECT_THAT(body("/price/btc?number_format=string&time_format=ms", "/price/{coin_id}"),
              AllOf(HasSubstr(R"("price":"64321.50")"), HasSubstr(R"("as_of":1780315230300)")));
  EXPECT_THAT(body("/price/dogecoin", "/price/{coin_id}"),
              AllOf(HasSubstr(R"("price":0.00000010,"market_cap":null,"change_24h":null)"),
                    HasSubstr(R"("state":"stale")"), HasSubstr(R"("source":"coingecko")")));
  EXPECT_THAT(error("/price/bitcon", 404, "/price/{coin_id}"),
              AllOf(HasSubstr(R"("code":"unknown_asset")"), HasSubstr(R"("near":["bitcoin"])")));
  EXPECT_THAT(error("/price/bitcoin?currency=uds", 400, "/price/{coin_id}"),
              AllOf(HasSubstr(R"("parameter":"currency","value":"uds")"), HasSubstr("usd")));
  EXPECT_THAT(error("/price/ghost", 503, "/price/{coin_id}"), HasSubstr(R"("code":"upstream_unavailable")"));
  EXPECT_THAT(error("/price/bitcoin?currency=ghost", 503, "/price/{coin_id}"), HasSubstr("ghost"));
}

TEST_F(Endpoints, TopCoins) {
  start_all();
  const auto ids = [&](const std::string& query) {
    const std::string json = body("/top-coins/" + query, "/top-coins/");
    std::string out;
    for (std::size_t at = json.find("coin_id\":\""); at != std::string::npos; at = json.find("coin_id\":\"", at + 1))
      out += json.substr(at + 10, 3) + ' ';
    return out;
  };
  EXPECT_EQ(ids(""), "bit eth dog ");
  EXPECT_EQ(ids("?limit=1"), "bit ");
  EXPECT_EQ(ids("?order=asc"), "eth bit dog ");  // what lacks the figure comes last either way
  EXPECT_EQ(ids("?sort=price&order=asc"), "dog eth bit ");
  EXPECT_EQ(ids("?sort=change"), "eth bit dog ");
  EXPECT_THAT(body("/top-coins?limit=2&currency=eur", "/top-coins/"),
              StartsWith(R"({"currency":"eur","count":2,"coins":[{"rank":1,"coin_id":"bitcoin")"));
  EXPECT_THAT(error("/top-coins/?limit=-1", 400, "/top-coins/"),
              HasSubstr(R"("parameter":"limit","value":"-1","allowed":"a whole number from 1 to 250")"));
  EXPECT_THAT(error("/top-coins/?sort=prize", 400, "/top-coins/"), HasSubstr(R"("near":["price"])"));
}

TEST_F(Endpoints, PairCurrent) {
  start_all();
  const std::string path = "/api/prices/{base}/{quote}/current";
  EXPECT_EQ(
      body("/api/prices/BTC/usd/current", path),
      R"({"pair":"btc/usd","price":64321.50,"as_of":"2026-06-01T12:00:30.300Z","state":"live","origin":"real","source":"composite","source_since":"2026-06-01T09:00:30.500Z"})");
  EXPECT_THAT(body("/api/prices/bitcoin/ethereum/current/", path),
              StartsWith(R"({"pair":"btc/eth","price":20.0378504673,)"));
  EXPECT_THAT(error("/api/prices/btc/nope/current", 404, path), HasSubstr(R"("parameter":"quote","value":"nope")"));
  EXPECT_THAT(error("/api/prices/ghost/usd/current", 503, path), HasSubstr("ghost"));
}

TEST_F(Endpoints, Assets) {
  start_all();
  const std::string path = "/api/v1/assets";
  EXPECT_EQ(body("/api/v1/assets?search=bitc", path),
            R"({"data":[{"id":"bitcoin","symbol":"btc","name":"Bitcoin","kind":"coin","rank":1}],"next_cursor":null})");
  EXPECT_THAT(body("/api/v1/assets?search=EUR", path), HasSubstr(R"("kind":"fiat","rank":null)"));
  EXPECT_EQ(body("/api/v1/assets?search=zzzz", path), R"({"data":[],"next_cursor":null})");
  std::string cursor;
  std::string seen;
  for (int page = 0; page < 6; ++page) {
    const std::string json = body("/api/v1/assets?limit=1" + cursor, path);
    seen += json.substr(json.find("id\":\"") + 5, 3) + ' ';
    const auto at = json.find("next_cursor\":\"");
    ASSERT_EQ(at == std::string::npos, page == 5) << json;
    if (page < 5) cursor = "&cursor=" + json.substr(at + 14, json.find('"', at + 14) - at - 14);
  }
  EXPECT_EQ(seen, "bit eth dog gho eur usd ");
  EXPECT_THAT(error("/api/v1/assets?search=bit" + cursor, 400, path),
              HasSubstr(R"("parameter":"cursor")"));  // another list's
}

TEST_F(Endpoints, Asset) {
  start_all();
  const std::string path = "/api/v1/assets/{id}";
  EXPECT_THAT(body("/api/v1/assets/btc?quote=eur", path),
              AllOf(StartsWith(R"({"id":"bitcoin",)"), HasSubstr(R"("ticker":{"pair":"btc/eur")")));
  EXPECT_THAT(body("/api/v1/assets/ghost", path), HasSubstr(R"("ticker":null)"));
  EXPECT_THAT(error("/api/v1/assets/nope", 404, path), HasSubstr(R"("parameter":"id")"));
}

TEST_F(Endpoints, Prices) {
  start_all();
  const std::string path = "/api/v1/prices";
  EXPECT_THAT(body("/api/v1/prices", path), AllOf(StartsWith(R"({"quote":"usd","data":[{"pair":"btc/usd")"),
                                                  HasSubstr(R"("pair":"doge/usd")"), Not(HasSubstr("unpriced"))));
  EXPECT_THAT(body("/api/v1/prices?ids=eth,ghost,btc,bitcoin&quote=eur", path),
              AllOf(StartsWith(R"({"quote":"eur","data":[{"pair":"btc/eur")"), HasSubstr(R"("unpriced":["ghost"])")));
  EXPECT_THAT(body("/api/v1/prices?sort=price&order=asc&limit=1", path),
              AllOf(HasSubstr("doge/usd"), Not(HasSubstr("btc/usd"))));
  EXPECT_THAT(body("/api/v1/prices?sort=change&limit=1", path), HasSubstr("eth/usd"));
  EXPECT_THAT(error("/api/v1/prices?ids=btc,bitcon", 404, path), HasSubstr(R"("parameter":"ids","value":"bitcon")"));
  EXPECT_THAT(error("/api/v1/prices?quote=nope", 400, path), HasSubstr(R"("parameter":"quote")"));
}

TEST_F(Endpoints, VolatilityRanking) {
  start_all();
  const std::string path = "/api/v1/rankings/volatility";
  const std::string json = body("/api/v1/rankings/volatility", path);
  EXPECT_THAT(
      json,
      StartsWith(
          R"({"quote":"usd","window":"24h","as_of":"2026-06-01T12:00:00.000Z","data":[{"rank":1,"id":"ethereum")"));
  EXPECT_THAT(json, AllOf(HasSubstr(R"("returns":1439,"complete":true,"price":{"pair":"eth/usd")"),
                          HasSubstr(R"({"rank":2,"id":"bitcoin")"), Not(HasSubstr("dogecoin"))));
  EXPECT_THAT(body("/api/v1/rankings/volatility?quote=eur&limit=1", path),
              AllOf(HasSubstr(R"("pair":"eth/eur")"), Not(HasSubstr(R"("next_cursor":null)"))));
  EXPECT_THAT(error("/api/v1/rankings/volatility?window=7d", 400, path), HasSubstr(R"("allowed":"24h")"));
}

TEST_F(Endpoints, Sources) {
  start_all();
  const std::string json = body("/api/v1/sources", "/api/v1/sources");
  EXPECT_THAT(
      json,
      HasSubstr(
          R"({"id":"kraken","name":"Kraken","kind":"exchange","feed":"live","state":"live","since":"2026-06-01T10:00:30.500Z",)"
          R"("as_of":"2026-06-01T12:00:30.300Z","host":"ws.kraken.com","detail":"","pairs":2,"live_pairs":2,"outliers":0,"clock_offset_ms":null,"clock_off":false,"messages":123,"trades":100)"));
  EXPECT_THAT(json, HasSubstr(R"("attribution":"Data by CoinGecko")"));
  EXPECT_THAT(
      json,
      HasSubstr(
          R"("upstreams":[{"host":"ws.kraken.com","service":"stream","breaker":"closed","since":"2026-06-01T10:00:30.500Z",)"
          R"("failures":0,"retry_at":null,"reason":"","budget":null}],"attribution")"));
  EXPECT_THAT(
      json,
      HasSubstr(
          R"("upstreams":[{"host":"api.coingecko.com/api/v3","service":"rest","breaker":"open","since":"2026-06-01T12:00:00.000Z",)"
          R"("failures":5,"retry_at":"2026-06-01T12:00:40.000Z","reason":"HTTP 503 Service Unavailable","budget":{"keyed":true,)"
          R"("per_minute":30,"burst":30,"available":12.5,"paused_until":null,"quota_remaining":70,"quota_limit":100,)"
          R"("quota_resets_at":"2026-06-01T13:00:00.000Z","calls":{"live":9,"chart":4,"repair":0,"backfill":0},)"
          R"("delayed":{"live":0,"chart":1,"repair":0,"backfill":0}}}])"));
}

TEST_F(Endpoints, Status) {
  start_all();
  const std::string json = body("/api/v1/status", "/api/v1/status");
  EXPECT_THAT(json,
              AllOf(HasSubstr(R"("origin":"real","notice":"","ready":true)"),
                    HasSubstr(R"("epoch":"e-test","position":991,"assets":4,"priced":3,"live":2)"),
                    HasSubstr(R"("store":{"backend":"memory")"),
                    HasSubstr(R"({"code":"eur","name":"Euro","unit":"€","kind":"fiat"})"), Not(HasSubstr("xyz"))));
}

TEST_F(Endpoints, StatusTellsOfTheStore) {
  storage::HistoryServiceOptions options;
  options.durability = storage::Durability::second;
  options.retention.tick_days = 3;
  options.retention.minute_days = 90;
  options.batch_time = std::chrono::milliseconds(1);
  start();
  open_store(options);
  serve();
  const std::string path = "/api/v1/status";
  EXPECT_THAT(body(path, path),
              AllOf(HasSubstr(R"("durability":"second","rows_written":0,"rows_waiting":0,)"
                              R"("rows_spooled":0,"healthy":true,"state":"ok")"),
                    HasSubstr(R"("keep_days":{"ticks":3,"1m":90,)"),
                    HasSubstr(R"("bytes_per_day":null,"bytes_in_30_days":null)"), HasSubstr(R"("replicas":[])")))
      << "in the first minutes growth says nothing of a day";
  core::WriteBatch batch;
  market.add_candles(batch, "bitcoin", market.minute() - std::chrono::hours(2), market.minute(), "1");
  store(batch);
  EXPECT_THAT(body(path, path), HasSubstr(R"("rows_written":120,)"));
}

TEST_F(Endpoints, HealthAndMetrics) {
  start();
  EXPECT_EQ(body("/livez", "/livez"), "ok\n");
  const auto starting = get("/readyz");
  EXPECT_EQ(starting.status, 503);
  EXPECT_EQ(starting.header("retry-after"), "1");
  EXPECT_EQ(starting.body, R"({"ready":false,"checks":{"market":"starting","store":"ok"}})");
  EXPECT_EQ(schema.check("/readyz", 503, starting.header("content-type"), starting.body), "");
  open_store();
  serve();
  EXPECT_EQ(body("/readyz", "/readyz"), R"({"ready":true,"checks":{"market":"ok","store":"ok"}})");
  EXPECT_EQ(body("/healthz", "/healthz"), R"({"ready":true,"checks":{"market":"ok","store":"ok"}})");
  market.market.ready = false;
  serve();
  EXPECT_THAT(get("/readyz").body, HasSubstr("no price is live"));
  EXPECT_THAT(body("/metrics", "/metrics"),
              HasSubstr(R"(tickspan_server_requests_total{path="/livez",status="2xx"} 1)"));
}

TEST_F(Endpoints, Documentation) {
  start();
  const auto description = get("/openapi.json");
  EXPECT_EQ(description.body, openapi_json());
  EXPECT_EQ(description.header("content-type"), "application/json");
  for (const char* path : {"/docs", "/redoc"}) {
    const auto page = get(path);
    EXPECT_EQ(page.status, 200);
    EXPECT_THAT(page.header("content-type"), StartsWith("text/html"));
    EXPECT_THAT(page.body, HasSubstr("/openapi.json"));
    EXPECT_THAT(page.header("content-security-policy"), HasSubstr("default-src 'self'"));
    EXPECT_THAT(page.body, Not(HasSubstr("://"))) << "another host";
  }
  EXPECT_EQ(get("/cryptos/").status, 200);
  EXPECT_EQ(get("/cryptos").status, 200);
  EXPECT_EQ(get("/").status, 200);
}

}  // namespace
}  // namespace tickspan::server
