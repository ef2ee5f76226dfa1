#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/assert.hpp"
#include "feeds/venue_protocol.hpp"

namespace tickspan::fuzz {

/// What holds for every tick, whatever the bytes were.
inline void check_tick(const core::Tick& tick, core::Timestamp received_at) {
  TS_ASSERT(tick.instrument().valid(), "a tick without an instrument");
  TS_ASSERT(tick.received_at() == received_at, "the receive time is ours");
  if (tick.event_time().is_set()) {
    TS_ASSERT(tick.event_time() <= received_at + std::chrono::hours(24), "a time far ahead");
    TS_ASSERT(tick.event_time() >= core::Timestamp::from_s(1'230'768'000), "a time before any market");
  }
  if (tick.kind() == core::TickKind::trade) {
    TS_ASSERT(tick.price().is_positive() && tick.amount().is_positive(), "a trade of nothing");
  } else {
    TS_ASSERT(tick.bid().is_positive() && tick.ask().is_positive(), "a quote with an empty side");
    TS_ASSERT(tick.bid_size().mantissa >= 0 && tick.ask_size().mantissa >= 0, "a negative size");
  }
}

inline bool inside(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

inline void check_symbols(const feeds::VenueProtocol& protocol, std::string_view input) {
  if (const auto pairs = protocol.decode_symbols(input)) {
    for (const auto& pair : *pairs)
      TS_ASSERT(!pair.venue_symbol.empty() && !pair.base.empty() && !pair.quote.empty(), "a pair has names");
  }
}

/// One input as a frame and as a symbol list.
inline void decode_once(feeds::VenueProtocol& protocol, const core::SymbolTable& symbols, std::string_view input) {
  static feeds::Decoded out;
  std::string padded(input);
  padded.append(feeds::kFramePadding, '\0');
  const std::string_view frame(padded.data(), input.size());
  const auto received_at = core::Timestamp::from_s(1'780'000'000);
  if (protocol.decode(frame, received_at, symbols, out)) {
    TS_ASSERT(!out.type.empty(), "a decoded frame has a type");
    TS_ASSERT(out.ticks.empty() || out.kind == feeds::FrameKind::data, "ticks come from data");
    TS_ASSERT(inside(out.unknown_symbol, frame), "the unknown symbol lies in the frame");
    for (const auto& tick : out.ticks) check_tick(tick, received_at);
  }
  check_symbols(protocol, input);
}

}  // namespace tickspan::fuzz
