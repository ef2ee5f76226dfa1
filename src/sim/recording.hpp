#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/time.hpp"

namespace tickspan::sim {

/// One line of a `.rec` file: `<receive time, Unix ns> TAB <kind> TAB <payload>`; see docs/recordings.md.
struct RecordedFrame {
  core::Timestamp at;        ///< not set for `.jsonl` (no receive times)
  std::string_view kind;     ///< open, send, recv, rest
  std::string_view payload;  ///< readable 64 bytes past its end; valid until the next read
};

/// Reads `.rec`, `.jsonl` and `.ndjson`, plain or `.gz`, line by line in bounded memory.
class RecordingReader {
 public:
  static core::Result<std::unique_ptr<RecordingReader>> open(const std::string& path);
  virtual ~RecordingReader() = default;
  /// False at the end. parse_error names the line of a broken file.
  virtual core::Result<bool> next(RecordedFrame& frame) = 0;
};

/// Writes the `.rec` form; `.gz` by name.
/// **Threading**: write() from one thread. Every line is whole, also after a crash, except the last.
class RecordingWriter {
 public:
  static core::Result<std::unique_ptr<RecordingWriter>> create(const std::string& path);
  virtual ~RecordingWriter() = default;
  virtual core::Status write(core::Timestamp at, std::string_view kind, std::string_view payload) = 0;
  virtual core::Status close() = 0;
};

}  // namespace tickspan::sim
