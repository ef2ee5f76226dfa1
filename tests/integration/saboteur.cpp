#include "saboteur.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tickspan::test {
namespace {

using namespace std::chrono_literals;
using core::Timestamp;

constexpr auto kTrust = 12s;

constexpr Saboteur::Fault kFaults[] = {{.query = "mute=true", .silences = true},
                                       {.query = "no_data=true"},
                                       {.query = "mute_pairs=2"},
                                       {.query = "freeze=true", .distorts = true},
                                       {.query = "price_shift=1", .distorts = true},
                                       {.query = "price_shift=-1", .distorts = true},
                                       {.query = "clock_skew_ms=5000"},
                                       {.query = "clock_skew_ms=-5000"},
                                       {.query = "delay_ms=1500"},
                                       {.query = "drop_every=3"},
                                       {.query = "sequence_gaps=3"},
                                       {.query = "half_open_after_s=2"},
                                       {.query = "duplicate_every=2"},
                                       {.query = "reorder_every=2"},
                                       {.query = "malformed_every=4"},
                                       {.query = "wrong_types_every=4"},
                                       {.query = "giant_every=300"},
                                       {.query = "drop_after_s=2"},
                                       {.query = "maintenance=true&rest_status=503&retry_after=1", .silences = true},
                                       {.query = "refuse_status=451&drop_after_s=1", .silences = true},
                                       {.query = "rest_status=500&drop_after_s=1"},
                                       {.query = "rest_delay_ms=2000&drop_after_s=1"},
                                       {.query = "garbled_every=4"},
                                       {.query = "rest_body_s=2&drop_after_s=1"},
                                       {.query = "rest_truncated=true&drop_after_s=1"},
                                       {.query = "dns=nxdomain&drop_after_s=1", .silences = true},
                                       {.query = "dns=servfail&drop_after_s=1", .silences = true},
                                       {.query = "dns=refused&drop_after_s=1", .silences = true},
                                       {.query = "dns=mute&drop_after_s=1", .silences = true}};

// What all venues but one do at the same time, now and then: outvoted, the one that is left is right all the same.
constexpr Saboteur::Fault kConspiracies[] = {{.query = "price_shift=1", .distorts = true},
                                             {.query = "mute=true", .silences = true},
                                             {.query = "freeze=true", .distorts = true},
                                             {.query = "price_shift=-1", .distorts = true},
                                             {.query = "no_data=true"}};

}  // namespace

Saboteur::Saboteur(const SimulatedVenues& venues, unsigned seed) : venues_(venues), random_(seed) {
  for (std::string& name : venues.exchanges())
    states_.push_back({std::move(name), nullptr, {}, Steady::now() - kTrust});
}

void Saboteur::step() {
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

void Saboteur::stop() {
  for (State& state : states_) {
    if (state.fault != nullptr) end(state);
  }
}

void Saboteur::silence_all() {
  stop();
  for (State& state : states_) begin(state, kFaults[0], Steady::now() + 1h);
}

std::string Saboteur::describe() const {
  std::string out;
  for (const State& state : states_)
    out += fmt::format("{}={} ", state.venue, state.fault == nullptr ? "whole" : state.fault->query);
  return out;
}

std::string Saboteur::account() const {
  std::string out;
  for (const Suffering& s : sufferings_)
    out += fmt::format("  {} {} {} {}\n", core::to_rfc3339(s.from), core::to_rfc3339(s.to), s.venue, s.fault->query);
  return out;
}

Timestamp Saboteur::true_now() const {
  return Timestamp::from_ms(std::stoll(json_field(get(venues_.port(), "/control").body, "now_ms")));
}

void Saboteur::begin(State& state, const Fault& fault, Steady::time_point until) {
  state.fault = &fault;
  state.until = until;
  state.since = true_now();
  venues_.control(state.venue + "?" + state.fault->query);
  ++begun_[state.fault->query];
}

void Saboteur::conspire(Steady::time_point now) {
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

bool Saboteur::another_is_honest(const State& but, Steady::time_point now) const {
  return std::any_of(states_.begin(), states_.end(), [&](const State& state) {
    return &state != &but && state.fault == nullptr && now - state.whole_since >= kTrust;
  });
}

void Saboteur::end(State& state) {
  venues_.control(state.venue + "/reset");
  sufferings_.push_back({state.venue, state.fault, state.since, true_now()});
  state.fault = nullptr;
  state.whole_since = Steady::now();
}

}  // namespace tickspan::test
