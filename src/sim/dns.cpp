#include "sim/dns.hpp"

#include <algorithm>
#include <cstdint>

#include "core/catalogue.hpp"

namespace tickspan::sim {
namespace {

constexpr std::string_view kZone = ".tickspan.test";
constexpr std::size_t kHeader = 12, kMaxLabel = 63, kMaxName = 255;

// RFC 1035, 4.1.1 and 3.2.
enum Code : unsigned {
  kNoError = 0,
  kFormatError = 1,
  kServerFailure = 2,
  kNoSuchName = 3,
  kNotImplemented = 4,
  kRefused = 5
};
constexpr unsigned kA = 1, kAaaa = 28, kInternet = 1;
constexpr unsigned char kResponse = 0x80, kAuthoritative = 0x04, kRecursionDesired = 0x01, kRecursionAvailable = 0x80;

unsigned byte(std::string_view packet, std::size_t at) {
  return static_cast<unsigned char>(packet[at]);
}
unsigned two_bytes(std::string_view packet, std::size_t at) {
  return byte(packet, at) << 8 | byte(packet, at + 1);
}
void put_two(std::string& packet, std::size_t value) {
  packet += static_cast<char>(value >> 8 & 0xff);
  packet += static_cast<char>(value & 0xff);
}

struct Question {
  std::string name;
  unsigned type = 0, network = 0;
  std::string_view bytes;  ///< as it stands in the packet
};

/// The one question of a packet; nothing where it is cut short, or its name is compressed or too long.
std::optional<Question> read_question(std::string_view packet) {
  Question question;
  std::size_t at = kHeader;
  for (;;) {
    if (at >= packet.size()) return {};
    const std::size_t length = byte(packet, at++);
    if (length == 0) break;
    if (length > kMaxLabel || length > packet.size() - at || at + length - kHeader > kMaxName) return {};
    if (!question.name.empty()) question.name += '.';
    question.name += packet.substr(at, length);
    at += length;
  }
  if (packet.size() - at < 4) return {};
  question.type = two_bytes(packet, at);
  question.network = two_bytes(packet, at + 2);
  question.bytes = packet.substr(kHeader, at + 4 - kHeader);
  question.name = core::to_lower(question.name);
  return question;
}

std::string response(std::string_view query, Code code, std::string_view question = {}, std::size_t answers = 0) {
  std::string packet(query.substr(0, 2));
  packet += static_cast<char>(kResponse | kAuthoritative | (byte(query, 2) & (0x78 | kRecursionDesired)));
  packet += static_cast<char>(kRecursionAvailable | code);
  put_two(packet, question.empty() ? 0 : 1);
  put_two(packet, answers);
  packet.append(4, '\0');  // no authorities, nothing additional
  packet += question;
  return packet;
}

std::string address_of(std::string_view query, const Question& question, const net::IpAddress& address) {
  const unsigned type = address.v6 ? kAaaa : kA;
  if (question.type != type || question.network != kInternet) return response(query, kNoError, question.bytes);
  std::string packet = response(query, kNoError, question.bytes, 1);
  const std::size_t size = address.v6 ? 16 : 4;
  put_two(packet, 0xc000 | kHeader);  // the name in the question
  put_two(packet, type);
  put_two(packet, kInternet);
  packet.append(4, '\0');  // seconds that it may be kept
  put_two(packet, size);
  packet.append(reinterpret_cast<const char*>(address.bytes.data()), size);
  return packet;
}

}  // namespace

std::string dns_name(std::string_view venue) {
  std::string name(venue);
  std::replace(name.begin(), name.end(), '_', '-');
  return name.append(kZone);
}

std::string answer_dns(std::string_view query, const net::IpAddress& address, const DnsNames& names) {
  if (query.size() < kHeader || (byte(query, 2) & kResponse) != 0) return {};  // never answer an answer
  if ((byte(query, 2) & 0x78) != 0) return response(query, kNotImplemented);
  const auto question = two_bytes(query, 4) == 1 ? read_question(query) : std::nullopt;
  if (!question) return response(query, kFormatError);
  const std::optional<DnsFault> fault = names(question->name);
  switch (fault.value_or(DnsFault::nxdomain)) {
    case DnsFault::none:
      return address_of(query, *question, address);
    case DnsFault::nxdomain:
      return response(query, kNoSuchName, question->bytes);
    case DnsFault::servfail:
      return response(query, kServerFailure, question->bytes);
    case DnsFault::refused:
      return response(query, kRefused, question->bytes);
    case DnsFault::mute:
      break;
  }
  return {};
}

}  // namespace tickspan::sim
