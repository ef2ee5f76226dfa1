#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/history_store.hpp"

namespace tickspan::storage::test {

struct Backend {
  const char* name;
  /// An empty store; null where what it needs is not installed.
  std::unique_ptr<HistoryStore> (*make)(const std::string& folder);
};

/// All that there are. A new one is one line in backends.cpp.
const std::vector<Backend>& backends();

}  // namespace tickspan::storage::test
