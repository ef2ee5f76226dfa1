#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace tickspan::sim {

/// What is wrong with a simulated venue at the moment. All off by default.
struct VenueFaults {
  bool mute = false;             ///< sockets stay open, nothing is sent or answered on them
  bool freeze = false;           ///< trades and quotes go on, at the price of the moment it was switched on
  unsigned malformed_every = 0;  ///< each n-th market message is cut in half
  unsigned refuse_status = 0;    ///< WebSocket handshakes are answered with this HTTP status
  unsigned rest_status = 0;      ///< every REST request is answered with this HTTP status
  unsigned retry_after = 0;      ///< seconds, sent as Retry-After with the two above
  bool rate_limit = false;       ///< the venue's request budget is enforced (429, or as the venue says it)
};

/// One line of the table that the control endpoint and its documentation go by: a new fault is a field and a line.
struct FaultControl {
  std::string_view name;
  std::string_view meaning;
  bool (*set)(VenueFaults&, std::string_view text);  ///< false: not a value it takes
  std::string (*get)(const VenueFaults&);            ///< as JSON
};
std::span<const FaultControl> fault_controls();

/// Sets one by name. invalid_argument names what is allowed.
core::Status set_fault(VenueFaults& faults, std::string_view name, std::string_view value);

}  // namespace tickspan::sim
