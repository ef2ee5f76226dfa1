// A spool's file may be damaged in any way. The first byte says of what is looked at: 0 the file as it is, else one
// record whose head is right, so that what lies behind the checksum is reached.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "scratch.hpp"
#include "storage/batch_codec.hpp"
#include "storage/batch_rows.hpp"
#include "storage/spool.hpp"
#include "storage/spool_format.hpp"
#include "storage/spool_view.hpp"

namespace {

using namespace tickspan;
using namespace storage::spool_format;

std::string encoded(const std::vector<core::WriteBatch>& batches) {
  std::string bytes;
  for (const core::WriteBatch& batch : batches) storage::encode_batch(bytes, batch);
  return bytes;
}

std::string with_head(std::string_view bytes) {
  std::string record(kHead, '\0');
  const auto size = static_cast<std::uint32_t>(bytes.size());
  put32(record.data(), size);
  put32(record.data() + 4, 1);
  put32(record.data() + 8, checksum(size, 1, bytes));
  return record.append(bytes);
}

/// What one who only looks sees is what the program takes afterwards.
void check_file(const std::string& folder) {
  std::string looked, taken;
  std::uint64_t passed_over = 0;
  {
    const auto view = storage::SpoolView::open(folder);
    TS_ASSERT(view.has_value(), "the folder is there");
    const auto visited = (*view)->each([&](const std::vector<core::WriteBatch>& batches) -> core::Status {
      looked += encoded(batches);
      return {};
    });
    TS_ASSERT(visited.has_value(), "damage is no failure");
    passed_over = (*view)->damaged();
  }
  const auto spool = storage::Spool::open(folder, {.sync = false});
  TS_ASSERT(spool.has_value(), "damage does not keep it from opening");
  for (;;) {
    auto record = (*spool)->front();
    TS_ASSERT(record.has_value(), "damage is passed over");
    if (!*record) break;
    taken += encoded(**record);
    (*spool)->pop();
  }
  TS_ASSERT((*spool)->empty() && (*spool)->rows() == 0, "all is taken");
  TS_ASSERT(taken == looked && (*spool)->damaged() == passed_over, "both see the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::Scratch scratch;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string folder = scratch.folder() + "/spool";
  std::filesystem::create_directory(folder);
  scratch.write("spool/spool-00000001.log", data[0] == 0 ? std::string(bytes) : std::string(kMagic) + with_head(bytes));
  check_file(folder);
  if (const auto position = decode_position(bytes)) TS_ASSERT(encode_position(*position) == bytes, "and back");
  return 0;
}
