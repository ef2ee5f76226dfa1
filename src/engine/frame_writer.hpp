#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/snapshot.hpp"
#include "core/tick.hpp"
#include "market/market.hpp"
#include "wire/frame.hpp"

namespace tickspan::engine {

/// Encodes what changed for those who listen, once for all of them.
///
/// Latest-value topics (price, ticker) carry the position as `seq`. Lossless ones (trades, candles) count by one; when
/// nobody listened for a while a number is left out, so that a resume across the pause cannot pass for complete.
/// A topic in another quote is encoded again when its base changed, and, at most once a second, when its unit did.
/// **Threading**: the engine's. **Limits**: nothing is encoded that nobody listens to.
class FrameWriter {
 public:
  FrameWriter(wire::FrameSink* sink, wire::InterestTable* interest, const market::Market& market, core::Origin origin,
              std::string epoch);

  /// Takes over who listens to what; cheap when nothing changed.
  void follow_interest();
  bool wants_trades(core::InstrumentId id) const {
    return id.index() < trade_topics_.size() && trade_topics_[id.index()] != nullptr;
  }
  void on_trade(const core::Tick& trade);
  void on_candle(core::AssetId asset, core::Interval interval, const core::Candle& candle);
  /// The open candles of listened topics, at most once a second each.
  void on_time(core::Timestamp now);
  /// `changed`: assets whose row in `snapshot` is new, ascending.
  void on_changed(const core::MarketSnapshot& snapshot, const std::vector<core::AssetId>& changed, core::Timestamp now);
  /// Hands the frames to the sink. False when there were none.
  bool post();
  /// A unit's change waits for its second to pass, or a topic that is listened to anew for its present value:
  /// on_changed() wants to be called, changes or not.
  bool has_waiting() const { return units_waiting_ || !newcomers_.empty(); }

 private:
  struct Lossless {
    wire::Topic topic;
    std::uint64_t seq = 0;
    bool listening = false;
    std::uint32_t told_trades = 0;  // of the open candle
    core::Timestamp told_start;
  };
  struct Latest {
    wire::TopicKind kind;
    core::AssetId quote;
    friend bool operator==(const Latest&, const Latest&) = default;
  };
  struct Unit {
    core::AssetId quote;
    core::Timestamp told_at;
    bool waiting = false;
  };

  void rebuild();
  void add_lossless(const wire::Topic& topic);
  void encode_newcomers(const core::MarketSnapshot& snapshot, const std::vector<core::AssetId>& changed);
  void encode_asset(const core::MarketSnapshot& snapshot, core::AssetId asset, core::AssetId only_quote);
  void encode_latest(const core::MarketSnapshot& snapshot, core::AssetId asset, const Latest& what);
  void encode_candle(Lossless& topic, const core::Candle& usd_candle);
  bool in_quote(const core::Candle& usd_candle, const wire::Topic& topic, core::Candle& out) const;
  void emit(const wire::Topic& topic, std::uint64_t seq);
  const std::string& name_of(const wire::Topic& topic);

  wire::FrameSink* const sink_;
  wire::InterestTable* const interest_;
  const market::Market& market_;
  const core::Origin origin_;
  const std::string epoch_;

  std::uint64_t interest_version_ = ~std::uint64_t{0};
  std::size_t known_instruments_ = 0, known_assets_ = 0;
  std::vector<Latest> wildcards_;
  std::vector<std::vector<Latest>> exact_;  // by AssetId index
  std::vector<Unit> units_;
  bool units_waiting_ = false;
  std::unordered_set<std::uint64_t> latest_known_;     // keys of the topics in wildcards_ and exact_
  std::vector<wire::Topic> newcomers_;                 // of those whose value was never told
  std::map<std::uint64_t, Lossless> lossless_;         // by topic key; nodes stay where they are
  std::vector<Lossless*> trade_topics_;                // by InstrumentId index
  std::vector<std::vector<Lossless*>> candle_topics_;  // by AssetId index
  core::CataloguePtr named_with_;
  std::unordered_map<std::uint64_t, std::string> names_;
  std::string data_;
  std::vector<wire::Frame> frames_;
  core::Timestamp next_open_;
};

}  // namespace tickspan::engine
