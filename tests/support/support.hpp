#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace tickspan::test {

/// Waits until `condition` holds, looking often; false after `patience`. Tests wait on conditions, they never sleep.
bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds patience = std::chrono::seconds(10));

/// The folder of recorded market data, or nothing where it is not there (such tests skip, saying so).
std::optional<std::string> recordings_dir();

/// A whole file, gunzipped when its name ends in .gz. Throws std::runtime_error when unreadable.
std::string read_file(const std::string& path);

/// An empty directory that is removed with the object.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// `text` in a buffer that may be read 64 bytes past its end, as simdjson wants.
class Padded {
 public:
  explicit Padded(std::string_view text) : buffer_(text), size_(text.size()) { buffer_.append(64, '\0'); }
  std::string_view view() const { return std::string_view(buffer_).substr(0, size_); }

 private:
  std::string buffer_;
  std::size_t size_;
};

}  // namespace tickspan::test
