#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace tickspan::bench {

/// Monotonic time, comparable between the processes of one machine.
inline std::int64_t monotonic_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// The message every server of the measurement sends: the stream's envelope, `ts_ns` in its data, and a filling that
/// makes all messages equally long.
class MessageMaker {
 public:
  /// `bytes`: of the JSON text; what the envelope needs is the least.
  MessageMaker(std::string epoch, std::size_t bytes);
  std::string make(std::string_view channel, std::uint64_t seq, std::int64_t ts_ns);

 private:
  const std::string epoch_;
  const std::size_t bytes_;
  std::string data_;
};

/// How many messages are due, at `rate` a second since `start`. Turns are a millisecond apart at least: what is due in
/// between goes out together, as an engine's turn does it.
class Pacer {
 public:
  Pacer(double rate, std::int64_t start_ns) : rate_(rate), start_ns_(start_ns), turn_ns_(start_ns) {}
  /// Since the last call.
  std::uint64_t take(std::int64_t now_ns);
  /// When to call again; far in the future at rate 0.
  std::int64_t next_ns() const;

 private:
  const double rate_;
  const std::int64_t start_ns_;
  std::int64_t turn_ns_;
  std::uint64_t taken_ = 0;
};

}  // namespace tickspan::bench
