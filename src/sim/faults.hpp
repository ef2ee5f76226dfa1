#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace tickspan::sim {

/// What the name server says of a venue instead of its address.
enum class DnsFault : std::uint8_t {
  none,
  nxdomain,  ///< there is no such name
  servfail,  ///< it failed
  refused,   ///< it does not want to
  mute,      ///< nothing
};

/// What is wrong with a simulated venue at the moment. All off by default.
struct VenueFaults {
  // Silence.
  bool mute = false;        ///< sockets stay open, nothing is sent or answered on them but pongs
  bool no_data = false;     ///< heartbeats and answers go on, market messages don't
  unsigned mute_pairs = 0;  ///< nothing is said of each n-th pair
  unsigned no_pairs = 0;    ///< each n-th pair of its list is refused on the streams, as one it does not have
  // What is said.
  bool freeze = false;             ///< trades and quotes go on, at the price of the moment it was switched on
  int price_shift = 0;             ///< prices are off by this power of ten
  int clock_skew_ms = 0;           ///< its clock is ahead by this
  unsigned delay_ms = 0;           ///< everything is said this late
  unsigned sequence_gaps = 0;      ///< each n-th trade of a pair is not told on the streams: its number is left out
  unsigned drop_every = 0;         ///< each n-th market message is lost
  unsigned duplicate_every = 0;    ///< each n-th market message comes twice
  unsigned reorder_every = 0;      ///< each n-th market message comes after the next
  unsigned malformed_every = 0;    ///< each n-th market message is cut in half
  unsigned garbled_every = 0;      ///< each n-th market message is whole, but no JSON
  unsigned wrong_types_every = 0;  ///< each n-th market message has a list where a text should be
  unsigned giant_every = 0;        ///< each n-th market message is 5 MiB long
  // Connections and requests.
  unsigned half_open_after_s = 0;  ///< a socket that old stays open, but nothing is read or said on it any more
  unsigned drop_after_s = 0;       ///< a socket is cut when it is that old
  bool maintenance = false;        ///< sockets are closed with 1012, everything is answered with 503
  unsigned refuse_status = 0;      ///< WebSocket handshakes are answered with this HTTP status
  unsigned rest_status = 0;        ///< every REST request is answered with this HTTP status
  unsigned retry_after = 0;        ///< seconds, sent as Retry-After with the three above
  unsigned rest_delay_ms = 0;      ///< REST answers come this late
  unsigned rest_body_s = 0;        ///< their bodies come piece by piece in this time
  bool rest_truncated = false;     ///< their bodies are cut in half
  bool rate_limit = false;         ///< the venue's request budget is enforced (429, or as the venue says it)
  DnsFault dns = DnsFault::none;   ///< its name is answered like this
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
