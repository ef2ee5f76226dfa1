#include "engine/engine.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "core/assert.hpp"
#include "engine/turn_loop.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/log.hpp"

namespace tickspan::engine {
namespace {

constexpr runtime::Log kLog{"engine"};
constexpr core::Duration kTick = std::chrono::milliseconds(100);
constexpr int kStopTries = 500;

std::string make_epoch() {
  std::random_device random;
  return fmt::format("{:08x}{:04x}", random(), random() & 0xFFFF);
}

}  // namespace

/// The thread around the turns: sleeps until a port or the tick wakes it.
struct Engine::Impl {
  Impl(const EngineOptions& o, EngineOutputs outputs, const runtime::Clock& clock, runtime::Metrics& metrics)
      : ring_capacity(o.ring_capacity), turns(o, std::move(outputs), clock, metrics, make_epoch()) {}

  void wake() {
    {
      const std::lock_guard lock(mutex);
      woken = true;
    }
    condition.notify_one();
  }

  void run() {
    runtime::set_thread_name("engine");
    while (!stopping.load(std::memory_order_acquire)) {
      if (turns.turn(256) > 0) continue;
      // The ports promise to wake us from here on; what came before their promise is seen by the look itself.
      const bool idle = std::all_of(ports.begin(), ports.end(), [](auto& port) { return port->prepare_wait(); });
      if (!idle) continue;
      std::unique_lock lock(mutex);
      condition.wait_for(lock, std::min(kTick, turns.until_due()), [this] { return woken || stopping.load(); });
      woken = false;
    }
  }

  const std::size_t ring_capacity;
  TurnLoop turns;
  std::vector<std::unique_ptr<runtime::FeedPort>> ports;
  std::thread thread;
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::condition_variable condition;
  bool woken = false;  // guarded by mutex
  bool stopped = false;
};

Engine::Engine(EngineOptions options, EngineOutputs outputs, const runtime::Clock& clock, runtime::Metrics& metrics)
    : impl_(std::make_unique<Impl>(options, std::move(outputs), clock, metrics)) {}

Engine::~Engine() {
  stop();
}

core::VenueId Engine::add_source(core::Venue venue) {
  return impl_->turns.add_source(std::move(venue));
}

runtime::FeedPort& Engine::add_port() {
  TS_ASSERT(!impl_->thread.joinable(), "ports are added before the start");
  Impl* const impl = impl_.get();
  impl->ports.push_back(std::make_unique<runtime::FeedPort>(impl->ring_capacity, [impl] { impl->wake(); }));
  impl->turns.add_port(*impl->ports.back());
  return *impl->ports.back();
}

void Engine::restore(const core::RestoredState& state) {
  impl_->turns.restore(state);
}

void Engine::give(core::OldMinutes minutes) {
  impl_->turns.give(std::move(minutes));
}

runtime::PushResult Engine::repair(core::RepairedCandles& repaired) {
  return impl_->turns.repair(repaired);
}

void Engine::start() {
  TS_ASSERT(!impl_->thread.joinable(), "the engine is started once");
  impl_->stopping.store(false);
  impl_->thread = std::thread([this] { impl_->run(); });
}

void Engine::stop() {
  if (std::exchange(impl_->stopped, true)) return;
  if (impl_->thread.joinable()) {
    impl_->stopping.store(true, std::memory_order_release);
    impl_->wake();
    impl_->thread.join();
  }
  while (impl_->turns.turn(256) > 0) {
  }
  // The store's writer empties its queue meanwhile; past the deadline the rest is a gap that the next start records.
  bool written = impl_->turns.finish();
  for (int i = 0; i < kStopTries && !written; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    written = impl_->turns.finish();
  }
  if (!written) kLog.error("the store took no more rows within 5 s: {} not written", impl_->turns.store_waiting());
}

core::SnapshotPtr Engine::snapshot() const {
  return impl_->turns.snapshot();
}

std::size_t Engine::turn(std::size_t max_items) {
  return impl_->turns.turn(max_items);
}

}  // namespace tickspan::engine
