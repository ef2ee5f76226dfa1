#include "sim/slow_body.hpp"

#include <algorithm>

namespace tickspan::sim {
namespace {

constexpr std::chrono::milliseconds kPause(100);

}  // namespace

void SlowBody::send(net::HttpResponse response, std::chrono::seconds time) {
  stream_->status = response.status;
  stream_->headers = std::move(response.headers);
  body_ = std::move(response.body);
  const auto pieces = static_cast<std::size_t>(std::max<std::int64_t>(1, time / kPause));
  piece_ = body_.size() / pieces + 1;
  next();
}

void SlowBody::next() {
  if (sent_ >= body_.size()) return stream_->close();
  stream_->write(std::make_shared<const std::string>(body_.substr(sent_, piece_)));
  sent_ += piece_;
  timer_.expires_after(kPause);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->next();
  });
}

}  // namespace tickspan::sim
