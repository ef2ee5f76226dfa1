#pragma once

#include <memory>

#include "storage/history_store.hpp"

namespace tickspan::storage {

/// Keeps history in this process: for tests, and for a run that shall leave nothing behind. Answers as every other
/// backend does; gone with the program.
/// **Threading**: the store, its writer and its readers may be on different threads; one lock guards all.
/// **Limits**: none of its own; it holds what was written until expire() takes it out.
std::unique_ptr<HistoryStore> make_memory_store();

}  // namespace tickspan::storage
