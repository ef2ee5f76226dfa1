#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/market_data.hpp"
#include "core/result.hpp"

namespace tickspan::feeds::coinapi {

// CoinAPI v1 answers as values. Pure functions of the body. Numbers are JSON numbers of up to 28 digits, of which the
// first 18 significant ones are kept (rounded); a field that is missing, null or out of range counts as unknown. A body
// that is not the expected document is a parse_error.

/// What one unit of `base` costs in `quote`.
struct Rate {
  std::string base, quote;  ///< as CoinAPI spells them: `BTC`
  core::Decimal rate;
  core::Timestamp at;  ///< the service's own time of it; rates of one answer may be hours apart
};
/// `/v1/exchangerate/{base}/{quote}` and `/v1/exchangerate/{base}`, in the order sent. Rows without a positive rate, a
/// name or a time between 2009 and a day after `received_at` are left out. `invert`: the answer was asked for inverted,
/// so that each row is what one unit of its `asset_id_quote` costs in the base of the request.
core::Result<std::vector<Rate>> decode_rates(std::string_view body, core::Timestamp received_at, bool invert = false);

struct ListedAsset {
  std::string id;  ///< `BTC`
  std::string name;
  bool crypto = false;
  std::optional<core::Decimal> price_usd;
};
/// `/v1/assets`.
core::Result<std::vector<ListedAsset>> decode_assets(std::string_view body);

/// `/v1/ohlcv/{symbol}/history` and `/latest`, `/v1/exchangerate/{base}/{quote}/history`: the close of each period at
/// the time of its last trade, ascending, whatever the order sent; one per time. Volumes are left out: they are those
/// of one venue and one period.
core::Result<std::vector<core::MarketPoint>> decode_closes(std::string_view body);

/// What the service says went wrong: `error`, else `message`, else `title`. Empty where the body has none of them.
/// At most 200 bytes, printable.
std::string decode_error(std::string_view body);

}  // namespace tickspan::feeds::coinapi
