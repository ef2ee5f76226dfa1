#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "core/time.hpp"
#include "sim/faults.hpp"

namespace tickspan::sim {

/// What the faults that are on make of the messages of one socket on their way out: nothing, another text, more than
/// one, later, or in another order.
/// **Threading**: loop thread.
class MessageFaults {
 public:
  using Send = std::function<void(std::string_view)>;

  /// Market data may be lost, spoilt, doubled and reordered; answers and heartbeats are only late, or not sent while
  /// the venue is mute.
  void pass(std::string_view text, bool market_data, const VenueFaults& faults, core::Timestamp now, const Send& send);
  /// What was delayed and is due now.
  void release(core::Timestamp now, const Send& send);

 private:
  struct Late {
    core::Timestamp due;
    std::string text;
  };
  void spoil(std::string_view text, const VenueFaults& faults, core::Timestamp now, const Send& send);
  void post(std::string_view text, const VenueFaults& faults, core::Timestamp now, const Send& send);

  std::uint64_t count_ = 0;  // market messages
  std::string held_;         // waits for the one after it
  std::deque<Late> late_;
};

/// The text with its first colon turned into a semicolon: as long as before, and no JSON.
std::string garbled(std::string_view json);
/// The text with its first quoted value turned into `[null]`: still JSON, of the wrong type.
std::string with_wrong_type(std::string_view json);

}  // namespace tickspan::sim
