#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "server/route.hpp"
#include "server/services.hpp"

namespace tickspan::server {

/// Runs `job` on one of the store's reader threads and `then` with its result on the web thread. False when too many
/// wait already, or there is no store: then neither runs.
///
/// `job` must hold values only. The call, and with it the backend that owns the reader's thread, goes into `then`: it
/// is handed back to the web thread whole, so that the last reference never falls on a thread that its owner would
/// join.
template <typename T>
[[nodiscard]] bool read_store(const Call& call, std::function<T(storage::StoreReader&)> job,
                              std::function<void(T)> then) {
  struct Pending {
    std::function<T(storage::StoreReader&)> job;
    std::function<void(T)> then;
  };
  if (call.backend->history == nullptr) return false;
  auto pending = std::make_shared<Pending>(Pending{std::move(job), std::move(then)});
  return call.backend->history->read(
      [pending = std::move(pending), loop = call.services->loop](storage::StoreReader& reader) mutable {
        auto result = std::make_shared<T>(pending->job(reader));
        std::function<void()> task = [pending = std::move(pending), result] { pending->then(std::move(*result)); };
        pending.reset();
        loop->post(std::move(task));
      });
}

}  // namespace tickspan::server
