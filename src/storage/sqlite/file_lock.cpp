#include "storage/sqlite/file_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace tickspan::storage::sqlite {
namespace {

std::string reason(int error) {
  return std::generic_category().message(error);
}

std::string holder(int descriptor) {
  char text[24];
  const ssize_t size = ::pread(descriptor, text, sizeof text, 0);
  std::string digits;
  for (ssize_t i = 0; i < size && text[i] >= '0' && text[i] <= '9'; ++i) digits.push_back(text[i]);
  return digits.empty() ? std::string{} : " (process " + digits + ")";
}

}  // namespace

core::Result<std::unique_ptr<FileLock>> FileLock::acquire(const std::string& path, const std::string& subject) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    return core::fail(
        core::ErrorCode::io_error,
        fmt::format("cannot write '{}': {}; make it writable for this user or choose another place with --data", path,
                    reason(errno)));
  }
  std::unique_ptr<FileLock> lock(new FileLock(descriptor));
  int result = -1;
  do {
    result = ::flock(descriptor, LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result == 0) {
    const std::string id = fmt::format("{}\n", ::getpid());
    // Who holds it helps people only: where it cannot be written (a full disk) the lock holds all the same.
    if (::ftruncate(descriptor, 0) == 0) result = static_cast<int>(::pwrite(descriptor, id.data(), id.size(), 0));
    return lock;
  }
  if (errno == EWOULDBLOCK) {
    return core::fail(
        core::ErrorCode::unavailable,
        fmt::format("{} is in use by another tickspan{}; end that one or choose another place with --data", subject,
                    holder(descriptor)));
  }
  return core::fail(
      core::ErrorCode::io_error,
      fmt::format("cannot lock '{}': {}; choose a place on a local disk with --data", path, reason(errno)));
}

FileLock::~FileLock() {
  ::close(descriptor_);
}

}  // namespace tickspan::storage::sqlite
