#pragma once

#include <string_view>

#include "net/http_message.hpp"

// The server's side of the opening handshake (RFC 6455, 4.2) as pure functions.

namespace tickspan::net {

/// Whether one of the fields `name` lists `token`; neither has case.
bool has_token(const Headers& headers, std::string_view name, std::string_view token);
bool asks_for_websocket(const HttpRequest& request);

/// What a request that asks for a WebSocket is answered, if nothing but its form counts.
struct Handshake {
  HttpResponse answer;  ///< 101, or a problem: 400, or 426 for another version of the protocol
  bool deflate = false;
  bool accepted() const { return answer.status == 101; }
};
Handshake answer_handshake(const HttpRequest& request, bool allow_deflate);

}  // namespace tickspan::net
