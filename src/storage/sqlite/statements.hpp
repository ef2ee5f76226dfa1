#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/decimal.hpp"
#include "core/result.hpp"
#include "storage/sqlite/connection.hpp"

namespace tickspan::storage::sqlite {

/// Rows that this program cannot have written.
inline core::Error damaged(std::string_view what) {
  return {
      core::ErrorCode::io_error,
      "the database has a damaged " + std::string(what) + "; restore it from a backup, or move it away and start anew",
      false};
}

inline core::Result<core::Decimal> decimal_at(const Statement& row, int column, std::string_view what) {
  const std::int64_t exponent = row.integer(column + 1);
  if (exponent < -128 || exponent > 127) return tl::unexpected(damaged(what));
  return core::Decimal{row.integer(column), static_cast<std::int8_t>(exponent)};
}

/// Prepared statements of one connection, made when first used.
class Statements {
 public:
  explicit Statements(Connection& connection) : connection_(connection) {}
  core::Result<Statement*> get(std::string_view sql) {
    Statement& statement = cache_[sql.data()];
    if (!statement) {
      auto prepared = connection_.prepare(sql);
      if (!prepared) return tl::unexpected(prepared.error());
      statement = std::move(*prepared);
    }
    return &statement;
  }
  /// Calls `row(statement) -> Result<bool>` for each row until it says false. `bind` fills in the parameters.
  template <typename Bind, typename Row>
  core::Status each(std::string_view sql, Bind bind, Row row) {
    auto statement = get(sql);
    if (!statement) return tl::unexpected(statement.error());
    const ResetOnExit reset(**statement);
    bind(**statement);
    Step step = Step::row;
    while ((step = (*statement)->step()) == Step::row) {
      const core::Result<bool> more = row(**statement);
      if (!more) return tl::unexpected(more.error());
      if (!*more) return {};
    }
    if (step == Step::failed) return tl::unexpected(connection_.error("read"));
    return {};
  }
  Connection& connection() { return connection_; }

 private:
  Connection& connection_;
  std::map<const char*, Statement> cache_;  // by the address of the constant
};

}  // namespace tickspan::storage::sqlite
