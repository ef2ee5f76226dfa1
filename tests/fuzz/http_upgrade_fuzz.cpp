#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/assert.hpp"
#include "net/http_response.hpp"
#include "net/request_parser.hpp"
#include "net/ws_codec.hpp"
#include "net/ws_extensions.hpp"
#include "net/ws_handshake.hpp"

// After a first byte `e`: the values of Sec-WebSocket-Extensions, one a line. Else: a request as it is sent.

namespace {

using namespace tickspan::net;

constexpr std::string_view kBoth = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

bool known_answer(std::string_view agreed) {
  return agreed.starts_with(kBoth) &&
         (agreed.size() == kBoth.size() || agreed.substr(kBoth.size()) == "; server_max_window_bits=12");
}

void check_extensions(std::string_view lines) {
  Headers apart, together;
  std::string joined;
  for (;;) {
    const auto end = lines.find('\n');
    apart.add("Sec-WebSocket-Extensions", std::string(lines.substr(0, end)));
    joined += (joined.empty() ? "" : ", ") + std::string(lines.substr(0, end));
    if (end == std::string_view::npos) break;
    lines = lines.substr(end + 1);
  }
  together.add("sec-websocket-extensions", joined);
  const auto one = negotiate_extensions(apart, true), other = negotiate_extensions(together, true);
  TS_ASSERT(one.malformed == other.malformed && one.agreed == other.agreed, "several fields are one list");
  TS_ASSERT(one.agreed.empty() || (!one.malformed && known_answer(one.agreed)), "one of two answers");
  TS_ASSERT(one.agreed.empty() || joined.find("permessage-deflate") != std::string::npos, "only what was offered");
  const auto off = negotiate_extensions(apart, false);
  TS_ASSERT(off.malformed == one.malformed && off.agreed.empty(), "turned off");
}

void check_handshake(const HttpRequest& request) {
  if (!asks_for_websocket(request)) return;
  const auto handshake = answer_handshake(request, true);
  const auto& answer = handshake.answer;
  const auto agreed = answer.headers.find("Sec-WebSocket-Extensions");
  if (handshake.accepted()) {
    const auto key = request.headers.find("Sec-WebSocket-Key");
    TS_ASSERT(request.method == "GET" && request.headers.find("Sec-WebSocket-Version") == "13", "a handshake");
    TS_ASSERT(key && valid_key(*key) && answer.headers.find("Sec-WebSocket-Accept") == accept_key(*key), "its key");
    TS_ASSERT(handshake.deflate == agreed.has_value() && (!agreed || known_answer(*agreed)), "says what it does");
  } else {
    TS_ASSERT(answer.status == 400 || answer.status == 426, "refused in words");
    TS_ASSERT(!handshake.deflate && !agreed && valid_utf8(answer.body), "and in no more than words");
  }
  const auto plain = answer_handshake(request, false);
  TS_ASSERT(plain.answer.status == answer.status && !plain.deflate, "compression decides nothing");
  const std::string head = encode_head(answer, {});
  TS_ASSERT(head.find("\r\n\r\n") == head.size() - 4, "one head");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.starts_with('e')) {
    check_extensions(bytes.substr(1));
    return 0;
  }
  RequestParser parser(16 * 1024, 1024);
  std::size_t used = 0;
  if (parser.feed(bytes, used) == RequestParser::State::done) check_handshake(parser.take());
  return 0;
}
