#include "net/client_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace tickspan::net {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size() && value <= 65535;
}

// `1.2.3.4`, `1.2.3.4:567`, `::1`, `[::1]`, `[::1]:8`
std::optional<IpAddress> parse_node(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return {};
    const auto rest = text.substr(end + 1);
    if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return {};
    const auto address = text.substr(1, end - 1);
    return address.find(':') == std::string_view::npos ? std::nullopt : parse_ip(address);
  }
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos) {
    return is_port(text.substr(colon + 1)) ? parse_ip(text.substr(0, colon)) : std::nullopt;
  }
  return parse_ip(text);
}

// The parts of a list from its last to its first; separators in quotes do not count. Read from the right, since what
// stands there was written by whom we trust: a quotation mark that a client left open further left can't swallow it.
class FromTheRight {
 public:
  FromTheRight(std::string_view list, char separator) : list_(list), separator_(separator) {}
  bool more() const { return more_; }
  std::string_view take() {
    bool quoted = false;
    for (std::size_t i = list_.size(); i-- > 0;) {
      if (list_[i] == '"') quoted = !quoted;
      if (list_[i] != separator_ || quoted) continue;
      const auto last = list_.substr(i + 1);
      list_ = list_.substr(0, i);
      return trim(last);
    }
    more_ = false;
    return trim(list_);
  }

 private:
  std::string_view list_;
  char separator_;
  bool more_ = true;
};

// One element of RFC 7239: `for="[2001:db8::1]:4711";proto=https`.
std::optional<IpAddress> parse_forwarded(std::string_view element) {
  std::optional<std::string_view> node;
  for (FromTheRight pairs(element, ';'); pairs.more();) {
    const auto pair = pairs.take();
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) return {};
    if (!same_name(pair.substr(0, equals), "for")) continue;
    if (node) return {};
    node = pair.substr(equals + 1);
  }
  if (!node) return {};
  if (node->size() >= 2 && node->front() == '"' && node->back() == '"') node = node->substr(1, node->size() - 2);
  return parse_node(*node);
}

}  // namespace

IpAddress ip_from_bytes(const void* bytes, bool v6) {
  IpAddress out;
  const auto* first = static_cast<const std::uint8_t*>(bytes);
  in6_addr whole{};
  if (v6) std::copy(first, first + 16, whole.s6_addr);
  out.v6 = v6 && !IN6_IS_ADDR_V4MAPPED(&whole);
  if (v6 && !out.v6) first += 12;
  std::copy(first, first + (out.v6 ? 16 : 4), out.bytes.begin());
  return out;
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> copy{};
  if (text.size() >= copy.size() || text.find('\0') != std::string_view::npos) return {};
  std::copy(text.begin(), text.end(), copy.begin());
  IpAddress out;
  if (inet_pton(AF_INET, copy.data(), out.bytes.data()) == 1) return out;
  in6_addr v6{};
  if (inet_pton(AF_INET6, copy.data(), &v6) != 1) return {};
  return ip_from_bytes(v6.s6_addr, true);
}

std::string to_string(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(address.v6 ? AF_INET6 : AF_INET, address.bytes.data(), text.data(), text.size());
  return text.data();
}

std::uint64_t client_key(const IpAddress& address) {
  // No client's network begins with the bits of multicast: there the IPv4 ones have their place.
  std::uint64_t key = address.v6 ? 0 : 0xFF000000U;
  for (unsigned i = 0; i < (address.v6 ? 8U : 4U); ++i) key = key << 8U | address.bytes[i];
  return key;
}

std::optional<TrustedProxies::Range> TrustedProxies::parse_range(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_ip(text.substr(0, slash));
  if (!address) return {};
  Range range{*address, address->v6 ? 128U : 32U};
  if (slash == std::string_view::npos) return range;
  const auto digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return {};
  const bool mapped = !address->v6 && text.find(':') != std::string_view::npos;
  if (mapped && bits < 96) return {};
  if (mapped) bits -= 96;
  if (bits > range.bits) return {};
  range.bits = bits;
  // 10.0.0.1/8 is a slip of the pen for one or the other, and the other trusts sixteen million.
  for (unsigned bit = bits; bit < (address->v6 ? 128U : 32U); ++bit) {
    if ((address->bytes[bit / 8] >> (7 - bit % 8)) & 1U) return {};
  }
  return range;
}

core::Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& ranges, ForwardedHeader header) {
  TrustedProxies out;
  out.header_ = header;
  for (const std::string& text : ranges) {
    const auto range = parse_range(text);
    if (!range) {
      return core::fail(core::ErrorCode::invalid_argument,
                        "\"" + text + "\" is no address or range like 10.0.0.0/8 or fd00::/8");
    }
    out.ranges_.push_back(*range);
  }
  return out;
}

bool TrustedProxies::contains(const IpAddress& address) const {
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& range) {
    if (range.first.v6 != address.v6) return false;
    const unsigned whole = range.bits / 8, rest = range.bits % 8;
    if (!std::equal(address.bytes.begin(), address.bytes.begin() + whole, range.first.bytes.begin())) return false;
    return rest == 0 || (address.bytes[whole] ^ range.first.bytes[whole]) >> (8 - rest) == 0;
  });
}

bool TrustedProxies::contains(std::string_view address) const {
  if (ranges_.empty()) return false;
  const auto parsed = parse_ip(address);
  return parsed && contains(*parsed);
}

std::string TrustedProxies::client_of(const Headers& headers, std::string_view peer) const {
  auto hop = parse_ip(peer);
  if (ranges_.empty() || !hop || !contains(*hop)) return std::string(peer);
  const bool x_forwarded_for = header_ == ForwardedHeader::x_forwarded_for;
  const std::string_view name = x_forwarded_for ? "X-Forwarded-For" : "Forwarded";
  const auto& fields = headers.fields();
  for (auto line = fields.rbegin(); line != fields.rend(); ++line) {
    if (!same_name(line->first, name)) continue;
    for (FromTheRight entries(line->second, ','); entries.more();) {
      const auto entry = entries.take();
      const auto next = x_forwarded_for ? parse_node(entry) : parse_forwarded(entry);
      if (!next) return to_string(*hop);
      hop = next;
      if (!contains(*hop)) return to_string(*hop);
    }
  }
  return to_string(*hop);
}

}  // namespace tickspan::net
