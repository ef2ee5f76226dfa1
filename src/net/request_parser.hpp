#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "net/http_message.hpp"

namespace tickspan::net {

/// One HTTP/1.x request out of a byte stream. One object per request.
/// **Limits**: `max_header` bytes of start line and fields, `max_body` of content, 8 KiB of target.
class RequestParser {
 public:
  enum class State : unsigned char { need_more, done, failed };

  RequestParser(std::size_t max_header, std::size_t max_body);
  ~RequestParser();

  /// Reads on in `bytes`; `consumed` says how many are used up. The rest is to be offered again, with more behind it.
  State feed(std::string_view bytes, std::size_t& consumed);
  /// 400, 413, 414, 431 or 505, and why.
  int failure_status() const { return failure_status_; }
  const char* failure_reason() const { return failure_reason_; }
  /// The header is there and the client waits for leave to send the body. True once.
  bool take_expect_continue();
  bool header_done() const;
  /// After `done`.
  HttpRequest take();
  bool http_1_0() const;

 private:
  struct Impl;
  State fail(int status, const char* reason);
  State check_header();

  std::unique_ptr<Impl> impl_;
  int failure_status_ = 0;
  const char* failure_reason_ = "";
  bool header_checked_ = false, continue_taken_ = false;
};

}  // namespace tickspan::net
