#pragma once

// Every public message, encoded in one place: REST bodies and stream frames share these. Shapes: docs/protocol.md.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/snapshot.hpp"
#include "core/tick.hpp"
#include "wire/json_writer.hpp"
#include "wire/topic.hpp"

namespace tickspan::wire {

/// `{"pair","id","price","as_of","state","origin","source"}`; false (nothing written) when there is no price in that
/// quote.
bool write_price(JsonWriter& json, const core::MarketSnapshot& snapshot, const core::AssetRow& row,
                 core::AssetId quote);
/// The full row: price, 24 h change, high, low, volume, market cap, supplies, rank; then what `more` adds. False as
/// above.
bool write_ticker(JsonWriter& json, const core::MarketSnapshot& snapshot, const core::AssetRow& row,
                  core::AssetId quote, const std::function<void(JsonWriter&)>& more = {});
/// A row of the seed lists (`/top-coins/`, `/ws/prices`):
/// `{"rank","coin_id","symbol","name","price","market_cap","change_24h",
/// "change_24h_percent","volume_24h","last_updated","as_of","state","origin","source"}`. False as above.
bool write_top_coin(JsonWriter& json, const core::MarketSnapshot& snapshot, const core::AssetRow& row,
                    core::AssetId quote);
/// Whether a candle can be one of a venue's own, some of which do not count their trades. A composite's are counted.
enum class TradeCount : std::uint8_t { known, may_be_unknown };
/// `{"start","open","high","low","close","volume","trades","final","complete"}`; `trades` is null where it is not
/// known.
void write_candle(JsonWriter& json, const core::Candle& candle, TradeCount count = TradeCount::known);
/// `{"venue","pair","trade_id","price","amount","side","time","as_of","origin"}`
void write_trade(JsonWriter& json, const core::Catalogue& catalogue, core::Origin origin, const core::Tick& trade);

/// The candle's fields with `pair`, `interval`, `origin` and `source` in front: the `data` of a `candles` channel.
void write_candle_message(JsonWriter& json, const core::Catalogue& catalogue, core::Origin origin,
                          const core::SeriesKey& series, core::Interval interval, const core::Candle& candle);

/// `composite`, or the id of the aggregator an asset's price came from.
std::string_view source_name(const core::Catalogue& catalogue, const core::AssetRow& row);
std::string_view to_string(core::WindowSource source) noexcept;

/// By market capitalisation; nothing when unknown.
std::optional<std::int32_t> rank_of(const core::Catalogue& catalogue, const core::AssetRow& row);

/// What happened in the last 24 h, in a quote: high and low at the present rate, the change at the rates of both ends.
/// All rounded to what the price's 12 digits can carry.
struct DayWindow {
  double change = 0;
  double change_pct = 0;
  double high = 0;
  double low = 0;
};
/// Nothing where the row has no 24 h window.
std::optional<DayWindow> day_window(const core::AssetRow& row, const core::QuotedPrice& quoted);
/// Change over a window in percent, at the rates of both ends where the quote's is known, else the present one; nothing
/// where the asset's own minutes do not reach so far.
std::optional<double> window_change_pct(const core::MarketSnapshot& snapshot, const core::AssetRow& row,
                                        core::AssetId quote, const core::QuotedPrice& quoted, core::WindowSpan span);
/// A figure in USD (market cap, volume) at a rate: as it stands for USD, else rounded to 12 digits.
std::optional<double> converted(const std::optional<double>& usd, double rate);

/// The envelope around `data` (already encoded JSON).
std::string stream_message(std::string_view channel, std::string_view type, std::uint64_t seq, std::string_view epoch,
                           std::string_view data);

/// The pair as people write it: `btc/usd`.
std::string pair_name(const core::Catalogue& catalogue, core::AssetId base, core::AssetId quote);

}  // namespace tickspan::wire
