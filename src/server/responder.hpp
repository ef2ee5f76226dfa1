#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/http_message.hpp"
#include "server/route.hpp"

namespace tickspan::server {

/// A body ready to be sent to many: plain, and compressed once somebody has asked for that.
/// **Threading**: one web thread.
struct EncodedAnswer {
  std::shared_ptr<const std::string> plain;
  std::shared_ptr<const std::string> gzipped;
  std::string etag;
  std::string content_type;
  std::string cache_control;
  int status = 200;
  int retry_after_s = 0;
};
std::shared_ptr<EncodedAnswer> encode_answer(Answer answer);

/// What a response has to say besides its answer.
struct ResponseContext {
  core::Timestamp now;
  std::string request_id;
};

/// With ETag and If-None-Match, gzip where it is taken and worth it, and the header fields that all answers have.
net::HttpResponse make_response(const net::HttpRequest& request, EncodedAnswer& answer, const ResponseContext& context);
net::HttpResponse make_response(const net::HttpRequest& request, const Problem& problem,
                                const ResponseContext& context);
/// To OPTIONS, also as the preflight of CORS: reads only.
net::HttpResponse make_options_response(const ResponseContext& context);

/// The client's own X-Request-Id where it is harmless (up to 64 of A-Z a-z 0-9 . _ -), else a new one.
std::string request_id_of(const net::HttpRequest& request);

inline constexpr std::string_view kAllowedMethods = "GET, HEAD, OPTIONS";
inline constexpr std::size_t kCompressFrom = 1024;  ///< bytes

}  // namespace tickspan::server
