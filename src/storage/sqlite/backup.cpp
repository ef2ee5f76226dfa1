#include "storage/sqlite/backup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>

#include "storage/sqlite/connection.hpp"
#include "storage/sqlite/file_lock.hpp"
#include "storage/sqlite/migrations.hpp"

namespace tickspan::storage::sqlite {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using core::Result;
using core::Status;

constexpr std::chrono::milliseconds kBusyTimeout{5000};
constexpr int kFaultsShown = 100;

std::string reason(int error) {
  return std::generic_category().message(error);
}
tl::unexpected<core::Error> disk_error(const std::string& doing, const std::string& path, int error) {
  return core::fail(ErrorCode::io_error, fmt::format("cannot {} '{}': {}", doing, path, reason(error)));
}
std::string absolute(const std::string& path) {
  return fs::absolute(path).lexically_normal().string();
}
bool exists(const std::string& path) {
  std::error_code absent;
  return fs::exists(fs::symlink_status(path, absent));
}
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + "'";
}

/// A file under a name of its own until keep(); removed when that never comes.
class Scratch {
 public:
  explicit Scratch(std::string path) : path_(std::move(path)) { remove(); }
  ~Scratch() {
    if (!kept_) remove();
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }
  void keep() { kept_ = true; }

 private:
  void remove() const {
    // What cannot be removed is found by whoever makes the file next.
    for (const char* part : {"", "-journal", "-wal", "-shm"}) ::unlink((path_ + part).c_str());
  }
  std::string path_;
  bool kept_ = false;
};

Status to_disk(const std::string& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
  if (descriptor < 0) return disk_error("open", path, errno);
  const int failed = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (failed != 0) return disk_error("bring to the disk", path, failed);
  return {};
}
Status folder_to_disk(const std::string& file) {
  return to_disk(fs::path(file).parent_path().string(), O_RDONLY | O_DIRECTORY);
}

Result<std::vector<std::string>> faults_of(Connection& connection) {
  auto statement = connection.prepare(fmt::format("PRAGMA integrity_check({})", kFaultsShown));
  if (!statement) return tl::unexpected(statement.error());
  std::vector<std::string> faults;
  Step step = Step::row;
  while ((step = statement->step()) == Step::row) faults.push_back(statement->text(0));
  if (step == Step::failed) return tl::unexpected(connection.error("check"));
  if (faults.size() == 1 && faults.front() == "ok") faults.clear();
  return faults;
}

/// Opened for reading; refused where it is not a database of this program, or of a newer version of it.
struct Source {
  std::unique_ptr<Connection> connection;
  int version = 0;
};
Result<Source> open_source(const std::string& path, FileRole role) {
  std::error_code absent;
  if (!fs::is_regular_file(path, absent)) {
    const char* what = role == FileRole::backup ? "file" : "database";
    return core::fail(ErrorCode::not_found, fmt::format("there is no {} '{}'", what, path));
  }
  auto connection = Connection::open(path, Connection::Mode::read_only, kBusyTimeout);
  if (!connection) return tl::unexpected(connection.error());
  if (role == FileRole::backup) (*connection)->if_damaged(std::string(kNameABackup));
  const auto version =
      role == FileRole::backup ? schema_version(**connection, path, kNameABackup) : schema_version(**connection, path);
  if (!version) return tl::unexpected(version.error());
  if (*version == 0) {
    const std::string way_out = role == FileRole::backup ? fmt::format("; {}", kNameABackup) : "";
    return core::fail(ErrorCode::conflict,
                      fmt::format("'{}' is an empty database, nothing of tickspan's{}", path, way_out));
  }
  return Source{std::move(*connection), *version};
}

Status require_sound(Connection& connection, const std::string& path, std::string_view way_out = "") {
  const auto faults = faults_of(connection);
  if (!faults) return tl::unexpected(faults.error());
  if (faults->empty()) return {};
  return core::fail(ErrorCode::io_error, fmt::format("'{}' is damaged: {}{}", path, faults->front(), way_out));
}

/// One read transaction holds the view for as long as the copy takes; the writer's log grows meanwhile.
Result<CopyInfo> copy_into(Source& source, const Scratch& scratch) {
  if (auto copied = source.connection->execute("VACUUM INTO " + quoted(scratch.path())); !copied) {
    return tl::unexpected(copied.error());
  }
  auto copy = open_source(scratch.path(), FileRole::store);
  if (!copy) return tl::unexpected(copy.error());
  if (auto sound = require_sound(*copy->connection, scratch.path()); !sound) return tl::unexpected(sound.error());
  copy->connection.reset();
  if (auto synced = to_disk(scratch.path(), O_RDONLY); !synced) return tl::unexpected(synced.error());
  std::error_code unknown;
  return CopyInfo{scratch.path(), copy->version, fs::file_size(scratch.path(), unknown), {}};
}

tl::unexpected<core::Error> is_there(const std::string& target) {
  return core::fail(ErrorCode::conflict, fmt::format("'{}' exists; choose another name or say --force", target));
}

Status give_name(Scratch& scratch, const std::string& target, bool overwrite) {
  if (overwrite) {
    if (std::rename(scratch.path().c_str(), target.c_str()) != 0) return disk_error("write", target, errno);
    scratch.keep();
    return folder_to_disk(target);
  }
  // A second name is refused where the first exists already: nobody's file goes, not even one made this moment.
  if (::link(scratch.path().c_str(), target.c_str()) != 0) {
    const int failed = errno;
    if (failed == EEXIST) return is_there(target);
    if (failed != EPERM && failed != EOPNOTSUPP) return disk_error("write", target, failed);
    return give_name(scratch, target, true);  // a file system without second names
  }
  return folder_to_disk(target);
}

/// The log of a database that is left holds rows that its file does not have yet. Folded in where that works; else
/// moved with it, for a log of one database must never meet the file of another.
Status settle_log(const std::string& path, const std::string& kept) {
  {
    auto old = Connection::open(path, Connection::Mode::read_write, kBusyTimeout);
    // A damaged database is why one restores: its failure to fold is no reason to stop.
    if (old) static_cast<void>((*old)->execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  }
  const std::string log = path + "-wal";
  std::error_code unknown;
  if (exists(log)) {
    const bool empty = fs::file_size(log, unknown) == 0 && !unknown;
    const int failed = empty ? ::unlink(log.c_str()) : std::rename(log.c_str(), (kept + "-wal").c_str());
    if (failed != 0) return disk_error("move", log, errno);
  }
  if (::unlink((path + "-shm").c_str()) != 0 && errno != ENOENT) return disk_error("remove", path + "-shm", errno);
  return {};
}

std::string free_name(const std::string& path) {
  std::string name = path + ".before-restore";
  for (int i = 2; exists(name); ++i) name = fmt::format("{}.before-restore.{}", path, i);
  return name;
}

/// The old database under a second name, before its first goes to the new one.
Status keep_old(const std::string& path, const std::string& kept) {
  if (auto settled = settle_log(path, kept); !settled) return settled;
  if (::link(path.c_str(), kept.c_str()) == 0) return {};
  const int failed = errno;
  if (failed != EPERM && failed != EOPNOTSUPP && failed != EMLINK) return disk_error("keep", path, failed);
  std::error_code error;
  fs::copy_file(path, kept, error);  // a file system without second names
  if (error) return disk_error("keep", path, error.value());
  return to_disk(kept, O_RDONLY);
}

}  // namespace

Result<CopyInfo> backup(const std::string& path, const std::string& target, bool overwrite) {
  const std::string to = absolute(target);
  std::error_code unknown;
  if (fs::is_directory(to, unknown)) return core::fail(ErrorCode::conflict, fmt::format("'{}' is a folder", to));
  if (fs::equivalent(path, to, unknown)) {
    return core::fail(ErrorCode::invalid_argument, fmt::format("'{}' is the database itself", to));
  }
  if (!overwrite && exists(to)) return is_there(to);
  if (exists(to + "-wal")) {
    return core::fail(ErrorCode::conflict,
                      fmt::format("'{0}-wal' lies there: '{0}' is a database in use; choose another name", to));
  }
  auto source = open_source(path, FileRole::store);
  if (!source) return tl::unexpected(source.error());
  Scratch scratch(fmt::format("{}.partial-{}", to, ::getpid()));
  auto copied = copy_into(*source, scratch);
  if (!copied) return copied;
  if (auto named = give_name(scratch, to, overwrite); !named) return tl::unexpected(named.error());
  copied->path = to;
  return copied;
}

Result<CopyInfo> restore(const std::string& source, const std::string& path, const std::function<Status()>& before) {
  const std::string to = absolute(path);
  std::error_code failed;
  if (fs::equivalent(source, to, failed)) {
    return core::fail(ErrorCode::invalid_argument, fmt::format("'{}' is the database itself", to));
  }
  fs::create_directories(fs::path(to).parent_path(), failed);
  const auto lock = FileLock::acquire(to + ".lock", fmt::format("the database '{}'", to));
  if (!lock) return tl::unexpected(lock.error());
  const auto second = FileLock::acquire(to + ".second.lock", fmt::format("the place beside the database '{}'", to));
  if (!second) return tl::unexpected(second.error());
  auto opened = open_source(absolute(source), FileRole::backup);
  if (!opened) return tl::unexpected(opened.error());
  const std::string way_out = fmt::format("; {}", kNameABackup);
  if (auto sound = require_sound(*opened->connection, source, way_out); !sound) return tl::unexpected(sound.error());
  Scratch scratch(to + ".restoring");
  auto copied = copy_into(*opened, scratch);
  if (!copied) return copied;
  if (before) {
    if (auto ready = before(); !ready) return tl::unexpected(ready.error());
  }
  if (exists(to)) {
    copied->kept = free_name(to);
    if (auto kept = keep_old(to, copied->kept); !kept) return tl::unexpected(kept.error());
  }
  if (auto named = give_name(scratch, to, true); !named) return tl::unexpected(named.error());
  copied->path = to;
  return copied;
}

Result<std::vector<std::string>> check_integrity(const std::string& path, FileRole role) {
  auto source = open_source(path, role);
  if (!source) return tl::unexpected(source.error());
  return faults_of(*source->connection);
}

}  // namespace tickspan::storage::sqlite
