#include "storage/postgres/server_set.hpp"

#include <algorithm>
#include <charconv>

#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"

namespace tickspan::storage::postgres {
namespace {

using core::Result;
using core::Status;
using Steady = std::chrono::steady_clock;

constexpr runtime::Log kLog{"storage"};
constexpr std::size_t kSamples = 64;

constexpr const char* kStanding =
    "SELECT pg_is_in_recovery(), coalesce(pg_last_wal_replay_lsn()::text, ''), "
    "coalesce((extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::int8, -1)";
constexpr const char* kPosition = "SELECT pg_current_wal_lsn()::text";

}  // namespace

Lsn parse_lsn(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return 0;
  std::uint32_t high = 0, low = 0;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), text.data() + slash, high, 16);
  const auto second = std::from_chars(text.data() + slash + 1, end, low, 16);
  if (first.ec != std::errc{} || second.ec != std::errc{} || second.ptr != end) return 0;
  return (Lsn{high} << 32) | low;
}

std::string_view to_string(ReplicaState state) noexcept {
  switch (state) {
    case ReplicaState::unknown:
      return "unknown";
    case ReplicaState::in_order:
      return "in_order";
    case ReplicaState::lagging:
      return "lagging";
    case ReplicaState::down:
      return "down";
    case ReplicaState::promoted:
      return "promoted";
  }
  return "";
}

void LagJudge::sample(Steady::time_point at, Lsn primary) {
  // Of one position the newest time counts: it stood there all along.
  if (!samples_.empty() && samples_.back().second == primary) samples_.pop_back();
  samples_.emplace_back(at, primary);
  if (samples_.size() > kSamples) samples_.pop_front();
}

std::optional<std::chrono::milliseconds> LagJudge::bound(Steady::time_point now, Lsn replayed) const {
  const auto has = [&](const auto& sample) { return sample.second <= replayed; };
  const auto newest = std::find_if(samples_.rbegin(), samples_.rend(), has);
  if (newest == samples_.rend()) return {};
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - newest->first);
}

ServerSet::ServerSet(Target primary, std::vector<Target> replicas, ServerSetOptions options)
    : options_(options), primary_(std::move(primary), options.limits, options.connections) {
  for (const Target& target : replicas) {
    replicas_.push_back(std::make_unique<Replica>(target, options));
    if (options.metrics != nullptr) publish(*replicas_.back());
  }
}

ServerSet::~ServerSet() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (watcher_.joinable()) watcher_.join();
}

void ServerSet::start() {
  if (!replicas_.empty() && !watcher_.joinable()) watcher_ = std::thread([this] { watch(); });
}

void ServerSet::watch() {
  runtime::set_thread_name("store-replicas");
  while (true) {
    if (const auto position = ask_primary()) judge_.sample(Steady::now(), *position);
    for (const auto& replica : replicas_) check(*replica);
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, options_.check_every, [this] { return stop_ || look_; });
    if (stop_) return;
    look_ = false;
  }
}

void ServerSet::look_again() {
  {
    const std::lock_guard lock(mutex_);
    look_ = true;
  }
  wake_.notify_all();
}

void ServerSet::publish(Replica& replica) {
  const runtime::Labels labels{{"server", replica.pool.target().location}};
  replica.metrics.push_back(
      options_.metrics->observe("tickspan_storage_replica_in_use", "1 while history is read from this replica", labels,
                                false, [&replica] { return replica.state == ReplicaState::in_order ? 1.0 : 0.0; }));
  replica.metrics.push_back(options_.metrics->observe(
      "tickspan_storage_replica_lag_seconds", "How far this replica is behind at most; -1 when not known", labels,
      false, [&replica] { return replica.lag_ms < 0 ? -1.0 : static_cast<double>(replica.lag_ms) / 1e3; }));
}

/// `lost` tells that the server, not the work, is to blame.
Status ServerSet::on(Pool& pool, const Work& work, bool& lost) {
  while (true) {
    auto lease = pool.lease();
    if (!lease) {
      lost = true;
      return tl::unexpected(lease.error());
    }
    auto done = work(**lease);
    if (done) return done;
    lease->discard();  // a transaction may be open
    lost = (*lease)->connection_lost();
    if (!lost || lease->fresh()) return done;
    pool.drop_idle();  // it had gone stale, and so have the others
  }
}

Status ServerSet::read(const Work& work) {
  const std::size_t first = replicas_.empty() ? 0 : turn_.fetch_add(1, std::memory_order_relaxed) % replicas_.size();
  for (std::size_t i = 0; i < replicas_.size(); ++i) {
    Replica& replica = *replicas_[(first + i) % replicas_.size()];
    if (replica.state != ReplicaState::in_order) continue;
    bool lost = false;
    if (auto done = on(replica.pool, work, lost); done) return done;
    // Lost, or cancelled there because a change from the primary was in its way: the primary answers.
    if (!lost) continue;
    replica.state = ReplicaState::down;
    look_again();
  }
  bool lost = false;
  auto done = on(primary_, work, lost);
  if (done || !lost) return done;
  // Nothing newer than what they have can come into being while the primary is away.
  for (const auto& replica : replicas_) {
    if (replica->state != ReplicaState::lagging && replica->state != ReplicaState::in_order) continue;
    bool also_lost = false;
    if (auto stale = on(replica->pool, work, also_lost); stale) return stale;
  }
  return done;
}

Status ServerSet::read_primary(const Work& work) {
  bool lost = false;
  return on(primary_, work, lost);
}

void ServerSet::check(Replica& replica) {
  const auto standing = ask_replica(replica.pool);
  const ReplicaState before = replica.state;
  const ReplicaState state = standing ? judge_standing(replica, *standing) : ReplicaState::down;
  if (!standing) replica.lag_ms = -1;
  replica.state = state;
  if (state == before) return;
  if (state == ReplicaState::in_order) {
    kLog.info("history is read from the replica at {}", replica.pool.target().location);
  } else {
    kLog.warn("history is not read from the replica at {}: {}{}", replica.pool.target().location, to_string(state),
              standing ? "" : ", " + standing.error().context);
  }
}

ReplicaState ServerSet::judge_standing(Replica& replica, const Standing& standing) {
  if (!standing.replica) {
    replica.lag_ms = -1;
    return ReplicaState::promoted;
  }
  auto lag = judge_.bound(Steady::now(), standing.replayed);
  // The age of the last change it has replayed is a bound as well.
  if (standing.replay_age_ms >= 0) {
    const std::chrono::milliseconds age(standing.replay_age_ms);
    lag = lag ? std::min(*lag, age) : age;
  }
  replica.lag_ms = lag ? lag->count() : -1;
  return lag && *lag <= options_.replica_lag ? ReplicaState::in_order : ReplicaState::lagging;
}

Result<ServerSet::Standing> ServerSet::ask_replica(Pool& pool) {
  Standing out;
  bool lost = false;
  const auto asked = on(
      pool,
      [&](Connection& connection) -> Status {
        auto rows = connection.pipeline({{kStanding, {}}});
        if (!rows) return tl::unexpected(rows.error());
        out = {rows->front().boolean(0, 0), parse_lsn(rows->front().text(0, 1)), rows->front().integer(0, 2)};
        return {};
      },
      lost);
  if (!asked) return tl::unexpected(asked.error());
  return out;
}

/// Nothing while it cannot be reached: the read itself will say so.
std::optional<Lsn> ServerSet::ask_primary() {
  std::optional<Lsn> out;
  bool lost = false;
  const auto asked = on(
      primary_,
      [&](Connection& connection) -> Status {
        auto rows = connection.pipeline({{kPosition, {}}});
        if (!rows) return tl::unexpected(rows.error());
        out = parse_lsn(rows->front().text(0, 0));
        return {};
      },
      lost);
  return asked ? out : std::nullopt;
}

std::vector<StoreInfo::Replica> ServerSet::replicas() const {
  std::vector<StoreInfo::Replica> out;
  for (const auto& replica : replicas_) {
    out.push_back({replica->pool.target().location, std::string(to_string(replica->state)), replica->lag_ms});
  }
  return out;
}

}  // namespace tickspan::storage::postgres
