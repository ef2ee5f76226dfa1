#pragma once

#include <simdjson.h>

#include <cstddef>
#include <string_view>

#include "feeds/venue_protocol.hpp"

namespace tickspan::feeds {

/// The parser of one feed's frames. simdjson keeps room for the largest document it has seen, about four times its
/// size; what a rare giant took (a book of megabytes) is given back with the next frame of ordinary size.
/// **Threading**: one thread.
class FrameParser {
 public:
  static constexpr std::size_t kOrdinary = 1 << 20;

  /// `frame` must be readable kFramePadding bytes past its end. The document is good until the next call.
  simdjson::simdjson_result<simdjson::ondemand::document> iterate(std::string_view frame) {
    if (parser_.capacity() > kOrdinary && frame.size() <= kOrdinary) parser_ = simdjson::ondemand::parser();
    return parser_.iterate(simdjson::padded_string_view(frame.data(), frame.size(), frame.size() + kFramePadding));
  }
  /// The largest document that fits without more memory, in bytes.
  std::size_t capacity() const { return parser_.capacity(); }

 private:
  simdjson::ondemand::parser parser_;
};

}  // namespace tickspan::feeds
