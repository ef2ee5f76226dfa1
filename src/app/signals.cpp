#include "app/signals.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstring>
#include <ctime>

namespace tickspan::app {
namespace {

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  return set;
}

void on_deadline(int) {
  constexpr char kText[] = "tickspan: the orderly stop took too long; ending now\n";
  // Nothing but write() and _exit() is allowed here, and there is nobody to tell when the write fails.
  [[maybe_unused]] const auto written = write(STDERR_FILENO, kText, sizeof kText - 1);
  _exit(1);
}

}  // namespace

Signals::Signals() {
  const sigset_t set = watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

int Signals::wait(std::chrono::milliseconds patience) {
  const sigset_t set = watched();
  const timespec timeout{patience.count() / 1000, (patience.count() % 1000) * 1'000'000};
  const int signal = sigtimedwait(&set, nullptr, &timeout);
  return signal > 0 ? signal : 0;
}

void arm_stop_deadline(unsigned seconds) {
  signal(SIGALRM, on_deadline);
  alarm(seconds);
}

}  // namespace tickspan::app
