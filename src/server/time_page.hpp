#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/route.hpp"

namespace tickspan::server {

/// A page of a list of rows in the order of their time, the newest first. Its cursor names the last row of the page
/// before, not a number of rows: whatever is added to the list or changes in it, no row comes twice, and none that is
/// there all the time is left out. It also keeps the range of the first page, which may end at "now".
struct TimePage {
  /// Of a row: its place in the order. Equal times are told apart by the names.
  struct Place {
    core::Timestamp at;
    std::string name, symbol = {};
    friend bool operator==(const Place&, const Place&) = default;
  };

  core::Timestamp start, end;
  std::size_t limit = 0;
  std::optional<Place> before = {};  ///< not set: the first page
  std::string context = {};
};

/// The text in a cursor: the range, and the last row of the page before. False where it is none.
std::string place_text(const TimePage& page, const TimePage::Place& place);
bool read_place(std::string_view text, TimePage& page);

/// By `start`, `end` (default: the last 30 days), `limit` and `cursor`. `list` names the list and whatever else chooses
/// its rows.
tl::expected<TimePage, Problem> time_page(const Call& call, std::string list);
/// Writes `next_cursor`: the page after the one that ends with `last`; null where there is none.
void write_next_cursor(wire::JsonWriter& json, const TimePage& page, const std::optional<TimePage::Place>& last);

}  // namespace tickspan::server
