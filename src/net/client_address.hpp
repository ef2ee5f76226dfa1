#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "net/http_message.hpp"

namespace tickspan::net {

/// An IPv4 or IPv6 address. IPv4 written as IPv6 (`::ffff:1.2.3.4`) is IPv4.
struct IpAddress {
  bool v6 = false;
  std::array<std::uint8_t, 16> bytes{};  ///< of IPv4 the first four
  bool operator==(const IpAddress&) const = default;
};
/// Out of a socket's address: 4 bytes, or 16 of IPv6.
IpAddress ip_from_bytes(const void* bytes, bool v6);
std::optional<IpAddress> parse_ip(std::string_view text);
std::string to_string(const IpAddress& address);
/// What names a client where clients are counted: the address, of IPv6 its /64, since one client owns all of it.
std::uint64_t client_key(const IpAddress& address);

/// Which header a proxy writes its client into. Only that one is read: a proxy passes the other on as its client made
/// it up.
enum class ForwardedHeader : std::uint8_t { x_forwarded_for, forwarded };

/// The proxies whose word about their clients is taken.
class TrustedProxies {
 public:
  TrustedProxies() = default;
  /// Addresses (`10.0.0.1`, `::1`) and ranges (`10.0.0.0/8`, `fd00::/8`). invalid_argument names the one that is none.
  static core::Result<TrustedProxies> parse(const std::vector<std::string>& ranges,
                                            ForwardedHeader header = ForwardedHeader::x_forwarded_for);

  bool empty() const { return ranges_.empty(); }
  bool contains(const IpAddress& address) const;
  bool contains(std::string_view address) const;

  /// Who sent a request that came from `peer` (an address without port). From a peer that is not trusted: the peer,
  /// whatever the headers say. Else the right-most address of the header's lines that is not itself a trusted proxy's;
  /// what can't be read (`unknown`, a name, nothing) ends the walk at the trusted hop that wrote it.
  std::string client_of(const Headers& headers, std::string_view peer) const;

 private:
  struct Range {
    IpAddress first;
    unsigned bits = 0;
  };
  static std::optional<Range> parse_range(std::string_view text);

  std::vector<Range> ranges_;
  ForwardedHeader header_ = ForwardedHeader::x_forwarded_for;
};

}  // namespace tickspan::net
