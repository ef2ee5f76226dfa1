// A configuration file. What is refused is refused in one line.
#include <cstddef>
#include <cstdint>

#include "app/config.hpp"
#include "scratch.hpp"

namespace {

using namespace tickspan;

void check_refusal(const core::Error& error) {
  TS_ASSERT(!error.context.empty() && error.context.find('\n') == std::string::npos, "one line");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::Scratch scratch;
  const std::string path = scratch.write("tickspan.toml", {reinterpret_cast<const char*>(data), size});
  const auto entries = app::read_config_file(path);
  if (!entries) {
    check_refusal(entries.error());
    return 0;
  }
  app::Config config;
  if (const auto applied = app::apply_entries(*entries, config); !applied) {
    check_refusal(applied.error());
    return 0;
  }
  if (const auto valid = app::validate(config); !valid) check_refusal(valid.error());
  TS_ASSERT(!config.listen.empty(), "somewhere to listen");
  for (const std::string& listen : config.listen) TS_ASSERT(app::parse_listen(listen).has_value(), "an address");
  for (const auto& source : config.sources) {
    for (const std::string& asset : source.assets) TS_ASSERT(app::is_coinapi_asset(asset), "an asset");
  }
  return 0;
}
