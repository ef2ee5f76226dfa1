#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "sim/recording.hpp"

namespace tickspan::sim {
namespace {

/// How much of a recording a crash may cost, in recorded time.
constexpr auto kFlushInterval = std::chrono::seconds(1);

/// zlib writes plain files as well (mode `T`), so there is one path for both.
class FileWriter final : public RecordingWriter {
 public:
  FileWriter(gzFile file, std::string path) : file_(file), path_(std::move(path)) { gzbuffer(file_, 256 * 1024); }
  ~FileWriter() override {
    if (file_ != nullptr) gzclose_w(file_);  // close() is where a failure can be reported
  }
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  core::Status write(core::Timestamp at, std::string_view kind, std::string_view payload) override {
    if (file_ == nullptr) return core::fail(core::ErrorCode::conflict, path_ + ": the recording is closed");
    line_.assign(std::to_string(at.ns)).append("\t").append(kind).append("\t");
    std::size_t keep = line_.size();
    // The TAB between a REST answer's address and its body is the form's own.
    if (const auto tab = payload.find('\t'); kind == "rest" && tab != std::string_view::npos) keep += tab + 1;
    line_.append(payload);
    // In JSON these three stand between tokens only, where a blank means the same; in a line they would break the form.
    const auto rest = line_.begin() + static_cast<std::ptrdiff_t>(keep);
    std::replace_if(
        rest, line_.end(), [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
    line_ += '\n';
    if (gzwrite(file_, line_.data(), static_cast<unsigned>(line_.size())) != static_cast<int>(line_.size()))
      return failure();
    if (at - flushed_at_ < kFlushInterval && at >= flushed_at_) return {};
    flushed_at_ = at;
    return gzflush(file_, Z_SYNC_FLUSH) == Z_OK ? core::Status{} : failure();
  }

  core::Status close() override {
    if (file_ == nullptr) return {};
    errno = 0;
    const int code = gzclose_w(file_);
    file_ = nullptr;
    if (code == Z_OK) return {};
    return core::fail(core::ErrorCode::io_error, path_ + ": " + (errno != 0 ? std::strerror(errno) : zError(code)));
  }

 private:
  core::Status failure() {
    int code = Z_OK;
    const char* message = gzerror(file_, &code);
    return core::fail(core::ErrorCode::io_error, path_ + ": " + (code == Z_ERRNO ? std::strerror(errno) : message));
  }

  gzFile file_;
  std::string path_;
  std::string line_;
  core::Timestamp flushed_at_;
};

}  // namespace

core::Result<std::unique_ptr<RecordingWriter>> RecordingWriter::create(const std::string& path) {
  errno = 0;
  gzFile file = gzopen(path.c_str(), path.ends_with(".gz") ? "wbe6" : "wbeT");
  if (file == nullptr) {
    return core::fail(core::ErrorCode::io_error, path + ": " + (errno != 0 ? std::strerror(errno) : "out of memory"));
  }
  return std::make_unique<FileWriter>(file, path);
}

}  // namespace tickspan::sim
