#include <simdjson.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <vector>

#include "feeds/venue_protocol.hpp"
#include "sim/recording.hpp"

namespace tickspan::sim {
namespace {

constexpr std::size_t kChunk = 256 * 1024;
constexpr std::size_t kLongestLine = 64 * 1024 * 1024;

/// Lines of a file, plain or gzip-compressed, in one buffer that grows to the longest line and keeps kFramePadding
/// spare bytes behind what was read.
class LineReader {
 public:
  LineReader(gzFile file, std::string path) : file_(file), path_(std::move(path)) {
    gzbuffer(file_, kChunk);
    buffer_.resize(kChunk + feeds::kFramePadding);
  }
  ~LineReader() { gzclose_r(file_); }
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// The next line without its end. False at the end of the file.
  core::Result<bool> next(std::string_view& line) {
    std::size_t searched = begin_;
    ++number_;
    for (;;) {
      const char* from = buffer_.data() + searched;
      const void* found = end_ > searched ? std::memchr(from, '\n', end_ - searched) : nullptr;
      if (found != nullptr) {
        const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
        line = without_return({buffer_.data() + begin_, at - begin_});
        begin_ = at + 1;
        return true;
      }
      if (finished_) break;
      searched = end_ - begin_;  // read_more() moves the rest to the front
      if (auto status = read_more(); !status) return tl::unexpected(status.error());
    }
    line = without_return({buffer_.data() + begin_, end_ - begin_});
    const bool any = end_ > begin_;
    begin_ = end_;
    return any;
  }

  core::Error broken(std::string what) const {
    return {core::ErrorCode::parse_error, path_ + ":" + std::to_string(number_) + ": " + std::move(what)};
  }
  std::uint64_t number() const { return number_; }

 private:
  static std::string_view without_return(std::string_view line) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return line;
  }

  core::Status read_more() {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (end_ > kLongestLine) return tl::unexpected(broken("the line is longer than 64 MiB"));
    if (buffer_.size() - feeds::kFramePadding - end_ < kChunk) buffer_.resize(2 * buffer_.size());
    const int got = gzread(file_, buffer_.data() + end_, static_cast<unsigned>(kChunk));
    if (got > 0) end_ += static_cast<std::size_t>(got);
    finished_ = got <= 0;
    // A stream that breaks off is reported by gzerror() even when gzread() returned what there was.
    int code = Z_OK;
    const char* message = finished_ ? gzerror(file_, &code) : "";
    if (code == Z_OK || code == Z_STREAM_END) return {};
    if (code == Z_ERRNO) return core::fail(core::ErrorCode::io_error, path_ + ": " + std::strerror(errno));
    return tl::unexpected(broken(code == Z_BUF_ERROR ? "the compressed file breaks off" : message));
  }

  gzFile file_;
  std::string path_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  // what was read and not yet returned
  std::uint64_t number_ = 0;
  bool finished_ = false;
};

class RecReader final : public RecordingReader {
 public:
  RecReader(gzFile file, const std::string& path) : lines_(file, path) {}

  core::Result<bool> next(RecordedFrame& frame) override {
    std::string_view line;
    do {
      auto more = lines_.next(line);
      if (!more || !*more) return more;
    } while (line.empty());
    const auto first = line.find('\t');
    const auto second = first == std::string_view::npos ? first : line.find('\t', first + 1);
    if (second == std::string_view::npos) return tl::unexpected(lines_.broken("not <time> TAB <kind> TAB <payload>"));
    const auto [end, error] = std::from_chars(line.data(), line.data() + first, frame.at.ns);
    if (error != std::errc{} || end != line.data() + first || frame.at.ns <= 0) {
      return tl::unexpected(lines_.broken("the receive time is no positive count of nanoseconds"));
    }
    frame.kind = line.substr(first + 1, second - first - 1);
    frame.payload = line.substr(second + 1);
    const bool known = frame.kind == "open" || frame.kind == "send" || frame.kind == "recv" || frame.kind == "rest";
    if (!known) return tl::unexpected(lines_.broken("the kind is none of open, send, recv, rest"));
    return true;
  }

 private:
  LineReader lines_;
};

class JsonLinesReader final : public RecordingReader {
 public:
  JsonLinesReader(gzFile file, const std::string& path) : lines_(file, path) {}

  core::Result<bool> next(RecordedFrame& frame) override {
    std::string_view line;
    do {
      auto more = lines_.next(line);
      if (!more || !*more) return more;
    } while (line.empty());
    frame = {{}, "recv", line};
    return true;
  }

 private:
  LineReader lines_;
};

/// A header line, then `{"rx_ns": <monotonic ns>, "frame": <raw message>}`. A monotonic clock tells no time of day, so
/// the frames come without one.
class WrappedLinesReader final : public RecordingReader {
 public:
  WrappedLinesReader(gzFile file, const std::string& path) : lines_(file, path) {}

  core::Result<bool> next(RecordedFrame& frame) override {
    std::string_view line;
    do {
      auto more = lines_.next(line);
      if (!more || !*more) return more;
    } while (line.empty() || lines_.number() == 1);
    frame = {{}, "recv", {}};
    if (const auto error = unwrap(line, frame); error != simdjson::SUCCESS) {
      return tl::unexpected(
          lines_.broken(std::string("not {\"rx_ns\":…, \"frame\":…}: ") + simdjson::error_message(error)));
    }
    return true;
  }

 private:
  simdjson::error_code unwrap(std::string_view line, RecordedFrame& frame) {
    namespace ondemand = simdjson::ondemand;
    ondemand::document document;
    SIMDJSON_TRY(
        parser_.iterate(simdjson::padded_string_view(line.data(), line.size(), line.size() + feeds::kFramePadding))
            .get(document));
    ondemand::object object;
    SIMDJSON_TRY(document.get_object().get(object));
    bool found = false;
    std::string_view text;
    for (auto item : object) {
      ondemand::field field;
      SIMDJSON_TRY(std::move(item).get(field));
      const char* key = field.key().raw();
      if (std::strncmp(key, "dir\"", 4) == 0) {
        if (field.value().get_string().get(text) == simdjson::SUCCESS && text == "tx") frame.kind = "send";
      } else if (std::strncmp(key, "frame\"", 6) == 0) {
        SIMDJSON_TRY(take_message(field.value(), frame));
        found = true;
      }
    }
    return found ? simdjson::SUCCESS : simdjson::NO_SUCH_FIELD;
  }

  simdjson::error_code take_message(simdjson::ondemand::value& value, RecordedFrame& frame) {
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) return simdjson::to_json_string(value).get(frame.payload);
    // A message kept as text: its own bytes, with the spare ones behind.
    unescaped_.assign(text).append(feeds::kFramePadding, '\0');
    frame.payload = std::string_view(unescaped_).substr(0, text.size());
    return simdjson::SUCCESS;
  }

  LineReader lines_;
  simdjson::ondemand::parser parser_;
  std::string unescaped_;
};

}  // namespace

core::Result<std::unique_ptr<RecordingReader>> RecordingReader::open(const std::string& path) {
  std::string_view name = path;
  if (name.ends_with(".gz")) name.remove_suffix(3);
  const bool rec = name.ends_with(".rec"), json_lines = name.ends_with(".jsonl"), wrapped = name.ends_with(".ndjson");
  if (!rec && !json_lines && !wrapped) {
    return core::fail(core::ErrorCode::invalid_argument,
                      path + ": a recording's name ends in .rec, .jsonl or .ndjson, or one of these and .gz");
  }
  errno = 0;
  gzFile file = gzopen(path.c_str(), "rbe");
  if (file == nullptr) {
    const auto code = errno == ENOENT ? core::ErrorCode::not_found : core::ErrorCode::io_error;
    return core::fail(code, path + ": " + (errno != 0 ? std::strerror(errno) : "out of memory"));
  }
  if (rec) return std::make_unique<RecReader>(file, path);
  if (json_lines) return std::make_unique<JsonLinesReader>(file, path);
  return std::make_unique<WrappedLinesReader>(file, path);
}

}  // namespace tickspan::sim
