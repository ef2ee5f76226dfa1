#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/snapshot.hpp"
#include "storage/history_store.hpp"
#include "wire/json_writer.hpp"

namespace tickspan::server {

struct TimeSpan {
  core::Timestamp start, end;  ///< [start, end)
  friend bool operator==(const TimeSpan&, const TimeSpan&) = default;
};

/// One asset's USD prices on a grid of equal buckets, from whatever knows them: our own candles first, then an
/// aggregator's points. It also knows where nobody does.
/// **Threading**: one thread.
class PriceSeries {
 public:
  enum class Source : std::uint8_t { none, own, point };
  struct Cell {
    Source source = Source::none;
    bool incomplete = false;  ///< input was missed while the candle was open
    core::Decimal price;
    core::Timestamp at;  ///< of the price: the end of a candle, the point's own time
    std::optional<double> market_cap, volume_24h;
    core::Timestamp facts_at;
  };

  /// Buckets of `width`, aligned to the epoch, that touch [start, end).
  PriceSeries(core::Timestamp start, core::Timestamp end, core::Duration width);

  void add_candles(std::span<const core::Candle> candles);
  /// The snapshot's minutes, where there is no candle.
  void add_minutes(const core::MinuteHistory& minutes, core::AssetId asset);
  /// Where there is nothing of our own; the newest point of a bucket counts.
  void add_points(std::span<const core::MarketPoint> points);

  /// Runs of empty buckets that were over by `until`. Points lie further apart than buckets may be: an empty run beside
  /// one and no longer than `spacing` is none.
  std::vector<TimeSpan> holes(core::Timestamp until, core::Duration spacing) const;
  std::vector<TimeSpan> incomplete() const;
  bool has(Source source) const;

  const std::vector<Cell>& cells() const { return cells_; }
  TimeSpan bucket(std::size_t index) const;
  core::Duration width() const { return width_; }

 private:
  Cell* cell_at(core::Timestamp t);

  core::Timestamp start_;
  core::Duration width_;
  std::vector<Cell> cells_;
};

/// A hole as an answer shows it. Without a venue: nobody knows why there is nothing.
struct ShownGap {
  std::optional<std::string> venue;
  TimeSpan span;
  std::string_view cause;
  friend bool operator==(const ShownGap&, const ShownGap&) = default;
};
void write_gaps(wire::JsonWriter& json, const std::vector<ShownGap>& gaps);

/// Whose gaps can have left a mark on an asset's series: of all venues where `venue` is empty, of all quotes where
/// `quote` is not valid.
storage::GapScopes gap_scopes(const core::Catalogue& catalogue, core::AssetId base, core::AssetId quote,
                              std::string_view venue);
/// A gap that was repaired is none any more, unless it touches what is still empty or partial.
bool touches(const core::Gap& gap, const std::vector<TimeSpan>& marks);
/// What an answer is not whole for, cut to `range`: the recorded gaps, and of the `holes` (nobody has data) and the
/// `partial` stretches (input was missed while a candle was open) those that no recorded gap explains.
std::vector<ShownGap> explain(const std::vector<core::Gap>& recorded, const std::vector<TimeSpan>& holes,
                              const std::vector<TimeSpan>& partial, TimeSpan range);

}  // namespace tickspan::server
