#include "history/table_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

namespace tickspan::history {
namespace {

using core::ErrorCode;
using core::Result;
using core::Status;

constexpr std::size_t kMaxLine = 64 * 1024;
constexpr unsigned kGzipBuffer = 128 * 1024;

tl::unexpected<core::Error> disk_error(const std::string& doing, const std::string& path, int error) {
  return core::fail(ErrorCode::io_error,
                    fmt::format("cannot {} '{}': {}", doing, path, std::generic_category().message(error)));
}

Status write_all(int descriptor, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return disk_error("write", path, written < 0 ? errno : ENOSPC);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Result<TableName> read_table_name(std::string_view path) {
  TableName name;
  std::string_view rest = path;
  if (rest.ends_with(".gz")) {
    name.gzip = true;
    rest.remove_suffix(3);
  }
  if (rest.ends_with(".csv")) return name;
  name.form = TableForm::ndjson;
  if (rest.ends_with(".ndjson") || rest.ends_with(".jsonl")) return name;
  return core::fail(ErrorCode::invalid_argument,
                    fmt::format("{}: the name must end in .csv or .ndjson, or either with .gz", path));
}

struct TableReader::Impl {
  std::string path;
  gzFile file = nullptr;
  std::uintmax_t file_bytes = 0;
  std::vector<char> buffer = std::vector<char>(kMaxLine * 4);
  std::size_t begin = 0, end = 0;
  bool at_end = false;

  ~Impl() {
    if (file != nullptr) gzclose_r(file);
  }

  tl::unexpected<core::Error> damaged() const {
    int code = 0;
    const char* text = gzerror(file, &code);
    if (code == Z_ERRNO) return disk_error("read", path, errno);
    return core::fail(ErrorCode::io_error, fmt::format("'{}' has damaged compressed data: {}", path, text));
  }

  /// More bytes behind those that are there.
  Status fill() {
    std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(begin), buffer.begin() + static_cast<std::ptrdiff_t>(end),
              buffer.begin());
    end -= begin;
    begin = 0;
    const int got = gzread(file, buffer.data() + end, static_cast<unsigned>(buffer.size() - end));
    if (got < 0) return damaged();
    if (got == 0) {
      int code = Z_OK;
      gzerror(file, &code);
      if (code == Z_BUF_ERROR) {
        return core::fail(ErrorCode::io_error, fmt::format("'{}' is cut off: its compressed data has no end", path));
      }
      at_end = true;
    }
    end += static_cast<std::size_t>(got);
    return {};
  }
};

TableReader::TableReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TableReader::~TableReader() = default;

Result<std::unique_ptr<TableReader>> TableReader::open(const std::string& path) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  std::error_code absent;
  if (std::filesystem::is_directory(path, absent)) return disk_error("read", path, EISDIR);
  impl->file = gzopen(path.c_str(), "rb");
  if (impl->file == nullptr) return disk_error("read", path, errno == 0 ? ENOMEM : errno);
  gzbuffer(impl->file, kGzipBuffer);
  impl->file_bytes = std::filesystem::file_size(path, absent);
  if (absent) impl->file_bytes = 0;
  return std::unique_ptr<TableReader>(new TableReader(std::move(impl)));
}

double TableReader::part() const {
  const auto at = gzoffset(impl_->file);
  return impl_->file_bytes == 0 || at < 0 ? -1 : static_cast<double>(at) / static_cast<double>(impl_->file_bytes);
}

Result<bool> TableReader::next(std::string_view& line) {
  Impl& in = *impl_;
  std::size_t searched = 0;
  for (;;) {
    const std::string_view ready(in.buffer.data() + in.begin, in.end - in.begin);
    const std::size_t feed = ready.find('\n', searched);
    const bool last = feed == std::string_view::npos && in.at_end;
    if (feed == std::string_view::npos && !last) {
      if (ready.size() <= kMaxLine) {
        searched = ready.size();
        if (auto filled = in.fill(); !filled) return tl::unexpected(filled.error());
        continue;
      }
    }
    if (last && ready.empty()) return false;
    ++lines_;
    const std::size_t size = last ? ready.size() : feed;
    if (feed == std::string_view::npos && !last ? true : size > kMaxLine) {
      return core::fail(ErrorCode::parse_error,
                        fmt::format("{}, line {}: longer than {} bytes", in.path, lines_, kMaxLine));
    }
    const std::size_t taken = last ? size : size + 1;
    digest_.add(ready.substr(0, taken));
    line = ready.substr(0, size);
    if (line.ends_with('\r')) line.remove_suffix(1);
    in.begin += taken;
    return true;
  }
}

struct TableWriter::Impl {
  std::string path, partial;
  int descriptor = -1;
  gzFile gzip = nullptr;
  bool is_stdout = false;
  bool overwrite = false;
  bool nameless = false;  // until it is whole: gone with the program, however that ends

  /// False, and errno, where it cannot be.
  bool open() {
    const auto folder = std::filesystem::path(path).parent_path();
    descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0644);
    nameless = descriptor >= 0;
    if (nameless) return true;
    partial = partial_name();
    descriptor = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor < 0) partial.clear();
    return descriptor >= 0;
  }
  std::string partial_name() const { return fmt::format("{}.partial-{}", path, ::getpid()); }

  ~Impl() {
    if (gzip != nullptr) gzclose_w(gzip);
    if (descriptor >= 0 && !is_stdout) ::close(descriptor);
    if (!partial.empty()) ::unlink(partial.c_str());
  }

  Status end_gzip() {
    if (gzip == nullptr) return {};
    const int closed = gzclose_w(gzip);
    gzip = nullptr;
    if (closed != Z_OK) return disk_error("write", path, closed == Z_ERRNO ? errno : EIO);
    return {};
  }

  Status give_name() {
    if (::fsync(descriptor) != 0) return disk_error("write", path, errno);
    if (nameless) {
      const std::string name = overwrite ? partial_name() : path;
      const std::string itself = fmt::format("/proc/self/fd/{}", descriptor);
      if (::linkat(AT_FDCWD, itself.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0) {
        return errno == EEXIST ? exists() : disk_error("write", path, errno);
      }
      if (!overwrite) return {};
      partial = name;
    }
    if (!overwrite && ::link(partial.c_str(), path.c_str()) != 0) {
      if (errno == EEXIST) return exists();
      if (errno != EPERM && errno != EOPNOTSUPP) return disk_error("write", path, errno);
      overwrite = true;  // a file system without second names
    }
    if (overwrite && std::rename(partial.c_str(), path.c_str()) != 0) return disk_error("write", path, errno);
    if (overwrite) partial.clear();
    return {};
  }

  tl::unexpected<core::Error> exists() const {
    return core::fail(ErrorCode::conflict, fmt::format("'{}' exists; choose another name or say --force", path));
  }
};

TableWriter::TableWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TableWriter::~TableWriter() = default;

Result<std::unique_ptr<TableWriter>> TableWriter::create(const std::string& path, bool gzip, bool overwrite) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->overwrite = overwrite;
  impl->is_stdout = path == "-";
  if (impl->is_stdout) {
    impl->descriptor = STDOUT_FILENO;
  } else {
    std::error_code absent;
    if (!overwrite && std::filesystem::exists(path, absent)) return impl->exists();
    if (!impl->open()) return disk_error("write", path, errno);
  }
  if (gzip) {
    const int copy = ::dup(impl->descriptor);  // closing the gzip stream closes it, and the file is still to be synced
    impl->gzip = copy < 0 ? nullptr : gzdopen(copy, "wb6");
    if (impl->gzip == nullptr) {
      if (copy >= 0) ::close(copy);
      return disk_error("write", path, ENOMEM);
    }
    gzbuffer(impl->gzip, kGzipBuffer);
  }
  return std::unique_ptr<TableWriter>(new TableWriter(std::move(impl)));
}

Status TableWriter::write(std::string_view bytes) {
  digest_.add(bytes);
  bytes_ += bytes.size();
  if (impl_->gzip == nullptr) return write_all(impl_->descriptor, bytes, impl_->path);
  if (bytes.empty()) return {};
  const int written = gzwrite(impl_->gzip, bytes.data(), static_cast<unsigned>(bytes.size()));
  if (written > 0) return {};
  return disk_error("write", impl_->path, errno == 0 ? EIO : errno);
}

Status TableWriter::finish() {
  checksum_ = digest_.finish();
  if (auto ended = impl_->end_gzip(); !ended) return ended;
  if (impl_->is_stdout) return {};
  return impl_->give_name();
}

Result<std::unique_ptr<SpooledInput>> SpooledInput::from_stdin(const std::string& directory) {
  std::string path = directory + "/import-XXXXXX";
  const int descriptor = ::mkostemp(path.data(), O_CLOEXEC);
  if (descriptor < 0) return disk_error("write", path, errno);
  // Without a name it goes with the program, however that ends.
  ::unlink(path.c_str());
  std::unique_ptr<SpooledInput> spooled(new SpooledInput(descriptor));
  std::array<char, 64 * 1024> buffer;
  Status status;
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) status = disk_error("read", "stdin", errno);
    if (got <= 0) break;
    status = write_all(descriptor, {buffer.data(), static_cast<std::size_t>(got)}, path);
    if (!status) break;
  }
  if (!status) return tl::unexpected(status.error());
  return spooled;
}

SpooledInput::SpooledInput(int descriptor)
    : descriptor_(descriptor), path_(fmt::format("/proc/self/fd/{}", descriptor)) {}
SpooledInput::~SpooledInput() {
  ::close(descriptor_);
}

}  // namespace tickspan::history
