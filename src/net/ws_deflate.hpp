#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

// The compression of RFC 7692 (permessage-deflate) without context takeover: each message is packed for itself, so that
// one packed frame is good for every client that has agreed to the extension.

namespace tickspan::net {

/// Packs text messages into frames. Frames are the same for all clients, whatever each of them negotiated.
/// **Threading**: one thread at a time. **Limits**: about 60 KiB once used, and a scratch buffer of the longest message
/// up to 256 KiB; nothing before the first message.
class MessageDeflater {
 public:
  /// No back-reference reaches further than 2^12 bytes: a client may ask for a window this small, or larger.
  static constexpr int kWindowBits = 12;

  MessageDeflater();
  ~MessageDeflater();
  MessageDeflater(MessageDeflater&&) noexcept;
  MessageDeflater& operator=(MessageDeflater&&) noexcept;

  /// Appends one whole unmasked text frame: packed and with RSV1 set, or as it stands where packing would not make it
  /// smaller. Both are only for peers with WebSocketPeer::deflates(); a packed one means nothing to the others.
  void append_text_frame(std::string& out, std::string_view text);

 private:
  struct Stream;
  bool deflate(std::string_view text);

  std::unique_ptr<Stream> stream_;
  std::string packed_;
};

/// Unpacks messages of any window. One serves all connections of a thread: it keeps nothing of a message but the buffer
/// its text lies in until the next call.
/// **Threading**: one thread at a time. **Limits**: about 40 KiB once used and the buffer, 256 KiB at most when idle.
class MessageInflater {
 public:
  enum class Outcome : std::uint8_t { ok, too_big, broken };

  MessageInflater();
  ~MessageInflater();
  MessageInflater(MessageInflater&&) noexcept;
  MessageInflater& operator=(MessageInflater&&) noexcept;

  /// The text of the message whose frames' payloads, put together, are `packed`. `text` is good until the next call.
  /// too_big as soon as it would exceed `max_size` bytes, however small `packed` is.
  Outcome inflate(std::string_view packed, std::size_t max_size, std::string_view& text);

 private:
  struct Stream;
  Outcome feed(std::string_view packed, std::size_t max_size);

  std::unique_ptr<Stream> stream_;
  std::string text_;
  std::size_t size_ = 0;
};

}  // namespace tickspan::net
