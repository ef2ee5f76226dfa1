#include "net/http_client.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <limits>
#include <unordered_set>

#include "net/client_stream.hpp"
#include "net/inflate.hpp"

namespace tickspan::net {
namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::uint32_t kMaxHeader = 64 * 1024;

using Parser = http::response_parser<http::string_body>;

core::Error error_of(const boost::system::error_code& error, const std::string& what) {
  const bool too_large =
      error == http::error::body_limit || error == http::error::header_limit || error == http::error::buffer_overflow;
  if (too_large) return {core::ErrorCode::too_large, what + ": the answer is too large", false, 0};
  if (error == http::error::end_of_stream || error == http::error::partial_message ||
      error.category() != make_error_code(http::error::bad_method).category()) {
    return {core::ErrorCode::unavailable, what + ": " + error.message(), true, 0};
  }
  return {core::ErrorCode::protocol_error, what + ": " + error.message(), true, 0};
}

core::Result<HttpResponse> response_of(Parser& parser, const std::string& what, std::size_t max_body) {
  HttpResponse response;
  auto message = parser.release();
  response.status = message.result_int();
  const std::string encoding(message[http::field::content_encoding]);
  const bool packed = encoding == "gzip" || encoding == "x-gzip" || encoding == "deflate";
  for (const auto& field : message) {
    if (packed && field.name() == http::field::content_encoding) continue;
    response.headers.add(std::string(field.name_string()), std::string(field.value()));
  }
  response.body = std::move(message.body());
  if (packed && !response.body.empty()) {
    auto unpacked = inflate_body(response.body, max_body);
    if (!unpacked) {
      unpacked.error().context = what + ": " + unpacked.error().context;
      return tl::unexpected(unpacked.error());
    }
    response.body = std::move(*unpacked);
  }
  return response;
}

/// One request under way.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(runtime::EventLoop& loop, const ClientOptions& options, HttpClient::Done done, std::size_t max_body)
      : options_(options), stream_(loop), deadline_(loop), done_(std::move(done)), max_body_(max_body) {}

  std::function<void(const std::shared_ptr<Exchange>&)> on_finished;

  void start(const std::string& url, const Headers& headers, std::chrono::milliseconds timeout,
             runtime::EventLoop& loop) {
    what_ = "GET " + without_query(url);
    deadline_.start(timeout, [weak = weak_from_this()] {
      if (const auto self = weak.lock())
        self->finish(core::fail(core::ErrorCode::timeout, self->what_ + ": no answer in time", true));
    });
    asio::co_spawn(loop.context(), run(shared_from_this(), url, headers), asio::detached);
  }

  void finish(core::Result<HttpResponse> result) {
    if (!done_) return;
    const auto self = shared_from_this();
    const HttpClient::Done done = std::move(done_);
    done_ = nullptr;
    deadline_.cancel();
    stream_.close();
    if (on_finished) on_finished(self);
    done(std::move(result));
  }
  void cancel() { finish(core::fail(core::ErrorCode::cancelled, what_ + ": cancelled")); }

 private:
  // Takes its own reference: the client may go while this waits.
  static asio::awaitable<void> run(std::shared_ptr<Exchange> self, std::string url_text, Headers headers) {
    core::Result<HttpResponse> result;
    try {
      result = co_await self->request(url_text, headers);
    } catch (const std::exception& e) {
      result = core::fail(core::ErrorCode::internal, self->what_ + ": " + e.what());
    }
    self->finish(std::move(result));
  }

  asio::awaitable<core::Result<HttpResponse>> request(const std::string& url_text, const Headers& headers) {
    const auto url = parse_url(url_text);
    if (!url) co_return tl::unexpected(url.error());
    const Url& address = *url;
    const auto connected = co_await stream_.connect(address, options_);
    if (!connected) co_return tl::unexpected(connected.error());

    http::request<http::empty_body> message(http::verb::get, address.target, 11);
    message.set(http::field::host, address.authority());
    message.set(http::field::user_agent, options_.user_agent);
    message.set(http::field::accept, "application/json");
    message.set(http::field::accept_encoding, "gzip");
    message.set(http::field::connection, "close");
    for (const auto& [name, value] : headers.fields()) message.set(name, value);
    const auto [write_error, written] = co_await http::async_write(stream_, message, kAwait);
    if (write_error) co_return tl::unexpected(error_of(write_error, what_));

    boost::beast::flat_buffer buffer;
    Parser parser;
    parser.body_limit(max_body_);
    parser.header_limit(kMaxHeader);
    const auto [read_error, size] = co_await http::async_read(stream_, buffer, parser, kAwait);
    if (read_error) co_return tl::unexpected(error_of(read_error, what_));
    co_return response_of(parser, what_, max_body_);
  }

  ClientOptions options_;
  ClientStream stream_;
  LoopTimer deadline_;
  HttpClient::Done done_;
  std::size_t max_body_;
  std::string what_;
};

}  // namespace

struct HttpClient::Impl {
  runtime::EventLoop& loop;
  ClientOptions options;
  std::unordered_set<std::shared_ptr<Exchange>> exchanges;

  void cancel_all() {
    const auto under_way = std::move(exchanges);
    exchanges.clear();
    for (const auto& exchange : under_way) exchange->cancel();
  }
};

HttpClient::HttpClient(runtime::EventLoop& loop, ClientOptions options)
    : impl_(std::make_shared<Impl>(Impl{loop, std::move(options), {}})) {}

HttpClient::~HttpClient() {
  impl_->cancel_all();
}

void HttpClient::get(const std::string& url, const Headers& headers, std::chrono::milliseconds timeout, Done done,
                     std::size_t max_body) {
  const auto exchange = std::make_shared<Exchange>(impl_->loop, impl_->options, std::move(done), max_body);
  exchange->on_finished = [weak = std::weak_ptr(impl_)](const std::shared_ptr<Exchange>& finished) {
    if (const auto impl = weak.lock()) impl->exchanges.erase(finished);
  };
  impl_->exchanges.insert(exchange);
  exchange->start(url, headers, timeout, impl_->loop);
}

void HttpClient::cancel_all() {
  impl_->cancel_all();
}

}  // namespace tickspan::net
