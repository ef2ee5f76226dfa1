#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/market_data.hpp"
#include "core/result.hpp"

namespace tickspan::feeds::coingecko {

// CoinGecko v3 answers as values. Pure functions of the body. Every market number may be null, an integer, a fraction
// or in exponent form; a field that is missing, null or of another type counts as unknown, and so does a figure out of
// range (a price that is not positive). A body that is not the expected document is a parse_error whose context carries
// the service's own message where the body has one (see decode_error).

/// `/coins/markets?vs_currency=usd`: rows in the order sent. A row without an id is left out. Prices keep the digits of
/// the source text. `updated_at` is `last_updated`, not set where it is missing or implausible.
core::Result<std::vector<core::AssetFacts>> decode_markets(std::string_view body, core::Timestamp received_at);

/// `/exchange_rates`: every rate with a positive value. The kind follows the source's `type`; `btc`, `sats` and the
/// like are coins.
core::Result<std::vector<core::ExchangeRate>> decode_exchange_rates(std::string_view body);

/// `/coins/{id}/market_chart?vs_currency=usd`: ascending, one point per time (a repeated time keeps the later row).
/// Market cap and volume come from the rows of equal time in the arrays beside `prices`. Rows without a positive price
/// or with a time before 2009 are left out.
core::Result<std::vector<core::MarketPoint>> decode_market_chart(std::string_view body);

/// What the service says went wrong, from a body of any status: `error` as text, `error.status.error_message`,
/// `status.error_message`, in that order. Empty where the body has none of them (HTML, an empty body, good data).
/// At most 200 bytes, without control characters.
std::string decode_error(std::string_view body);

/// The service's own number of the failure (`error_code`, or a numeric `status`), 0 where there is none.
int decode_error_code(std::string_view body);

}  // namespace tickspan::feeds::coingecko
