#include "net/ws_deflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "net/ws_codec.hpp"

namespace tickspan::net {
namespace {

// A flush ends with an empty stored block, whose last four bytes the sender leaves out (RFC 7692, 7.2.1).
constexpr std::string_view kTail("\x00\x00\xFF\xFF", 4);
constexpr std::size_t kKeepCapacity = 256 * 1024;
constexpr std::size_t kFirstStep = 4096;

// Measured with messages of 120 bytes to 100 KB. A reset clears the hash table, which with zlib's default memory level
// of 8 costs a seventh of a small message's time; below 5 long messages get slower, for the blocks get too short. The
// window of 4 KiB packs as well as 32 KiB does, and is what clients with little memory ask for. Level 3 takes 3-10 %
// longer than 1 and saves 3-5 % of the bytes, which every client's send pays for; 6 takes twice as long.
constexpr int kLevel = 3, kMemoryLevel = 5;

Bytef* bytes_of(const char* data) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(data));
}

void keep_little(std::string& buffer) {
  if (buffer.capacity() <= kKeepCapacity) return;
  buffer.clear();
  buffer.shrink_to_fit();
}

}  // namespace

struct MessageDeflater::Stream {
  Stream() { ready = deflateInit2(&z, kLevel, Z_DEFLATED, -kWindowBits, kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK; }
  ~Stream() {
    if (ready) deflateEnd(&z);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  z_stream z{};
  bool ready = false;
};

MessageDeflater::MessageDeflater() = default;
MessageDeflater::~MessageDeflater() = default;
MessageDeflater::MessageDeflater(MessageDeflater&&) noexcept = default;
MessageDeflater& MessageDeflater::operator=(MessageDeflater&&) noexcept = default;

void MessageDeflater::append_text_frame(std::string& out, std::string_view text) {
  if (!deflate(text)) return append_frame(out, WsOpcode::text, text);
  append_frame(out, WsOpcode::text, packed_, Packed::yes);
  keep_little(packed_);
}

// False when the packed form, now in packed_, is not smaller (or there is no memory for zlib).
bool MessageDeflater::deflate(std::string_view text) {
  if (text.empty() || text.size() > std::numeric_limits<uInt>::max() - kTail.size()) return false;
  if (!stream_) stream_ = std::make_unique<Stream>();
  z_stream& z = stream_->z;
  if (!stream_->ready || deflateReset(&z) != Z_OK) return false;
  // With no more room than the text itself takes, zlib stops as soon as packing is of no use.
  const std::size_t room = text.size() + kTail.size();
  if (packed_.size() < room) packed_.resize(room);
  z.next_in = bytes_of(text.data());
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = bytes_of(packed_.data());
  z.avail_out = static_cast<uInt>(room);
  if (::deflate(&z, Z_SYNC_FLUSH) != Z_OK || z.avail_in != 0 || z.avail_out == 0) return false;
  packed_.resize(room - z.avail_out - kTail.size());
  return true;
}

struct MessageInflater::Stream {
  Stream() { ready = inflateInit2(&z, -MAX_WBITS) == Z_OK; }
  ~Stream() {
    if (ready) inflateEnd(&z);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  z_stream z{};
  bool ready = false;
};

MessageInflater::MessageInflater() = default;
MessageInflater::~MessageInflater() = default;
MessageInflater::MessageInflater(MessageInflater&&) noexcept = default;
MessageInflater& MessageInflater::operator=(MessageInflater&&) noexcept = default;

MessageInflater::Outcome MessageInflater::inflate(std::string_view packed, std::size_t max_size,
                                                  std::string_view& text) {
  keep_little(text_);
  size_ = 0;
  if (!stream_) stream_ = std::make_unique<Stream>();
  if (packed.size() > std::numeric_limits<uInt>::max()) return Outcome::too_big;
  if (!stream_->ready || inflateReset(&stream_->z) != Z_OK) {
    stream_.reset();  // the next message tries anew
    return Outcome::broken;
  }
  for (const std::string_view part : {packed, kTail}) {
    if (const Outcome outcome = feed(part, max_size); outcome != Outcome::ok) return outcome;
  }
  // A whole message leaves zlib between two blocks (128) with no bits over (the low six).
  if ((stream_->z.data_type & 0x80) == 0 || (stream_->z.data_type & 0x3F) != 0) return Outcome::broken;
  text = std::string_view(text_.data(), size_);
  return Outcome::ok;
}

MessageInflater::Outcome MessageInflater::feed(std::string_view packed, std::size_t max_size) {
  z_stream& z = stream_->z;
  z.next_in = bytes_of(packed.data());
  z.avail_in = static_cast<uInt>(packed.size());
  for (;;) {
    if (size_ == text_.size()) text_.resize(std::max(kFirstStep, 2 * size_));
    // One byte more than is allowed tells a message at the limit from one beyond it.
    const std::size_t room = std::min(text_.size(), max_size + 1) - size_;
    z.next_out = bytes_of(text_.data() + size_);
    z.avail_out = static_cast<uInt>(std::min<std::size_t>(room, std::numeric_limits<uInt>::max()));
    const uInt offered = z.avail_out;
    const int state = ::inflate(&z, Z_SYNC_FLUSH);
    size_ += offered - z.avail_out;
    if (size_ > max_size) return Outcome::too_big;
    if (state == Z_STREAM_END) {
      // A last block is allowed (7.2.3.4); what follows it starts afresh.
      if (inflateReset(&z) != Z_OK) return Outcome::broken;
      continue;
    }
    if (state != Z_OK && state != Z_BUF_ERROR) return Outcome::broken;
    if (z.avail_in == 0 && z.avail_out != 0) return Outcome::ok;
  }
}

}  // namespace tickspan::net
