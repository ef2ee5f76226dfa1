#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/ws_deflate.hpp"
#include "wire/frame.hpp"

namespace tickspan::stream {

/// The frames that a shard hands out in one turn, and the same as WebSocket frames one behind the other: made once,
/// whoever listens. The compressed form is made when the first client wants it.
class Batch {
 public:
  explicit Batch(net::MessageDeflater& deflater) : deflater_(deflater) {}

  void start(std::vector<wire::Frame> frames);
  /// One more at the end; its index.
  std::uint32_t add(wire::Frame frame);
  std::uint32_t size() const { return static_cast<std::uint32_t>(frames_.size()); }
  const wire::Frame& operator[](std::uint32_t index) const { return frames_[index]; }
  /// Somebody listens to the frame. Called in order of the indexes.
  void encode(std::uint32_t index);

  /// Of frames that were encoded; neighbours in `frames` cost one copy.
  void append(std::string& out, std::span<const std::uint32_t> frames) const;
  void append_deflated(std::string& out, std::span<const std::uint32_t> frames);
  std::size_t bytes_of(std::span<const std::uint32_t> frames) const;
  /// Copies the frames to `out`, which has bytes_of() bytes.
  void copy(char* out, std::span<const std::uint32_t> frames) const;
  /// Where the frames stand in the log when nothing else is between them; empty otherwise.
  std::string_view whole(std::span<const std::uint32_t> frames) const;

 private:
  struct Part {
    std::size_t begin = 0, end = 0;
    std::size_t size() const { return end - begin; }
  };
  template <typename Take>
  void for_each_run(std::span<const std::uint32_t> frames, Take&& take) const;

  net::MessageDeflater& deflater_;
  std::vector<wire::Frame> frames_;
  std::vector<Part> parts_, deflated_parts_;  // of each frame in the two logs
  std::string log_, deflated_log_;
};

/// Bytes that stay where they are until reset(): what was gathered for clients whose write is still to come.
class Arena {
 public:
  char* take(std::size_t size);
  void reset();

 private:
  static constexpr std::size_t kBlock = 256 * 1024;
  std::vector<std::unique_ptr<char[]>> blocks_, large_;
  std::size_t block_ = 0, used_ = 0;
};

}  // namespace tickspan::stream
