#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/candle.hpp"
#include "core/catalogue.hpp"
#include "core/result.hpp"

namespace tickspan::wire {

enum class TopicKind : std::uint8_t { price, ticker, trades, candles, bench };

/// price and ticker keep only the newest value; trades, candles and bench lose nothing.
constexpr bool keeps_latest_only(TopicKind kind) {
  return kind == TopicKind::price || kind == TopicKind::ticker;
}

/// One channel of the stream, resolved to ids. Public spelling: `price:btc/usd`, `ticker:btc/usd`, `price:*` and
/// `ticker:*` (all assets in USD), `ticker:*/eur`, `trades:kraken:btc/usd`, `candles:btc/usd:1m`. `bench:7` is a
/// synthetic channel of a load test; its number stands in `base`.
struct Topic {
  TopicKind kind = TopicKind::price;
  core::AssetId base;  ///< not valid(): every asset (`*`), for price and ticker
  core::AssetId quote;
  core::VenueId venue;                           ///< trades only
  core::Interval interval = core::Interval::m1;  ///< candles only

  bool is_wildcard() const { return !base.valid(); }
  /// Unique per topic: assets have fewer than 2^24 members, venues fewer than 2^8.
  std::uint64_t key() const {
    return static_cast<std::uint64_t>(kind) << 60 | static_cast<std::uint64_t>(interval) << 56 |
           static_cast<std::uint64_t>(venue.valid() ? venue.value + 1U : 0U) << 48 |
           static_cast<std::uint64_t>(base.value & 0xFFFFFF) << 24 | (quote.value & 0xFFFFFF);
  }
  Topic wildcard() const {
    Topic t = *this;
    t.base = {};
    return t;
  }
  friend bool operator==(const Topic&, const Topic&) = default;
};

/// Why a channel name is refused, in the words of the stream's per-channel `error`.
struct TopicProblem {
  std::string code;  ///< `invalid_channel`, `unknown_asset`, `unknown_pair`, `unknown_venue`
  std::string message;
  std::vector<std::string> near;  ///< what may have been meant; channel parts or whole channels
};
/// As parse_topic(), with the parts of the refusal apart.
/// `bench_channels`: how many of the load test's there are.
tl::expected<Topic, TopicProblem> resolve_topic(std::string_view name, const core::Catalogue& catalogue,
                                                std::uint32_t bench_channels = 0);

/// Resolves a public channel name; aliases (`price:bitcoin/usd`) give the same topic. The error says what is wrong and
/// what is near.
core::Result<Topic> parse_topic(std::string_view name, const core::Catalogue& catalogue,
                                std::uint32_t bench_channels = 0);
/// The canonical name: symbols where they resolve back to the same asset, else ids.
std::string topic_name(const Topic& topic, const core::Catalogue& catalogue);
/// How an asset is called in pairs and channels: its symbol where that names it and no other, else its id.
const std::string& public_name(const core::Catalogue& catalogue, core::AssetId id);

/// Who listens to what, so that the engine encodes nothing nobody wants.
/// **Threading**: add/remove by web threads, current() and version() by the engine.
class InterestTable {
 public:
  using Set = std::unordered_map<std::uint64_t, Topic>;
  void add(const Topic& topic);
  void remove(const Topic& topic);
  /// Grows with every change; cheap to poll each turn.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  std::shared_ptr<const Set> current() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::pair<Topic, std::uint32_t>> listeners_;  // guarded by mutex_
  std::atomic<std::uint64_t> version_{0};
};

}  // namespace tickspan::wire
