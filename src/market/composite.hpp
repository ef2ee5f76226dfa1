#pragma once

#include <span>

#include "core/freshness.hpp"
#include "core/time.hpp"

namespace tickspan::market {

/// One venue pair's say in the price of an asset, already converted to USD.
struct CompositeInput {
  double price = 0;   ///< USD
  double volume = 0;  ///< USD traded lately; 0 where unknown
  core::Timestamp as_of;
  core::Freshness state = core::Freshness::down;
};

struct CompositePrice {
  double price = 0;  ///< 0: no input is fresh
  core::Timestamp as_of;
  core::Freshness state = core::Freshness::down;
  int inputs = 0;  ///< how many were used
};

/// One price from several venues: the median, weighted by traded volume, of the live inputs, or of the quiet ones when
/// none is live. With three or more, inputs further than 5 % from the plain median are left out first, as long as they
/// are a minority: a venue gone mad does not get its way by the volume it claims. `inputs` is reordered.
CompositePrice composite(std::span<CompositeInput> inputs);

}  // namespace tickspan::market
