#pragma once

#include <simdjson.h>

#include <array>
#include <span>
#include <string_view>

#include "core/feed_event.hpp"
#include "feeds/json_rows.hpp"
#include "feeds/venue_protocol.hpp"

namespace tickspan::feeds {

// How decoders walk a document of simdjson; for their .cpp files only. `why` is null until a row is wrong, and then
// what is wrong with it: nothing after that row is read.

inline constexpr std::size_t kMostColumns = 16;

template <typename Read>
simdjson::error_code each_element(simdjson::ondemand::array rows, const char*& why, Read read) {
  for (auto element : rows) {
    simdjson::ondemand::value value;
    SIMDJSON_TRY(element.get(value));
    SIMDJSON_TRY(read(value));
    if (why != nullptr) break;
  }
  return simdjson::SUCCESS;
}

/// The cells of one array, the first kMostColumns of them.
inline simdjson::error_code read_cells(simdjson::ondemand::value& row, const RowVisitor& visit, const char*& why) {
  simdjson::ondemand::array cells;
  SIMDJSON_TRY(row.get_array().get(cells));
  std::array<std::string_view, kMostColumns> tokens;
  std::size_t count = 0;
  for (auto cell : cells) {
    simdjson::ondemand::value value;
    SIMDJSON_TRY(cell.get(value));
    if (count < tokens.size()) tokens[count++] = value.raw_json_token();
  }
  why = visit(std::span(tokens.data(), count));
  return simdjson::SUCCESS;
}

/// Objects of one shape: `take(key, value, Row&)`, found beside the Row, keeps the fields that matter, `visit(Row)`
/// says what is wrong with them, or null.
template <typename Row, typename Visit>
simdjson::error_code each_row(simdjson::ondemand::array rows, const char*& why, Visit visit) {
  return each_element(rows, why, [&](simdjson::ondemand::value& value) {
    simdjson::ondemand::object object;
    SIMDJSON_TRY(value.get_object().get(object));
    Row row;
    for (auto item : object) {
      simdjson::ondemand::field field;
      SIMDJSON_TRY(std::move(item).get(field));
      take(field.key().raw(), field.value(), row);
    }
    why = visit(row);
    return simdjson::SUCCESS;
  });
}

/// A Tick::Trade or Tick::Quote whose instrument is still to be found by its symbol.
template <typename Value>
void add_tick(Value& value, std::string_view symbol, const core::SymbolTable& symbols, Decoded& out) {
  value.instrument = symbols.find(symbol);
  if (value.instrument.valid()) {
    out.ticks.emplace_back(value);
  } else {
    out.unknown_symbol = symbol;
  }
}

}  // namespace tickspan::feeds
