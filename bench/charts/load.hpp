#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tickspan::bench {

/// A connection of its own that asks one thing after another and waits for the answer.
/// **Threading**: one thread. Throws std::runtime_error where the server does anything but answer 200.
class Asker {
 public:
  explicit Asker(std::uint16_t port);
  ~Asker();
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;
  /// Microseconds from the first byte sent to the last received. `size` is the body's.
  double ask(const std::string& target, std::size_t& size);

 private:
  int socket_;
  std::vector<char> buffer_;
};

struct OpenLoad {
  std::uint16_t port = 0;
  std::vector<std::string> targets;  ///< asked in turn
  double per_second = 500, seconds = 10;
  std::size_t connections = 100;
};
struct Delays {
  std::vector<double> ms;   ///< of every answer, ascending: from when it was due to be asked to its last byte
  double sent_late_ms = 0;  ///< how late this program itself was at most: more than a little spoils the rest
  std::size_t failed = 0;
};
/// Asks by the clock, whether the answers before have come or not: a request that has to wait for its connection has
/// its wait counted.
Delays open_loop(const OpenLoad& load);

/// The value below which `part` (0 to 1) of these lie; they must be ascending.
double quantile(const std::vector<double>& ascending, double part);

}  // namespace tickspan::bench
