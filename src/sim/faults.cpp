#include "sim/faults.hpp"

#include <fmt/format.h>

#include <charconv>

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

bool parse_status(std::string_view text, unsigned& out) {
  unsigned value = 0;
  if (!parse(text, value) || (value != 0 && (value < 400 || value > 599))) return false;
  out = value;
  return true;
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
std::string get_plain(const VenueFaults& faults) {
  return fmt::format("{}", faults.*Member);
}

constexpr FaultControl kControls[] = {
    {"mute", "true|false: sockets stay open, nothing is sent", set_plain<&VenueFaults::mute>,
     get_plain<&VenueFaults::mute>},
    {"freeze", "true|false: prices stand still, messages go on", set_plain<&VenueFaults::freeze>,
     get_plain<&VenueFaults::freeze>},
    {"malformed_every", "n: each n-th market message is cut in half, 0 = none",
     set_plain<&VenueFaults::malformed_every>, get_plain<&VenueFaults::malformed_every>},
    {"refuse_status", "400..599: status that refuses WebSocket handshakes, 0 = none",
     set_status<&VenueFaults::refuse_status>, get_plain<&VenueFaults::refuse_status>},
    {"rest_status", "400..599: status of every REST answer, 0 = none", set_status<&VenueFaults::rest_status>,
     get_plain<&VenueFaults::rest_status>},
    {"retry_after", "seconds: Retry-After of refusals, 0 = none", set_plain<&VenueFaults::retry_after>,
     get_plain<&VenueFaults::retry_after>},
    {"rate_limit", "true|false: the venue's request budget is enforced", set_plain<&VenueFaults::rate_limit>,
     get_plain<&VenueFaults::rate_limit>},
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
