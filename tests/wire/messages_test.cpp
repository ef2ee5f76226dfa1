#include "wire/messages.hpp"

#include <gtest/gtest.h>

namespace tickspan::wire {
namespace {

using core::Decimal;
using core::Timestamp;

const Timestamp kNow = Timestamp::from_ms(1'780'315'200'000);  // 2026-06-01T12:00:00Z

// Bitcoin with everything known, dogecoin with a price alone, from the aggregator; the euro at 1.25 dollars.
class Messages : public ::testing::Test {
 protected:
  Messages() {
    core::Catalogue catalogue;
    usd = catalogue.upsert_asset({"usd", "usd", "US Dollar", core::AssetKind::fiat, 0});
    eur = catalogue.upsert_asset({"eur", "eur", "Euro", core::AssetKind::fiat, 0});
    btc = catalogue.upsert_asset({"bitcoin", "btc", "Bitcoin", core::AssetKind::coin, 1});
    doge = catalogue.upsert_asset({"dogecoin", "doge", "Dogecoin", core::AssetKind::coin, 9});
    kraken = catalogue.upsert_venue({"kraken", "Kraken", false, "", ""});
    gecko = catalogue.upsert_venue({"coingecko", "CoinGecko", true, "", ""});
    instrument = catalogue.add_instrument({kraken, btc, usd, "XBT/USD"});
    auto block = std::make_shared<core::AssetBlock>();
    auto put = [&](core::AssetId id, const char* price) -> core::AssetRow& {
      core::AssetRow& row = (*block)[id.index()];
      row.asset = id;
      row.price = *Decimal::parse(price);
      row.as_of = kNow;
      row.state = core::Freshness::live;
      return row;
    };
    put(usd, "1");
    core::AssetRow& euro = put(eur, "1.25");
    euro.as_of = kNow - std::chrono::seconds(30);
    euro.state = core::Freshness::quiet;
    euro.window = core::WindowSource::own;
    euro.open_24h = 1.28;
    core::AssetRow& bitcoin = put(btc, "64321.50");
    bitcoin.venues = 3;
    bitcoin.source_since = kNow - std::chrono::hours(3);
    bitcoin.rank = 1;
    bitcoin.window = core::WindowSource::own;
    bitcoin.open_24h = 63111.3;
    bitcoin.high_24h = 64905.5;
    bitcoin.low_24h = 62750.1;
    bitcoin.market_cap = 1288000000000.5;
    bitcoin.volume_24h = 29100000000.0;
    bitcoin.circulating_supply = 19700000.0;
    bitcoin.facts_as_of = kNow - std::chrono::seconds(30);
    core::AssetRow& dogecoin = put(doge, "0.00000010");
    dogecoin.source = gecko;
    dogecoin.state = core::Freshness::stale;
    snapshot.origin = core::Origin::simulated;
    snapshot.catalogue = std::make_shared<const core::Catalogue>(catalogue);
    snapshot.usd = usd;
    snapshot.blocks = {block};
    auto minutes = std::make_shared<core::MinuteHistory>();
    minutes->windows.resize(std::max(btc.index(), eur.index()) + 1);
    const auto week = static_cast<std::size_t>(core::WindowSpan::d7);
    minutes->windows[btc.index()][0].open = 64321.5 / 1.005;
    minutes->windows[btc.index()][week].open = 80000;
    minutes->windows[eur.index()][week].open = 1.25;
    snapshot.minutes = minutes;
  }
  std::string ticker(core::AssetId id, core::AssetId quote) {
    std::string out;
    JsonWriter json(out);
    EXPECT_TRUE(write_ticker(json, snapshot, *snapshot.row(id), quote));
    return out;
  }

  core::AssetId usd, eur, btc, doge;
  core::VenueId kraken, gecko;
  core::InstrumentId instrument;
  core::MarketSnapshot snapshot;
};

TEST_F(Messages, PriceCarriesItsProvenance) {
  std::string out;
  JsonWriter json(out);
  ASSERT_TRUE(write_price(json, snapshot, *snapshot.row(btc), usd));
  EXPECT_EQ(out,
            R"({"pair":"btc/usd","id":"bitcoin","price":64321.50,"as_of":"2026-06-01T12:00:00.000Z","state":"live",)"
            R"("origin":"simulated","source":"composite","source_since":"2026-06-01T09:00:00.000Z"})");
}

TEST_F(Messages, ConvertedPriceTakesTheOldestInputAndTheWorstState) {
  std::string out;
  JsonWriter json(out);
  ASSERT_TRUE(write_price(json, snapshot, *snapshot.row(btc), eur));
  EXPECT_EQ(out,
            R"({"pair":"btc/eur","id":"bitcoin","price":51457.2,"as_of":"2026-06-01T11:59:30.000Z","state":"quiet",)"
            R"("origin":"simulated","source":"composite","source_since":"2026-06-01T09:00:00.000Z"})");
}

TEST_F(Messages, WritesNothingWithoutAPrice) {
  core::AssetRow empty;
  empty.asset = btc;
  std::string out;
  JsonWriter json(out);
  EXPECT_FALSE(write_price(json, snapshot, empty, usd));
  EXPECT_FALSE(write_ticker(json, snapshot, empty, usd));
  EXPECT_FALSE(write_ticker(json, snapshot, *snapshot.row(btc), core::AssetId{60}));
  EXPECT_EQ(out, "");
}

TEST_F(Messages, TickerHasEveryField) {
  EXPECT_EQ(
      ticker(btc, usd),
      R"({"pair":"btc/usd","id":"bitcoin","symbol":"btc","name":"Bitcoin","rank":1,"price":64321.50,)"
      R"("as_of":"2026-06-01T12:00:00.000Z","state":"live","origin":"simulated","source":"composite",)"
      R"("source_since":"2026-06-01T09:00:00.000Z","venues":3,)"
      R"("change_24h":1210.2,"change_24h_pct":1.9175647,"high_24h":64905.5,"low_24h":62750.1,"window_source":"own",)"
      R"("change_1h_pct":0.5,"change_7d_pct":-19.598125,"change_30d_pct":null,)"
      R"("market_cap":1288000000000.5,"volume_24h":29100000000,"circulating_supply":19700000,"total_supply":null,)"
      R"("max_supply":null,"facts_as_of":"2026-06-01T11:59:30.000Z"})");
}

TEST_F(Messages, TickerWithoutFactsHasNulls) {
  EXPECT_EQ(
      ticker(doge, usd),
      R"({"pair":"doge/usd","id":"dogecoin","symbol":"doge","name":"Dogecoin","rank":9,"price":0.00000010,)"
      R"("as_of":"2026-06-01T12:00:00.000Z","state":"stale","origin":"simulated","source":"coingecko","source_since":null,"venues":0,)"
      R"("change_24h":null,"change_24h_pct":null,"high_24h":null,"low_24h":null,"window_source":"none",)"
      R"("change_1h_pct":null,"change_7d_pct":null,"change_30d_pct":null,)"
      R"("market_cap":null,"volume_24h":null,"circulating_supply":null,"total_supply":null,"max_supply":null,"facts_as_of":null})");
}

TEST_F(Messages, ChangeInAnotherQuoteTakesTheRatesOfBothEnds) {
  // 24 h ago: 63111.3 / 1.28 = 49305.703125; now 51457.2.
  const std::string out = ticker(btc, eur);
  EXPECT_NE(out.find(R"("change_24h":2151.496875,"change_24h_pct":4.3635862,"high_24h":51924.4,"low_24h":50200.08)"),
            std::string::npos)
      << out;
  EXPECT_NE(out.find(R"("market_cap":1030400000000,"volume_24h":23280000000)"), std::string::npos) << out;
}

TEST_F(Messages, LongChangesTakeTheQuotesPriceOfThatTime) {
  // Seven days ago 80000 dollars at 1.25 each; now 51457.2.
  EXPECT_NE(ticker(btc, eur).find(R"("change_7d_pct":-19.598125,)"), std::string::npos) << ticker(btc, eur);
}

TEST_F(Messages, DifferencesShowNoRoundingNoise) {
  core::AssetRow row = *snapshot.row(btc);
  row.price = *Decimal::parse("64321.51");
  row.open_24h = 64321.50;
  const auto window = day_window(row, *core::quoted_price(snapshot, row, usd));
  ASSERT_TRUE(window);
  EXPECT_EQ(window->change, 0.01);
}

TEST_F(Messages, TopCoin) {
  std::string out;
  JsonWriter json(out);
  ASSERT_TRUE(write_top_coin(json, snapshot, *snapshot.row(btc), eur));
  EXPECT_EQ(
      out,
      R"({"rank":1,"coin_id":"bitcoin","symbol":"btc","name":"Bitcoin","price":51457.2,"market_cap":1030400000000,)"
      R"("change_24h":2151.496875,"change_24h_percent":4.3635862,"volume_24h":23280000000,)"
      R"("last_updated":"2026-06-01T11:59:30.000Z","as_of":"2026-06-01T11:59:30.000Z","state":"quiet",)"
      R"("origin":"simulated","source":"composite","source_since":"2026-06-01T09:00:00.000Z"})");
  EXPECT_FALSE(write_top_coin(json, snapshot, *snapshot.row(btc), core::AssetId{60}));
}

TEST_F(Messages, Candle) {
  core::Candle candle{kNow, *Decimal::parse("1.5"), *Decimal::parse("2"), *Decimal::parse("1"),
                      *Decimal::parse("1.75")};
  candle.volume = *Decimal::parse("0.30");
  candle.trades = 12;
  candle.final = true;
  std::string out;
  JsonWriter json(out);
  write_candle(json, candle);
  EXPECT_EQ(out,
            R"({"start":"2026-06-01T12:00:00.000Z","open":1.5,"high":2,"low":1,"close":1.75,"volume":0.30,"trades":12,)"
            R"("final":true,"complete":true})");
  candle.trades = 0;
  const auto trades = [&](TradeCount count) {
    std::string text;
    JsonWriter one(text);
    write_candle(one, candle, count);
    return text.substr(text.find("\"trades\""), text.find(",\"final\"") - text.find("\"trades\""));
  };
  EXPECT_EQ(trades(TradeCount::may_be_unknown), R"("trades":null)");
  EXPECT_EQ(trades(TradeCount::known), R"("trades":0)") << "a composite without a price update";
  candle.volume = {};
  EXPECT_EQ(trades(TradeCount::may_be_unknown), R"("trades":0)") << "nothing was traded";
  candle.volume = *Decimal::parse("0.30");
  candle.trades = 12;
  EXPECT_EQ(trades(TradeCount::may_be_unknown), R"("trades":12)");
  out.clear();
  candle.incomplete = true;
  JsonWriter stream(out);
  write_candle_message(stream, *snapshot.catalogue, snapshot.origin, {btc, usd, {}}, core::Interval::m5, candle);
  EXPECT_EQ(
      out,
      R"({"pair":"btc/usd","interval":"5m","origin":"simulated","source":"composite","start":"2026-06-01T12:00:00.000Z",)"
      R"("open":1.5,"high":2,"low":1,"close":1.75,"volume":0.30,"trades":12,"final":true,"complete":false})");
}

TEST_F(Messages, Trade) {
  core::Tick::Trade trade{instrument,
                          kNow,
                          kNow - std::chrono::milliseconds(7),
                          *Decimal::parse("64321.5"),
                          *Decimal::parse("0.010"),
                          991,
                          core::Side::sell};
  std::string out;
  JsonWriter json(out);
  write_trade(json, *snapshot.catalogue, core::Origin::real, core::Tick(trade));
  EXPECT_EQ(out, R"({"venue":"kraken","pair":"btc/usd","trade_id":991,"price":64321.5,"amount":0.010,"side":"sell",)"
                 R"("time":"2026-06-01T11:59:59.993Z","as_of":"2026-06-01T12:00:00.000Z","origin":"real"})");
  trade.side = core::Side::unknown;
  trade.trade_id = 0;
  trade.event_time = {};
  out.clear();
  JsonWriter bare(out);
  write_trade(bare, *snapshot.catalogue, core::Origin::real, core::Tick(trade));
  EXPECT_NE(out.find(R"("trade_id":null)"), std::string::npos);
  EXPECT_NE(out.find(R"("side":null,"time":null)"), std::string::npos);
}

TEST_F(Messages, EnvelopeIsWholeJson) {
  EXPECT_EQ(stream_message("price:btc/usd", "update", 17, "e1", R"({"a":1})"),
            R"({"channel":"price:btc/usd","type":"update","seq":17,"epoch":"e1","data":{"a":1}})");
}

}  // namespace
}  // namespace tickspan::wire
