#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// The WebSocket framing of RFC 6455 as pure functions over bytes: no socket, no clock.

namespace tickspan::net {

enum class WsOpcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

namespace ws_close {
inline constexpr std::uint16_t kNormal = 1000, kGoingAway = 1001, kProtocolError = 1002, kUnsupportedData = 1003,
                               kNoStatus = 1005, kAbnormal = 1006, kInvalidPayload = 1007, kTooBig = 1009;
}  // namespace ws_close

/// One whole message or control frame.
struct WsEvent {
  WsOpcode opcode = WsOpcode::text;  ///< never `continuation`
  std::string_view payload;          ///< of a close: the reason
  std::uint16_t close_code = 0;      ///< of a close: 1005 when it carried none
};

class MessageInflater;

/// Takes frames out of a byte stream as it arrives. Keeps memory only for what has arrived incompletely.
/// **Limits**: a message longer than `max_message` fails with 1009: as soon as its header is seen, a packed one as soon
/// as what it unpacks to is longer.
class WsDecoder {
 public:
  /// Which end reads: a server demands masked frames, a client refuses them.
  enum class Role : std::uint8_t { server, client };
  enum class Step : std::uint8_t {
    event,      ///< `event` holds the next one; its payload is valid while `input` is and until the next call of this
                ///< or another decoder with the same inflater
    need_more,  ///< all input is used up
    failed,     ///< the peer broke the protocol: close with failure(); nothing more can be read
  };

  /// `inflater`, which several decoders of a thread may share, is there where permessage-deflate has been agreed to:
  /// null refuses packed messages.
  WsDecoder(Role role, std::size_t max_message, MessageInflater* inflater = nullptr)
      : inflater_(inflater), max_message_(max_message), role_(role) {}

  /// The next event of `input`, which is moved past what was used and unmasked in place. After a close frame whatever
  /// follows is ignored.
  Step next(std::span<char>& input, WsEvent& event);

  /// From the next call on only control frames are of interest: of the others nothing is kept, unpacked or told.
  void ignore_data() { ignore_data_ = true; }

  struct Failure {
    std::uint16_t code = 0;
    const char* reason = "";
  };
  const Failure& failure() const { return failure_; }

 private:
  bool read_header(std::span<char>& input);
  bool check_header();
  Step finish_frame(std::string_view payload, WsEvent& event);
  Step finish_data(std::string_view payload, WsEvent& event);
  Step finish_close(std::string_view payload, WsEvent& event);
  bool unpack(std::string_view& payload);
  bool fail(std::uint16_t code, const char* reason);
  std::size_t packed_limit() const;
  void release();
  void unmask(std::span<char> bytes);
  std::size_t header_size() const;

  std::string message_;  // data of the message under way, then of the event just handed out
  std::string control_;  // a control frame's payload that arrived in pieces
  std::uint64_t length_ = 0, received_ = 0;
  MessageInflater* inflater_;
  std::size_t max_message_;
  Failure failure_;
  char header_[14] = {};
  std::uint8_t header_bytes_ = 0;
  Role role_;
  WsOpcode opcode_ = WsOpcode::text;          // of the frame under way
  WsOpcode message_opcode_ = WsOpcode::text;  // of the message under way
  bool in_frame_ = false, in_message_ = false, fin_ = false, closed_ = false, release_message_ = false,
       release_control_ = false, packed_ = false, ignore_data_ = false;
};

/// Unmasked frames, as a server sends them.
std::string encode_text_frame(std::string_view text);
void append_text_frame(std::string& out, std::string_view text);
/// Whether a payload is packed as RFC 7692 says (MessageDeflater does that): RSV1 is set.
enum class Packed : std::uint8_t { no, yes };
void append_frame(std::string& out, WsOpcode opcode, std::string_view payload, Packed packed = Packed::no);
/// As a client sends them.
void append_masked_frame(std::string& out, WsOpcode opcode, std::string_view payload, std::uint32_t key,
                         bool fin = true);
/// The payload of a close frame. The reason is cut to what fits (123 bytes), at a character's edge.
std::string close_payload(std::uint16_t code, std::string_view reason);

/// `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`.
std::string accept_key(std::string_view key);
/// A key is 16 bytes in base64.
bool valid_key(std::string_view key);
/// Whether a peer may send this code.
bool valid_close_code(std::uint16_t code);
bool valid_utf8(std::string_view text);

}  // namespace tickspan::net
