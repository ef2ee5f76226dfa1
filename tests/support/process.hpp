#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace tickspan::test {

/// A child process with its output caught in files; ended with the object.
/// The environment is this process's own, without proxies, plus `extra` (`NAME=value`).
class Process {
 public:
  explicit Process(const std::vector<std::string>& command, const std::vector<std::string>& extra = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Waits for the end; the exit code, 128 + signal for a killed one, -1 when it still runs after `patience`.
  int wait(std::chrono::milliseconds patience = std::chrono::seconds(20));
  void kill(int signal);
  bool running();
  pid_t pid() const { return pid_; }
  std::string out() const;
  std::string err() const;
  /// Waits until the output holds `text`.
  bool says(const std::string& text, std::chrono::milliseconds patience = std::chrono::seconds(20));

 private:
  pid_t pid_ = -1;
  int code_ = -1;
  bool ended_ = false;
  std::string directory_;
};

/// The program under test (TICKSPAN_BINARY).
std::string program();
/// A TCP port on loopback that was free a moment ago.
int free_port();

}  // namespace tickspan::test
