#pragma once

#include "app/command_line.hpp"

namespace tickspan::app {

/// Each runs one command to its end and returns the exit code. What cannot start is one line on stderr.
int run_serve(const CommandLine& command);
int run_simulate(const CommandLine& command);
int run_record(const CommandLine& command);
int run_replay(const CommandLine& command);
int run_backup(const CommandLine& command);
int run_restore(const CommandLine& command);
int run_export(const CommandLine& command);
int run_import(const CommandLine& command);
int run_verify(const CommandLine& command);
int run_backfill(const CommandLine& command);

/// `tickspan: …` on stderr; returns 1.
int cannot(const core::Error& error);

/// The directory of the database, from the configuration or the environment. Created where absent.
core::Result<std::string> data_directory(const Config& config);

}  // namespace tickspan::app
