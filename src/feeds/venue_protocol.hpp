#pragma once

#include <algorithm>
#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/asset.hpp"
#include "core/catalogue.hpp"
#include "core/market_data.hpp"
#include "core/result.hpp"
#include "core/tick.hpp"

namespace tickspan::feeds {

/// One place where a venue can be reached. Tried in order; a host that refuses for good (451, 403) is left out.
struct VenueHost {
  std::string ws_url;        ///< `wss://stream.binance.com:9443`: scheme, host, port and an optional path prefix
  std::string rest_url;      ///< `https://api.binance.com`
  std::string dialect = {};  ///< where a venue has several protocols: which one is spoken here; empty: its first
};

/// Whether the trades of a pair are numbered one by one, and the stream has all of them: then a number left out is a
/// loss.
enum class TradeNumbers : std::uint8_t {
  none,
  supposed,  ///< others found it so, the venue doesn't promise it: believed once it is seen
  consecutive,
};

/// What the session must keep to when it talks to a venue.
struct VenueLimits {
  std::chrono::milliseconds control_spacing{300};  ///< least time between two messages of ours
  std::size_t symbols_per_message = 100;           ///< symbols in one subscribe message
  std::size_t symbols_per_connection = 500;
  std::chrono::milliseconds max_connection_age{0};  ///< 0: unlimited; a replacement is opened before this
  std::chrono::milliseconds mute_deadline{10'000};  ///< nothing at all received for this long: the connection is dead
  std::chrono::milliseconds ping_interval{0};       ///< 0: the venue pings, or sends heartbeats
  /// One bad symbol may void all of the message that it stands in: the others of it are asked for again.
  bool refusal_voids_message = false;
  TradeNumbers trade_numbers = TradeNumbers::none;
};

enum class FrameKind : std::uint8_t {
  data,       ///< market data, whether or not ticks came of it
  control,    ///< acknowledgement, status, an old trade sent on subscribing
  heartbeat,  ///< proof of life only
  refusal,    ///< the venue refused something; `detail` says what
  reconnect,  ///< the venue asks to be reconnected to
};

/// What one frame held. Reused from frame to frame: decode() clears it first.
struct Decoded {
  FrameKind kind = FrameKind::control;
  std::string_view type;  ///< the venue's own message type; points into the frame or to static text
  /// Which of the venue's protocols the frame is written in (`spot`, `exchange`, `advanced`, `v2`): static text. Also
  /// set when decode() fails because the frame belongs to a protocol of the past (`v1`, with
  /// ErrorCode::protocol_error).
  std::string_view protocol;
  /// The venue's own number of the message on its connection, plus one; 0: it counts none. A jump is a loss.
  std::uint64_t sequence = 0;
  std::string_view unknown_symbol;  ///< a symbol that the table lacks, the last one of the frame; points into the frame
  std::string detail;
  std::vector<core::Tick> ticks;

  void clear() {
    kind = FrameKind::control;
    type = {};
    protocol = {};
    sequence = 0;
    unknown_symbol = {};
    detail.clear();
    ticks.clear();
  }
};

/// Bytes that simdjson may read 64 bytes past the end of; the session's buffers and make_padded() guarantee it.
inline constexpr std::size_t kFramePadding = 64;

/// Calls `visit` with one after the other of the pieces of at most `size` symbols.
template <typename Visit>
void for_each_batch(std::span<const std::string> symbols, std::size_t size, Visit visit) {
  for (std::size_t i = 0; i < symbols.size(); i += size) visit(symbols.subspan(i, std::min(size, symbols.size() - i)));
}

/// All that is special about one exchange, without any I/O: addresses, spelling, messages, decoding. The session in
/// feeds/exchange_feed does the rest, the same for all.
/// **Threading**: const and stateless but for the parser inside and what updates of single fields are put together
/// with, so one object per feed.
class VenueProtocol {
 public:
  virtual ~VenueProtocol() = default;
  virtual const core::Venue& venue() const = 0;
  virtual const VenueLimits& limits() const = 0;
  virtual std::vector<VenueHost> default_hosts() const = 0;
  /// How the venue is spoken to where VenueHost::dialect is `name`: addresses, messages, list of pairs. Symbols and
  /// limits are the same in all, and one decode() reads all.
  virtual const VenueProtocol& dialect(std::string_view /*name*/) const { return *this; }

  /// Path and query of the WebSocket, appended to VenueHost::ws_url.
  virtual std::string socket_target() const = 0;
  /// Messages that (un)subscribe trades and best bid/ask of these symbols, each within `symbols_per_message`.
  /// `first_id` numbers them where the venue wants numbers.
  virtual std::vector<std::string> subscribe(std::span<const std::string> symbols, std::uint64_t first_id) const = 0;
  virtual std::vector<std::string> unsubscribe(std::span<const std::string> symbols, std::uint64_t first_id) const = 0;
  /// The application-level ping, empty where the protocol's own serves.
  virtual std::string ping(std::uint64_t id) const = 0;

  /// REST path and query that lists the venue's pairs, and its decoder.
  virtual std::string symbols_target() const = 0;
  virtual core::Result<std::vector<core::ListedPair>> decode_symbols(std::string_view body) const = 0;

  /// Decodes one text frame into `out`. `frame` must be readable kFramePadding bytes past its end. An error means the
  /// frame is not what the venue's protocol allows; the session counts it and goes on. Range checks happen here: prices
  /// and amounts finite and positive, times between 2009 and one day ahead of `received_at`.
  virtual core::Status decode(std::string_view frame, core::Timestamp received_at, const core::SymbolTable& symbols,
                              Decoded& out) = 0;
};

}  // namespace tickspan::feeds
