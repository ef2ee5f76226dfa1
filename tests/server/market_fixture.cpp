#include "market_fixture.hpp"

#include <cmath>
#include <limits>

namespace tickspan::test {

using core::Decimal;
using namespace std::chrono_literals;

MarketFixture::MarketFixture() : clock(*core::parse_rfc3339("2026-06-01T12:00:30.500Z")) {
  core::Catalogue& c = *catalogue;
  c.upsert_asset({"usd", "usd", "US Dollar", core::AssetKind::fiat, 0});
  c.upsert_asset({"eur", "eur", "Euro", core::AssetKind::fiat, 0});
  const auto btc = c.upsert_asset({"bitcoin", "btc", "Bitcoin", core::AssetKind::coin, 1});
  const auto eth = c.upsert_asset({"ethereum", "eth", "Ethereum", core::AssetKind::coin, 2});
  c.upsert_asset({"dogecoin", "doge", "Dogecoin", core::AssetKind::coin, 9});
  c.upsert_asset({"ghost", "gho", "Ghost", core::AssetKind::coin, 400});
  kraken = c.upsert_venue({"kraken", "Kraken", false, "", ""});
  binance = c.upsert_venue({"binance", "Binance", false, "", ""});
  coingecko = c.upsert_venue({"coingecko", "CoinGecko", true, "Data by CoinGecko", "https://www.coingecko.com"});
  const auto usd = c.find_id("usd");
  c.add_instrument({kraken, btc, usd, "XBT/USD"});
  c.add_instrument({kraken, eth, usd, "ETH/USD"});
  c.add_instrument({binance, btc, usd, "BTCUSDT"});
  market.position = 991;
  market.epoch = "e-test";
  market.origin = core::Origin::real;
  market.at = now();
  market.ready = true;
  market.catalogue = catalogue;
  market.usd = usd;
  kraken_counters.trades = 100;
  kraken_counters.messages = 123;
  add_rows();
  add_minutes();
}

void MarketFixture::add_rows() {
  auto block = std::make_shared<core::AssetBlock>();
  const auto put = [&](std::string_view id, const char* price) -> core::AssetRow& {
    core::AssetRow& row = (*block)[asset(id).index()];
    row.asset = asset(id);
    row.price = *Decimal::parse(price);
    row.as_of = now() - 200ms;
    row.state = core::Freshness::live;
    return row;
  };
  put("usd", "1");
  core::AssetRow& euro = put("eur", "1.25");
  euro.as_of = now() - 40s;
  euro.source = coingecko;
  core::AssetRow& btc = put("bitcoin", "64321.50");
  btc.venues = 3;
  btc.source_since = now() - 3h;
  btc.rank = 1;
  btc.window = core::WindowSource::own;
  btc.open_24h = 63111.3;
  btc.high_24h = 64905.5;
  btc.low_24h = 62750.1;
  btc.market_cap = 1288000000000.5;
  btc.volume_24h = 29100000000.0;
  btc.circulating_supply = 19700000.0;
  btc.facts_as_of = now() - 30s;
  core::AssetRow& eth = put("ethereum", "3210");
  eth.venues = 1;
  eth.rank = 2;
  eth.window = core::WindowSource::aggregator;
  eth.open_24h = 3000;
  eth.high_24h = 3300;
  eth.low_24h = 2990;
  eth.market_cap = 386000000000.0;
  eth.volume_24h = 15000000000.0;
  core::AssetRow& doge = put("dogecoin", "0.00000010");
  doge.rank = 9;
  doge.source = coingecko;
  doge.state = core::Freshness::stale;
  core::AssetRow& ghost = (*block)[asset("ghost").index()];
  ghost.asset = asset("ghost");
  market.blocks = {block};
  market.by_rank = std::make_shared<const std::vector<core::AssetId>>(
      std::vector{asset("bitcoin"), asset("ethereum"), asset("dogecoin")});
  core::SourceRow source;
  source.venue = kraken;
  source.feed = core::FeedState::live;
  source.state = core::Freshness::live;
  source.host = "ws.kraken.com";
  source.since = now() - 2h;
  source.as_of = now() - 200ms;
  source.instruments = 2;
  source.live_instruments = 2;
  core::SourceRow polled;
  polled.venue = coingecko;
  polled.detail = "429 from the host";
  market.sources = std::make_shared<const std::vector<core::SourceRow>>(std::vector{source, polled});
  market.currencies = std::make_shared<const std::vector<core::ExchangeRate>>(
      std::vector<core::ExchangeRate>{{"usd", "US Dollar", "$", core::AssetKind::fiat, *Decimal::parse("64321.5")},
                                      {"eur", "Euro", "€", core::AssetKind::fiat, *Decimal::parse("51457.2")},
                                      {"xyz", "Nobody's", "?", core::AssetKind::fiat, *Decimal::parse("1")}});
}

void MarketFixture::add_minutes() {
  auto minutes = std::make_shared<core::MinuteHistory>();
  minutes->end = minute();
  minutes->closes.resize(catalogue->assets().size());
  const auto wave = [](double base, double swing) {
    auto closes = std::make_shared<std::array<double, core::MinuteHistory::kMinutes>>();
    for (std::size_t i = 0; i < closes->size(); ++i) (*closes)[i] = base * (1 + (i % 2 == 0 ? swing : -swing));
    return closes;
  };
  minutes->closes[asset("bitcoin").index()] = wave(64000, 0.001);
  minutes->closes[asset("ethereum").index()] = wave(3200, 0.002);
  market.minutes = minutes;
}

std::vector<net::UpstreamView> MarketFixture::upstreams() {
  net::UpstreamView stream{"kraken", "ws.kraken.com"};
  stream.service = net::Service::stream;
  stream.since = *core::parse_rfc3339("2026-06-01T10:00:30.500Z");
  net::UpstreamView rest{"coingecko", "api.coingecko.com/api/v3"};
  rest.breaker = net::BreakerState::open;
  rest.since = *core::parse_rfc3339("2026-06-01T12:00:00Z");
  rest.failures = 5;
  rest.retry_at = *core::parse_rfc3339("2026-06-01T12:00:40Z");
  rest.reason = "HTTP 503 Service Unavailable";
  rest.budget.emplace();
  rest.budget->keyed = true;
  rest.budget->rate = net::RateLimit{30, 30};
  rest.budget->available = 12.5;
  rest.budget->quota = net::Quota{70, 100, *core::parse_rfc3339("2026-06-01T13:00:00Z")};
  rest.budget->calls = {9, 4, 0, 0};
  rest.budget->delayed = {0, 1, 0, 0};
  return {rest, stream};
}

std::shared_ptr<server::Backend> MarketFixture::backend() const {
  auto backend = std::make_shared<server::Backend>();
  backend->origin = market.origin;
  backend->snapshot = [snapshot = snapshot()] { return snapshot; };
  backend->store_info = {.backend = "none", .location = "", .schema_version = 0, .size_bytes = 0};
  backend->feeds = {{kraken, &kraken_counters}};
  backend->upstreams = [] { return upstreams(); };
  return backend;
}

core::Candle MarketFixture::candle(core::Timestamp start, const char* price, bool incomplete) const {
  const Decimal p = *Decimal::parse(price);
  core::Candle out{.start = start, .open = p, .high = p, .low = p, .close = p};
  out.volume = *Decimal::parse("0.5");
  out.trades = 3;
  out.final = true;
  out.incomplete = incomplete;
  return out;
}

void MarketFixture::add_candles(core::WriteBatch& batch, std::string_view id, core::Timestamp start,
                                core::Timestamp end, const char* price) const {
  batch.catalogue = catalogue;
  for (core::Timestamp t = start; t < end; t = t + 1min) {
    batch.candles.push_back({{asset(id), market.usd, {}}, core::Interval::m1, candle(t, price)});
  }
}

}  // namespace tickspan::test
