#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

#include "core/assert.hpp"
#include "sim/recording.hpp"

namespace {

/// Removed when the fuzzer ends.
struct Scratch {
  Scratch() {
    char name[] = "/tmp/tickspan-fuzz-XXXXXX";
    TS_ASSERT(mkdtemp(name) != nullptr, "no place for a scratch file");
    dir = name;
  }
  ~Scratch() {
    for (const char* file : {"/a.rec", "/a.jsonl", "/a.ndjson"}) unlink((dir + file).c_str());
    rmdir(dir.c_str());
  }
  std::string dir;
};

}  // namespace

// The first byte picks the form; the reader itself tells plain from compressed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickspan;
  if (size == 0) return 0;
  static const Scratch scratch;
  static const char* const kForms[] = {"/a.rec", "/a.jsonl", "/a.ndjson"};
  const std::string path = scratch.dir + kForms[data[0] % 3];
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(data + 1), static_cast<std::streamsize>(size - 1));
  auto reader = sim::RecordingReader::open(path);
  TS_ASSERT(reader.has_value(), "the file is there");
  sim::RecordedFrame frame;
  for (;;) {
    const auto more = (*reader)->next(frame);
    if (!more || !*more) break;
    TS_ASSERT(!frame.kind.empty(), "a frame has a kind");
    volatile char last = frame.payload.data()[frame.payload.size() + 63];
    (void)last;
  }
  return 0;
}
