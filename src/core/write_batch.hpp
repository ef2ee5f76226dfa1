#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "core/catalogue.hpp"
#include "core/market_data.hpp"
#include "core/tick.hpp"

namespace tickspan::core {

/// The newest known price of an asset, kept so that a restart can show it (as stale) at once.
struct LastPrice {
  AssetId asset;
  Decimal price_usd;
  Timestamp as_of;
  std::string source;  ///< `composite` or a venue id
};
struct CandleRow {
  SeriesKey series;
  Interval interval = Interval::m1;
  Candle candle;
};
struct PointRow {
  AssetId asset;
  MarketPoint point;
};
/// A composite price as a trade of its series: no amount, no number, no side; received when it was made.
struct CompositeTick {
  SeriesKey series;
  Tick tick;
};
inline Tick composite_tick(Timestamp at, const Decimal& price) {
  return Tick(Tick::Trade{{}, at, {}, price, {}, 0, Side::unknown});
}

/// What the engine hands to the store in one turn. Every row is an upsert: writing it twice changes nothing.
struct WriteBatch {
  CataloguePtr catalogue;          ///< resolves every id in this batch
  bool catalogue_changed = false;  ///< assets were added or re-ranked: store them
  std::vector<CandleRow> candles;
  std::vector<Tick> ticks;                ///< trades only, and only where storing them is on
  std::vector<CompositeTick> composites;  ///< and these only where storing composite prices is
  std::vector<LastPrice> prices;
  std::vector<AssetFacts> facts;
  std::vector<PointRow> points;
  std::vector<Gap> gaps;
  std::vector<Takeover> takeovers;
  /// Set by the one that listens: all that was heard before is in this batch or in an earlier one, so whatever a crash
  /// takes is younger. Not set by those who write of the past.
  Timestamp heard_until;

  std::size_t rows() const {
    return candles.size() + ticks.size() + composites.size() + prices.size() + facts.size() + points.size() +
           gaps.size() + takeovers.size() + (catalogue_changed ? 1 : 0) + (heard_until.is_set() ? 1 : 0);
  }
};

/// What a start finds in the store. Text ids: the engine makes its own indices.
struct RestoredState {
  struct Price {
    std::string asset_id;
    Decimal price_usd;
    Timestamp as_of;
    std::string source;
  };
  /// The recent past of one series: the composite of an asset in USD where `venue` is empty, else one venue's pair.
  struct Minutes {
    std::string asset_id;
    std::vector<Candle> candles;     ///< 1 m, ascending (and the open one, if it was saved)
    std::vector<Candle> hours = {};  ///< 1 h, ascending; they may overlap the minutes
    std::string quote = "usd";
    std::string venue = {};
  };
  std::vector<Asset> assets;
  std::vector<AssetFacts> facts;
  std::vector<Price> prices;
  std::vector<Minutes> minutes;
  Timestamp last_write;  ///< the newest WriteBatch::heard_until; not set for an empty store
};

/// Candles of one series that history made anew and stored, ascending: for the engine to take in.
struct RepairedCandles {
  SeriesKey series;
  std::vector<Candle> minutes;
  std::vector<Candle> hours;  ///< that are over
  std::size_t rows() const { return minutes.size() + hours.size(); }
};

/// The stored minutes of composites in [hour, hour + 1 h): what the engine asks for when a long window leaves them.
struct OldMinutes {
  Timestamp hour;
  std::vector<std::pair<AssetId, std::vector<Candle>>> minutes;  ///< of all that were asked for
};

}  // namespace tickspan::core
