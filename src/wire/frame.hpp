#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "wire/topic.hpp"

namespace tickspan::wire {

/// One message of one channel, encoded once for everybody: the complete JSON text
/// `{"channel":…,"type":"update","seq":…,"epoch":…,"data":…}`.
struct Frame {
  Topic topic;
  std::uint64_t seq = 0;
  std::shared_ptr<const std::string> json;
};

/// Where the engine's frames go; the stream hub is one.
/// **Threading**: publish() is called by the engine's thread only.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  /// Never waits. A shard that has no room parks the newest per latest-value topic and sends `gap` for the others.
  virtual void publish(std::span<const Frame> frames) = 0;
};

}  // namespace tickspan::wire
