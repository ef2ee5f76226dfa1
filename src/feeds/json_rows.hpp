#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/market_data.hpp"
#include "core/result.hpp"

namespace tickspan::feeds {

// What venues answer to REST requests is, but for the names, always a list of rows somewhere in a body: candles,
// trades, pairs. Tokens are raw JSON values, see decode_support.hpp.

/// Where the rows lie in the body, and how the body itself says that there are none. Keys are plain ASCII.
struct RowPlace {
  std::span<const std::string_view> path = {};  ///< keys that lead to the array; none: the body is the array
  std::string_view code_key = {};               ///< of the verdict, at the root; empty: the venue has none
  std::string_view message_key = {};
  std::string_view success = {};                           ///< the code of a body with rows, without quotes
  core::ErrorCode (*meaning)(std::string_view) = nullptr;  ///< of any other code, without quotes; null: unavailable
};

/// Takes the tokens of one row; says what is wrong with it, or null.
using RowVisitor = std::function<const char*(std::span<const std::string_view> tokens)>;

/// `[[a,b,…],…]`: the cells of each row, at most 16. parse_error, beginning with `what`, when the body is none.
core::Status read_rows(std::string_view body, std::string_view what, const RowPlace& place, const RowVisitor& visit);
core::Status read_rows(std::string_view body, std::string_view what, const RowVisitor& visit);
/// `[{…},…]`: of each object the values of `keys` (at most 16), in that order; empty where it lacks one.
core::Status read_objects(std::string_view body, std::string_view what, const RowPlace& place,
                          std::span<const std::string_view> keys, const RowVisitor& visit);
core::Status read_objects(std::string_view body, std::string_view what, std::span<const std::string_view> keys,
                          const RowVisitor& visit);

/// The text of a string token with its escapes resolved; empty when the token is none.
std::string plain_text(std::string_view token);

/// Adds a pair by the tokens of its names, both assets in lower case. A row without one of them is left out.
void add_pair(std::string_view symbol, std::string_view base, std::string_view quote, bool trading,
              std::vector<core::ListedPair>& pairs);

}  // namespace tickspan::feeds
