#pragma once

#include <string>

#include "net/http_message.hpp"

namespace tickspan::net {

/// What a server makes of a handshake's `Sec-WebSocket-Extensions`.
struct ExtensionAnswer {
  bool malformed = false;  ///< not in the form of RFC 6455, 9.1: the handshake must fail
  std::string agreed;      ///< the answer's `Sec-WebSocket-Extensions`; empty: no extension
  bool deflate() const { return !agreed.empty(); }
};

/// Takes the first offer of permessage-deflate (RFC 7692) that can be kept: no context is taken over in either
/// direction, and the window is MessageDeflater::kWindowBits where the client names one. Offers that ask for a smaller
/// window, or hold what the RFC does not know, doubles or forbids, are passed over, as other extensions are.
ExtensionAnswer negotiate_extensions(const Headers& headers, bool allow_deflate);

}  // namespace tickspan::net
