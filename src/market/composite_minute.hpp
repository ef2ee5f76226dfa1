#pragma once

#include <optional>
#include <span>

#include "core/candle.hpp"
#include "core/ids.hpp"

namespace tickspan::market {

/// One venue pair's minute, and what its quote was worth then.
struct MinuteInput {
  const core::Candle* candle = nullptr;  ///< final, in the pair's quote
  core::VenueId venue{};
  double unit_open = 0, unit_close = 0;  ///< USD for one of the quote when the minute began and ended
  double volume = 0;                     ///< USD traded lately: the weight
  bool unit_is_guess = false;            ///< the quote's own price of that minute is not known
};

/// A composite's minute made afterwards from its pairs' minutes, by the rule of composite(): of the pairs that traded
/// in it, or where none did of all, those whose close is plausible, and of these the median weighted by volume. Open
/// and close are the medians of theirs, each at its quote's rate of that moment; high and low the medians of theirs at
/// the closing rate, no less far than open and close: one venue alone does not make an extreme. Rounded to 12 digits.
/// Volume is the pairs' together, `trades` too: each would have been an update. Flat where nobody traded. Incomplete
/// where no input is both whole and at a known rate. Nothing where there is no price.
/// `before`: the composite when the minute began; 0: not known. `outlier`: as CompositeContext has it.
std::optional<core::Candle> composite_minute(core::Timestamp start, std::span<const MinuteInput> inputs, double before,
                                             double outlier);

/// A composite minute that was told: whether one made afterwards may stand in its place. Not one that was whole, and in
/// which its price moved.
inline bool may_be_rebuilt(const core::Candle& told) {
  return !told.final || told.incomplete || told.rebuilt || told.flat;
}

/// What a pair traded lately fades like this, per minute that passes: as the live weights do.
double fade_of_a_minute();

}  // namespace tickspan::market
