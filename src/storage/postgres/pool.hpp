#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <vector>

#include "storage/postgres/connection.hpp"

namespace tickspan::storage::postgres {

/// A bounded set of read connections to one server. After a failure to connect the next try waits, longer each time
/// (up to 5 s, with jitter); callers are refused meanwhile instead of waiting one connect time each.
/// **Threading**: any thread. **Limits**: `most` connections; lease() waits a second for one to come back.
class Pool {
 public:
  Pool(Target target, Limits limits, std::size_t most);

  /// A connection for the while; goes back when the lease ends, or is closed where it is no longer good.
  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<Connection> connection, bool fresh)
        : pool_(&pool), connection_(std::move(connection)), fresh_(fresh) {}
    ~Lease();
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }
    bool fresh() const { return fresh_; }  ///< made for this lease: not one that may have gone stale
    /// It must not be used again.
    void discard() { keep_ = false; }

   private:
    Pool* pool_;
    std::unique_ptr<Connection> connection_;
    bool fresh_;
    bool keep_ = true;
  };
  core::Result<Lease> lease();
  /// Those that wait for work are closed: their server is not what it was.
  void drop_idle();
  const Target& target() const { return target_; }

 private:
  using Steady = std::chrono::steady_clock;
  core::Result<Lease> connect();
  void give_back(std::unique_ptr<Connection> connection, bool keep);
  void note_failure(const core::Error& error);

  const Target target_;
  const Limits limits_;
  const std::size_t most_;
  std::mutex mutex_;  // guards all below
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t out_ = 0;
  std::chrono::milliseconds delay_{0};
  Steady::time_point not_before_{};
  std::optional<core::Error> last_error_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace tickspan::storage::postgres
