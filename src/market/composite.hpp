#pragma once

#include <cstdint>
#include <span>

#include "core/freshness.hpp"
#include "core/ids.hpp"
#include "core/snapshot.hpp"
#include "core/time.hpp"

namespace tickspan::market {

/// One venue pair's say in the price of an asset, already converted to USD.
struct CompositeInput {
  double price = 0;       ///< USD
  double volume = 0;      ///< USD traded lately; 0 where unknown
  core::Timestamp as_of;  ///< of the older of what it was made from: the pair's price and its quote's
  core::Timestamp heard;  ///< when the pair itself spoke
  core::Freshness state = core::Freshness::down;
  bool frozen = false;     ///< it speaks, but its price has not moved for far longer than it usually takes
  core::VenueId venue{};   ///< not valid: a venue of its own
  std::uint32_t pair = 0;  ///< the caller's

  // Results:
  core::Standing standing = core::Standing::down;
  double weight = 0;  ///< its share in the price, 0 to 1
};

/// What is known besides the inputs.
struct CompositeContext {
  double outlier = 0.03;  ///< how far an input may lie from the others, as a fraction
  double before = 0;      ///< the composite a moment ago; 0: there is none that still counts
  double anchor = 0;      ///< another source's price, not as current; 0: none
};

struct CompositePrice {
  double price = 0;  ///< USD; 0: no input is fresh
  core::Timestamp as_of;
  core::Timestamp heard;
  core::Freshness state = core::Freshness::down;
  int inputs = 0;       ///< how many were used
  double disputed = 0;  ///< how far off most venues agree on another price, or jumped to, as a fraction; 0: they don't
};

/// One price from several venues: the median, weighted by traded volume, of the plausible inputs that are most current
/// (live and moving, else live, else quiet).
///
/// Which are plausible: those near the composite of a moment ago, since a true price arrives from there at all venues;
/// where none is, and the jump is no wild one (then nothing is believed: a fault that all share), those near the
/// median, if most venues are; else those nearest to the anchor; else all. So a venue
/// gone mad, or several, does not get its way while an honest one goes on. Should most venues agree on another price
/// that is reported as `disputed`: the caller decides after a while that they are right, by leaving `before` out.
/// With three venues or more none weighs more than the others together, whatever volume it claims.
/// Inputs that are not at least quiet or have no price are left out. `inputs` is reordered.
CompositePrice composite(std::span<CompositeInput> inputs, const CompositeContext& context = {});

}  // namespace tickspan::market
