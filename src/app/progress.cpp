#include "app/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace tickspan::app {
namespace {

using namespace std::chrono_literals;

std::string grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

}  // namespace

Progress::Progress()
    : terminal_(::isatty(STDERR_FILENO) == 1), next_(Steady::now() + (terminal_ ? Steady::duration{} : 10s)) {}

void Progress::at(const std::string& what, bool now) {
  const auto at = Steady::now();
  if (!now && at < next_) return;
  next_ = at + (terminal_ ? Steady::duration(100ms) : Steady::duration(10s));
  std::fprintf(stderr, terminal_ ? "\r\x1b[K%s" : "%s\n", what.c_str());
  std::fflush(stderr);
  shown_ = terminal_;
}

void Progress::rows(std::string_view what, std::uint64_t rows, double part) {
  const std::string percent = part < 0 ? "" : fmt::format(", {:.0f} %", std::min(part, 1.0) * 100);
  at(fmt::format("{} {} rows{}", what, grouped(rows), percent));
}

void Progress::clear() {
  if (!shown_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace tickspan::app
