#pragma once

#include <chrono>
#include <cstdint>

#include "core/time.hpp"

namespace tickspan::feeds {

/// Pauses in the data of a connection that are not like it. When data come again, what was kept back meanwhile shows by
/// the next number of each pair at the earliest, and of what has no numbers never: a connection that breaks soon after
/// was not heard since the pause began.
/// **Threading**: one thread.
class PauseWatch {
 public:
  /// Data came.
  void heard(core::Timestamp at) {
    const core::Duration pause = last_.is_set() ? at - last_ : core::Duration{};
    if (pauses_ >= kKnown && pause > kShort && pause > kUnlike * mean_) {
      if (at >= proven_at_) from_ = last_;
      proven_at_ = at + kProves;
    } else if (last_.is_set() && pause >= core::Duration{}) {
      mean_ = pauses_ == 0 ? pause : mean_ + (pause - mean_) / 10;
      ++pauses_;
    }
    last_ = at;
  }
  /// Nobody listened until now: no pause of the connection's.
  void resume() { last_ = proven_at_ = {}; }
  /// When the pause began that is still in doubt; not set: none is.
  core::Timestamp doubted_since(core::Timestamp now) const { return now < proven_at_ ? from_ : core::Timestamp{}; }

 private:
  static constexpr std::uint64_t kKnown = 20;
  static constexpr core::Duration kShort = std::chrono::seconds(2);
  static constexpr int kUnlike = 20;
  static constexpr core::Duration kProves = std::chrono::seconds(30);

  core::Timestamp last_, from_, proven_at_;
  core::Duration mean_{};
  std::uint64_t pauses_ = 0;
};

}  // namespace tickspan::feeds
