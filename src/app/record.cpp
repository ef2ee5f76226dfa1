#include <fmt/format.h>
#include <signal.h>

#include <atomic>
#include <cstdio>
#include <mutex>

#include "app/commands.hpp"
#include "app/signals.hpp"
#include "app/world.hpp"
#include "sim/recording.hpp"

namespace tickspan::app {
namespace {

/// Takes frames on the feed's thread and remembers the first failure for the main thread.
class Recorder {
 public:
  explicit Recorder(std::unique_ptr<sim::RecordingWriter> writer) : writer_(std::move(writer)) {}

  void take(core::Timestamp at, std::string_view kind, std::string_view payload) {
    const std::lock_guard lock(mutex_);
    if (!status_) return;
    status_ = writer_->write(at, kind, payload);
    if (status_) ++lines_;
  }
  core::Status status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }
  std::uint64_t lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  core::Status close() {
    const std::lock_guard lock(mutex_);
    return writer_->close();
  }

 private:
  mutable std::mutex mutex_;
  std::unique_ptr<sim::RecordingWriter> writer_;  // guarded by mutex_
  core::Status status_;                           // guarded by mutex_
  std::uint64_t lines_ = 0;                       // guarded by mutex_
};

}  // namespace

int run_record(const CommandLine& command) {
  Signals signals;
  auto writer = sim::RecordingWriter::create(command.files.front());
  if (!writer) return cannot(writer.error());
  Recorder recorder(std::move(*writer));

  runtime::SystemClock clock;
  WorldOptions options;
  options.only = {command.venue};
  options.tap = [&](core::Timestamp at, std::string_view, std::string_view kind, std::string_view payload) {
    recorder.take(at, kind, payload);
  };
  World world(options, command.config, clock);
  if (auto opened = world.open(nullptr, nullptr); !opened) return cannot(opened.error());
  world.start();
  std::fprintf(stderr, "Recording %s to %s%s\n", command.venue.c_str(), command.files.front().c_str(),
               command.seconds == 0 ? " until interrupted" : "");

  const auto begin = std::chrono::steady_clock::now();
  const auto limit = std::chrono::seconds(command.seconds);
  while (recorder.status() && (command.seconds == 0 || std::chrono::steady_clock::now() - begin < limit)) {
    const int signal = signals.wait(std::chrono::milliseconds(100));
    if (signal == SIGINT || signal == SIGTERM) break;
  }
  world.stop();
  if (auto status = recorder.status(); !status) return cannot(status.error());
  if (auto closed = recorder.close(); !closed) return cannot(closed.error());
  std::fprintf(stderr, "%llu lines\n", static_cast<unsigned long long>(recorder.lines()));
  return recorder.lines() > 0 ? 0 : 1;
}

}  // namespace tickspan::app
