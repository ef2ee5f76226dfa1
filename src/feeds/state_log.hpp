#pragma once

#include <set>
#include <string>

#include "core/freshness.hpp"

namespace tickspan::feeds {

/// Logs what becomes of a source once per change, not once per attempt: a trouble is a warning when it is new since the
/// source was last live; the attempts in between are for `debug`.
/// **Threading**: one thread.
class StateLog {
 public:
  void changed(core::FeedState state, const std::string& line, const std::string& trouble);

 private:
  std::set<std::string> known_;  ///< troubles said since the source was last live, a few at most
  bool in_trouble_ = false;
};

}  // namespace tickspan::feeds
