#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "frames.hpp"

namespace tickspan::bench {

/// Eight venues on loopback, as cheap as a sender can be: they shake hands, then repeat their frames, already framed,
/// at a common rate or as fast as the sockets take them.
/// **Threading**: one thread of its own; the figures from any.
class VenueBank {
 public:
  explicit VenueBank(const std::vector<VenueFrames>& venues);
  ~VenueBank();

  int port(std::size_t venue) const { return lines_[venue]->port; }
  /// Messages a second of all venues together, from now on; 0: none; kUnpaced: as fast as it goes.
  void set_rate(double messages) { rate_.store(messages); }
  static constexpr double kUnpaced = 1e12;
  /// All venues have a listener.
  bool connected() const { return connected_.load() == static_cast<int>(lines_.size()); }
  /// What the clock says should have been sent, and what was.
  std::uint64_t due() const { return due_.load(); }
  std::uint64_t sent() const { return sent_.load(); }

 private:
  struct Line {
    const VenueFrames* frames = nullptr;
    int listener = -1, socket = -1, port = 0;
    bool open = false;
    std::string request;
    std::uint64_t owed = 0;  ///< messages that may go
    std::size_t next = 0;    ///< the frame under way
    std::size_t offset = 0;  ///< bytes of `wire` that went
  };
  void run();
  void accept_on(Line& line);
  void read_from(Line& line);
  bool send_some(Line& line);

  std::vector<std::unique_ptr<Line>> lines_;
  std::vector<int> others_;  ///< connections that ask for lists of pairs: told to come later
  std::atomic<double> rate_{0};
  std::atomic<int> connected_{0};
  std::atomic<std::uint64_t> due_{0}, sent_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace tickspan::bench
