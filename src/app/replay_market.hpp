#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.hpp"
#include "core/catalogue.hpp"
#include "core/tick.hpp"
#include "engine/engine.hpp"
#include "runtime/clock.hpp"
#include "server/server.hpp"
#include "storage/history_service.hpp"

namespace tickspan::app {

/// `replay --serve`: an engine whose time is the recording's, a store in memory and a server, driven by hand.
/// **Threading**: the owner's thread; the server and the store have their own.
class ReplayMarket {
 public:
  explicit ReplayMarket(const Config& config);
  ~ReplayMarket();
  core::Status start();
  std::string address() const;

  /// The engine's id of a venue's symbol; an id that take() leaves out where it does not track the pair.
  core::InstrumentId learn(const core::Venue& venue, std::string_view symbol);
  /// Takes ticks through the engine at the time they were received.
  void take(std::span<const core::Tick> ticks);
  server::Server& server() { return server_; }
  /// Closes the last minute.
  void finish();
  void stop();

 private:
  struct Source {
    core::VenueId id;
    std::vector<core::ListedPair> pairs;
    std::shared_ptr<const core::SymbolTable> symbols = std::make_shared<core::SymbolTable>();
  };
  Source& source_of(const core::Venue& venue);
  void run_turns();
  void advance_to(core::Timestamp time);

  const Config& config_;
  runtime::ManualClock clock_{core::Timestamp::from_s(1)};
  runtime::Metrics metrics_;
  server::Server server_;
  std::unique_ptr<storage::HistoryService> history_;
  std::unique_ptr<engine::Engine> engine_;
  runtime::FeedPort* port_ = nullptr;
  std::map<std::string, Source> sources_;
};

/// Base and quote of a symbol whose venue's list of pairs is not at hand: by `-` or `/`, else by the longest known
/// quote at its end. Empty where it cannot be told.
core::ListedPair guess_pair(std::string_view symbol);

}  // namespace tickspan::app
