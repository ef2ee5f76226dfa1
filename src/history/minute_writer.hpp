#pragma once

#include <cstdint>
#include <vector>

#include "history/series.hpp"
#include "storage/history_store.hpp"

namespace tickspan::history {

/// Takes those rows out whose series and interval has the same numbers stored at that start. Returns how many went.
/// `tells_of_parts`: the rows know which of them are incomplete.
core::Result<std::size_t> drop_unchanged(storage::StoreReader& reader, const storage::SeriesName& series,
                                         core::Interval interval, std::vector<core::CandleRow>& rows,
                                         bool tells_of_parts);

/// Stores 1 m candles that were recounted, where they know more than what is stored: a stored candle with more volume
/// was built with trades that are not stored, and stays. A minute of silence inside a recorded gap is no candle, unless
/// that was repaired.
class MinuteWriter {
 public:
  MinuteWriter(storage::StoreReader& reader, storage::StoreWriter& writer, const Series& series)
      : reader_(reader), writer_(writer), series_(series) {}

  core::Status load_gaps(core::Timestamp start, core::Timestamp end);
  /// Ascending.
  core::Status put(const core::Candle& candle);
  core::Status flush();
  std::uint64_t written() const { return written_; }

 private:
  bool in_gap(core::Timestamp minute);

  storage::StoreReader& reader_;
  storage::StoreWriter& writer_;
  const Series& series_;
  std::vector<core::Gap> gaps_;  // ascending by start
  std::size_t next_gap_ = 0;
  core::Timestamp silent_until_;  // the latest end of the gaps before next_gap_
  std::vector<core::Candle> waiting_;
  std::uint64_t written_ = 0;
};

}  // namespace tickspan::history
