#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>
#include <thread>

namespace tickspan::runtime {

/// A named thread that runs one Asio io_context. Everything that belongs to a loop is touched on its thread only.
/// **Threading**: post() and stop() from any thread; the rest from the owner's.
/// **Ownership**: owns the context and the thread; stop() (or the destructor) ends and joins it.
class EventLoop {
 public:
  explicit EventLoop(std::string name);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void start();
  /// Lets handlers that are ready run, then ends the thread and joins it. Not from the loop's own thread.
  void stop();

  boost::asio::io_context& context() { return context_; }
  const std::string& name() const { return name_; }
  bool running_in_this_thread() const { return thread_.get_id() == std::this_thread::get_id(); }

  void post(std::function<void()> task);
  /// Runs `task` on the loop and waits for it; runs it directly when already there or when the loop is not running.
  void run_and_wait(std::function<void()> task);

 private:
  std::string name_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

/// Names the calling thread for debuggers and `top -H` (first 15 bytes).
void set_thread_name(const std::string& name);

}  // namespace tickspan::runtime
