#include "server/time_page.hpp"

#include <fmt/format.h>

#include <charconv>

#include "server/lookup.hpp"
#include "server/parameters.hpp"

namespace tickspan::server {
namespace {

/// Takes a time and the line's end off the front.
bool take_time(std::string_view& text, core::Timestamp& time) {
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, time.ns);
  if (error != std::errc{} || end == last || *end != '\n') return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return true;
}

std::string given_time(const Call& call, std::string_view name) {
  const auto time = call.values.time(name);
  return time ? std::to_string(time->ns) : "";
}

}  // namespace

// A symbol is the venue's and may hold anything: it comes last.
std::string place_text(const TimePage& page, const TimePage::Place& place) {
  return fmt::format("{}\n{}\n{}\n{}\n{}", page.start.ns, page.end.ns, place.at.ns, place.name, place.symbol);
}

bool read_place(std::string_view text, TimePage& page) {
  TimePage::Place place;
  if (!take_time(text, page.start) || !take_time(text, page.end) || !take_time(text, place.at)) return false;
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos) return false;
  place.name = text.substr(0, line);
  place.symbol = text.substr(line + 1);
  page.before = std::move(place);
  return true;
}

tl::expected<TimePage, Problem> time_page(const Call& call, std::string list) {
  TimePage page;
  page.context = fmt::format("{}\n{}\n{}", list, given_time(call, "start"), given_time(call, "end"));
  page.limit = static_cast<std::size_t>(call.values.integer("limit"));
  if (const std::string& cursor = call.values.text("cursor"); !cursor.empty()) {
    const auto text = read_place_cursor(cursor, page.context);
    if (!text || !read_place(*text, page)) return tl::unexpected(foreign_cursor(cursor));
    return page;
  }
  page.end = call.values.time("end").value_or(call.now);
  page.start = call.values.time("start").value_or(page.end - std::chrono::hours(24 * 30));
  if (page.start >= page.end)
    return tl::unexpected(invalid_parameters({{"start", core::to_rfc3339(page.start), "a time before end", {}}}));
  return page;
}

void write_next_cursor(wire::JsonWriter& json, const TimePage& page, const std::optional<TimePage::Place>& last) {
  json.key("next_cursor");
  if (last)
    json.value(make_place_cursor(place_text(page, *last), page.context));
  else
    json.null();
}

}  // namespace tickspan::server
