#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/catalogue.hpp"
#include "core/result.hpp"

namespace tickspan::server {

/// One parameter that was not accepted.
struct ParameterError {
  std::string parameter;
  std::string value;
  std::string allowed;
  std::vector<std::string> near;  ///< what may have been meant
};

/// An answer that is an error: RFC 9457 problem details. Made by the functions below, so that code, status and title
/// always belong together.
struct Problem {
  std::string code;  ///< a word of error_table.hpp's problem_kinds()
  std::string detail;
  bool temporary = false;
  std::vector<ParameterError> errors;
  int retry_after_s = 0;  ///< sent as Retry-After when not 0
  std::string allow;      ///< sent as Allow when not empty

  int status() const;
  /// The body. `instance` is the path that was asked for.
  std::string encode(std::string_view instance) const;
};

Problem invalid_parameters(std::vector<ParameterError> errors);
Problem unknown_asset(const core::Catalogue& catalogue, std::string_view parameter, std::string_view value);
/// An asset that prices cannot be asked in: a wrong value of a query parameter, so 400.
Problem unknown_currency(const core::Catalogue& catalogue, std::string_view parameter, std::string_view value);
Problem unknown_pair(std::string detail, ParameterError error);
Problem unknown_path(std::string_view path, std::vector<std::string> near);
Problem method_not_allowed(std::string_view method, std::string_view allow);
Problem uri_too_long(std::size_t limit);
Problem rate_limited(int retry_after_s);
Problem starting();
Problem overloaded(std::string detail);
Problem no_price_yet(std::string_view asset, std::string_view currency);
Problem internal_error();
/// By the error table. The detail of an internal error is not shown.
Problem from_error(const core::Error& error);

}  // namespace tickspan::server
