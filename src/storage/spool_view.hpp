#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/write_batch.hpp"

namespace tickspan::storage {

/// What waits in a spool at one moment, while a running program may append to it and empty it. Changes nothing.
/// **Ownership**: keeps the files readable that the program removes. **Limits**: one record in memory.
class SpoolView {
 public:
  /// No folder is an empty spool. io_error names the file.
  static core::Result<std::unique_ptr<SpoolView>> open(const std::string& folder);
  virtual ~SpoolView() = default;
  virtual bool empty() const = 0;
  /// Nothing was taken out since open(): a store that is looked at in between has none of the records, or but the
  /// first.
  virtual core::Result<bool> is_current() const = 0;
  /// The records in order. What is damaged is passed over as the program would; damaged() counts it.
  virtual core::Status each(const std::function<core::Status(const std::vector<core::WriteBatch>&)>& visit) = 0;
  virtual std::uint64_t damaged() const = 0;
};

}  // namespace tickspan::storage
