#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/result.hpp"

namespace tickspan::server {

/// What a client sees of an internal error: the one place where this is decided.
struct ErrorRow {
  core::ErrorCode code;
  int status;                ///< HTTP
  std::string_view word;     ///< the problem's `code`
  bool temporary;            ///< a retry may help
  std::uint16_t close_code;  ///< of a stream; 4000-4499 come back, 4500-4999 do not
};

std::span<const ErrorRow> error_table();
const ErrorRow& error_row(core::ErrorCode code);

/// The title and the HTTP status that belong to a problem's `code`; "Internal error" and 500 for a word that is not
/// one.
struct ProblemKind {
  std::string_view word;
  int status;
  std::string_view title;
};
std::span<const ProblemKind> problem_kinds();
const ProblemKind& problem_kind(std::string_view word);

}  // namespace tickspan::server
