#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "histogram.hpp"

namespace tickspan::bench {

/// What was received, over all clients, since the last reset.
struct Tally {
  std::uint64_t updates = 0, bytes = 0, reads = 0;
  std::uint64_t heartbeats = 0, snapshots = 0, gaps = 0, pings = 0, others = 0;
  std::uint64_t checked_updates = 0;                 ///< of the clients whose every message is read
  std::uint64_t lost = 0, repeated = 0, broken = 0;  ///< of these: holes in `seq`, and what cannot be
};

/// What all readers share.
struct Observation {
  Tally tally;
  Histogram window, second;  ///< latency of checked clients' messages: the whole time, the present second
  bool measuring = false;
};

/// Reads one client's WebSocket frames.
///
/// Of most clients only headers and the first words are looked at, enough to tell an update from everything else. A
/// checked client's messages are read in full: `seq` per channel, and `ts_ns` for the latency.
/// **Limits**: no fragmented messages, none over 16 MiB: no server of the measurement sends such.
class FrameReader {
 public:
  enum class Depth : std::uint8_t {
    count,  ///< headers and first words
    order,  ///< and `seq`
    full,   ///< and `ts_ns`
  };
  struct Result {
    bool answered = false, broken = false, closed = false;
    std::uint16_t close_code = 0;
    std::size_t pings = 0;
  };

  void look(Depth depth) {
    checked_ = depth == Depth::count ? nullptr : std::make_unique<Checked>();
    timed_ = depth == Depth::full;
  }
  /// Whole frames are taken off `bytes`; what is left has to be in front of the next ones.
  Result feed(std::string_view& bytes, std::int64_t now_ns, Observation& seen);

 private:
  struct Checked {
    std::unordered_map<std::string, std::uint64_t> seq;  // the last of each channel
    std::string name;                                    // of the channel looked at last, and its place in `seq`
    std::uint64_t* last = nullptr;
    std::size_t seq_at = 0, time_at = 0;
    std::string inflated;
  };
  void take(unsigned char first, std::string_view payload, std::int64_t now_ns, Observation& seen, Result& result);
  void take_text(bool compressed, std::string_view text, std::int64_t now_ns, Observation& seen, Result& result);
  void take_update(std::string_view text, std::int64_t now_ns, Observation& seen);
  void place(std::string_view text);
  std::uint64_t& last_of(std::string_view text);
  std::string_view inflate(std::string_view payload);

  std::unique_ptr<Checked> checked_;
  bool timed_ = false;
};

/// A masked frame, as clients must send it.
std::string client_frame(unsigned char opcode, std::string_view payload);

}  // namespace tickspan::bench
