#pragma once

#include <string>

#include "storage/postgres/batch_plan.hpp"
#include "storage/postgres/connection.hpp"
#include "storage/postgres/partitions.hpp"
#include "storage/postgres/schema.hpp"
#include "storage/postgres/wire.hpp"

namespace tickspan::storage::postgres {

/// Writes candles, their roll-ups and trades, within a transaction of the caller's. Rows of a series that are newer
/// than all it has cannot be there: they go straight in, and the server stores the first while the next are encoded.
/// The others go through staging tables of the session.
/// **Threading**: one thread.
class RowWriter {
 public:
  explicit RowWriter(Layout layout) : layout_(layout) {}

  /// What a session runs first.
  static std::string session_setup(Layout layout);
  /// `within`: one of many writes of a transaction. What the book knows of the series is brought up to date: after a
  /// failure it must be forgotten.
  core::Status write(Connection& connection, const BatchPlan& plan, bool within);

 private:
  core::Status write_minutes(const std::vector<MinuteRow>& rows);
  core::Status write_candles(const std::vector<LevelRow>& rows);
  core::Status write_trades(const std::vector<TradeRef>& rows);
  template <typename Shape>
  core::Status send_fresh(const std::vector<typename Shape::Row>& rows);
  core::Status await_fresh();
  core::Status merge_staged(std::string_view staging, const std::string& merge);
  std::string place_of(Table table, core::Timestamp first, core::Timestamp last) const;

  const Layout layout_;
  Connection* connection_ = nullptr;  // during write()
  bool within_ = false;
  bool sending_ = false;  // a COPY whose answer is still to come
  CopyStream stream_;
};

}  // namespace tickspan::storage::postgres
