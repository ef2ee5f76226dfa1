#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "storage/history_store.hpp"
#include "storage/sqlite/connection.hpp"

namespace tickspan::storage::sqlite {

/// Deletes candles that are past their time: whole hours of those below an hour, whole days of those below a day, so
/// that what is longer can be written first where it was only read as a sum.
/// **Threading**: that of the connection. **Ownership**: the connection must outlive it.
class CandleExpiry {
 public:
  /// `reader` looks at the same file over a connection of its own.
  CandleExpiry(Connection& connection, std::unique_ptr<StoreReader> reader)
      : connection_(connection), reader_(std::move(reader)) {}
  core::Status prepare();

  /// In the caller's transaction. `room` is what may still be deleted; a piece is deleted whole, an hour's minutes say,
  /// and `over` is what went beyond the room with it.
  core::Status expire(const Expiry& older_than, std::size_t& room, std::size_t& over);

 private:
  struct Series {
    std::int64_t id = 0;
    SeriesName name;
  };
  core::Status expire(const Series& series, core::Interval interval, core::Timestamp cutoff, std::size_t& room,
                      std::size_t& over);
  core::Status keep_sum(const Series& series, core::Interval longer, core::Timestamp start);
  core::Result<std::vector<Series>> list();

  Connection& connection_;
  std::unique_ptr<StoreReader> reader_;
  Statement oldest_, is_whole_, put_, delete_;
};

}  // namespace tickspan::storage::sqlite
