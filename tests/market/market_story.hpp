#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>

#include "candle_fixture.hpp"
#include "market/market.hpp"

// Made-up markets by seed: their trades, the orders in which they may come, a program that hears them, and what it must
// have told in the end.

namespace tickspan::market::story {

using namespace std::chrono_literals;
using core::Candle;
using core::Interval;
using core::Timestamp;

inline constexpr Timestamp kMidnight = Timestamp::from_s(1'699'920'000);
static_assert(kMidnight.floor_to(24h) == kMidnight);

struct Symbol {
  const char *venue, *symbol, *base, *quote;
};
inline constexpr std::array kSymbols = {
    Symbol{"kraken", "BTC/USD", "btc", "usd"}, Symbol{"binance", "BTCUSDT", "btc", "usdt"},
    Symbol{"binance", "ETHUSDT", "eth", "usdt"}, Symbol{"kraken", "USDT/USD", "usdt", "usd"}};

struct Delivery {
  Timestamp received_at;
  std::size_t symbol;
  RawTrade trade;
};
/// A run's last word on every candle, by series: a symbol's place, or the asset's id for the composites.
using Told = std::map<std::tuple<std::string, Interval, Timestamp>, Candle>;

struct Story {
  Timestamp begin, end;
  std::array<std::vector<RawTrade>, kSymbols.size()> trades;
};

inline Story make_story(unsigned seed, std::mt19937_64& random) {
  Story story;
  const int minutes = seed % 8 == 0 ? 1500 : std::array{60, 200, 330}[random() % 3];
  // The short ones begin up to three hours before a midnight, mostly: a day ends in them, too.
  const auto before_midnight = 1440 - static_cast<std::int64_t>(random() % 180);
  const auto anywhere = static_cast<std::int64_t>(random() % 1440);
  story.begin = kMidnight + std::chrono::minutes(random() % 4 == 0 ? anywhere : before_midnight) +
                std::chrono::seconds(random() % 50);
  story.end = story.begin.floor_to(1min) + minutes * 1min;
  for (std::size_t s = 0; s < kSymbols.size(); ++s) {
    std::uint64_t id = random() % 1000;
    std::int64_t price = 1'000'000;
    const auto rate = 1 + random() % 4;  // trades a minute, about
    const auto add = [&](Timestamp at) {
      price += static_cast<std::int64_t>(random() % 2001) - 1000;
      story.trades[s].push_back({at,
                                 ++id,
                                 {price, -2},
                                 {static_cast<std::int64_t>(random() % 1'000'000'000 + 1),
                                  static_cast<std::int8_t>(-8 + static_cast<int>(random() % 3))}});
    };
    add(story.begin + 100ms);
    // Up to ten quiet minutes now and then.
    for (Timestamp t = story.begin.floor_to(1min) + 1min; t < story.end; t = t + 1min) {
      if (random() % 12 == 0) t = t + std::chrono::minutes(random() % 10);
      if (t >= story.end) break;
      std::set<std::int64_t> times;  // two trades of one time are told apart by their ids
      for (std::uint64_t i = 0; i < rate; ++i) times.insert(static_cast<std::int64_t>(random() % 60'000));
      for (const std::int64_t ms : times) {
        add(t + std::chrono::milliseconds(ms));
        if (random() % 8 == 0) add(t + std::chrono::milliseconds(ms));
      }
    }
  }
  return story;
}

struct Disorder {
  core::Duration jitter{};  ///< how late any trade may come
  int late_one_in = 0;      ///< minutes late, a repair
  int again_one_in = 0;     ///< comes twice
};

inline std::vector<Delivery> deliveries(const Story& story, const Disorder& how, std::mt19937_64& random) {
  std::vector<Delivery> out;
  const auto one_in = [&](int n) { return n > 0 && random() % static_cast<unsigned>(n) == 0; };
  for (std::size_t s = 0; s < kSymbols.size(); ++s) {
    for (const RawTrade& t : story.trades[s]) {
      Timestamp at = t.at + core::Duration{1};
      if (how.jitter.count() > 0)
        at = at + core::Duration{static_cast<std::int64_t>(random()) & 0x7fffffff} % how.jitter;
      if (t.at > story.begin + 10min && one_in(how.late_one_in)) at = at + std::chrono::seconds(random() % 290);
      out.push_back({at, s, t});
      if (one_in(how.again_one_in)) out.push_back({at + std::chrono::milliseconds(random() % 5000), s, t});
    }
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Delivery& a, const Delivery& b) { return a.received_at < b.received_at; });
  return out;
}

/// One run of the program over part of a story.
class Program {
 public:
  Program(Timestamp now, Told& told) : market_(100, now), told_(told) {
    for (const char* name : {"binance", "kraken"}) venues_[name] = market_.add_venue({name, name, false, "", ""});
  }
  void connect(Timestamp now) {
    for (const auto& [name, id] : venues_) {
      market_.on_status({id, core::FeedState::live, "", "", now});
      core::SymbolList list{id, {}};
      for (const Symbol& s : kSymbols) {
        if (s.venue == name) list.pairs.push_back({s.symbol, s.base, s.quote});
      }
      market_.choose_symbols(list, now);
    }
  }
  void restore(const core::RestoredState& state, Timestamp now) { market_.restore(state, now); }
  void pass(Timestamp now) {
    for (const auto& [name, id] : venues_) {
      if (!silent_) market_.on_alive(id, now);
    }
    market_.sweep(now);
    collect();
  }
  /// Every venue is gone, or back.
  void silence(bool silent, Timestamp now) {
    silent_ = silent;
    const auto state = silent ? core::FeedState::backing_off : core::FeedState::live;
    for (const auto& [name, id] : venues_) market_.on_status({id, state, "", "", now});
    pass(now);
  }
  void repair(const core::RepairedCandles& made, Timestamp now) {
    market_.on_repair(made, now);
    collect();
  }
  Market& market() { return market_; }
  bool deliver(const Delivery& d) {
    const auto id =
        market_.catalogue()->find_instrument(venues_.at(kSymbols[d.symbol].venue), kSymbols[d.symbol].symbol);
    const bool taken = market_.on_tick(core::Tick(
        core::Tick::Trade{id, d.received_at, d.trade.at, d.trade.price, d.trade.amount, d.trade.id, core::Side::buy}));
    market_.refresh(d.received_at);
    return taken;
  }
  void collect() {
    const auto& catalogue = *market_.catalogue();
    market_.take_candles(
        [&](core::InstrumentId id, Interval i, const Candle& c) {
          told_[{catalogue.instrument(id).venue_symbol, i, c.start}] = c;
        },
        [&](core::AssetId id, Interval i, const Candle& c) {
          told_[{catalogue.asset(id).id, i, c.start}] = c;
        });
  }
  /// What a store has of it: minutes, hours, and the open minutes; as much of it as a start reads.
  core::RestoredState stored(Timestamp now) {
    pass(now);
    core::RestoredState state;
    state.last_write = now;
    const Timestamp hour = (now - 62s).floor_to(1h);
    const auto past = [&](const std::string& name, const CandleBuilder& builder, Timestamp minutes_from) {
      core::RestoredState::Minutes out;
      for (auto it = told_.lower_bound({name, Interval::m1, minutes_from});
           it != told_.end() && std::get<0>(it->first) == name && std::get<1>(it->first) == Interval::m1; ++it) {
        out.candles.push_back(it->second);
      }
      std::vector<Candle> open;
      builder.open_candles(open);
      out.candles.insert(out.candles.end(), open.begin(), open.end());
      for (auto it = told_.lower_bound({name, Interval::h1, hour.floor_to(24h)});
           it != told_.end() && std::get<0>(it->first) == name && std::get<1>(it->first) == Interval::h1; ++it) {
        out.hours.push_back(it->second);
      }
      return out;
    };
    const auto& catalogue = *market_.catalogue();
    for (std::uint32_t i = 0; i < market_.pairs().size(); ++i) {
      const auto& pair = market_.pairs()[i];
      auto minutes = past(catalogue.instrument({i}).venue_symbol, market_.pair_candles({i}).minutes, hour);
      minutes.asset_id = catalogue.asset(pair.base).id;
      minutes.quote = catalogue.asset(pair.quote).id;
      minutes.venue = catalogue.venue(pair.venue).id;
      state.minutes.push_back(std::move(minutes));
    }
    for (const char* asset : {"bitcoin", "ethereum", "tether"}) {
      const auto id = catalogue.find_id(asset);
      auto minutes = past(asset, market_.asset(id).candles.minutes, now - 24h);
      minutes.asset_id = asset;
      state.minutes.push_back(std::move(minutes));
    }
    return state;
  }

 private:
  Market market_;
  Told& told_;
  bool silent_ = false;
  std::map<std::string, core::VenueId> venues_;
};

/// `restart`: not set, or when the program is stopped and started again at once.
inline Told run(const Story& story, const std::vector<Delivery>& all, Timestamp restart = {}) {
  Told told;
  auto program = std::make_unique<Program>(story.begin, told);
  program->connect(story.begin);
  Timestamp next = story.begin;
  const auto pass_until = [&](Timestamp t) {
    for (; next <= t; next = next + 13s) {
      if (restart.is_set() && next >= restart) {
        const core::RestoredState state = program->stored(restart);
        program = std::make_unique<Program>(restart, told);
        program->restore(state, restart);
        program->connect(restart);
        restart = {};
      }
      program->pass(next);
    }
  };
  for (const Delivery& d : all) {
    pass_until(d.received_at);
    program->deliver(d);
  }
  pass_until(story.end + 10min);
  return told;
}

inline void expect_recount(const Story& story, const Told& told, const std::string& label) {
  for (std::size_t s = 0; s < kSymbols.size(); ++s) {
    for (const Interval interval : core::kIntervals) {
      for (const auto& [start, expected] : recount(story.trades[s], interval, story.end)) {
        const auto found = told.find({kSymbols[s].symbol, interval, start});
        ASSERT_NE(found, told.end()) << label << ' ' << kSymbols[s].symbol << ' ' << core::to_string(interval) << ' '
                                     << core::to_rfc3339(start);
        ASSERT_EQ(figures(found->second), figures(expected))
            << label << ' ' << kSymbols[s].symbol << ' ' << core::to_string(interval);
        ASSERT_TRUE(found->second.final);
      }
    }
  }
}

// Whose beginning was heard; `restart`: the minute that was not heard as a whole.
inline void expect_marks(const Story& story, const Told& told, Timestamp restart = {}) {
  for (const auto& [key, candle] : told) {
    const auto& [name, interval, start] = key;
    const bool is_pair =
        std::any_of(kSymbols.begin(), kSymbols.end(), [&](const Symbol& s) { return s.symbol == name; });
    if (!is_pair) continue;
    const bool holds_start = start <= story.begin;
    const Timestamp end = start + core::width(interval);
    const bool holds_restart = restart.is_set() && start <= restart && restart < end;
    // The minute before may not have been closed yet.
    if (restart.is_set() && start <= restart && restart - 1min < end && candle.incomplete) continue;
    ASSERT_EQ(candle.incomplete, holds_start || holds_restart)
        << name << ' ' << core::to_string(interval) << ' ' << figures(candle);
  }
}

// The composite's volume is that of its pairs, and its longer candles are its minutes added up.
inline void expect_composites(const Story& story, const Told& told) {
  std::map<Timestamp, core::DecimalSum> volumes;
  for (const std::size_t s : {0u, 1u}) {
    for (const RawTrade& t : story.trades[s]) volumes[t.at.floor_to(1min)].add(t.amount);
  }
  const auto is_told = [&](const auto& v) { return told.contains({"bitcoin", Interval::m1, v.first}); };
  // A late trade of a minute in which nobody had a price counts in the next.
  const bool at_their_time = std::all_of(volumes.begin(), volumes.end(), is_told);
  core::DecimalSum expected_sum, sum_of_told;
  for (const auto& [start, volume] : volumes) {
    expected_sum.add(volume);
    if (!at_their_time) continue;
    ASSERT_EQ(told.at({"bitcoin", Interval::m1, start}).volume, volume.total()) << core::to_rfc3339(start);
  }
  for (const auto& [key, candle] : told) {
    if (std::get<0>(key) == "bitcoin" && std::get<1>(key) == Interval::m1) sum_of_told.add(candle.volume);
  }
  ASSERT_EQ(sum_of_told.total(), expected_sum.total());
  for (const auto& [key, candle] : told) {
    const auto& [name, interval, start] = key;
    if (name != "bitcoin" || interval == Interval::m1) continue;
    core::DecimalSum volume;
    std::uint32_t trades = 0;
    std::optional<Candle> sum;
    int minutes = 0;
    for (auto it = told.lower_bound({name, Interval::m1, start});
         it != told.end() && std::get<0>(it->first) == name && std::get<1>(it->first) == Interval::m1 &&
         it->second.start < start + core::width(interval);
         ++it) {
      const Candle& m = it->second;
      ++minutes;
      volume.add(m.volume);
      trades += m.trades;
      if (m.flat && sum && !sum->flat) continue;
      if (!sum || (sum->flat && !m.flat)) sum = m;
      sum->high = std::max(sum->high, m.high);
      sum->low = std::min(sum->low, m.low);
      sum->close = m.close;
    }
    sum->start = start;
    sum->volume = volume.total();
    sum->trades = trades;
    sum->flat = candle.flat;
    ASSERT_EQ(figures(candle), figures(*sum)) << core::to_string(interval);
    ASSERT_TRUE(candle.incomplete || minutes == core::width(interval) / 1min);
  }
}

}  // namespace tickspan::market::story
