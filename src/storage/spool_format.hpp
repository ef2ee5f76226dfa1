#pragma once

#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/batch_codec.hpp"

/// What a spool's folder holds, for the one who writes it and those who look at it.
namespace tickspan::storage::spool_format {

inline constexpr std::string_view kMagic = "TSPOOL1\n";
inline constexpr std::size_t kHead = 12;                    // length, rows, checksum: 32 bits each, little end first
inline constexpr std::uint32_t kMostInRecord = 256U << 20;  // a length beyond this is damage
inline constexpr std::string_view kPrefix = "spool-", kSuffix = ".log";

inline void put32(char* out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out[i] = static_cast<char>(value >> (8 * i));
}
inline std::uint32_t get32(const char* in) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value |= static_cast<std::uint32_t>(static_cast<unsigned char>(in[i])) << (8 * i);
  return value;
}

inline std::uint32_t checksum(std::uint32_t length, std::uint32_t rows, std::string_view bytes) {
  std::array<char, 8> head;
  put32(head.data(), length);
  put32(head.data() + 4, rows);
  const uLong begun = ::crc32(0, reinterpret_cast<const Bytef*>(head.data()), head.size());
  return static_cast<std::uint32_t>(
      ::crc32(begun, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

class File {
 public:
  File() = default;
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() { close(); }
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&& other) noexcept {
    close();
    descriptor_ = std::exchange(other.descriptor_, -1);
    return *this;
  }
  bool is_open() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }

  bool write(std::string_view bytes, std::uint64_t at) const {
    while (!bytes.empty()) {
      const ssize_t count = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(at));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
      at += static_cast<std::uint64_t>(count);
    }
    return true;
  }
  /// Fewer bytes than asked for only at the file's end.
  bool read(std::string& bytes, std::size_t size, std::uint64_t at) const {
    bytes.resize(size);
    std::size_t done = 0;
    while (done < size) {
      const ssize_t count = ::pread(descriptor_, bytes.data() + done, size - done, static_cast<off_t>(at + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return false;
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    bytes.resize(done);
    return true;
  }

 private:
  void close() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int descriptor_ = -1;
};

/// The batches of a record; nothing where its checksum or its content is wrong. `head` has kHead bytes.
inline std::optional<std::vector<core::WriteBatch>> batches_of(std::string_view head, std::string_view bytes) {
  const std::uint32_t size = get32(head.data()), rows = get32(head.data() + 4);
  if (size != bytes.size() || checksum(size, rows, bytes) != get32(head.data() + 8)) return std::nullopt;
  std::vector<core::WriteBatch> batches;
  while (!bytes.empty()) {
    const std::uint32_t length = bytes.size() < 4 ? 0 : get32(bytes.data());
    if (length == 0 || length > bytes.size() - 4) return std::nullopt;
    auto batch = decode_batch(bytes.substr(4, length));
    if (!batch) return std::nullopt;
    batches.push_back(std::move(*batch));
    bytes.remove_prefix(4 + length);
  }
  return batches;
}

/// Where the oldest record begins that is not in the store.
inline constexpr std::string_view kPositionName = "position";
struct Position {
  std::uint64_t segment = 0, at = 0;
  friend bool operator==(const Position&, const Position&) = default;
};
inline std::string encode_position(const Position& position) {
  std::string out(20, '\0');
  put32(out.data(), static_cast<std::uint32_t>(position.segment));
  put32(out.data() + 4, static_cast<std::uint32_t>(position.segment >> 32));
  put32(out.data() + 8, static_cast<std::uint32_t>(position.at));
  put32(out.data() + 12, static_cast<std::uint32_t>(position.at >> 32));
  put32(out.data() + 16, checksum(16, 0, std::string_view(out).substr(0, 16)));
  return out;
}
inline std::optional<Position> decode_position(std::string_view bytes) {
  if (bytes.size() != 20 || checksum(16, 0, bytes.substr(0, 16)) != get32(bytes.data() + 16)) return std::nullopt;
  const auto wide = [&](std::size_t at) {
    return get32(bytes.data() + at) | static_cast<std::uint64_t>(get32(bytes.data() + at + 4)) << 32;
  };
  return Position{wide(0), wide(8)};
}

}  // namespace tickspan::storage::spool_format
