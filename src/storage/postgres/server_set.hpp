#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/metrics.hpp"
#include "storage/history_store.hpp"
#include "storage/postgres/pool.hpp"

namespace tickspan::storage::postgres {

/// A position in the server's log of changes, as a number.
using Lsn = std::uint64_t;
/// `16/B374D848`; 0 for anything else.
Lsn parse_lsn(std::string_view text);

enum class ReplicaState { unknown, in_order, lagging, down, promoted };
std::string_view to_string(ReplicaState state) noexcept;

/// Where the primary's log stood at which time: tells how far behind a replica can be at most. An idle primary writes
/// nothing, so that the time of the last change a replica has replayed says little: what counts is whether it has all
/// that the primary had.
/// **Threading**: one thread at a time. **Limits**: 64 samples.
class LagJudge {
 public:
  using Steady = std::chrono::steady_clock;
  void sample(Steady::time_point at, Lsn primary);
  /// An upper bound of the lag at `now` of a replica that has replayed up to `replayed`; nothing where no sample tells.
  std::optional<std::chrono::milliseconds> bound(Steady::time_point now, Lsn replayed) const;

 private:
  std::deque<std::pair<Steady::time_point, Lsn>> samples_;
};

struct ServerSetOptions {
  std::size_t connections = 4;
  Limits limits;
  std::chrono::milliseconds replica_lag{5'000};
  std::chrono::milliseconds check_every{1'000};
  runtime::Metrics* metrics = nullptr;
};

/// The primary and its replicas, for reading: which of them may be asked now.
/// **Threading**: any thread. **Ownership**: owns the pools. Metrics must outlive it.
class ServerSet {
 public:
  ServerSet(Target primary, std::vector<Target> replicas, ServerSetOptions options);
  ~ServerSet();
  ServerSet(const ServerSet&) = delete;
  ServerSet& operator=(const ServerSet&) = delete;
  /// Starts to watch the replicas, where there are any, on a thread of its own: a server that hangs must not hold up a
  /// read that could go elsewhere.
  void start();

  /// Runs `work` on a connection: of a replica that is in order, else of the primary; of any replica that can be
  /// reached where the primary cannot. A connection that turns out to be lost is replaced and the work done again.
  using Work = std::function<core::Status(Connection&)>;
  core::Status read(const Work& work);
  /// The same, but of the primary only.
  core::Status read_primary(const Work& work);

  std::vector<StoreInfo::Replica> replicas() const;

 private:
  struct Replica {
    Replica(const Target& target, const ServerSetOptions& options)
        : pool(target, options.limits, options.connections) {}
    Pool pool;
    std::atomic<ReplicaState> state{ReplicaState::unknown};
    std::atomic<std::int64_t> lag_ms{-1};
    std::vector<std::shared_ptr<void>> metrics;
  };
  /// What a server said of itself.
  struct Standing {
    bool replica = true;
    Lsn replayed = 0;
    std::int64_t replay_age_ms = -1;  // of the last change replayed
  };

  core::Status on(Pool& pool, const Work& work, bool& lost);
  void watch();
  void look_again();
  void check(Replica& replica);
  ReplicaState judge_standing(Replica& replica, const Standing& standing);
  core::Result<Standing> ask_replica(Pool& pool);
  std::optional<Lsn> ask_primary();
  void publish(Replica& replica);

  const ServerSetOptions options_;
  Pool primary_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::atomic<std::size_t> turn_{0};
  LagJudge judge_;  // the watching thread's
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false, look_ = false;  // guarded by mutex_
  std::thread watcher_;
};

}  // namespace tickspan::storage::postgres
