#pragma once

#include <memory>
#include <string>

#include "core/result.hpp"

namespace tickspan::storage::sqlite {

/// An exclusive lock on a file, held until the object or the process ends, however it ends: the kernel keeps it, so
/// that nothing has to be cleaned up after a crash. The file stays; its content (the process id) is for people only.
class FileLock {
 public:
  /// unavailable when somebody else holds it; io_error when the file cannot be made. `subject` is what messages call
  /// the thing that it protects.
  static core::Result<std::unique_ptr<FileLock>> acquire(const std::string& path, const std::string& subject);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace tickspan::storage::sqlite
