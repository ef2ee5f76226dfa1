#pragma once

#include <exception>
#include <utility>

#include "runtime/log.hpp"
#include "server/route.hpp"

namespace tickspan::server {

/// `task` as a function that answers 500 where it throws: for what runs on the web thread after a handler has returned.
template <typename Task>
auto guarded(CallPtr call, Task task) {
  return [call = std::move(call), task = std::move(task)](auto&&... arguments) {
    try {
      task(std::forward<decltype(arguments)>(arguments)...);
    } catch (const std::exception& error) {
      constexpr runtime::Log kLog{"server"};
      kLog.error("{} failed: {}", call->request.path(), error.what());
      call->on_exception();
    }
  };
}

}  // namespace tickspan::server
