#include "net/ws_handshake.hpp"

#include <algorithm>

#include "net/http_response.hpp"
#include "net/ws_codec.hpp"
#include "net/ws_extensions.hpp"

namespace tickspan::net {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool equal_token(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool lists_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    auto part = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    while (!part.empty() && (part.front() == ' ' || part.front() == '\t')) part.remove_prefix(1);
    while (!part.empty() && (part.back() == ' ' || part.back() == '\t')) part.remove_suffix(1);
    if (equal_token(part, token)) return true;
  }
  return false;
}

}  // namespace

bool has_token(const Headers& headers, std::string_view name, std::string_view token) {
  return std::any_of(headers.fields().begin(), headers.fields().end(), [&](const auto& field) {
    return equal_token(field.first, name) && lists_token(field.second, token);
  });
}

bool asks_for_websocket(const HttpRequest& request) {
  return has_token(request.headers, "Connection", "upgrade") && has_token(request.headers, "Upgrade", "websocket");
}

Handshake answer_handshake(const HttpRequest& request, bool allow_deflate) {
  if (request.headers.find("Sec-WebSocket-Version") != "13") {
    Handshake out{problem_response(426, "WebSocket version 13 is spoken here", request.path())};
    out.answer.headers.add("Sec-WebSocket-Version", "13");
    return out;
  }
  const auto key = request.headers.find("Sec-WebSocket-Key");
  if (request.method != "GET" || !key || !valid_key(*key)) {
    return {problem_response(400, "malformed WebSocket handshake", request.path())};
  }
  const auto extensions = negotiate_extensions(request.headers, allow_deflate);
  if (extensions.malformed) return {problem_response(400, "malformed extension list", request.path())};
  Handshake out;
  out.answer.status = 101;
  out.answer.headers.add("Upgrade", "websocket");
  out.answer.headers.add("Connection", "Upgrade");
  out.answer.headers.add("Sec-WebSocket-Accept", accept_key(*key));
  if (extensions.deflate()) out.answer.headers.add("Sec-WebSocket-Extensions", extensions.agreed);
  out.deflate = extensions.deflate();
  return out;
}

}  // namespace tickspan::net
