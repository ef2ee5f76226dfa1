#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tickspan::stream {

enum class Method : std::uint8_t { none, subscribe, unsubscribe, ping };

/// Where a client was when it lost us.
struct Since {
  std::string channel;
  std::string epoch;
  std::uint64_t seq = 0;
};

/// One message of a client, as far as it could be read.
struct Request {
  std::string id = "null";  ///< JSON, as it came: a number or a short string
  Method method = Method::none;
  std::vector<std::string> channels;
  std::vector<Since> since;
  std::uint32_t max_rate_ms = 0;
  std::string problem;  ///< why it cannot be taken; empty when it can
};

/// Reads clients' messages. One per web thread: it keeps its buffers.
class RequestReader {
 public:
  RequestReader();
  ~RequestReader();
  /// `text` may hold anything. More than `max_channels` channels in one message are a problem.
  Request read(std::string_view text, std::size_t max_channels);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tickspan::stream
