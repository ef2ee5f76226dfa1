#include "net/http_response.hpp"

#include <fmt/format.h>

namespace tickspan::net {
namespace {

std::string_view problem_code(int status) {
  switch (status) {
    case 413:
      return "body_too_large";
    case 414:
      return "uri_too_long";
    case 429:
      return "rate_limited";
    case 431:
      return "header_too_large";
    case 500:
      return "internal";
    case 503:
      return "overloaded";
    default:
      return "bad_request";
  }
}

// A field must not be able to start another one.
void append_clean(std::string& out, std::string_view text) {
  for (const char c : text) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
}

// What gets into `instance` came from outside.
std::string json_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte > 0x7E ? '?' : c;
  }
  return out;
}

}  // namespace

bool may_have_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

std::string encode_head(const HttpResponse& response, const ResponseHead& head) {
  std::string out;
  out.reserve(256);
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  for (const auto& [name, value] : response.headers.fields()) {
    append_clean(out, name);
    out += ": ";
    append_clean(out, value);
    out += "\r\n";
  }
  if (!response.headers.find("Date")) fmt::format_to(std::back_inserter(out), "Date: {}\r\n", head.date);
  if (response.status != 101) {
    if (head.chunked) out += "Transfer-Encoding: chunked\r\n";
    const bool sized = !head.chunked && !head.until_close && may_have_body(response.status);
    if (sized && !response.headers.find("Content-Length")) {
      fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", response.content().size());
    }
    if (!head.keep_alive)
      out += "Connection: close\r\n";
    else if (head.http_1_0)
      out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
  return out;
}

HttpResponse problem_response(int status, std::string_view detail, std::string_view instance) {
  HttpResponse response;
  response.status = status;
  response.headers.add("Content-Type", "application/problem+json");
  response.headers.add("Cache-Control", "no-store");
  if (status == 503) response.headers.add("Retry-After", "1");
  if (status == 429) response.headers.add("Retry-After", "5");  // it has to close some of its connections
  response.body = fmt::format(
      R"({{"type":"about:blank","title":"{}","status":{},"detail":"{}","instance":"{}","code":"{}","temporary":{},"errors":[]}})",
      reason_phrase(status), status, json_text(detail), json_text(instance), problem_code(status),
      status == 429 || status >= 500);
  return response;
}

}  // namespace tickspan::net
