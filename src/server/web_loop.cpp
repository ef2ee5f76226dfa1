#include "server/web_loop.hpp"

#include <boost/asio/steady_timer.hpp>

namespace tickspan::server {

void WebLoop::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (loop_ != nullptr) loop_->post(std::move(task));
}

void WebLoop::after(std::chrono::milliseconds delay, std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (loop_ == nullptr) return;
  auto timer = std::make_shared<boost::asio::steady_timer>(loop_->context(), delay);
  timer->async_wait([timer, task = std::move(task)](const boost::system::error_code& error) {
    if (!error) task();
  });
}

void WebLoop::detach() {
  const std::lock_guard lock(mutex_);
  loop_ = nullptr;
}

}  // namespace tickspan::server
