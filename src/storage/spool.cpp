#include "storage/spool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <deque>
#include <filesystem>
#include <limits>
#include <system_error>

#include "runtime/log.hpp"
#include "storage/batch_codec.hpp"
#include "storage/spool_format.hpp"
#include "storage/spool_loss.hpp"

namespace tickspan::storage {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using core::Result;
using core::Status;
using core::Timestamp;
using namespace spool_format;

constexpr runtime::Log kLog{"storage"};
struct Segment {
  std::uint64_t number = 0;
  std::uint64_t size = 0;
  std::uint64_t rows = 0;  // not taken yet
};

class FileSpool final : public Spool {
 public:
  FileSpool(std::string folder, SpoolOptions options) : folder_(std::move(folder)), options_(options) {}

  Status load();
  Status append(const std::vector<core::WriteBatch>& batches) override;
  Status sync() override;
  Result<std::optional<std::vector<core::WriteBatch>>> front() override;
  void pop() override;
  bool empty() const override { return segments_.empty() || (segments_.size() == 1 && at_ >= segments_[0].size); }
  std::uint64_t bytes() const override { return bytes_.load(std::memory_order_relaxed); }
  std::uint64_t rows() const override { return rows_.load(std::memory_order_relaxed); }
  std::uint64_t damaged() const override { return damaged_.load(std::memory_order_relaxed); }

 private:
  std::string path(std::uint64_t number) const {
    return fmt::format("{}/{}{:08}{}", folder_, kPrefix, number, kSuffix);
  }
  core::Error failure(const char* doing, const std::string& file) const {
    return {ErrorCode::io_error, fmt::format("cannot {} '{}': {}", doing, file, std::strerror(errno)), true, 0};
  }
  Status scan(Segment& segment, bool newest);
  Status start_segment();
  void drop_front();
  void pass_over();
  void note_taken();

  const std::string folder_;
  const SpoolOptions options_;
  std::deque<Segment> segments_;  // oldest first
  File write_file_, read_file_, position_file_;
  bool position_failed_ = false;
  std::uint64_t at_ = kMagic.size();          // in the oldest segment: where the next record begins
  std::uint32_t taken_ = 0, taken_rows_ = 0;  // the record that front() gave
  bool unsynced_ = false;                     // something in write_file_
  std::atomic<std::uint64_t> bytes_{0}, rows_{0}, damaged_{0};
};

Status FileSpool::load() {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error)
    return core::fail(ErrorCode::io_error, fmt::format("cannot make the folder '{}': {}", folder_, error.message()));
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    Segment segment;
    const char* const begin = name.data() + kPrefix.size();
    const char* const end = name.data() + name.size() - kSuffix.size();
    if (std::from_chars(begin, end, segment.number).ptr == end) segments_.push_back(segment);
  }
  if (error) return core::fail(ErrorCode::io_error, fmt::format("cannot look into '{}': {}", folder_, error.message()));
  std::sort(segments_.begin(), segments_.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  for (Segment& segment : segments_) {
    if (auto scanned = scan(segment, &segment == &segments_.back()); !scanned) return scanned;
    bytes_ += segment.size;
    rows_ += segment.rows;
  }
  return {};
}

// Counts the rows and cuts off what was being written when the program ended.
Status FileSpool::scan(Segment& segment, bool newest) {
  const std::string file_path = path(segment.number);
  const File file(::open(file_path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file.is_open()) return tl::unexpected(failure("open", file_path));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return tl::unexpected(failure("look at", file_path));
  const auto size = static_cast<std::uint64_t>(info.st_size);
  segment.size = kMagic.size();
  std::string head;
  for (std::uint64_t at = kMagic.size(); at + kHead <= size;) {
    if (!file.read(head, kHead, at)) return tl::unexpected(failure("read", file_path));
    const std::uint64_t end = at + kHead + get32(head.data());
    if (end > size) break;
    segment.rows += get32(head.data() + 4);
    segment.size = at = end;
  }
  if (segment.size < size) {
    if (!newest) ++damaged_;
    kLog.warn("'{}': the last record was cut short by the program's end; {} bytes are dropped", file_path,
              size - segment.size);
    if (::ftruncate(file.get(), static_cast<off_t>(segment.size)) != 0)
      return tl::unexpected(failure("shorten", file_path));
  }
  if (!file.write(kMagic, 0)) return tl::unexpected(failure("write", file_path));
  return {};
}

Status FileSpool::start_segment() {
  const std::uint64_t number = segments_.empty() ? 1 : segments_.back().number + 1;
  const std::string file_path = path(number);
  File file(::open(file_path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.is_open()) return tl::unexpected(failure("create", file_path));
  if (!file.write(kMagic, 0)) {
    const auto error = failure("write", file_path);
    ::unlink(file_path.c_str());
    return tl::unexpected(error);
  }
  // What is left behind in the segment before would not be reached by sync() any more.
  if (write_file_.is_open() && unsynced_ && ::fdatasync(write_file_.get()) != 0)
    return tl::unexpected(failure("write", path(number - 1)));
  // A file that no folder names after a power cut would hold nothing.
  const File folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open() || ::fsync(folder.get()) != 0) return tl::unexpected(failure("write", folder_));
  write_file_ = std::move(file);
  segments_.push_back({number, kMagic.size(), 0});
  bytes_ += kMagic.size();
  return {};
}

Status FileSpool::append(const std::vector<core::WriteBatch>& batches) {
  std::string record(kHead, '\0');
  std::size_t rows = 0;
  for (const core::WriteBatch& batch : batches) {
    std::string bytes;
    encode_batch(bytes, batch);
    std::array<char, 4> length;
    put32(length.data(), static_cast<std::uint32_t>(bytes.size()));
    record.append(length.data(), length.size());
    record += bytes;
    rows += batch.rows();
  }
  const std::size_t size = record.size() - kHead;
  const bool begins = !write_file_.is_open() || segments_.empty() || segments_.back().size >= options_.segment_bytes;
  const std::size_t added = record.size() + (begins ? kMagic.size() : 0);
  if (size > kMostInRecord || bytes() + added > options_.max_bytes)
    return core::fail(ErrorCode::too_large, fmt::format("the spool in '{}' is full ({} bytes)", folder_, bytes()),
                      true);
  put32(record.data(), static_cast<std::uint32_t>(size));
  put32(record.data() + 4, static_cast<std::uint32_t>(rows));
  put32(record.data() + 8, checksum(static_cast<std::uint32_t>(size), static_cast<std::uint32_t>(rows),
                                    std::string_view(record).substr(kHead)));
  if (begins) {
    if (auto started = start_segment(); !started) return started;
  }
  Segment& segment = segments_.back();
  if (!write_file_.write(record, segment.size) || (options_.sync && ::fdatasync(write_file_.get()) != 0)) {
    auto error = failure("write", path(segment.number));
    // A piece that stays behind would be taken for damage later.
    if (::ftruncate(write_file_.get(), static_cast<off_t>(segment.size)) != 0) write_file_ = {};
    return tl::unexpected(std::move(error));
  }
  unsynced_ = !options_.sync;
  segment.size += record.size();
  segment.rows += rows;
  bytes_ += record.size();
  rows_ += rows;
  return {};
}

Status FileSpool::sync() {
  if (!unsynced_) return {};
  if (write_file_.is_open() && ::fdatasync(write_file_.get()) != 0) return tl::unexpected(failure("write", folder_));
  unsynced_ = false;
  return {};
}

Result<std::optional<std::vector<core::WriteBatch>>> FileSpool::front() {
  while (!segments_.empty()) {
    Segment& segment = segments_.front();
    if (at_ >= segment.size) {
      if (segments_.size() == 1 && write_file_.is_open()) return std::nullopt;
      drop_front();
      continue;
    }
    if (!read_file_.is_open()) read_file_ = File(::open(path(segment.number).c_str(), O_RDONLY | O_CLOEXEC));
    if (!read_file_.is_open() && errno == ENOENT) {  // somebody took it away: it will not come back
      pass_over();
      continue;
    }
    if (!read_file_.is_open()) return tl::unexpected(failure("open", path(segment.number)));
    std::string head, bytes;
    if (!read_file_.read(head, kHead, at_)) return tl::unexpected(failure("read", path(segment.number)));
    const std::uint32_t size = head.size() == kHead ? get32(head.data()) : kMostInRecord + 1;
    if (size > kMostInRecord || at_ + kHead + size > segment.size) {
      pass_over();
      continue;
    }
    if (!read_file_.read(bytes, size, at_ + kHead)) return tl::unexpected(failure("read", path(segment.number)));
    const std::uint32_t rows = get32(head.data() + 4);
    auto batches = batches_of(head, bytes);
    if (!batches) {
      pass_over();
      continue;
    }
    taken_ = static_cast<std::uint32_t>(kHead + size);
    taken_rows_ = rows;
    return batches;
  }
  return std::nullopt;
}

void FileSpool::pop() {
  if (taken_ == 0) return;
  at_ += taken_;
  note_taken();
  rows_ -= std::min<std::uint64_t>(taken_rows_, rows_);
  segments_.front().rows -= std::min<std::uint64_t>(taken_rows_, segments_.front().rows);
  taken_ = taken_rows_ = 0;
  if (at_ < segments_.front().size) return;
  if (segments_.size() == 1) write_file_ = {};  // the next record begins a file of its own
  drop_front();
}

// For those who look at the folder meanwhile; the program itself begins each file anew after its end.
void FileSpool::note_taken() {
  if (!position_file_.is_open()) {
    position_file_ =
        File(::open((folder_ + "/" + std::string(kPositionName)).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  }
  const bool noted =
      position_file_.is_open() && position_file_.write(encode_position({segments_.front().number, at_}), 0);
  if (!noted && !std::exchange(position_failed_, true)) {
    kLog.warn("cannot note in '{}' what is taken from the spool: {}; a backup may hold some rows in an older state",
              folder_, std::strerror(errno));
  }
}

void FileSpool::drop_front() {
  read_file_ = {};
  const Segment segment = segments_.front();
  segments_.pop_front();
  bytes_ -= std::min(segment.size, bytes());
  rows_ -= std::min(segment.rows, rows());
  at_ = kMagic.size();
  if (segments_.empty() && position_file_.is_open()) {
    position_file_ = {};
    ::unlink((folder_ + "/" + std::string(kPositionName)).c_str());  // one that stays names no file
  }
  if (::unlink(path(segment.number).c_str()) != 0)
    kLog.warn("'{}' is written to the store and could not be removed: {}", path(segment.number), std::strerror(errno));
}

// Nothing says where the next record begins.
void FileSpool::pass_over() {
  Segment& segment = segments_.front();
  kLog.error("'{}' is damaged at byte {}: about {} rows in it are lost", path(segment.number), at_, segment.rows);
  ++damaged_;
  if (segments_.size() == 1) write_file_ = {};
  drop_front();
}

/// How far the store goes, and of whom it holds anything.
Result<SpoolLoss> known_before(HistoryStore& store) {
  const auto state = store.restore(Timestamp{std::numeric_limits<std::int64_t>::max()});
  if (!state) return tl::unexpected(state.error());
  const auto reader = store.reader();
  if (!reader) return tl::unexpected(reader.error());
  const auto series = (*reader)->series();
  if (!series) return tl::unexpected(series.error());
  SpoolLoss loss(state->last_write);
  for (const SeriesName& name : *series) {
    if (!name.venue.empty()) loss.know(name.venue);
  }
  return loss;
}

}  // namespace

Result<std::unique_ptr<Spool>> Spool::open(std::string folder, SpoolOptions options) {
  auto spool = std::make_unique<FileSpool>(std::move(folder), options);
  if (auto loaded = spool->load(); !loaded) return tl::unexpected(loaded.error());
  return spool;
}

Result<std::uint64_t> drain_spool(const std::string& folder, HistoryStore& store) {
  std::error_code absent;
  if (folder.empty() || !fs::is_directory(folder, absent)) return 0;
  auto spool = Spool::open(folder, {});
  if (!spool) return tl::unexpected(spool.error());
  if ((*spool)->empty()) return 0;
  auto writer = store.writer();
  if (!writer) return tl::unexpected(writer.error());
  auto loss = known_before(store);
  if (!loss) return tl::unexpected(loss.error());
  std::uint64_t rows = 0;
  while (true) {
    auto record = (*spool)->front();
    if (!record) return tl::unexpected(record.error());
    if (!*record) return rows;
    loss->tell((*spool)->damaged(), **record);
    auto status = (*writer)->write(**record);
    if (status) status = (*writer)->sync();
    if (!status && status.error().code != ErrorCode::invalid_argument) return tl::unexpected(status.error());
    if (status) loss->written(**record);
    if (!status) kLog.error("a record of the spool is dropped: {}", status.error().context);
    for (const auto& batch : **record) rows += status ? batch.rows() : 0;
    (*spool)->pop();
  }
}

}  // namespace tickspan::storage
