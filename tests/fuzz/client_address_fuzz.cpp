#include <algorithm>
#include <cstdint>
#include <string>

#include "core/assert.hpp"
#include "net/client_address.hpp"

namespace {

using namespace tickspan::net;

const TrustedProxies& proxies(ForwardedHeader header) {
  static const std::vector<std::string> ranges = {"10.0.0.0/8", "127.0.0.1", "fd00::/8"};
  static const auto x_forwarded_for = *TrustedProxies::parse(ranges);
  static const auto forwarded = *TrustedProxies::parse(ranges, ForwardedHeader::forwarded);
  return header == ForwardedHeader::forwarded ? forwarded : x_forwarded_for;
}

}  // namespace

// The first byte picks the header; each line of the rest is one field of it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool rfc7239 = data[0] & 1U;
  const auto& trusted = proxies(rfc7239 ? ForwardedHeader::forwarded : ForwardedHeader::x_forwarded_for);
  const std::string name = rfc7239 ? "Forwarded" : "X-Forwarded-For";
  const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  Headers headers;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    headers.add(name, text.substr(begin, end - begin));
    begin = end + 1;
  }

  TS_ASSERT(trusted.client_of(headers, "203.0.113.9") == "203.0.113.9", "who is not trusted speaks for itself");
  const std::string client = trusted.client_of(headers, "10.0.0.1");
  const auto address = parse_ip(client);
  TS_ASSERT(address.has_value() && to_string(*address) == client, "always an address, as we write them");

  // What the proxy itself wrote wins over everything that it passed on, on a line of its own or behind it.
  const std::string word = rfc7239 ? "for=198.51.100.1" : "198.51.100.1";
  Headers behind;
  const auto& fields = headers.fields();
  for (std::size_t i = 0; i + 1 < fields.size(); ++i) behind.add(name, fields[i].second);
  behind.add(name, fields.back().second + ", " + word);
  TS_ASSERT(trusted.client_of(behind, "10.0.0.1") == "198.51.100.1", "the proxy's word wins");
  headers.add(name, word);
  TS_ASSERT(trusted.client_of(headers, "10.0.0.1") == "198.51.100.1", "on a line of its own, too");

  if (const auto range = TrustedProxies::parse({text})) {
    TS_ASSERT(!range->empty(), "a range that was taken");
  }
  return 0;
}
