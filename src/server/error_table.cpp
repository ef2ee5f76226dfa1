#include "server/error_table.hpp"

#include <algorithm>
#include <array>

#include "core/assert.hpp"

namespace tickspan::server {
namespace {

using core::ErrorCode;

constexpr std::array<ErrorRow, 14> kErrors = {{
    {ErrorCode::invalid_argument, 400, "invalid_parameter", false, 4500},
    {ErrorCode::parse_error, 400, "invalid_parameter", false, 4500},
    {ErrorCode::not_found, 404, "unknown_asset", false, 4500},
    {ErrorCode::conflict, 500, "internal", false, 4500},
    {ErrorCode::unavailable, 503, "overloaded", true, 4000},
    {ErrorCode::timeout, 503, "upstream_unavailable", true, 4009},
    {ErrorCode::rate_limited, 429, "rate_limited", true, 4502},
    {ErrorCode::forbidden, 503, "upstream_unavailable", true, 4501},
    {ErrorCode::io_error, 503, "upstream_unavailable", true, 4000},
    {ErrorCode::no_space, 503, "overloaded", true, 4000},
    {ErrorCode::protocol_error, 503, "upstream_unavailable", true, 4500},
    {ErrorCode::too_large, 413, "body_too_large", false, 4502},
    {ErrorCode::cancelled, 503, "overloaded", true, 4000},
    {ErrorCode::internal, 500, "internal", false, 4500},
}};

constexpr std::array<ProblemKind, 12> kKinds = {{
    {"invalid_parameter", 400, "Invalid parameter"},
    {"unknown_asset", 404, "Not found"},
    {"unknown_pair", 404, "Not found"},
    {"unknown_path", 404, "Not found"},
    {"method_not_allowed", 405, "Method not allowed"},
    {"body_too_large", 413, "Body too large"},
    {"uri_too_long", 414, "URI too long"},
    {"rate_limited", 429, "Too many requests"},
    {"starting", 503, "Starting"},
    {"overloaded", 503, "Overloaded"},
    {"upstream_unavailable", 503, "Source unavailable"},
    {"internal", 500, "Internal error"},
}};

}  // namespace

std::span<const ErrorRow> error_table() {
  return kErrors;
}

const ErrorRow& error_row(core::ErrorCode code) {
  const auto it = std::find_if(kErrors.begin(), kErrors.end(), [&](const ErrorRow& row) { return row.code == code; });
  TS_ASSERT(it != kErrors.end(), "an error code without a row in the table");
  return *it;
}

std::span<const ProblemKind> problem_kinds() {
  return kKinds;
}

const ProblemKind& problem_kind(std::string_view word) {
  const auto it =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const ProblemKind& kind) { return kind.word == word; });
  return it == kKinds.end() ? kKinds.back() : *it;
}

}  // namespace tickspan::server
