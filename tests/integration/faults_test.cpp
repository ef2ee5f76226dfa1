// Venues that fail in every way at random, and a program that must stay honest meanwhile. TICKSPAN_SOAK_SECONDS sets
// how long, TICKSPAN_SEED which faults.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <sstream>

#include "core/time.hpp"
#include "served.hpp"

namespace tickspan::test {
namespace {

using namespace std::chrono_literals;
using core::Timestamp;
using Steady = std::chrono::steady_clock;

constexpr double kAllowed = 0.005;  // of the true price

struct Fault {
  const char* query;
  bool silences;  ///< for longer than some seconds this is a gap
};
constexpr Fault kFaults[] = {{"mute=true", true},
                             {"no_data=true", true},
                             {"mute_pairs=2", false},
                             {"freeze=true", false},
                             {"price_shift=1", false},
                             {"price_shift=-1", false},
                             {"clock_skew_ms=5000", false},
                             {"clock_skew_ms=-5000", false},
                             {"delay_ms=1500", false},
                             {"drop_every=3", false},
                             {"duplicate_every=2", false},
                             {"reorder_every=2", false},
                             {"malformed_every=4", false},
                             {"wrong_types_every=4", false},
                             {"giant_every=300", false},
                             {"drop_after_s=2", false},
                             {"maintenance=true&rest_status=503&retry_after=1", true},
                             {"refuse_status=451&drop_after_s=1", true},
                             {"rest_status=500&drop_after_s=1", false},
                             {"rest_delay_ms=2000&drop_after_s=1", false}};

double number_of(const char* name, double fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::atof(text);
}

std::size_t descriptors(pid_t pid) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", pid)))
    ++count;
  return count;
}

double resident_mib(pid_t pid) {
  std::ifstream status(fmt::format("/proc/{}/statm", pid));
  double pages = 0, resident = 0;
  status >> pages >> resident;
  return resident * 4096 / (1 << 20);
}

// What all venues but one do at the same time, now and then: outvoted, the one that is left is right all the same.
constexpr Fault kConspiracies[] = {{"price_shift=1", false},
                                   {"mute=true", true},
                                   {"freeze=true", false},
                                   {"price_shift=-1", false},
                                   {"no_data=true", true}};

/// Breaks venues, one fault each, for some seconds, or all but one in the same way; one of them is always whole, and
/// has been for a while.
class Saboteur {
 public:
  struct Silence {
    std::string venue;
    Timestamp from, to;
  };

  Saboteur(const SimulatedVenues& venues, std::vector<std::string> names, unsigned seed)
      : venues_(venues), random_(seed) {
    for (std::string& name : names) states_.push_back({std::move(name), nullptr, {}, Steady::now() - kTrust});
  }

  void step() {
    const auto now = Steady::now();
    for (State& state : states_) {
      if (state.fault == nullptr || now < state.until) continue;
      end(state);
    }
    if (now >= next_conspiracy_) return conspire(now);
    if (now < next_) return;
    next_ = now + 500ms + pick(2000) * 1ms;
    State& state = states_[pick(states_.size())];
    if (state.fault != nullptr || !another_is_honest(state, now)) return;
    begin(state, kFaults[pick(std::size(kFaults))], now + 1s + pick(12'000) * 1ms);
  }
  void stop() {
    for (State& state : states_) {
      if (state.fault != nullptr) end(state);
    }
  }
  const std::vector<Silence>& silences() const { return silences_; }
  std::size_t kinds() const { return begun_.size(); }
  std::string describe() const {
    std::string out;
    for (const State& state : states_)
      out += fmt::format("{}={} ", state.venue, state.fault == nullptr ? "whole" : state.fault->query);
    return out;
  }

 private:
  struct State {
    std::string venue;
    const Fault* fault = nullptr;
    Steady::time_point until, whole_since;
    Timestamp since{};
  };
  static constexpr auto kTrust = 12s;

  std::size_t pick(std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_); }
  Timestamp true_now() const {
    return Timestamp::from_ms(std::stoll(json_field(get(venues_.port(), "/control").body, "now_ms")));
  }
  void begin(State& state, const Fault& fault, Steady::time_point until) {
    state.fault = &fault;
    state.until = until;
    state.since = true_now();
    venues_.control(state.venue + "?" + state.fault->query);
    ++begun_[state.fault->query];
  }
  void conspire(Steady::time_point now) {
    next_conspiracy_ = now + 10s;
    const auto honest = std::max_element(states_.begin(), states_.end(), [](const State& a, const State& b) {
      return std::pair(a.fault == nullptr, b.whole_since) < std::pair(b.fault == nullptr, a.whole_since);
    });
    const Fault& fault = kConspiracies[conspiracies_++ % std::size(kConspiracies)];
    for (State& state : states_) {
      if (&state == &*honest) continue;
      if (state.fault != nullptr) end(state);
      begin(state, fault, now + 4s + pick(2'000) * 1ms);
    }
  }
  bool another_is_honest(const State& but, Steady::time_point now) const {
    return std::any_of(states_.begin(), states_.end(), [&](const State& state) {
      return &state != &but && state.fault == nullptr && now - state.whole_since >= kTrust;
    });
  }
  void end(State& state) {
    if (state.fault->silences) silences_.push_back({state.venue, state.since, true_now()});
    venues_.control(state.venue + "/reset");
    state.fault = nullptr;
    state.whole_since = Steady::now();
  }

  const SimulatedVenues& venues_;
  std::mt19937 random_;
  std::vector<State> states_;
  Steady::time_point next_, next_conspiracy_ = Steady::now() + 5s;
  std::size_t conspiracies_ = 0;
  std::vector<Silence> silences_;
  std::map<std::string, int> begun_;
};

/// The price in an answer of `/price/{coin}`, held to the truth of the moments around it.
class Judge {
 public:
  Judge(const Served& served, const SimulatedVenues& venues) : served_(served), venues_(venues) {}

  void look(const std::string& coin, const std::string& troubles) {
    const Timestamp before = Timestamp::from_ms(std::stoll(json_field(get(venues_.port(), "/control").body, "now_ms")));
    const std::string body = served_.get("/price/" + coin).body;
    const std::string state = json_field(body, "state");
    ++looks_;
    if (state != "live" && state != "quiet") return;
    ++fresh_;
    const double price = std::atof(json_field(body, "price").c_str());
    double error = 1;
    // A quote is up to a quarter of a second old when it comes, and a jump takes its time through the wire.
    for (const auto back : {0ms, 250ms, 500ms, 1000ms, 2000ms}) {
      const std::string truth =
          get(venues_.port(), fmt::format("/control/price?asset={}&at={}", coin, (before - back).ms())).body;
      error = std::min(error, std::fabs(price / std::atof(json_field(truth, "usd").c_str()) - 1));
    }
    worst_ = std::max(worst_, error);
    EXPECT_LT(error, kAllowed) << coin << ' ' << body << "\nwhile " << troubles << "\nmarkets "
                               << served_.get("/api/v1/markets?base=" + coin).body;
  }
  double worst() const { return worst_; }
  int looks() const { return looks_; }
  int fresh() const { return fresh_; }

 private:
  const Served& served_;
  const SimulatedVenues& venues_;
  double worst_ = 0;
  int looks_ = 0, fresh_ = 0;
};

bool has_gap(const Served& served, const Saboteur::Silence& silence) {
  const std::string body = served
                               .get(fmt::format("/api/v1/gaps?venue={}&limit=1000&start={}&end={}", silence.venue,
                                                silence.from.ms(), silence.to.ms()))
                               .body;
  return body.find("\"cause\"") != std::string::npos;
}

TEST(Faults, WhateverVenuesDoThePriceStaysHonestAndEverySilenceIsKnown) {
  const auto seconds = std::chrono::seconds(static_cast<int>(number_of("TICKSPAN_SOAK_SECONDS", 60)));
  const auto seed = static_cast<unsigned>(number_of("TICKSPAN_SEED", 541'995));
  SCOPED_TRACE(fmt::format("TICKSPAN_SEED={}", seed));
  const TempDir dir;
  const SimulatedVenues venues(dir.file("c.toml"), 0, {"--speed", "10", "--seed", std::to_string(seed)});
  // The aggregator's prices are a minute old: true of it, but not what is looked at here.
  std::ofstream(dir.file("c.toml"), std::ios::app) << "[[sources]]\nname = \"coingecko\"\nenabled = false\n";
  Served served(dir.file("data"), {"--config", dir.file("c.toml"), "--log-level", "error"});
  for (const char* coin : {"bitcoin", "ethereum", "solana"}) ASSERT_TRUE(served.shows(coin, "live")) << coin;

  Saboteur saboteur(venues, venues.exchanges(), seed);
  Judge judge(served, venues);
  const auto end = Steady::now() + seconds;
  std::size_t files = 0;
  double memory = 0;
  for (auto next = Steady::now(); Steady::now() < end; next += 200ms) {
    saboteur.step();
    for (const char* coin : {"bitcoin", "ethereum", "solana"}) judge.look(coin, saboteur.describe());
    if (memory == 0 && end - Steady::now() < seconds / 2) {
      memory = resident_mib(served.process().pid());
      files = descriptors(served.process().pid());
    }
    ASSERT_TRUE(eventually([&] { return Steady::now() >= next; }));
    if (HasFailure()) break;
  }
  saboteur.stop();
  std::cout << fmt::format("seed {}: {} looks, {} fresh, worst error {:.3f} %, {} kinds of faults, {} silences\n", seed,
                           judge.looks(), judge.fresh(), judge.worst() * 100, saboteur.kinds(),
                           saboteur.silences().size());
  EXPECT_GT(judge.fresh(), judge.looks() * 19 / 20) << "one venue was whole all the time";
  EXPECT_LE(descriptors(served.process().pid()), files + 16);
  EXPECT_LE(resident_mib(served.process().pid()), memory * 1.25 + 16);
  for (const Saboteur::Silence& silence : saboteur.silences()) {
    if (silence.to - silence.from < 10s) continue;  // shorter ones need not be one, by the pair's own rate
    EXPECT_TRUE(eventually([&] { return has_gap(served, silence); }))
        << silence.venue << ' ' << core::to_rfc3339(silence.from) << ' ' << core::to_rfc3339(silence.to);
  }
}

}  // namespace
}  // namespace tickspan::test
