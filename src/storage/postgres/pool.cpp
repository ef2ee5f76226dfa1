#include "storage/postgres/pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "storage/postgres/schema.hpp"

namespace tickspan::storage::postgres {
namespace {

constexpr std::chrono::milliseconds kFirstDelay{100}, kLongestDelay{5'000};
constexpr std::chrono::seconds kPatience{1};

}  // namespace

Pool::Pool(Target target, Limits limits, std::size_t most)
    : target_(std::move(target)), limits_(limits), most_(std::max<std::size_t>(most, 1)) {}

Pool::Lease::~Lease() {
  if (connection_) pool_->give_back(std::move(connection_), keep_);
}

core::Result<Pool::Lease> Pool::lease() {
  {
    std::unique_lock lock(mutex_);
    if (!returned_.wait_for(lock, kPatience, [&] { return !idle_.empty() || out_ < most_; })) {
      return core::fail(core::ErrorCode::unavailable,
                        fmt::format("all {} connections to {} are in use", most_, target_.location), true);
    }
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      ++out_;
      return Lease(*this, std::move(connection), false);
    }
    if (last_error_ && Steady::now() < not_before_) return tl::unexpected(*last_error_);
    ++out_;
  }
  return connect();
}

core::Result<Pool::Lease> Pool::connect() {
  auto made = Connection::open(target_, limits_, session_setup(target_));
  if (!made) {
    note_failure(made.error());
    return tl::unexpected(made.error());
  }
  const std::lock_guard lock(mutex_);
  delay_ = std::chrono::milliseconds::zero();
  last_error_.reset();
  return Lease(*this, std::move(*made), true);
}

void Pool::note_failure(const core::Error& error) {
  {
    const std::lock_guard lock(mutex_);
    --out_;
    delay_ = std::clamp(delay_ * 2, kFirstDelay, kLongestDelay);
    std::uniform_int_distribution<std::chrono::milliseconds::rep> jitter(delay_.count() / 2, delay_.count());
    not_before_ = Steady::now() + std::chrono::milliseconds(jitter(random_));
    last_error_ = error;
  }
  returned_.notify_one();
}

void Pool::give_back(std::unique_ptr<Connection> connection, bool keep) {
  {
    const std::lock_guard lock(mutex_);
    --out_;
    if (keep && !connection->connection_lost()) idle_.push_back(std::move(connection));
  }
  returned_.notify_one();
  connection.reset();  // closing one takes a system call or two: not under the lock
}

void Pool::drop_idle() {
  std::vector<std::unique_ptr<Connection>> old;
  const std::lock_guard lock(mutex_);
  old.swap(idle_);
}

}  // namespace tickspan::storage::postgres
