#include <cstdint>
#include <string>

#include "core/assert.hpp"
#include "net/request_parser.hpp"

namespace {

using tickspan::net::RequestParser;

// Reads requests one after another as the server does: what is not used up is offered again with more behind it.
std::string read(const std::string& bytes, std::size_t piece) {
  std::string seen, waiting;
  auto parser = std::make_unique<RequestParser>(1024, 2048);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    waiting += bytes.substr(at, piece);
    for (;;) {
      std::size_t used = 0;
      const auto state = parser->feed(waiting, used);
      TS_ASSERT(used <= waiting.size(), "used no more than there was");
      waiting.erase(0, used);
      if (state == RequestParser::State::failed) return seen;
      if (state == RequestParser::State::need_more) break;
      const auto request = parser->take();
      TS_ASSERT(request.target == "*" || request.target.starts_with('/'), "a target is a path");
      TS_ASSERT(request.body.size() <= 2048, "limit kept");
      seen += request.method + " " + request.target + " " + std::to_string(request.headers.fields().size()) + " " +
              request.body + "\n";
      for (const auto& [name, value] : tickspan::net::parse_query(request.query())) seen += name + "=" + value + "\n";
      parser = std::make_unique<RequestParser>(1024, 2048);
      if (waiting.empty()) break;
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  // What is wrong may be noticed sooner or later; what was read before must be the same.
  const std::string cut = read(bytes, 7), whole = read(bytes, bytes.size() + 1);
  TS_ASSERT(cut.starts_with(whole) || whole.starts_with(cut), "however the bytes are cut");
  return 0;
}
