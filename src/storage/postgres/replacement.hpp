#pragma once

#include <memory>
#include <string>

#include "storage/postgres/postgres_store.hpp"

namespace tickspan::storage::postgres {

/// A second store in the same database, which takes the place of the first in one step, or never. While it exists
/// programs that write there are kept out. Begins empty, whatever one that was broken off has left.
/// **Threading**: one thread.
class Replacement {
 public:
  /// unavailable: a program writes to the database. forbidden: this user may not make schemas.
  static core::Result<std::unique_ptr<Replacement>> begin(const std::string& url, PostgresOptions options);
  virtual ~Replacement() = default;
  /// The new one, open. Its writers and readers must be gone before finish().
  virtual HistoryStore& store() = 0;
  /// The schema that the old one is kept in; empty where there was none.
  virtual core::Result<std::string> finish() = 0;
};

}  // namespace tickspan::storage::postgres
