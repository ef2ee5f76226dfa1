#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/catalogue.hpp"
#include "core/feed_event.hpp"
#include "core/result.hpp"

namespace tickspan::feeds {

/// A source at work: an exchange session or a polled aggregator. What it learns goes to its FeedPort.
/// **Threading**: start() and stop() from the owner's thread; everything else from any.
/// **Ownership**: lives on one runtime::EventLoop, which must outlive it.
class Feed {
 public:
  virtual ~Feed() = default;
  virtual core::VenueId venue() const = 0;
  virtual void start() = 0;
  /// Returns when no callback of this feed can run any more.
  virtual void stop() = 0;
  /// The pairs to listen to from now on; replaces the set before. Exchanges (un)subscribe the difference, an aggregator
  /// ignores it.
  virtual void set_symbols(std::shared_ptr<const core::SymbolTable> symbols) = 0;
  /// The last trade of a pair that is known of before it was listened to: what lies between it and the first one that
  /// is heard was missed. Nothing to a source without numbers.
  virtual void know_trade(core::InstrumentId /*instrument*/, std::uint64_t /*id*/, core::Timestamp /*at*/) {}
  virtual const core::FeedCounters& counters() const = 0;
};

/// Past prices on request, from whichever aggregator is configured. `done` runs on the feed's thread, exactly once.
/// Refuses at once (rate_limited, retryable) when the aggregator's request budget is spent.
class ChartSource {
 public:
  virtual ~ChartSource() = default;
  using Done = std::function<void(core::Result<std::vector<core::MarketPoint>>)>;
  virtual void fetch_chart(std::string asset_id, int days, Done done) = 0;
};

/// A raw frame as it crossed a socket, for the recorder. `kind`: `open`, `send`, `recv` or `rest`.
using FrameTap =
    std::function<void(core::Timestamp at, std::string_view venue, std::string_view kind, std::string_view payload)>;

}  // namespace tickspan::feeds
