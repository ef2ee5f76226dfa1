#include "fixtures.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace tickspan::storage::test {

core::Decimal dec(std::string_view text) {
  const auto value = core::Decimal::parse(text);
  if (!value) throw std::invalid_argument("not a decimal: " + std::string(text));
  return *value;
}

core::Timestamp minute(int index) {
  return kNoon + std::chrono::minutes(index);
}

World::World() {
  auto made = std::make_shared<core::Catalogue>();
  btc = made->upsert_asset({"bitcoin", "btc", "Bitcoin", core::AssetKind::coin, 1});
  eth = made->upsert_asset({"ethereum", "eth", "Ethereum", core::AssetKind::coin, 2});
  usd = made->upsert_asset({"usd", "usd", "US Dollar", core::AssetKind::fiat, 0});
  usdt = made->upsert_asset({"tether", "usdt", "Tether", core::AssetKind::stablecoin, 3});
  binance = made->upsert_venue({"binance", "Binance", false, "", ""});
  kraken = made->upsert_venue({"kraken", "Kraken", false, "", ""});
  binance_btc = made->add_instrument({binance, btc, usdt, "BTCUSDT"});
  binance_eth = made->add_instrument({binance, eth, usdt, "ETHUSDT"});
  kraken_btc = made->add_instrument({kraken, btc, usd, "BTC/USD"});
  catalogue = std::move(made);
}

core::WriteBatch World::batch() const {
  core::WriteBatch batch;
  batch.catalogue = catalogue;
  return batch;
}

core::Candle candle(core::Timestamp start, std::string_view open, std::string_view high, std::string_view low,
                    std::string_view close, std::string_view volume, std::uint32_t trades) {
  core::Candle out;
  out.start = start;
  out.open = dec(open);
  out.high = dec(high);
  out.low = dec(low);
  out.close = dec(close);
  out.volume = dec(volume);
  out.trades = trades;
  out.final = true;
  return out;
}

core::Candle flat(core::Timestamp start, std::string_view price) {
  core::Candle out = candle(start, price, price, price, price, "0", 0);
  out.flat = true;
  return out;
}

core::Tick trade(core::InstrumentId instrument, std::uint64_t id, core::Timestamp event_time,
                 core::Timestamp received_at, std::string_view price, std::string_view amount) {
  core::Tick::Trade out;
  out.instrument = instrument;
  out.trade_id = id;
  out.event_time = event_time;
  out.received_at = received_at;
  out.price = dec(price);
  out.amount = dec(amount);
  out.side = core::Side::sell;
  return core::Tick(out);
}

std::string show(const core::Candle& c) {
  const auto exact = [](const core::Decimal& d) { return fmt::format("{}e{}", d.mantissa, d.exponent); };
  return fmt::format("{} {} {} {} {} v{} t{}{}{}{}{}", core::to_rfc3339(c.start), exact(c.open), exact(c.high),
                     exact(c.low), exact(c.close), exact(c.volume), c.trades, c.final ? " final" : "",
                     c.incomplete ? " incomplete" : "", c.flat ? " flat" : "", c.rebuilt ? " rebuilt" : "");
}

std::vector<std::string> show(const std::vector<core::Candle>& candles) {
  std::vector<std::string> out;
  for (const auto& c : candles) out.push_back(show(c));
  return out;
}

}  // namespace tickspan::storage::test
