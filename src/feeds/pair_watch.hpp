#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/ids.hpp"
#include "core/time.hpp"
#include "feeds/rhythm.hpp"

namespace tickspan::feeds {

/// Which pairs of a connection have fallen silent although others are heard: each is held to its own rhythm.
/// **Threading**: the feed's loop.
class PairWatch {
 public:
  using Time = Rhythm::Time;
  struct Silence {
    std::string symbol;
    core::Timestamp since;  ///< when it was heard last; not set: never
  };

  /// `patience`: shorter silences say nothing of any pair. One that is not known yet has ten times as much.
  explicit PairWatch(core::Duration patience) : patience_(patience) {}

  void add(core::InstrumentId id, const std::string& symbol, Time now);
  /// True where it was silent.
  bool remove(const std::string& symbol);
  /// Nobody was listening until now: no pair's silence.
  void resume(Time now);
  /// Its data came. Its symbol where it had been silent, else null; valid until the next call.
  const std::string* heard(core::InstrumentId id, core::Timestamp received_at, Time now);
  /// Those that have fallen silent since the last look.
  std::vector<Silence> look(Time now);
  /// When its newest data came; not set: never.
  core::Timestamp last_at(const std::string& symbol) const;
  bool silent(const std::string& symbol) const { return silent_.contains(symbol); }
  const std::set<std::string>& silent() const { return silent_; }

 private:
  struct Pair {
    std::string symbol;
    Rhythm rhythm;
    core::Timestamp last_at;
  };
  core::Duration patience_;
  std::unordered_map<core::InstrumentId, Pair> pairs_;
  std::set<std::string> silent_;
};

}  // namespace tickspan::feeds
