// What the spool holds may be damaged in any way.

#include <cstdlib>

#include "storage/batch_codec.hpp"
#include "storage/batch_rows.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickspan;
  const auto batch = storage::decode_batch({reinterpret_cast<const char*>(data), size});
  if (!batch) return 0;
  std::string once, twice;
  storage::encode_batch(once, *batch);
  const auto again = storage::decode_batch(once);
  if (!again) std::abort();
  storage::encode_batch(twice, *again);
  if (once != twice) std::abort();
  return 0;
}
