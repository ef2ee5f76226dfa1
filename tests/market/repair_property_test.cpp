#include <gtest/gtest.h>

#include "market/composite_minute.hpp"
#include "market_story.hpp"

// A time in which no venue was heard, refilled from what the venues had kept, leaves the candles of every level and the
// windows as if it had never been. Each seed is another market, another hole and another moment of the repair.

namespace tickspan::market {
namespace {

using namespace story;

struct Hole {
  Timestamp from, to, repaired_at;
  Timestamp first() const { return (from - 2s).floor_to(1min); }
  Timestamp end() const { return (to + 3s).floor_to(1min) + 1min; }
};

Hole make_hole(const Story& story, std::mt19937_64& random) {
  const auto seconds = [&](std::uint64_t most) { return std::chrono::seconds(random() % most); };
  Hole hole;
  const auto span = static_cast<std::uint64_t>((story.end - story.begin) / 1s);
  hole.from = story.begin + 3min + seconds(span - 400) + 1ms;
  hole.to = hole.from + 2s + seconds(25 * 60);
  hole.repaired_at = hole.end() + 10s + seconds(30 * 60);
  return hole;
}

/// What a venue has kept of one pair.
std::vector<Candle> past_of(const Story& story, std::size_t symbol, const Hole& hole) {
  std::vector<Candle> out;
  for (const auto& [start, candle] : recount(story.trades[symbol], Interval::m1, hole.end())) {
    if (start >= hole.first()) out.push_back(candle);
  }
  return out;
}

std::vector<Candle> composites_of(const Told& told, const std::string& asset, const Hole& hole) {
  const auto minute = [&](const std::string& name, Timestamp t) {
    const auto found = told.find({name, Interval::m1, t});
    return found == told.end() ? nullptr : &found->second;
  };
  std::vector<Candle> out;
  double before = 0;
  for (Timestamp t = hole.first(); t < hole.end(); t = t + 1min) {
    std::vector<MinuteInput> inputs;
    for (const Symbol& s : kSymbols) {
      if (std::string(s.base) != (asset == "bitcoin" ? "btc" : asset == "ethereum" ? "eth" : "usdt")) continue;
      MinuteInput input;
      input.candle = minute(s.symbol, t);
      input.unit_open = input.unit_close = 1;
      if (const Candle* const unit = minute("tether", t); unit != nullptr && std::string(s.quote) == "usdt") {
        input.unit_open = unit->open.to_double();
        input.unit_close = unit->close.to_double();
      }
      if (input.candle != nullptr) inputs.push_back(input);
    }
    const Candle* const known = minute(asset, t);
    const auto made = composite_minute(t, inputs, before, 0.03);
    if (made && (known == nullptr || may_be_rebuilt(*known))) out.push_back(*made);
    before = known != nullptr ? known->close.to_double() : made ? made->close.to_double() : 0;
  }
  return out;
}

void refill(Program& program, Told& told, const Story& story, const Hole& hole) {
  const auto& catalogue = *program.market().catalogue();
  const auto take = [&](const std::string& name, core::SeriesKey key, std::vector<Candle> minutes) {
    for (const Candle& m : minutes) told[{name, Interval::m1, m.start}] = m;
    program.repair({key, std::move(minutes), {}}, hole.repaired_at);
  };
  for (std::size_t s = 0; s < kSymbols.size(); ++s) {
    const auto venue = catalogue.find_venue(kSymbols[s].venue);
    const auto& pair = catalogue.instrument(catalogue.find_instrument(venue, kSymbols[s].symbol));
    take(kSymbols[s].symbol, {pair.base, pair.quote, venue}, past_of(story, s, hole));
  }
  for (const char* asset : {"tether", "bitcoin", "ethereum"}) {
    take(asset, {catalogue.find_id(asset), catalogue.find_id("usd"), {}}, composites_of(told, asset, hole));
  }
}

Told run_with_hole(const Story& story, const std::vector<Delivery>& all, const Hole& hole,
                   std::unique_ptr<Program>& program) {
  Told told;
  program = std::make_unique<Program>(story.begin, told);
  program->connect(story.begin);
  int done = 0;
  const auto reached = [&](Timestamp t, int step, Timestamp moment) { return done == step && t >= moment; };
  Timestamp next = story.begin;
  const auto pass_until = [&](Timestamp t) {
    if (reached(t, 0, hole.from)) {
      program->pass(hole.from - 1ms);  // the engine looks every 100 ms: what is over by then is closed
      program->silence(true, hole.from);
      ++done;
    }
    if (reached(t, 1, hole.to)) {
      for (; next < hole.to; next = next + 13s) program->pass(next);
      program->silence(false, hole.to);
      ++done;
    }
    for (; next <= t; next = next + 13s) {
      program->pass(next);
      if (!reached(next, 2, hole.repaired_at)) continue;
      refill(*program, told, story, hole);
      ++done;
    }
  };
  for (const Delivery& d : all) {
    pass_until(d.received_at);
    if (d.received_at < hole.from || d.received_at >= hole.to) program->deliver(d);
  }
  pass_until(std::max(story.end, hole.repaired_at) + 10min);
  EXPECT_EQ(done, 3);
  return told;
}

class RepairProperty : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(Seeds, RepairProperty, testing::Range(1u, 13u));

TEST_P(RepairProperty, ARefilledHoleIsAsIfItHadNeverBeen) {
  std::mt19937_64 random(GetParam());
  const Story story = make_story(GetParam(), random);
  const auto all = deliveries(story, {1900ms, 0, 9}, random);
  const Hole hole = make_hole(story, random);
  std::unique_ptr<Program> program;
  const Told told = run_with_hole(story, all, hole, program);
  const std::string label = "hole " + core::to_rfc3339(hole.from) + " to " + core::to_rfc3339(hole.to) +
                            ", repaired at " + core::to_rfc3339(hole.repaired_at);
  SCOPED_TRACE(label);
  expect_recount(story, told, label);
  expect_marks(story, told);
  expect_composites(story, told);
  // The windows are those of the minutes that were told in the end.
  for (const char* asset : {"tether", "bitcoin", "ethereum"}) {
    RollingWindow fresh;
    for (const auto& [key, candle] : told) {
      if (std::get<0>(key) == asset && std::get<1>(key) == Interval::m1) fresh.add(candle);
    }
    const Timestamp end = (std::max(story.end, hole.repaired_at) + 10min).floor_to(1min);
    fresh.expire(end);
    RollingWindow live = program->market().asset(program->market().catalogue()->find_id(asset)).window;
    live.expire(end);
    EXPECT_EQ(live.present(), fresh.present()) << asset;
    EXPECT_EQ(live.windows(), fresh.windows()) << asset;
  }
}

TEST_P(RepairProperty, WhatComesAgainAfterARepairChangesNothing) {
  std::mt19937_64 random(GetParam());
  const Story story = make_story(GetParam(), random);
  const auto all = deliveries(story, {}, random);
  const Hole hole = make_hole(story, random);
  std::unique_ptr<Program> program;
  auto again = all;
  for (Delivery d : all) {
    if (d.received_at < hole.from || d.received_at >= hole.to) continue;
    d.received_at = hole.repaired_at + 14s;  // it is repaired at the next step
    again.push_back(d);
  }
  std::stable_sort(again.begin(), again.end(),
                   [](const auto& a, const auto& b) { return a.received_at < b.received_at; });
  const Told told = run_with_hole(story, again, hole, program);
  expect_recount(story, told, "again");
  expect_marks(story, told);
  expect_composites(story, told);
}

}  // namespace
}  // namespace tickspan::market
