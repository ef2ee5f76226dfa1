#include "net/request_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace tickspan::net {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kMaxTarget = 8 * 1024;

std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

// `http://host/path` as proxies send it becomes `/path`.
std::string_view origin_form(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const auto slash = target.find('/', scheme.size());
    return slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  return target;
}

}  // namespace

struct RequestParser::Impl {
  http::request_parser<http::string_body> parser;
};

RequestParser::RequestParser(std::size_t max_header, std::size_t max_body) : impl_(std::make_unique<Impl>()) {
  impl_->parser.header_limit(static_cast<std::uint32_t>(max_header));
  impl_->parser.body_limit(max_body);
  impl_->parser.eager(true);
}

RequestParser::~RequestParser() = default;

RequestParser::State RequestParser::fail(int status, const char* reason) {
  failure_status_ = status;
  failure_reason_ = reason;
  return State::failed;
}

RequestParser::State RequestParser::feed(std::string_view bytes, std::size_t& consumed) {
  auto& parser = impl_->parser;
  consumed = 0;
  while (consumed < bytes.size() && !parser.is_done()) {
    const auto rest = bytes.substr(consumed);
    boost::beast::error_code error;
    consumed += parser.put(boost::asio::const_buffer(rest.data(), rest.size()), error);
    if (error == http::error::need_more) break;
    if (error == http::error::header_limit) {
      const bool in_first_line = rest.find("\r\n") == std::string_view::npos;
      return in_first_line ? fail(414, "request line too long") : fail(431, "request header too large");
    }
    if (error == http::error::body_limit) return fail(413, "request body too large");
    if (error == http::error::bad_version) return fail(505, "HTTP version not supported");
    if (error) return fail(400, "malformed HTTP request");
    if (check_header() == State::failed) return State::failed;
  }
  if (check_header() == State::failed) return State::failed;
  return parser.is_done() ? State::done : State::need_more;
}

RequestParser::State RequestParser::check_header() {
  if (header_checked_ || !impl_->parser.is_header_done()) return State::need_more;
  header_checked_ = true;
  const auto& message = impl_->parser.get();
  const auto target = origin_form(view(message.target()));
  if (target.size() > kMaxTarget) return fail(414, "request target too long");
  if (target != "*" && !target.starts_with('/')) return fail(400, "request target is not a path");
  if (message.version() >= 11 && message.count(http::field::host) != 1) return fail(400, "exactly one Host is needed");
  return State::need_more;
}

bool RequestParser::take_expect_continue() {
  if (continue_taken_ || !header_done() || impl_->parser.is_done()) return false;
  const auto& message = impl_->parser.get();
  if (!boost::beast::iequals(message[http::field::expect], "100-continue")) return false;
  continue_taken_ = true;
  return true;
}

bool RequestParser::header_done() const {
  return impl_->parser.is_header_done();
}

bool RequestParser::http_1_0() const {
  return impl_->parser.get().version() < 11;
}

HttpRequest RequestParser::take() {
  auto& message = impl_->parser.get();
  HttpRequest request;
  request.method = std::string(view(message.method_string()));
  request.target = std::string(origin_form(view(message.target())));
  for (const auto& field : message) {
    request.headers.add(std::string(view(field.name_string())), std::string(view(field.value())));
  }
  request.keep_alive = impl_->parser.keep_alive();
  request.body = std::move(message.body());
  return request;
}

}  // namespace tickspan::net
