#include "net/inflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace tickspan::net {

core::Result<std::string> inflate_body(std::string_view packed, std::size_t max_size) {
  constexpr std::size_t kStep = 64 * 1024;
  if (packed.size() > std::numeric_limits<uInt>::max())
    return core::fail(core::ErrorCode::too_large, "the packed body is too large");
  z_stream stream{};
  // 32 on top of the window bits: gzip and zlib headers are told apart by zlib itself.
  if (inflateInit2(&stream, MAX_WBITS + 32) != Z_OK)
    return core::fail(core::ErrorCode::internal, "zlib does not start");
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());

  std::string out;
  int state = Z_OK;
  while (state == Z_OK) {
    const std::size_t used = out.size();
    if (used > max_size) break;
    out.resize(used + std::min(kStep, max_size - used + 1));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
    stream.avail_out = static_cast<uInt>(out.size() - used);
    state = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (out.size() > max_size)
    return core::fail(core::ErrorCode::too_large, "the unpacked body exceeds " + std::to_string(max_size) + " bytes");
  if (state != Z_STREAM_END) return core::fail(core::ErrorCode::parse_error, "the packed body is broken", true);
  return out;
}

}  // namespace tickspan::net
