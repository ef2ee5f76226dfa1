#include "power_cut.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>
#include <stdexcept>

namespace tickspan::storage::test {

struct PowerCut::Log {
  enum class Kind { write, truncate, sync, remove };
  struct Entry {
    Kind kind;
    std::string path;
    std::size_t at = 0;  // of a write its place, of a truncate the new size
    std::string bytes;
  };
  void add(Entry entry) {
    const std::lock_guard lock(mutex);
    entries.push_back(std::move(entry));
  }
  std::mutex mutex;
  std::vector<Entry> entries;  // guarded by mutex
  sqlite3_vfs* real = nullptr;
  sqlite3_vfs vfs{};
};

namespace {

constexpr const char* kName = "power-cut";
constexpr std::size_t kSector = 512;
using Log = PowerCut::Log;

/// What SQLite takes for its file; the default VFS's own lies behind it.
struct LoggedFile {
  sqlite3_file base;
  Log* log;
  std::string* path;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

LoggedFile* of(sqlite3_file* file) {
  return reinterpret_cast<LoggedFile*>(file);
}
sqlite3_file* real(sqlite3_file* file) {
  return of(file)->real();
}

int close_file(sqlite3_file* file) {
  const int result = real(file)->pMethods->xClose(real(file));
  delete of(file)->path;
  return result;
}
int write_file(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
  const int result = real(file)->pMethods->xWrite(real(file), data, size, at);
  if (result == SQLITE_OK) {
    of(file)->log->add({Log::Kind::write, *of(file)->path, static_cast<std::size_t>(at),
                        std::string(static_cast<const char*>(data), static_cast<std::size_t>(size))});
  }
  return result;
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  const int result = real(file)->pMethods->xTruncate(real(file), size);
  if (result == SQLITE_OK)
    of(file)->log->add({Log::Kind::truncate, *of(file)->path, static_cast<std::size_t>(size), {}});
  return result;
}
// The log is the disk here: the real one need not be waited for.
int sync_file(sqlite3_file* file, int) {
  of(file)->log->add({Log::Kind::sync, *of(file)->path, 0, {}});
  return SQLITE_OK;
}

// Nothing may be written around xWrite: no memory-mapped pages of the files.
const sqlite3_io_methods& methods() {
  static const sqlite3_io_methods all = [] {
    sqlite3_io_methods m{};
    m.iVersion = 2;
    m.xClose = close_file;
    m.xRead = [](sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
      return real(f)->pMethods->xRead(real(f), to, n, at);
    };
    m.xWrite = write_file;
    m.xTruncate = truncate_file;
    m.xSync = sync_file;
    m.xFileSize = [](sqlite3_file* f, sqlite3_int64* n) { return real(f)->pMethods->xFileSize(real(f), n); };
    m.xLock = [](sqlite3_file* f, int level) { return real(f)->pMethods->xLock(real(f), level); };
    m.xUnlock = [](sqlite3_file* f, int level) { return real(f)->pMethods->xUnlock(real(f), level); };
    m.xCheckReservedLock = [](sqlite3_file* f, int* out) {
      return real(f)->pMethods->xCheckReservedLock(real(f), out);
    };
    m.xFileControl = [](sqlite3_file* f, int op, void* arg) {
      return real(f)->pMethods->xFileControl(real(f), op, arg);
    };
    m.xSectorSize = [](sqlite3_file*) { return static_cast<int>(kSector); };
    m.xDeviceCharacteristics = [](sqlite3_file*) { return 0; };  // promises nothing: a power cut tears
    m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
      return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
    };
    m.xShmLock = [](sqlite3_file* f, int at, int n, int flags) {
      return real(f)->pMethods->xShmLock(real(f), at, n, flags);
    };
    m.xShmBarrier = [](sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); };
    m.xShmUnmap = [](sqlite3_file* f, int remove) { return real(f)->pMethods->xShmUnmap(real(f), remove); };
    return m;
  }();
  return all;
}

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  Log& log = *static_cast<Log*>(vfs->pAppData);
  const int result = log.real->xOpen(log.real, name, real(file), flags, out_flags);
  if (result != SQLITE_OK) return result;
  of(file)->base.pMethods = &methods();
  of(file)->log = &log;
  of(file)->path = new std::string(name == nullptr ? "" : name);
  return result;
}
int remove_file(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  Log& log = *static_cast<Log*>(vfs->pAppData);
  const int result = log.real->xDelete(log.real, name, sync_folder);
  if (result == SQLITE_OK) log.add({Log::Kind::remove, name, 0, {}});
  return result;
}

void apply(std::string& content, const Log::Entry& entry, std::size_t from, std::size_t to) {
  if (entry.kind == Log::Kind::truncate) {
    content.resize(std::min(content.size(), entry.at));
    return;
  }
  if (content.size() < entry.at + to) content.resize(entry.at + to, '\0');
  std::memcpy(content.data() + entry.at + from, entry.bytes.data() + from, to - from);
}

/// Each sector of the write reached the disk or did not; of one in eight only its first half did.
void apply_torn(std::string& content, const Log::Entry& entry, std::mt19937& random) {
  if (entry.kind == Log::Kind::truncate) {
    if (random() % 2 == 0) apply(content, entry, 0, 0);
    return;
  }
  for (std::size_t from = 0; from < entry.bytes.size(); from += kSector) {
    const std::size_t whole = std::min(entry.bytes.size(), from + kSector);
    const auto dice = random() % 16;
    if (dice < 7) continue;
    apply(content, entry, from, dice < 9 ? from + (whole - from) / 2 : whole);
  }
}

}  // namespace

PowerCut::PowerCut() : log_(std::make_shared<Log>()) {
  log_->real = sqlite3_vfs_find(nullptr);
  log_->vfs = *log_->real;
  log_->vfs.zName = kName;
  log_->vfs.pNext = nullptr;
  log_->vfs.pAppData = log_.get();
  log_->vfs.szOsFile = static_cast<int>(sizeof(LoggedFile)) + log_->real->szOsFile;
  log_->vfs.xOpen = open_file;
  log_->vfs.xDelete = remove_file;
  log_->vfs.xAccess = [](sqlite3_vfs* v, const char* name, int flags, int* out) {
    sqlite3_vfs* const to = static_cast<Log*>(v->pAppData)->real;
    return to->xAccess(to, name, flags, out);
  };
  log_->vfs.xFullPathname = [](sqlite3_vfs* v, const char* name, int n, char* out) {
    sqlite3_vfs* const to = static_cast<Log*>(v->pAppData)->real;
    return to->xFullPathname(to, name, n, out);
  };
  if (sqlite3_vfs_register(&log_->vfs, 1) != SQLITE_OK) throw std::runtime_error("no VFS");
}

PowerCut::~PowerCut() {
  sqlite3_vfs_unregister(&log_->vfs);
  sqlite3_vfs_register(log_->real, 1);
}

std::size_t PowerCut::now() const {
  const std::lock_guard lock(log_->mutex);
  return log_->entries.size();
}

std::vector<std::size_t> PowerCut::syncs() const {
  const std::lock_guard lock(log_->mutex);
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < log_->entries.size(); ++i) {
    if (log_->entries[i].kind == Log::Kind::sync) out.push_back(i + 1);
  }
  return out;
}

PowerCut::Files PowerCut::disk_at(std::size_t moment, std::mt19937& random) const {
  const std::lock_guard lock(log_->mutex);
  std::map<std::string, std::size_t> synced;  // up to which entry
  for (std::size_t i = 0; i < moment; ++i) {
    if (log_->entries[i].kind == Log::Kind::sync) synced[log_->entries[i].path] = i;
  }
  Files files;
  for (std::size_t i = 0; i < moment; ++i) {
    const Log::Entry& entry = log_->entries[i];
    if (entry.kind == Log::Kind::remove) files.erase(entry.path);
    if (entry.kind == Log::Kind::remove || entry.kind == Log::Kind::sync) continue;
    const auto until = synced.find(entry.path);
    if (until != synced.end() && i < until->second) {
      apply(files[entry.path], entry, 0, entry.bytes.size());
    } else {
      apply_torn(files[entry.path], entry, random);
    }
  }
  return files;
}

}  // namespace tickspan::storage::test
