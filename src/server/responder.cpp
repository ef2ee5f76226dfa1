#include "server/responder.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <random>

#include "server/compression.hpp"

namespace tickspan::server {
namespace {

// A page of ours needs no other host and reaches none, whatever the viewers of the documentation would like to load.
constexpr std::string_view kPagePolicy =
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self' ws: wss:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "frame-ancestors 'self'";

std::string hex(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

// Weak: the same answer may be sent plain and compressed.
std::string make_etag(std::string_view body) {
  return "W/\"" + hex(std::hash<std::string_view>{}(body)) + '"';
}

std::string_view opaque_tag(std::string_view tag) {
  return tag.starts_with("W/") ? tag.substr(2) : tag;
}

bool none_match_has(std::string_view header, std::string_view etag) {
  if (header == "*") return true;
  while (!header.empty()) {
    const std::size_t comma = header.find(',');
    std::string_view item = header.substr(0, comma);
    header = comma == std::string_view::npos ? std::string_view() : header.substr(comma + 1);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (!item.empty() && opaque_tag(item) == opaque_tag(etag)) return true;
  }
  return false;
}

bool compressible(std::string_view content_type) {
  return content_type.starts_with("text/") || content_type.find("json") != std::string_view::npos ||
         content_type.find("javascript") != std::string_view::npos ||
         content_type.find("xml") != std::string_view::npos;
}

void add_common(net::Headers& headers, const ResponseContext& context) {
  headers.add("Server-Time", core::to_rfc3339(context.now));
  headers.add("X-Request-Id", context.request_id);
  headers.add("Access-Control-Allow-Origin", "*");
  headers.add("Access-Control-Expose-Headers", "Server-Time, ETag, X-Request-Id, Retry-After");
  headers.add("X-Content-Type-Options", "nosniff");
}

bool takes_gzip(const net::HttpRequest& request) {
  const auto accepted = request.headers.find("Accept-Encoding");
  return accepted && accepts_gzip(*accepted);
}

}  // namespace

std::shared_ptr<EncodedAnswer> encode_answer(Answer answer) {
  auto out = std::make_shared<EncodedAnswer>();
  out->plain =
      answer.shared_body ? std::move(answer.shared_body) : std::make_shared<const std::string>(std::move(answer.body));
  out->gzipped = std::move(answer.gzipped);
  out->content_type = std::move(answer.content_type);
  out->cache_control = std::move(answer.cache_control);
  out->status = answer.status;
  out->retry_after_s = answer.retry_after_s;
  if (out->status == 200 && out->cache_control != "no-store")
    out->etag = answer.etag.empty() ? make_etag(*out->plain) : std::move(answer.etag);
  return out;
}

net::HttpResponse make_response(const net::HttpRequest& request, EncodedAnswer& answer,
                                const ResponseContext& context) {
  net::HttpResponse response;
  response.status = answer.status;
  add_common(response.headers, context);
  response.headers.add("Cache-Control", answer.cache_control);
  if (answer.retry_after_s > 0) response.headers.add("Retry-After", std::to_string(answer.retry_after_s));
  const bool worth_it = answer.plain->size() > kCompressFrom && compressible(answer.content_type);
  if (worth_it) response.headers.add("Vary", "Accept-Encoding");
  if (!answer.etag.empty()) {
    response.headers.add("ETag", answer.etag);
    const auto known = request.headers.find("If-None-Match");
    if (known && none_match_has(*known, answer.etag)) {
      response.status = 304;
      return response;
    }
  }
  response.headers.add("Content-Type", answer.content_type);
  if (answer.content_type.starts_with("text/html")) {
    response.headers.add("Content-Security-Policy", std::string(kPagePolicy));
    response.headers.add("Referrer-Policy", "same-origin");
  }
  if (worth_it && takes_gzip(request)) {
    if (!answer.gzipped) answer.gzipped = std::make_shared<const std::string>(gzip(*answer.plain));
    response.headers.add("Content-Encoding", "gzip");
    response.shared_body = answer.gzipped;
  } else {
    response.shared_body = answer.plain;
  }
  return response;
}

net::HttpResponse make_response(const net::HttpRequest& request, const Problem& problem,
                                const ResponseContext& context) {
  net::HttpResponse response;
  response.status = problem.status();
  response.body = problem.encode(request.path());
  add_common(response.headers, context);
  response.headers.add("Content-Type", "application/problem+json");
  response.headers.add("Cache-Control", "no-store");
  if (problem.retry_after_s > 0) response.headers.add("Retry-After", std::to_string(problem.retry_after_s));
  if (!problem.allow.empty()) response.headers.add("Allow", problem.allow);
  return response;
}

net::HttpResponse make_options_response(const ResponseContext& context) {
  net::HttpResponse response;
  response.status = 204;
  add_common(response.headers, context);
  response.headers.add("Allow", std::string(kAllowedMethods));
  response.headers.add("Access-Control-Allow-Methods", std::string(kAllowedMethods));
  response.headers.add("Access-Control-Allow-Headers", "Content-Type, If-None-Match, X-Request-Id");
  response.headers.add("Access-Control-Max-Age", "86400");
  return response;
}

std::string request_id_of(const net::HttpRequest& request) {
  constexpr std::size_t kMaxId = 64;
  if (const auto given = request.headers.find("X-Request-Id"); given && !given->empty() && given->size() <= kMaxId) {
    const bool harmless = std::all_of(given->begin(), given->end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
             c == '-';
    });
    if (harmless) return std::string(*given);
  }
  thread_local std::mt19937_64 random{std::random_device{}()};
  return hex(random());
}

}  // namespace tickspan::server
