#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/write_batch.hpp"
#include "storage/history_store.hpp"

namespace tickspan::storage {

struct SpoolOptions {
  std::uint64_t max_bytes = 512ULL << 20;
  std::uint64_t segment_bytes = 16ULL << 20;  ///< a file is at most about this long, and goes when all of it is written
  bool sync = true;                           ///< append() returns once the disk has it; else sync() brings it there
};

/// Rows that the store cannot take now, in files beside it: appended in order, taken in order, however often the
/// program ends in between. A record is its length, its checksum and the batches as batch_codec writes them.
///
/// What is left of a record that was being written when the program was killed is cut off. A record whose checksum is
/// wrong is passed over, and so is what follows it in that file, since nothing says where the next one begins: that is
/// counted and logged.
/// After a crash records may be taken again that were taken before: writing is upserts, so that changes nothing.
/// **Threading**: one thread; the figures by any. **Limits**: `max_bytes` on disk; one record in memory.
class Spool {
 public:
  /// Makes the folder, looks through the files that are there. io_error names the folder.
  static core::Result<std::unique_ptr<Spool>> open(std::string folder, SpoolOptions options);
  virtual ~Spool() = default;

  /// too_large: there is no room, the rows stay with the caller. io_error: the disk refused (full, say); nothing of the
  /// record stays.
  virtual core::Status append(const std::vector<core::WriteBatch>& batches) = 0;
  /// Whatever was appended is on the disk when this returns well.
  virtual core::Status sync() = 0;
  /// The oldest record; nothing when all were taken.
  virtual core::Result<std::optional<std::vector<core::WriteBatch>>> front() = 0;
  /// The record that front() gave is in the store.
  virtual void pop() = 0;

  virtual bool empty() const = 0;
  virtual std::uint64_t bytes() const = 0;
  virtual std::uint64_t rows() const = 0;
  /// How often records were lost to damage so far; the end of the last file, cut short by a crash, is none.
  virtual std::uint64_t damaged() const = 0;
};

/// Writes what the folder's spool holds, before anybody looks at the store; stops at the first failure, and what is
/// left stays where it is. What was damaged leaves gaps. Returns how many rows were written. No folder: nothing to do.
core::Result<std::uint64_t> drain_spool(const std::string& folder, HistoryStore& store);

}  // namespace tickspan::storage
