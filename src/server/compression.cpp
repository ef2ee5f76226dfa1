#include "server/compression.hpp"

#include <zlib.h>

#include "core/assert.hpp"
#include "core/catalogue.hpp"

namespace tickspan::server {
namespace {

constexpr int kLevel = 4;
constexpr int kGzipWindow = 15 + 16;

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// `q=0`, `q=0.0`, `q=0.000`
bool refused(std::string_view parameters) {
  const std::size_t q = parameters.find("q=");
  if (q == std::string_view::npos) return false;
  const std::string_view value = trimmed(parameters.substr(q + 2));
  return !value.empty() && value.find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  TS_ASSERT(deflateInit2(&stream, kLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib cannot start");
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  TS_ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib's own bound was too small");
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

bool accepts_gzip(std::string_view accept_encoding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    const std::size_t comma = accept_encoding.find(',');
    const std::string_view item = accept_encoding.substr(0, comma);
    accept_encoding = comma == std::string_view::npos ? std::string_view() : accept_encoding.substr(comma + 1);
    const std::size_t semicolon = item.find(';');
    const std::string coding = core::to_lower(trimmed(item.substr(0, semicolon)));
    const bool no = semicolon != std::string_view::npos && refused(item.substr(semicolon + 1));
    if (coding == "gzip" || coding == "x-gzip") return !no;
    if (coding == "*") any = !no;
  }
  return any;
}

}  // namespace tickspan::server
