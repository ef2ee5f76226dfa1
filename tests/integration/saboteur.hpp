#pragma once

#include <chrono>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "core/time.hpp"
#include "served.hpp"

namespace tickspan::test {

/// Breaks simulated venues, one fault each, for some seconds, or all but one in the same way; one of them is always
/// whole, and has been for a while. Which, when and for how long follows from the seed.
class Saboteur {
 public:
  using Steady = std::chrono::steady_clock;
  struct Fault {
    const char* query;
    bool silences = false;  ///< longer than some seconds this is a gap
    bool distorts = false;  ///< prices are told otherwise than they were
  };
  /// What a venue suffered, by the simulator's clock.
  struct Suffering {
    std::string venue;
    const Fault* fault = nullptr;
    core::Timestamp from, to;
  };

  Saboteur(const SimulatedVenues& venues, unsigned seed);
  /// To be called some times a second.
  void step();
  void stop();
  /// All venues at once; ended by stop().
  void silence_all();

  const std::vector<Suffering>& sufferings() const { return sufferings_; }
  std::size_t kinds() const { return begun_.size(); }
  std::string describe() const;
  /// All that was done, a line each.
  std::string account() const;

 private:
  struct State {
    std::string venue;
    const Fault* fault = nullptr;
    Steady::time_point until, whole_since;
    core::Timestamp since{};
  };

  std::size_t pick(std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_); }
  core::Timestamp true_now() const;
  void begin(State& state, const Fault& fault, Steady::time_point until);
  void conspire(Steady::time_point now);
  bool another_is_honest(const State& but, Steady::time_point now) const;
  void end(State& state);

  const SimulatedVenues& venues_;
  std::mt19937 random_;
  std::vector<State> states_;
  Steady::time_point next_, next_conspiracy_ = Steady::now() + std::chrono::seconds(5);
  std::size_t conspiracies_ = 0;
  std::vector<Suffering> sufferings_;
  std::map<std::string, int> begun_;
};

}  // namespace tickspan::test
