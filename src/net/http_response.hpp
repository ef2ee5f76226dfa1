#pragma once

#include <string>
#include <string_view>

#include "net/http_message.hpp"

namespace tickspan::net {

struct ResponseHead {
  bool keep_alive = true;
  bool http_1_0 = false;
  bool chunked = false;      ///< instead of a length
  bool until_close = false;  ///< neither: the end of the connection is the end of the body
  std::string_view date;
};

/// Status line and fields, with the blank line. Adds what the response does not say itself.
std::string encode_head(const HttpResponse& response, const ResponseHead& head);
/// 204, 304 and 1xx have no body.
bool may_have_body(int status);
/// A short problem+json for what the HTTP layer refuses by itself.
HttpResponse problem_response(int status, std::string_view detail, std::string_view instance);

}  // namespace tickspan::net
