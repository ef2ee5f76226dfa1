#pragma once

// Every public message, encoded in one place: REST bodies and stream frames share these. Shapes: docs/protocol.md.

#include <string>

#include "core/snapshot.hpp"
#include "core/tick.hpp"
#include "wire/json_writer.hpp"
#include "wire/topic.hpp"

namespace tickspan::wire {

/// `{"pair","id","price","as_of","state","origin","source"}`; false (nothing written) when there is no price in that quote.
bool write_price(JsonWriter& json, const core::MarketSnapshot& snapshot, const core::AssetRow& row, core::AssetId quote);
/// The full row: price, 24 h change, high, low, volume, market cap, supplies, rank. False as above.
bool write_ticker(JsonWriter& json, const core::MarketSnapshot& snapshot, const core::AssetRow& row, core::AssetId quote);
/// `{"start","open","high","low","close","volume","trades","final","complete"}`
void write_candle(JsonWriter& json, const core::Candle& candle);
/// `{"venue","pair","trade_id","price","amount","side","time","as_of","origin"}`
void write_trade(JsonWriter& json, const core::Catalogue& catalogue, core::Origin origin, const core::Tick& trade);

/// The envelope around `data` (already encoded JSON).
std::string stream_message(std::string_view channel, std::string_view type, std::uint64_t seq, std::string_view epoch, std::string_view data);

/// The pair as people write it: `btc/usd`.
std::string pair_name(const core::Catalogue& catalogue, core::AssetId base, core::AssetId quote);

}  // namespace tickspan::wire
