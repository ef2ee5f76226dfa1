#include "core/result.hpp"

namespace tickspan::core {

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::parse_error:
      return "parse_error";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::conflict:
      return "conflict";
    case ErrorCode::unavailable:
      return "unavailable";
    case ErrorCode::timeout:
      return "timeout";
    case ErrorCode::rate_limited:
      return "rate_limited";
    case ErrorCode::forbidden:
      return "forbidden";
    case ErrorCode::io_error:
      return "io_error";
    case ErrorCode::no_space:
      return "no_space";
    case ErrorCode::protocol_error:
      return "protocol_error";
    case ErrorCode::too_large:
      return "too_large";
    case ErrorCode::cancelled:
      return "cancelled";
    case ErrorCode::internal:
      return "internal";
  }
  return "internal";
}

}  // namespace tickspan::core
