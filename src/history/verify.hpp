#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "storage/batch_rows.hpp"
#include "storage/history_store.hpp"

namespace tickspan::history {

struct VerifyRequest {
  core::Timestamp start, end;  ///< [start, end), in whole minutes; not set: everything
  std::size_t listed = 100;    ///< how many differences, and how many ranges without data, are told of each series
};

/// What one series was found to be.
struct VerifyResult {
  std::uint64_t minutes = 0;          ///< final 1 m candles stored
  std::uint64_t recounted = 0;        ///< of them, and of those that should be there: counted again from trades
  std::uint64_t summed = 0;           ///< longer candles compared with the sum of their minutes
  std::uint64_t differences = 0;      ///< candles that are not what they should be
  std::uint64_t fuller = 0;           ///< minutes of recorded gaps that tell of more than the trades that are stored
  std::uint64_t missing_minutes = 0;  ///< between the first and the last one
  std::uint64_t unexplained = 0;      ///< of these, those that no recorded gap covers
  std::uint64_t gaps = 0;             ///< recorded for the source in the range
};

/// Receives findings as lines of text. `progress` may be empty.
struct VerifyOutput {
  std::function<void(const std::string& line)> finding;
  std::function<void(core::Timestamp at)> progress;
};

/// Recounts the 1 m candles of a series where its trades are stored, sums up the longer ones where all their minutes
/// are there, and looks for minutes that are missing. Reads only.
core::Result<VerifyResult> verify_series(storage::StoreReader& reader, const storage::SeriesName& series,
                                         const VerifyRequest& request, const VerifyOutput& output);

/// `bitcoin/tether@binance`, `bitcoin/usd` for the composite.
std::string describe(const storage::SeriesName& series);

}  // namespace tickspan::history
