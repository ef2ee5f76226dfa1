#pragma once

// What a feed tells the engine besides ticks. Travels in order with them, as shared_ptr<const FeedEvent>.

#include <atomic>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/freshness.hpp"
#include "core/market_data.hpp"

namespace tickspan::core {

struct FeedStatus {
  VenueId venue;
  FeedState state = FeedState::idle;
  std::string host;    ///< which of the venue's hosts is in use
  std::string detail;  ///< why, when it is not live; no secrets
  Timestamp at;
  Timestamp heard_until;  ///< what happened before was heard, less what was on its way; not set: not known
  GapCause cause = GapCause::disconnect;  ///< when it is not live: why its silence is
};
/// Bytes arrived on the connection that carry no tick: heartbeat, pong, another pair. Proof that it lives.
struct FeedAlive {
  VenueId venue;
  Timestamp at;
};
struct SymbolList {
  VenueId venue;
  std::vector<ListedPair> pairs;
};
struct AggregatorRows {
  VenueId venue;
  std::vector<AssetFacts> rows;
  Timestamp received_at;
  Duration period{};  ///< how often this source is asked; stale after two
};
struct AggregatorRates {
  VenueId venue;
  std::vector<ExchangeRate> rates;
  Timestamp received_at;
  Duration period{};
};
/// Past points of one asset, fetched on request.
struct ChartPoints {
  VenueId venue;
  std::string asset_id;
  std::vector<MarketPoint> points;  ///< ascending
};
/// Ticks that were received and could not be handed on (the ring was full), or a known hole.
struct FeedLoss {
  Gap gap;
  std::uint64_t lost_trades = 0;
};

/// Pairs of one of a source's connections, or some of them by themselves, are not heard any more, or are again. Told at
/// once; until the other word comes it goes on. Pairs that were never told of are heard as their source is.
struct LinkHeard {
  VenueId venue;
  std::vector<std::string> symbols;  ///< the venue's
  bool heard = false;                ///< or not listened to any more
  Timestamp since;                   ///< when not heard: what happened before was; not set: they never were
  Timestamp at;
  GapCause cause = GapCause::disconnect;
  bool alone = false;  ///< silent by themselves: their connection is heard
};

using FeedEvent =
    std::variant<FeedStatus, FeedAlive, SymbolList, AggregatorRows, AggregatorRates, ChartPoints, FeedLoss, LinkHeard>;
using FeedEventPtr = std::shared_ptr<const FeedEvent>;

/// Counters of one source, written by its feed thread and read by anyone. Relaxed: they are for people and graphs.
struct FeedCounters {
  std::atomic<std::uint64_t> messages{0}, bytes{0}, trades{0}, quotes{0}, undecodable{0}, unknown_symbols{0},
      connects{0}, disconnects{0}, requests{0}, rate_limited{0};
};

}  // namespace tickspan::core
