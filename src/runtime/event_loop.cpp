#include "runtime/event_loop.hpp"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <future>

namespace tickspan::runtime {

void set_thread_name(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

EventLoop::EventLoop(std::string name) : name_(std::move(name)), work_(boost::asio::make_work_guard(context_)) {}

EventLoop::~EventLoop() {
  stop();
}

void EventLoop::start() {
  thread_ = std::thread([this] {
    set_thread_name(name_);
    context_.run();
  });
}

void EventLoop::stop() {
  if (!thread_.joinable()) return;
  boost::asio::post(context_, [this] { context_.stop(); });
  thread_.join();
}

void EventLoop::post(std::function<void()> task) {
  boost::asio::post(context_, std::move(task));
}

void EventLoop::run_and_wait(std::function<void()> task) {
  if (!thread_.joinable() || running_in_this_thread()) return task();
  std::promise<void> done;
  post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace tickspan::runtime
