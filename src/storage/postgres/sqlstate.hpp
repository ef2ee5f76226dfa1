#pragma once

#include <string_view>

#include "core/result.hpp"

namespace tickspan::storage::postgres {

/// What one of PostgreSQL's five-letter error codes means for us. `way_out` tells an operator what to do.
struct Verdict {
  core::ErrorCode code = core::ErrorCode::io_error;
  bool retryable = true;
  std::string_view way_out;
  /// Another server, or this one a little later over a new connection, may well answer.
  bool connection_lost = false;
};

/// An empty code stands for a connection that could not be made or broke.
Verdict judge(std::string_view sqlstate);

}  // namespace tickspan::storage::postgres
