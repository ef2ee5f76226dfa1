#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace tickspan::core {

/// What went wrong, in words a caller can act on. One table in `server` maps these to HTTP status and close codes.
enum class ErrorCode : std::uint8_t {
  invalid_argument,  ///< a value outside what is allowed; never helps to retry
  parse_error,       ///< bytes that are not what they claim to be
  not_found,
  conflict,     ///< e.g. a database written by a newer version
  unavailable,  ///< not now: starting, disconnected, queue full
  timeout,
  rate_limited,    ///< HTTP 429/418, or a budget of our own
  forbidden,       ///< HTTP 401, 403, 451: final for this host
  io_error,        ///< file, socket or database
  no_space,        ///< the disk is full
  protocol_error,  ///< the peer broke its protocol
  too_large,
  cancelled,
  internal,
};

std::string_view to_string(ErrorCode code) noexcept;

/// An expected failure. `context` says what was being done, with the names and values a reader needs; no secrets.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string context;
  bool retryable = false;
  /// How long the peer asked us to wait (Retry-After), 0 when it said nothing. Milliseconds.
  std::int64_t retry_after_ms = 0;
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string context, bool retryable = false) {
  return tl::unexpected<Error>(Error{code, std::move(context), retryable, 0});
}

}  // namespace tickspan::core
