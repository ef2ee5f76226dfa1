#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "net/http_server.hpp"

namespace tickspan::sim {

/// An answer whose body comes piece by piece.
/// **Threading**: the loop's thread. **Ownership**: keeps itself until the last piece is written or the client has
/// gone.
class SlowBody : public std::enable_shared_from_this<SlowBody> {
 public:
  SlowBody(boost::asio::io_context& context, std::shared_ptr<net::HttpServer::ResponseStream> stream)
      : timer_(context), stream_(std::move(stream)) {}

  void send(net::HttpResponse response, std::chrono::seconds time);

 private:
  void next();

  boost::asio::steady_timer timer_;
  std::shared_ptr<net::HttpServer::ResponseStream> stream_;
  std::string body_;
  std::size_t sent_ = 0, piece_ = 0;
};

}  // namespace tickspan::sim
