#pragma once

#include "core/catalogue.hpp"

namespace tickspan::market {

/// What is known before any source has answered: about 150 of the largest coins under their aggregator ids with
/// approximate ranks, stablecoins marked, and every fiat currency and metal that prices can be asked in. The
/// aggregator's first answer corrects ranks and adds the rest; the ids stay.
core::Catalogue seed_catalogue();

/// A stablecoin that stands for one US dollar and that exchanges quote other coins in.
bool is_dollar_stablecoin(const core::Asset& asset);

}  // namespace tickspan::market
