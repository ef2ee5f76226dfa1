#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalogue.hpp"
#include "core/freshness.hpp"
#include "core/market_data.hpp"

namespace tickspan::core {

/// Where a 24 h figure comes from.
enum class WindowSource : std::uint8_t { none, own, aggregator };

/// All that is current about one asset, in USD.
struct AssetRow {
  AssetId asset;
  Decimal price;    ///< mantissa 0: no price known yet
  Timestamp as_of;  ///< local receive time of the newest input
  Freshness state = Freshness::down;
  VenueId source;              ///< the aggregator it came from; not valid() means `composite` of exchanges
  Timestamp source_since;      ///< when it began to give the price, in this run; not set while restored
  bool restored = false;       ///< read from the store at start; nothing heard since
  std::uint16_t venues = 0;    ///< fresh exchange pairs in the composite
  std::uint64_t position = 0;  ///< engine position of the last change of this row

  WindowSource window = WindowSource::none;
  double open_24h = 0, high_24h = 0, low_24h = 0;  ///< USD; meaningful when window != none. Change = price - open_24h.

  std::optional<double> market_cap, volume_24h, circulating_supply, total_supply, max_supply;
  std::int32_t rank = 0;
  Timestamp facts_as_of;  ///< receive time of the aggregator's figures above

  bool has_price() const { return price.mantissa != 0; }
};

inline constexpr std::size_t kRowsPerBlock = 64;
using AssetBlock = std::array<AssetRow, kRowsPerBlock>;

/// One source as people see it.
struct SourceRow {
  VenueId venue;
  FeedState feed = FeedState::idle;
  Freshness state = Freshness::down;  ///< of its data
  std::string host;
  std::string detail;
  Timestamp since;                       ///< when `feed` last changed
  Timestamp as_of;                       ///< newest data
  std::uint32_t instruments = 0;         ///< pairs subscribed
  std::uint32_t live_instruments = 0;    ///< of them live now
  std::optional<Duration> clock_offset;  ///< our clock less its, plus the quickest message's way; of the last minute
  bool clock_off = false;                ///< further than the network explains
  std::uint64_t outliers = 0;            ///< how often a price of its was left out as too far off
  /// The venue's symbols of pairs that are not heard while others are, sorted; null: none.
  std::shared_ptr<const std::vector<std::string>> unheard;
};

/// Whether a pair has a say in the price of its base, and if not, why.
enum class Standing : std::uint8_t {
  used,            ///< it has
  outlier,         ///< its price is too far from the others'
  frozen,          ///< its price does not move any more, while others' do
  quiet,           ///< others are live
  stale,           ///< nothing heard for too long
  down,            ///< its venue is not connected, or said nothing yet
  no_price,        ///< heard of, without a price that makes sense
  no_rate,         ///< nobody knows what its quote is worth
  not_counted,     ///< it tells of its quote, not of its base
  not_subscribed,  ///< the venue does not list it now
};
std::string_view to_string(Standing standing) noexcept;

/// One exchange pair as people see it.
struct MarketRow {
  InstrumentId instrument;
  Decimal bid, ask, last;
  Timestamp as_of;
  Freshness state = Freshness::down;
  Standing standing = Standing::down;
  double price_usd = 0;  ///< 0: none. Of outliers, too
  double weight = 0;     ///< its share in the price of its base, 0 to 1
};

/// How far back a rolling window reaches.
enum class WindowSpan : std::uint8_t { h1, h24, d7, d30 };
inline constexpr std::size_t kWindowSpans = 4;

/// One window of one asset's composite in USD, of its final minutes: the present price may lie beyond high and low.
struct WindowFigures {
  double open = 0;  ///< the first price in it; change = price - open
  double high = 0, low = 0;
  double volume = 0;  ///< in the asset: of the trades of the exchange pairs that price it
  bool known() const { return open > 0; }
  friend bool operator==(const WindowFigures&, const WindowFigures&) = default;
};
using AssetWindows = std::array<WindowFigures, kWindowSpans>;  ///< by WindowSpan

/// The last 24 h of 1-minute composite closes in USD, one series per asset. Replaced once a minute.
struct MinuteHistory {
  static constexpr std::size_t kMinutes = 1440;
  Timestamp end;  ///< closes[kMinutes - 1] belongs to the minute that ends here
  /// By AssetId index; null where the asset has none. NaN marks minutes without a close.
  std::vector<std::shared_ptr<const std::array<double, kMinutes>>> closes;
  std::vector<AssetWindows> windows;  ///< by AssetId index; the windows end at `end`, too

  /// Null where nothing is known.
  const WindowFigures* window(AssetId asset, WindowSpan span) const {
    if (asset.index() >= windows.size()) return nullptr;
    const WindowFigures& found = windows[asset.index()][static_cast<std::size_t>(span)];
    return found.known() ? &found : nullptr;
  }
};

/// What readers see: immutable, swapped in whole by the engine at most every 10 ms. Unchanged parts are shared with the
/// snapshot before.
struct MarketSnapshot {
  std::uint64_t position = 0;  ///< grows with every published change; the `seq` of latest-value channels
  std::string epoch;           ///< names this run of the engine
  Origin origin = Origin::real;
  Timestamp at;        ///< when it was made, engine clock
  bool ready = false;  ///< at least one price is live
  CataloguePtr catalogue;
  AssetId usd;
  std::vector<std::shared_ptr<const AssetBlock>> blocks;
  std::shared_ptr<const std::vector<SourceRow>> sources;
  std::shared_ptr<const std::vector<MarketRow>> markets;  ///< by InstrumentId index
  std::shared_ptr<const std::vector<AssetId>> by_rank;    ///< coins that have a price, best rank first, unranked last
  std::shared_ptr<const std::vector<ExchangeRate>> currencies;  ///< what prices can be asked in, besides coins
  std::shared_ptr<const MinuteHistory> minutes;

  /// The row of an asset, or null when the snapshot does not know it.
  const AssetRow* row(AssetId id) const {
    if (!id.valid() || id.index() / kRowsPerBlock >= blocks.size()) return nullptr;
    const AssetRow& row = (*blocks[id.index() / kRowsPerBlock])[id.index() % kRowsPerBlock];
    return row.asset == id ? &row : nullptr;
  }
};
using SnapshotPtr = std::shared_ptr<const MarketSnapshot>;

/// A price of `base` counted in `quote`: both USD prices divided, rounded to 12 significant digits; as quoted where the
/// quote is USD. Takes the older of the two times and the worse of the two states.
struct QuotedPrice {
  Decimal price;
  Timestamp as_of;
  Freshness state = Freshness::down;
  double rate = 1;          ///< quote units per USD, now
  double rate_24h_ago = 1;  ///< the same, 24 h ago where known, else now
};
std::optional<QuotedPrice> quoted_price(const MarketSnapshot& snapshot, const AssetRow& base, AssetId quote);

}  // namespace tickspan::core
