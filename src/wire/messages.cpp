#include "wire/messages.hpp"

#include <algorithm>
#include <cmath>

namespace tickspan::wire {
namespace {

constexpr int kDigits = 12;

double rounded(double value, int digits) {
  const auto decimal = core::Decimal::from_double(value, digits);
  return decimal ? decimal->to_double() : value;
}

int magnitude(double value) {
  return value == 0 ? 0 : static_cast<int>(std::floor(std::log10(std::fabs(value))));
}

// A difference of two prices carries no digits below the price's last: what lies there is rounding noise.
double rounded_difference(double difference, double price) {
  if (difference == 0) return 0;
  return rounded(difference, std::clamp(kDigits - (magnitude(price) - magnitude(difference)), 1, kDigits));
}

void write_provenance(JsonWriter& json, const core::MarketSnapshot& snapshot, const core::AssetRow& row,
                      const core::QuotedPrice& quoted) {
  json.field("price", quoted.price)
      .field("as_of", quoted.as_of)
      .field("state", core::to_string(quoted.state))
      .field("origin", core::to_string(snapshot.origin))
      .field("source", source_name(*snapshot.catalogue, row))
      .field("source_since", row.source_since);
}

void write_candle_fields(JsonWriter& json, const core::Candle& candle, std::optional<std::uint32_t> trades) {
  json.field("start", candle.start)
      .field("open", candle.open)
      .field("high", candle.high)
      .field("low", candle.low)
      .field("close", candle.close)
      .field("volume", candle.volume)
      .field("trades", trades)
      .field("final", candle.final)
      .field("complete", !candle.incomplete);
  if (candle.rebuilt) json.field("rebuilt", true);
}

}  // namespace

std::string_view to_string(core::WindowSource source) noexcept {
  switch (source) {
    case core::WindowSource::none:
      return "none";
    case core::WindowSource::own:
      return "own";
    case core::WindowSource::aggregator:
      return "aggregator";
  }
  return "none";
}

std::string_view source_name(const core::Catalogue& catalogue, const core::AssetRow& row) {
  return row.source.valid() ? std::string_view(catalogue.venue(row.source).id) : core::kComposite;
}

std::optional<DayWindow> day_window(const core::AssetRow& row, const core::QuotedPrice& quoted) {
  if (row.window == core::WindowSource::none || row.open_24h <= 0) return {};
  const double price = quoted.price.to_double();
  const double open = row.open_24h * quoted.rate_24h_ago;
  const double change = price - open;
  return DayWindow{rounded_difference(change, price), rounded(change / open * 100, 8),
                   *converted(row.high_24h, quoted.rate), *converted(row.low_24h, quoted.rate)};
}

std::optional<double> window_change_pct(const core::MarketSnapshot& snapshot, const core::AssetRow& row,
                                        core::AssetId quote, const core::QuotedPrice& quoted, core::WindowSpan span) {
  if (snapshot.minutes == nullptr) return {};
  const core::WindowFigures* const window = snapshot.minutes->window(row.asset, span);
  if (window == nullptr) return {};
  const core::WindowFigures* const unit = snapshot.minutes->window(quote, span);
  const double open = window->open * (unit == nullptr ? quoted.rate : 1 / unit->open);
  return rounded((quoted.price.to_double() - open) / open * 100, 8);
}

std::optional<double> converted(const std::optional<double>& usd, double rate) {
  if (!usd || rate == 1) return usd;
  return rounded(*usd * rate, kDigits);
}

bool write_price(JsonWriter& json, const core::MarketSnapshot& snapshot, const core::AssetRow& row,
                 core::AssetId quote) {
  const auto quoted = core::quoted_price(snapshot, row, quote);
  if (!quoted) return false;
  json.begin_object()
      .field("pair", pair_name(*snapshot.catalogue, row.asset, quote))
      .field("id", snapshot.catalogue->asset(row.asset).id);
  write_provenance(json, snapshot, row, *quoted);
  json.end_object();
  return true;
}

bool write_ticker(JsonWriter& json, const core::MarketSnapshot& snapshot, const core::AssetRow& row,
                  core::AssetId quote, const std::function<void(JsonWriter&)>& more) {
  const auto quoted = core::quoted_price(snapshot, row, quote);
  if (!quoted) return false;
  const core::Asset& asset = snapshot.catalogue->asset(row.asset);
  const auto window = day_window(row, *quoted);
  const auto of_window = [&](double DayWindow::*member) {
    return window ? std::optional((*window).*member) : std::nullopt;
  };
  json.begin_object()
      .field("pair", pair_name(*snapshot.catalogue, row.asset, quote))
      .field("id", asset.id)
      .field("symbol", asset.symbol)
      .field("name", asset.name)
      .field("rank", rank_of(*snapshot.catalogue, row));
  write_provenance(json, snapshot, row, *quoted);
  json.field("venues", row.venues)
      .field("change_24h", of_window(&DayWindow::change))
      .field("change_24h_pct", of_window(&DayWindow::change_pct))
      .field("high_24h", of_window(&DayWindow::high))
      .field("low_24h", of_window(&DayWindow::low))
      .field("window_source", to_string(row.window))
      .field("change_1h_pct", window_change_pct(snapshot, row, quote, *quoted, core::WindowSpan::h1))
      .field("change_7d_pct", window_change_pct(snapshot, row, quote, *quoted, core::WindowSpan::d7))
      .field("change_30d_pct", window_change_pct(snapshot, row, quote, *quoted, core::WindowSpan::d30))
      .field("market_cap", converted(row.market_cap, quoted->rate))
      .field("volume_24h", converted(row.volume_24h, quoted->rate))
      .field("circulating_supply", row.circulating_supply)
      .field("total_supply", row.total_supply)
      .field("max_supply", row.max_supply)
      .field("facts_as_of", row.facts_as_of);
  if (more) more(json);
  json.end_object();
  return true;
}

std::optional<std::int32_t> rank_of(const core::Catalogue& catalogue, const core::AssetRow& row) {
  const auto rank = row.rank > 0 ? row.rank : catalogue.asset(row.asset).rank;
  return rank > 0 ? std::optional(rank) : std::nullopt;
}

bool write_top_coin(JsonWriter& json, const core::MarketSnapshot& snapshot, const core::AssetRow& row,
                    core::AssetId quote) {
  const auto quoted = core::quoted_price(snapshot, row, quote);
  if (!quoted) return false;
  const core::Asset& asset = snapshot.catalogue->asset(row.asset);
  const auto window = day_window(row, *quoted);
  json.begin_object()
      .field("rank", rank_of(*snapshot.catalogue, row))
      .field("coin_id", asset.id)
      .field("symbol", asset.symbol)
      .field("name", asset.name)
      .field("price", quoted->price)
      .field("market_cap", converted(row.market_cap, quoted->rate))
      .field("change_24h", window ? std::optional(window->change) : std::nullopt)
      .field("change_24h_percent", window ? std::optional(window->change_pct) : std::nullopt)
      .field("volume_24h", converted(row.volume_24h, quoted->rate))
      .field("last_updated", quoted->as_of)
      .field("as_of", quoted->as_of)
      .field("state", core::to_string(quoted->state))
      .field("origin", core::to_string(snapshot.origin))
      .field("source", source_name(*snapshot.catalogue, row))
      .field("source_since", row.source_since)
      .end_object();
  return true;
}

void write_candle(JsonWriter& json, const core::Candle& candle, TradeCount count) {
  json.begin_object();
  // Nothing is traded without a trade.
  const bool unknown = count == TradeCount::may_be_unknown && candle.trades == 0 && candle.volume.is_positive();
  write_candle_fields(json, candle, unknown ? std::nullopt : std::optional(candle.trades));
  json.end_object();
}

void write_candle_message(JsonWriter& json, const core::Catalogue& catalogue, core::Origin origin,
                          const core::SeriesKey& series, core::Interval interval, const core::Candle& candle) {
  json.begin_object()
      .field("pair", pair_name(catalogue, series.base, series.quote))
      .field("interval", core::to_string(interval))
      .field("origin", core::to_string(origin))
      .field("source",
             series.venue.valid() ? std::string_view(catalogue.venue(series.venue).id) : std::string_view("composite"));
  write_candle_fields(json, candle, candle.trades);
  json.end_object();
}

void write_trade(JsonWriter& json, const core::Catalogue& catalogue, core::Origin origin, const core::Tick& trade) {
  const core::Instrument& instrument = catalogue.instrument(trade.instrument());
  json.begin_object()
      .field("venue", catalogue.venue(instrument.venue).id)
      .field("pair", pair_name(catalogue, instrument.base, instrument.quote))
      .field("trade_id", trade.trade_id() != 0 ? std::optional(trade.trade_id()) : std::nullopt)
      .field("price", trade.price())
      .field("amount", trade.amount());
  json.key("side");
  switch (trade.side()) {
    case core::Side::buy:
      json.value("buy");
      break;
    case core::Side::sell:
      json.value("sell");
      break;
    case core::Side::unknown:
      json.null();
      break;
  }
  json.field("time", trade.event_time())
      .field("as_of", trade.received_at())
      .field("origin", core::to_string(origin))
      .end_object();
}

std::string stream_message(std::string_view channel, std::string_view type, std::uint64_t seq, std::string_view epoch,
                           std::string_view data) {
  std::string out;
  out.reserve(channel.size() + type.size() + epoch.size() + data.size() + 80);
  JsonWriter json(out);
  json.begin_object().field("channel", channel).field("type", type).field("seq", seq).field("epoch", epoch);
  json.key("data").raw(data).end_object();
  return out;
}

std::string pair_name(const core::Catalogue& catalogue, core::AssetId base, core::AssetId quote) {
  std::string name = public_name(catalogue, base);
  name += '/';
  name += public_name(catalogue, quote);
  return name;
}

}  // namespace tickspan::wire
