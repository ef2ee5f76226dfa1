#include "support.hpp"

#include <stdlib.h>
#include <zlib.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <stdexcept>

namespace tickspan::test {

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::mutex mutex;
  std::condition_variable never;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return condition();
    std::unique_lock lock(mutex);
    never.wait_for(lock, std::chrono::milliseconds(2));
  }
  return true;
}

std::optional<std::string> recordings_dir() {
  const char* shared = std::getenv("TICKSPAN_SHARED");
  if (shared == nullptr) return {};
  const std::string path = std::string(shared) + "/recordings";
  if (!std::filesystem::is_directory(path)) return {};
  return path;
}

std::string read_file(const std::string& path) {
  const gzFile file = gzopen(path.c_str(), "rb");  // reads plain files, too
  if (file == nullptr) throw std::runtime_error("cannot read " + path);
  std::string out;
  char buffer[65536];
  for (int n; (n = gzread(file, buffer, sizeof buffer)) > 0;) out.append(buffer, static_cast<std::size_t>(n));
  gzclose(file);
  return out;
}

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tickspan-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a temporary directory");
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;  // a leftover directory must not fail a test that has passed
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace tickspan::test
