// What comes from outside into the PostgreSQL store: a configured URL, numbers in the server's binary form, positions
// of its log. A URL that is taken shows nothing of its password; a number that is taken is written back the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "storage/postgres/server_set.hpp"
#include "storage/postgres/target.hpp"
#include "storage/postgres/wire.hpp"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickspan::storage::postgres;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string url = "postgresql://u:hunter2" + std::string(text);
  const auto target = parse_target(url, "store.url");
  const std::string shown = target ? target->location : target.error().context;
  // Unless the input repeats it elsewhere, as a host's name may.
  require(text.find("hunter2") != std::string_view::npos || shown.find("hunter2") == std::string::npos);
  [[maybe_unused]] const Lsn position = parse_lsn(text);
  for (const int shape : {0, 1, 3}) {
    const auto value = Numeric::read(text, shape);
    if (!value) continue;
    char bytes[64];
    const std::string_view again(bytes, static_cast<std::size_t>(Numeric::write(bytes, *value) - bytes));
    const auto back = Numeric::read(again, Numeric::shape(*value));
    require(back && *back == *value);
  }
  return 0;
}
