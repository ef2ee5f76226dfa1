#pragma once

#include <memory>

#include "net/http_connection.hpp"

namespace tickspan::net {

/// A streaming answer; outlives its connection without harm.
class StreamResponse final : public HttpServer::ResponseStream {
 public:
  StreamResponse(std::weak_ptr<HttpConnection> connection, bool http_1_0)
      : connection_(std::move(connection)), chunked_(!http_1_0) {}

  void write(std::shared_ptr<const std::string> bytes) override;
  std::size_t queued_bytes() const override;
  void close() override;
  void send_head();
  /// The socket is gone: the last call.
  void finish();

 private:
  std::weak_ptr<HttpConnection> connection_;
  bool chunked_;
  bool head_sent_ = false, closed_ = false;
};

}  // namespace tickspan::net
