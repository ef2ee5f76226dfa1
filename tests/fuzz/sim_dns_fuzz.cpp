// What reaches the simulator's name server. The first byte chooses the fault of the one name that there is, the rest is
// the packet.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/assert.hpp"
#include "sim/dns.hpp"

using namespace tickspan;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const auto fault = static_cast<sim::DnsFault>(data[0] % 5);
  // A buffer of its own, so that reading past its end is noticed.
  const auto buffer = std::make_unique<char[]>(size - 1);
  std::copy(data + 1, data + size, buffer.get());
  const std::string_view query(buffer.get(), size - 1);
  const auto names = [&](std::string_view name) {
    TS_ASSERT(name.size() <= 255, "no longer than names are");
    return name == "kraken.tickspan.test" ? std::optional(fault) : std::nullopt;
  };
  const std::string answer = sim::answer_dns(query, *net::parse_ip((data[0] & 0x80) != 0 ? "::1" : "127.0.0.1"), names);
  if (answer.empty()) return 0;
  TS_ASSERT(answer.size() >= 12 && answer.size() <= query.size() + 28, "a header, and no amplifier");
  TS_ASSERT(answer.substr(0, 2) == query.substr(0, 2), "the asker's number");
  TS_ASSERT((static_cast<unsigned char>(answer[2]) & 0x80) != 0, "an answer");
  TS_ASSERT(sim::answer_dns(answer, {}, names).empty(), "which is not answered again");
  return 0;
}
