#include "storage/spool_view.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "storage/spool_format.hpp"

namespace tickspan::storage {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using core::Result;
using core::Status;
using namespace spool_format;

struct Segment {
  std::uint64_t number = 0;
  std::string path;
};

tl::unexpected<core::Error> failure(const char* doing, const std::string& path, int error) {
  return core::fail(ErrorCode::io_error, fmt::format("cannot {} '{}': {}", doing, path, std::strerror(error)));
}

/// Oldest first.
Result<std::vector<Segment>> segments_in(const std::string& folder) {
  std::vector<Segment> out;
  std::error_code error;
  if (!fs::is_directory(folder, error)) return out;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    Segment segment{0, entry.path().string()};
    const char* const end = name.data() + name.size() - kSuffix.size();
    if (std::from_chars(name.data() + kPrefix.size(), end, segment.number).ptr == end) out.push_back(segment);
  }
  if (error) return failure("look into", folder, error.value());
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  return out;
}

/// Where the oldest record is. Not noted: at the beginning of the oldest file.
Position position_in(const std::string& folder, const std::vector<Segment>& segments) {
  Position position;
  if (!segments.empty()) position = {segments.front().number, kMagic.size()};
  const File file(::open((folder + "/" + std::string(kPositionName)).c_str(), O_RDONLY | O_CLOEXEC));
  std::string bytes;
  if (!file.is_open() || !file.read(bytes, 20, 0)) return position;
  const auto noted = decode_position(bytes);
  return noted && noted->segment >= position.segment ? *noted : position;
}

class FileSpoolView final : public SpoolView {
 public:
  explicit FileSpoolView(std::string folder) : folder_(std::move(folder)) {}

  Status look() {
    auto segments = segments_in(folder_);
    if (!segments) return tl::unexpected(segments.error());
    position_ = position_in(folder_, *segments);
    for (const Segment& segment : *segments) {
      if (segment.number < position_.segment) continue;
      Part part{segment.path, File(::open(segment.path.c_str(), O_RDONLY | O_CLOEXEC)), kMagic.size(), 0};
      if (!part.file.is_open() && errno == ENOENT) continue;  // taken this moment: is_current() will say so
      if (!part.file.is_open()) return failure("open", segment.path, errno);
      struct stat info {};
      if (::fstat(part.file.get(), &info) != 0) return failure("look at", segment.path, errno);
      if (segment.number == position_.segment) part.begin = position_.at;
      part.end = static_cast<std::uint64_t>(info.st_size);
      if (part.end > part.begin) parts_.push_back(std::move(part));
    }
    return {};
  }

  bool empty() const override { return parts_.empty(); }
  std::uint64_t damaged() const override { return damaged_; }

  Result<bool> is_current() const override {
    // The order is kept: a store that is looked at later has all that was taken before what it does not have.
    if (parts_.empty()) return true;
    const auto segments = segments_in(folder_);
    if (!segments) return tl::unexpected(segments.error());
    if (segments->empty() || position_in(folder_, *segments) != position_) return false;
    // A spool that was emptied and began anew has the same names.
    struct stat there {
    }, ours{};
    const Part& first = parts_.front();
    return ::stat(first.path.c_str(), &there) == 0 && ::fstat(first.file.get(), &ours) == 0 &&
           there.st_ino == ours.st_ino;
  }

  Status each(const std::function<Status(const std::vector<core::WriteBatch>&)>& visit) override {
    for (const Part& part : parts_) {
      if (auto visited = each_of(part, visit); !visited) return visited;
    }
    return {};
  }

 private:
  struct Part {
    std::string path;
    File file;
    std::uint64_t begin = 0, end = 0;
  };

  Status each_of(const Part& part, const std::function<Status(const std::vector<core::WriteBatch>&)>& visit) {
    std::string head, bytes;
    for (std::uint64_t at = part.begin; at + kHead <= part.end;) {
      if (!part.file.read(head, kHead, at)) return failure("read", part.path, errno);
      const std::uint32_t size = get32(head.data());
      if (at + kHead + size > part.end) return {};  // being written
      const bool plausible = size <= kMostInRecord;
      if (plausible && !part.file.read(bytes, size, at + kHead)) return failure("read", part.path, errno);
      const auto batches = plausible ? batches_of(head, bytes) : std::nullopt;
      if (!batches) {
        ++damaged_;
        return {};
      }
      if (auto visited = visit(*batches); !visited) return visited;
      at += kHead + size;
    }
    return {};
  }

  const std::string folder_;
  Position position_;
  std::vector<Part> parts_;
  std::uint64_t damaged_ = 0;
};

}  // namespace

Result<std::unique_ptr<SpoolView>> SpoolView::open(const std::string& folder) {
  auto view = std::make_unique<FileSpoolView>(folder);
  if (auto looked = view->look(); !looked) return tl::unexpected(looked.error());
  return view;
}

}  // namespace tickspan::storage
