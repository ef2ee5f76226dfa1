// A table's file, plain or packed, whole or damaged.
#include <cstddef>
#include <cstdint>

#include "history/table_file.hpp"
#include "scratch.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickspan;
  constexpr std::size_t kLongestLine = 64 * 1024;
  static const fuzz::Scratch scratch;
  const std::string path = scratch.write("table", {reinterpret_cast<const char*>(data), size});
  const auto table = history::TableReader::open(path);
  TS_ASSERT(table.has_value(), "the file is there");
  std::uint64_t lines = 0;
  std::string_view line;
  for (;;) {
    const auto more = (*table)->next(line);
    if (!more || !*more) break;
    ++lines;
    TS_ASSERT(line.size() <= kLongestLine && line.find('\n') == std::string_view::npos, "one line");
    TS_ASSERT((*table)->line_number() == lines && (*table)->part() <= 1, "and its place");
  }
  return 0;
}
