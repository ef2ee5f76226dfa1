#include <cstddef>
#include <cstdint>

#include "scratch.hpp"
#include "sim/recording.hpp"

// The first byte picks the form; the reader itself tells plain from compressed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickspan;
  if (size == 0) return 0;
  static const fuzz::Scratch scratch;
  static const char* const kForms[] = {"a.rec", "a.jsonl", "a.ndjson"};
  const std::string path = scratch.write(kForms[data[0] % 3], {reinterpret_cast<const char*>(data) + 1, size - 1});
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
