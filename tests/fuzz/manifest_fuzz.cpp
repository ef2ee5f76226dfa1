// What stands beside a table that is imported.
#include <cstddef>
#include <cstdint>

#include "history/table_export.hpp"
#include "scratch.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickspan;
  static const fuzz::Scratch scratch;
  const std::string path = scratch.write("table.manifest.json", {reinterpret_cast<const char*>(data), size});
  const auto facts = history::read_manifest(path);
  if (!facts) {
    TS_ASSERT(facts.error().context.starts_with(path), "names the file");
    return 0;
  }
  for (const core::Gap& gap : facts->gaps) TS_ASSERT(gap.start <= gap.end, "a gap in reverse");
  if (!facts->incomplete) return 0;
  core::Timestamp last = core::Timestamp::from_s(-9'200'000'000);
  for (const auto& range : *facts->incomplete) {
    TS_ASSERT(last <= range.start && range.start <= range.end, "ranges ascend");
    last = range.end;
  }
  return 0;
}
