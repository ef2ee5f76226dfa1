#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace tickspan::storage::sqlite {

/// What a file is, for whoever has to do something about it.
enum class FileRole { store, backup };

/// What a copy holds.
struct CopyInfo {
  std::string path;
  int schema_version = 0;
  std::uint64_t size_bytes = 0;
  std::string kept;  ///< restore: where the database that was there before lies now; empty when there was none
};

/// A copy of the database at `path` as it is at one moment, in a file of its own; a running program may go on writing.
/// The copy is made under another name, checked, brought to the disk and only then given its name.
/// conflict: `target` exists and `overwrite` is off; io_error: nothing is there under `target` that was not before.
core::Result<CopyInfo> backup(const std::string& path, const std::string& target, bool overwrite);

/// Puts the copy `source` in the place of the database at `path`. What was there stays beside it as
/// `<path>.before-restore` (the next time `.before-restore.2`, …). `source` is checked first and stays as it is.
/// unavailable: a program has the database open; conflict: `source` is not ours or of a newer version; io_error: it is
/// damaged, or the disk failed. `before` runs when all that can be tried has worked, just before the exchange, while
/// nobody else can open the database; where it fails, nothing is exchanged. Whatever fails, the database is either the
/// old one or the new one, whole.
core::Result<CopyInfo> restore(const std::string& source, const std::string& path,
                               const std::function<core::Status()>& before = {});

/// What a backup that is refused is to be replaced by, as the end of the line that says why.
inline constexpr std::string_view kNameABackup = "name a file that tickspan backup wrote";

/// SQLite's own check of the whole file, one line per fault; none when it is sound.
core::Result<std::vector<std::string>> check_integrity(const std::string& path, FileRole role = FileRole::store);

}  // namespace tickspan::storage::sqlite
