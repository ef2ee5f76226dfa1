#include "sim/faults.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

namespace tickspan::sim {
namespace {

bool parse(std::string_view text, bool& out) {
  if (text != "true" && text != "false" && text != "1" && text != "0") return false;
  out = text == "true" || text == "1";
  return true;
}

bool parse(std::string_view text, unsigned& out) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return false;
  out = value;
  return true;
}

bool parse(std::string_view text, int& out) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return false;
  out = value;
  return true;
}

bool parse_shift(std::string_view text, int& out) {
  int value = 0;
  if (!parse(text, value) || value < -6 || value > 6) return false;
  out = value;
  return true;
}

bool parse_status(std::string_view text, unsigned& out) {
  unsigned value = 0;
  if (!parse(text, value) || (value != 0 && (value < 400 || value > 599))) return false;
  out = value;
  return true;
}

// In the order of DnsFault.
constexpr std::string_view kDnsFaults[] = {"none", "nxdomain", "servfail", "refused", "mute"};

bool set_dns(VenueFaults& faults, std::string_view text) {
  const auto it = std::find(std::begin(kDnsFaults), std::end(kDnsFaults), text);
  if (it == std::end(kDnsFaults)) return false;
  faults.dns = static_cast<DnsFault>(it - std::begin(kDnsFaults));
  return true;
}
std::string get_dns(const VenueFaults& faults) {
  return fmt::format("\"{}\"", kDnsFaults[static_cast<std::size_t>(faults.dns)]);
}

template <auto Member>
bool set_plain(VenueFaults& faults, std::string_view text) {
  return parse(text, faults.*Member);
}
template <auto Member>
bool set_status(VenueFaults& faults, std::string_view text) {
  return parse_status(text, faults.*Member);
}
template <auto Member>
bool set_shift(VenueFaults& faults, std::string_view text) {
  return parse_shift(text, faults.*Member);
}
template <auto Member>
std::string get_plain(const VenueFaults& faults) {
  return fmt::format("{}", faults.*Member);
}

constexpr FaultControl kControls[] = {
    {"mute", "true|false: sockets stay open, nothing is sent but pongs", set_plain<&VenueFaults::mute>,
     get_plain<&VenueFaults::mute>},
    {"no_data", "true|false: heartbeats and answers go on, market messages do not", set_plain<&VenueFaults::no_data>,
     get_plain<&VenueFaults::no_data>},
    {"mute_pairs", "n: nothing is said of each n-th pair, 0 = none", set_plain<&VenueFaults::mute_pairs>,
     get_plain<&VenueFaults::mute_pairs>},
    {"no_pairs", "n: each n-th pair of its list is refused on the streams, 0 = none", set_plain<&VenueFaults::no_pairs>,
     get_plain<&VenueFaults::no_pairs>},
    {"freeze", "true|false: prices stand still, messages go on", set_plain<&VenueFaults::freeze>,
     get_plain<&VenueFaults::freeze>},
    {"price_shift", "-6..6: prices are off by this power of ten", set_shift<&VenueFaults::price_shift>,
     get_plain<&VenueFaults::price_shift>},
    {"clock_skew_ms", "milliseconds by which its clock is ahead", set_plain<&VenueFaults::clock_skew_ms>,
     get_plain<&VenueFaults::clock_skew_ms>},
    {"delay_ms", "milliseconds by which everything is late", set_plain<&VenueFaults::delay_ms>,
     get_plain<&VenueFaults::delay_ms>},
    {"drop_every", "n: each n-th market message is lost, 0 = none", set_plain<&VenueFaults::drop_every>,
     get_plain<&VenueFaults::drop_every>},
    {"sequence_gaps", "n: each n-th trade of a pair is never told, so that its number is missing, 0 = none",
     set_plain<&VenueFaults::sequence_gaps>, get_plain<&VenueFaults::sequence_gaps>},
    {"duplicate_every", "n: each n-th market message comes twice, 0 = none", set_plain<&VenueFaults::duplicate_every>,
     get_plain<&VenueFaults::duplicate_every>},
    {"reorder_every", "n: each n-th market message comes after the next, 0 = none",
     set_plain<&VenueFaults::reorder_every>, get_plain<&VenueFaults::reorder_every>},
    {"malformed_every", "n: each n-th market message is cut in half, 0 = none",
     set_plain<&VenueFaults::malformed_every>, get_plain<&VenueFaults::malformed_every>},
    {"garbled_every", "n: each n-th market message is whole, but no JSON, 0 = none",
     set_plain<&VenueFaults::garbled_every>, get_plain<&VenueFaults::garbled_every>},
    {"wrong_types_every", "n: each n-th market message has a list for a text, 0 = none",
     set_plain<&VenueFaults::wrong_types_every>, get_plain<&VenueFaults::wrong_types_every>},
    {"giant_every", "n: each n-th market message is 5 MiB long, 0 = none", set_plain<&VenueFaults::giant_every>,
     get_plain<&VenueFaults::giant_every>},
    {"half_open_after_s", "seconds after which a socket is dead without being closed, 0 = never",
     set_plain<&VenueFaults::half_open_after_s>, get_plain<&VenueFaults::half_open_after_s>},
    {"drop_after_s", "seconds a socket lives, 0 = for ever", set_plain<&VenueFaults::drop_after_s>,
     get_plain<&VenueFaults::drop_after_s>},
    {"maintenance", "true|false: sockets are closed, everything is answered with 503",
     set_plain<&VenueFaults::maintenance>, get_plain<&VenueFaults::maintenance>},
    {"refuse_status", "400..599: status that refuses WebSocket handshakes, 0 = none",
     set_status<&VenueFaults::refuse_status>, get_plain<&VenueFaults::refuse_status>},
    {"rest_status", "400..599: status of every REST answer, 0 = none", set_status<&VenueFaults::rest_status>,
     get_plain<&VenueFaults::rest_status>},
    {"retry_after", "seconds: Retry-After of refusals, 0 = none", set_plain<&VenueFaults::retry_after>,
     get_plain<&VenueFaults::retry_after>},
    {"rest_delay_ms", "milliseconds by which REST answers are late", set_plain<&VenueFaults::rest_delay_ms>,
     get_plain<&VenueFaults::rest_delay_ms>},
    {"rest_body_s", "seconds in which the bodies of REST answers come, piece by piece",
     set_plain<&VenueFaults::rest_body_s>, get_plain<&VenueFaults::rest_body_s>},
    {"rest_truncated", "true|false: the bodies of REST answers are cut in half",
     set_plain<&VenueFaults::rest_truncated>, get_plain<&VenueFaults::rest_truncated>},
    {"rate_limit", "true|false: the venue's request budget is enforced", set_plain<&VenueFaults::rate_limit>,
     get_plain<&VenueFaults::rate_limit>},
    {"dns", "none|nxdomain|servfail|refused|mute: what is answered to who asks for its address", set_dns, get_dns},
};

}  // namespace

std::span<const FaultControl> fault_controls() {
  return kControls;
}

core::Status set_fault(VenueFaults& faults, std::string_view name, std::string_view value) {
  std::string names;
  for (const FaultControl& control : kControls) {
    if (control.name == name) {
      if (control.set(faults, value)) return {};
      return core::fail(core::ErrorCode::invalid_argument,
                        fmt::format("{}={}: allowed is {}", name, value, control.meaning));
    }
    names += fmt::format("{}{}", names.empty() ? "" : ", ", control.name);
  }
  return core::fail(core::ErrorCode::invalid_argument, fmt::format("unknown fault '{}'; there are {}", name, names));
}

}  // namespace tickspan::sim
