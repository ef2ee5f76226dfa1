#include <cstdio>
#include <exception>

#include "app/commands.hpp"
#include "runtime/descriptors.hpp"
#include "runtime/log.hpp"
#include "runtime/memory.hpp"

namespace {

using namespace tickspan;

runtime::LogLevel level_of(const std::string& name) {
  if (name == "debug") return runtime::LogLevel::debug;
  if (name == "warn") return runtime::LogLevel::warn;
  if (name == "error") return runtime::LogLevel::error;
  return runtime::LogLevel::info;
}

int run(int argc, const char* const* argv) {
  const auto command = app::parse_command_line(argc, argv);
  if (!command) {
    const app::Exit& exit = command.error();
    std::fprintf(exit.code == 0 ? stdout : stderr, "%s%s", exit.text.c_str(), exit.text.ends_with('\n') ? "" : "\n");
    return exit.code;
  }
  runtime::configure_log(level_of(command->config.log_level));
  runtime::raise_descriptor_limit();
  runtime::settle_allocator();
  switch (command->command) {
    case app::Command::serve:
      return app::run_serve(*command);
    case app::Command::simulate:
      return app::run_simulate(*command);
    case app::Command::record:
      return app::run_record(*command);
    case app::Command::replay:
      return app::run_replay(*command);
    case app::Command::backup:
      return app::run_backup(*command);
    case app::Command::restore:
      return app::run_restore(*command);
    case app::Command::export_table:
      return app::run_export(*command);
    case app::Command::import_table:
      return app::run_import(*command);
    case app::Command::verify:
      return app::run_verify(*command);
    case app::Command::backfill:
      return app::run_backfill(*command);
    case app::Command::config:
      std::fputs(app::default_config_file().c_str(), stdout);
      return 0;
  }
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    // Nothing is expected to throw this far; what does is a bug, or the machine has run out of something.
    std::fprintf(stderr, "tickspan: %s\n", e.what());
    return 1;
  }
}
