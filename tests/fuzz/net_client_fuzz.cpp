// What reaches the outbound clients as text from outside: addresses, proxies, waits and dates in headers, packed
// bodies.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/assert.hpp"
#include "net/http_status.hpp"
#include "net/inflate.hpp"
#include "net/proxy.hpp"
#include "net/quota.hpp"
#include "net/url.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickspan;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto url = net::parse_url(text)) {
    TS_ASSERT(url->target.starts_with('/') && url->target.find_first_of(" \r\n") == std::string::npos,
              "a target fits the request line");
    TS_ASSERT(net::parse_url(url->scheme + "://" + url->authority() + url->target).has_value(),
              "what was parsed parses again");
    (void)net::check_connect_reply(text, *url);
  }
  if (const auto proxy = net::parse_proxy(text)) {
    TS_ASSERT(proxy->port != 0 && proxy->authorization.find_first_of("\r\n") == std::string::npos,
              "credentials fit one header line");
  }
  if (const auto server = net::parse_nameserver(text))
    TS_ASSERT(net::parse_nameserver(*server) == *server && server->find(',') == std::string::npos, "one of a list");
  (void)net::bypasses_proxy("venue.example", text);
  net::Headers headers;
  headers.add("Retry-After", std::string(text));
  const auto wait = net::retry_after_ms(headers, core::Timestamp::from_s(1'780'000'000));
  TS_ASSERT(wait >= 0 && wait <= 7 * 86'400'000LL, "a wait is bounded");
  const core::Timestamp now = core::Timestamp::from_s(1'780'000'000);
  for (const char* name : {"X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit", "X-MBX-USED-WEIGHT-1M"}) {
    net::Headers said;
    said.add("X-RateLimit-Quota-Remaining", "5");
    said.add(name, std::string(text));
    const auto quota = net::parse_quota(said, now, {6000});
    TS_ASSERT(quota && quota->remaining >= 0 && quota->remaining <= 5 && quota->limit >= 0, "the scarcest counts");
    TS_ASSERT(!quota->reset_at.is_set() || (quota->reset_at >= now && quota->reset_at - now <= std::chrono::hours(745)),
              "a window is bounded");
  }
  constexpr std::size_t kMaxBody = 1 << 16;
  if (const auto body = net::inflate_body(text, kMaxBody)) TS_ASSERT(body->size() <= kMaxBody, "a body is bounded");
  return 0;
}
