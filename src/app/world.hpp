#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "core/freshness.hpp"
#include "feeds/feed.hpp"
#include "runtime/clock.hpp"
#include "server/backend.hpp"
#include "sim/simulator.hpp"
#include "wire/frame.hpp"

namespace tickspan::app {

struct WorldOptions {
  core::Origin origin = core::Origin::real;
  std::string database;                   ///< path of the SQLite file; empty: kept in memory
  std::vector<sim::SimulatedHost> hosts;  ///< where the venues are, instead of their own addresses
  std::string ca_file;                    ///< trusted for these hosts
  std::string notice;                     ///< shown to people, see server::Backend::notice
  bool with_feeds = true;                 ///< false: ticks come from elsewhere (replay)
  feeds::FrameTap tap;                    ///< sees raw frames; may be empty
  std::vector<std::string> only;          ///< sources to use; empty: all that the configuration enables
};

/// One whole pipeline: feeds, engine, store. Everything in it has one origin.
/// **Threading**: the owner's thread, except backend()'s members. **Ownership**: owns its threads; stop() ends them in
/// the order in which data flows, so that nothing on its way is lost.
class World {
 public:
  World(WorldOptions options, const Config& config, const runtime::Clock& clock);
  ~World();

  /// Opens the store and restores from it. One clear line when it cannot.
  core::Status open(wire::FrameSink* frames, wire::InterestTable* interest);
  void start();
  void stop();

  /// Some source has sent data since the start.
  bool heard_from_any() const;
  /// Keeps the stopped pipeline alive while a request still reads from it.
  server::BackendPtr backend() const;
  std::string store_location() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tickspan::app
