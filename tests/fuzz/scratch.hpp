#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "core/assert.hpp"

namespace tickspan::fuzz {

/// A folder for what is read as a file. Removed when the fuzzer ends.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "tickspan-fuzz-XXXXXX").string();
    TS_ASSERT(mkdtemp(name.data()) != nullptr, "no place for scratch files");
    folder_ = name;
  }
  ~Scratch() { std::filesystem::remove_all(folder_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::string& folder() const { return folder_; }
  /// Returns its path.
  std::string write(std::string_view name, std::string_view bytes) const {
    const std::string path = folder_ + "/" + std::string(name);
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return path;
  }

 private:
  std::string folder_;
};

}  // namespace tickspan::fuzz
