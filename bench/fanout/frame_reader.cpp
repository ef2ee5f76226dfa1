#include "frame_reader.hpp"

#include <zlib.h>

#include <charconv>
#include <cstring>

namespace tickspan::bench {
namespace {

constexpr unsigned char kFin = 0x80, kCompressed = 0x40, kText = 1, kClose = 8, kPing = 9, kPong = 10;
constexpr std::string_view kChannel = "{\"channel\":\"";
constexpr std::size_t kMaxFrame = 16 * 1024 * 1024;

struct Header {
  std::size_t header = 0, payload = 0;  // header 0: not all there
};

Header read_header(std::string_view bytes) {
  if (bytes.size() < 2) return {};
  const auto at = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])); };
  const std::size_t size = at(1) & 0x7F;
  if (size < 126) return {2, size};
  if (size == 126) return bytes.size() < 4 ? Header{} : Header{4, at(2) << 8 | at(3)};
  if (bytes.size() < 10) return {};
  std::size_t long_size = 0;
  for (std::size_t i = 2; i < 10; ++i) long_size = long_size << 8 | at(i);
  return {10, long_size};
}

// The number behind `key`, or 0. Messages are alike: `hint` is where the key stood in the one before.
std::uint64_t number_after(std::string_view text, std::string_view key, std::size_t& hint) {
  const auto is_there = [&](std::size_t at) {
    return at + key.size() <= text.size() && std::memcmp(text.data() + at, key.data(), key.size()) == 0;
  };
  if (!is_there(hint)) hint = text.find(key);
  std::uint64_t value = 0;
  if (hint != std::string_view::npos) {
    std::from_chars(text.data() + hint + key.size(), text.data() + text.size(), value);
  } else {
    hint = 0;
  }
  return value;
}

std::string_view text_after(std::string_view text, std::string_view key) {
  const auto at = text.find(key);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + key.size());
  return text.substr(0, text.find('"'));
}

}  // namespace

FrameReader::Result FrameReader::feed(std::string_view& bytes, std::int64_t now_ns, Observation& seen) {
  Result result;
  // An update looks like the one before it, for all of its header and the first bytes of its text.
  std::uint64_t alike = 0, updates = 0;
  std::size_t whole = 0;
  while (!bytes.empty()) {
    std::uint64_t start = 0;
    if (bytes.size() >= sizeof start) std::memcpy(&start, bytes.data(), sizeof start);
    if (whole > 0 && start == alike && bytes.size() >= whole) {
      ++updates;
      bytes.remove_prefix(whole);
      continue;
    }
    const Header header = read_header(bytes);
    if (header.payload > kMaxFrame) {
      result.broken = true;
      break;
    }
    const std::size_t size = header.header + header.payload;
    if (header.header == 0 || bytes.size() < size) break;
    const std::uint64_t before = seen.tally.updates;
    take(static_cast<unsigned char>(bytes[0]), bytes.substr(header.header, header.payload), now_ns, seen, result);
    if (!checked_ && seen.tally.updates > before && size >= sizeof start) {
      alike = start;
      whole = size;
    }
    bytes.remove_prefix(size);
  }
  seen.tally.updates += updates;
  return result;
}

void FrameReader::take(unsigned char first, std::string_view payload, std::int64_t now_ns, Observation& seen,
                       Result& result) {
  if ((first & kFin) == 0) {
    result.broken = true;
    return;
  }
  switch (first & 0x0F) {
    case kText:
      return take_text((first & kCompressed) != 0, payload, now_ns, seen, result);
    case kPing:
      ++seen.tally.pings;
      ++result.pings;
      return;
    case kPong:
      return;
    case kClose:
      result.closed = true;
      if (payload.size() >= 2)
        result.close_code = static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8 |
                                                       static_cast<unsigned char>(payload[1]));
      return;
    default:
      result.broken = true;
  }
}

void FrameReader::take_text(bool compressed, std::string_view text, std::int64_t now_ns, Observation& seen,
                            Result& result) {
  Tally& tally = seen.tally;
  if (compressed && !checked_) {
    // What it says is not looked at. Answers come before any update, heartbeats only where there are none.
    result.answered = true;
    ++tally.updates;
    return;
  }
  if (compressed) text = inflate(text);
  if (!text.starts_with(kChannel)) {
    if (text.starts_with("{\"id\"")) result.answered = true;
    ++(text.starts_with("{\"type\":\"heartbeat\"") ? tally.heartbeats : tally.others);
    return;
  }
  const std::string_view type = text_after(text.substr(0, 200), "\"type\":\"");
  if (type == "update") {
    ++tally.updates;
    if (checked_) take_update(text, now_ns, seen);
  } else if (type == "snapshot" || type == "gap") {
    ++(type == "gap" ? tally.gaps : tally.snapshots);
    if (checked_) place(text);
  } else {
    ++tally.others;
  }
}

void FrameReader::take_update(std::string_view text, std::int64_t now_ns, Observation& seen) {
  if (timed_) ++seen.tally.checked_updates;
  const std::uint64_t seq = number_after(text, "\"seq\":", checked_->seq_at);
  std::uint64_t& last = last_of(text);
  if (seq == 0) ++seen.tally.broken;
  if (last > 0 && seq > last + 1) seen.tally.lost += seq - last - 1;
  if (last > 0 && seq <= last) ++seen.tally.repeated;
  last = seq;
  if (!timed_ || !seen.measuring) return;
  const auto sent = static_cast<std::int64_t>(number_after(text, "\"ts_ns\":", checked_->time_at));
  if (sent == 0) {
    ++seen.tally.broken;
  } else {
    seen.window.add(now_ns - sent);
    seen.second.add(now_ns - sent);
  }
}

// A snapshot or a gap says where its channel stands: the next update is one further.
void FrameReader::place(std::string_view text) {
  last_of(text) = number_after(text, "\"seq\":", checked_->seq_at);
}

// The number that the channel of a message had last.
std::uint64_t& FrameReader::last_of(std::string_view text) {
  const std::string_view name = text_after(text, kChannel);
  if (checked_->last == nullptr || name != checked_->name) {
    checked_->name = name;
    checked_->last = &checked_->seq[checked_->name];
  }
  return *checked_->last;
}

// Without context takeover each message stands for itself.
std::string_view FrameReader::inflate(std::string_view payload) {
  std::string input(payload);
  input.append("\x00\x00\xff\xff", 4);
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return {};
  auto& out = checked_->inflated;
  out.resize(64 * 1024);
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int outcome = ::inflate(&stream, Z_SYNC_FLUSH);
  const std::size_t size = out.size() - stream.avail_out;
  inflateEnd(&stream);
  return outcome == Z_OK || outcome == Z_STREAM_END || outcome == Z_BUF_ERROR ? std::string_view(out).substr(0, size)
                                                                              : std::string_view();
}

std::string client_frame(unsigned char opcode, std::string_view payload) {
  std::string frame(1, static_cast<char>(kFin | opcode));
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else {
    frame += static_cast<char>(0xFE);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size());
  }
  frame.append(4, '\0');  // a mask of zeroes leaves the bytes as they are
  frame += payload;
  return frame;
}

}  // namespace tickspan::bench
