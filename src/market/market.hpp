#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/feed_event.hpp"
#include "core/snapshot.hpp"
#include "core/tick.hpp"
#include "core/write_batch.hpp"
#include "market/candle_series.hpp"
#include "market/clock_offset.hpp"
#include "market/composite.hpp"
#include "market/instrument_mapper.hpp"
#include "market/pair_state.hpp"
#include "market/rolling_window.hpp"

namespace tickspan::market {

/// Everything known about prices now: pairs, one row per asset, open candles, 24 h windows. Pure state: time is an
/// input, nothing is read, written or locked here, so the same input gives the same state every time.
///
/// Ticks go in one by one (on_tick); what depends on many of them, the composite prices, is computed for the touched
/// assets by refresh(), as often as somebody looks. Time alone changes things, too: sweep() finds what has become quiet
/// or stale and finishes candles.
/// **Threading**: one thread. **Ownership**: owns all of it; the catalogue and minute closes are shared as immutable
/// values.
class Market {
 public:
  struct Pair {
    core::AssetId base, quote;
    core::VenueId venue;
    core::Freshness freshness = core::Freshness::down;
    bool subscribed = false;        ///< in the venue's present symbol table
    bool counts = false;            ///< its quote may price its base
    bool listed = false;            ///< waits in finished_pairs
    bool remembered = false;        ///< the store has minutes of it of just before this run
    std::uint32_t breaks = 0;       ///< how often its own connection began to be silent
    core::Timestamp unheard_since;  ///< set while its connection is not heard, though the venue may be
    core::Timestamp unheard_told;   ///< when that was known
    core::Standing standing = core::Standing::down;
    double price_usd = 0;
    double weight = 0;
    PairState state;
  };
  /// What an aggregator says of an asset.
  struct Polled {
    core::VenueId by;
    core::Decimal price;
    core::Timestamp at;
    core::Duration period{};
    core::Freshness state = core::Freshness::down;
  };
  struct AssetState {
    std::vector<std::uint32_t> pairs;       ///< that may price it
    std::vector<std::uint32_t> dependents;  ///< assets priced by pairs quoted in this one
    int level = 100;                        ///< conversion_level()
    bool dirty = false;
    bool changed = false;  ///< its row differs from what was published
    bool tracked = false;
    double raw = 0;              ///< the composite behind row.price, unrounded
    double price = 0;            ///< row.price as a double
    double told_price = 0;       ///< the price its dependents saw
    core::Timestamp told_as_of;  ///< the as_of that readers saw
    core::Timestamp candle_at;
    core::Timestamp heard;           ///< newest message of a pair behind the composite
    core::Timestamp disputed_since;  ///< most venues have agreed on another price since then
    std::vector<Polled> polled;      ///< by source: who was added first goes first
    std::optional<core::AssetFacts> facts;
    core::VenueId facts_by;  ///< not valid: the store
    std::string marked;      ///< the source that history has as the present one; empty: none
    bool unmarked = false;   ///< the present one may be another
    CandleSeries candles;
    RollingWindow window;
  };
  struct VenueState {
    VenuePulse pulse;
    core::FeedState feed = core::FeedState::idle;
    std::uint32_t connection = 0;
    bool polled = false;
    bool ranks = false;       ///< an aggregator that tells places by market capitalisation
    core::Timestamp as_of;    ///< newest data
    core::Duration period{};  ///< polled sources only
    ClockOffset clock;
    std::uint64_t outliers = 0;  ///< how often a pair of it began to be one
    std::vector<std::uint32_t> pairs;
    std::set<std::string> ambiguous;  ///< symbols of its list that several coins have, and that are not mapped
  };

  /// `outlier`: how far a pair may lie from the others and still price its base, as a fraction.
  Market(std::size_t tracked_assets, core::Timestamp now, double outlier = 0.03);

  core::VenueId add_venue(core::Venue venue);
  /// What venues mean by their symbols, before what is built in. Before the first list.
  void set_symbol_overrides(std::vector<SymbolOverride> overrides) { overrides_ = std::move(overrides); }

  // --- the tick path
  /// False: not taken (unknown instrument or a duplicate).
  bool on_tick(const core::Tick& tick);

  // --- events
  void on_status(const core::FeedStatus& status);
  void on_alive(core::VenueId venue, core::Timestamp at);
  /// Rows of an aggregator. The catalogue grows or is re-ranked; see take_catalogue_changed() and tracked_version().
  void on_rows(const core::AggregatorRows& rows);
  void on_rates(const core::AggregatorRates& rates);
  /// Input of this source was missed in [from, to]; of one pair, where a symbol is named.
  /// `trades_lost`: single trades are missing though the venue was heard, so that every volume is short.
  void on_loss(core::VenueId venue, const std::string& symbol, core::Timestamp from, core::Timestamp to,
               bool trades_lost);
  /// While pairs are not heard their silence means nothing: no minute is made of it, and they count as down.
  void on_link(const core::LinkHeard& link);
  /// The pairs of a venue to listen to; adds what the catalogue lacks. Nothing when it is the set before.
  std::shared_ptr<const core::SymbolTable> choose_symbols(const core::SymbolList& list, core::Timestamp now);
  void restore(const core::RestoredState& state, core::Timestamp now);

  /// An hour that begins to leave a long window of these assets, and whose minutes are not here.
  std::optional<core::Timestamp> wanted_hour(std::vector<std::pair<core::AssetId, std::string>>& of) const;
  void on_old_minutes(const core::OldMinutes& old);
  /// Candles and windows take in at once what was made anew. A composite minute that was whole when it was told stays.
  void on_repair(const core::RepairedCandles& repair, core::Timestamp now);

  // --- time
  /// Computes the rows of touched assets. Cheap when nothing was touched.
  void refresh(core::Timestamp now);
  /// What time alone changes; every 100 ms or so.
  void sweep(core::Timestamp now);

  // --- results
  const core::CataloguePtr& catalogue() const { return catalogue_; }
  core::AssetId usd() const { return usd_; }
  const std::vector<core::AssetRow>& rows() const { return rows_; }
  const std::vector<Pair>& pairs() const { return pairs_; }
  const CandleSeries& pair_candles(core::InstrumentId id) const { return pair_candles_[id.index()]; }
  const std::vector<VenueState>& venues() const { return venues_; }
  const AssetState& asset(core::AssetId id) const { return assets_[id.index()]; }
  std::size_t asset_count() const { return assets_.size(); }
  const std::shared_ptr<const core::MinuteHistory>& minutes() const { return minutes_; }
  const std::vector<core::ExchangeRate>& rates() const { return rates_; }

  /// Assets whose row changed since the last call, ascending.
  void take_changed(std::vector<core::AssetId>& out);
  bool take_catalogue_changed() { return std::exchange(catalogue_changed_, false); }
  bool take_ranking_changed() { return std::exchange(ranking_changed_, false); }
  bool take_currencies_changed() { return std::exchange(currencies_changed_, false); }
  /// Grows when the set of tracked coins changes: symbol tables must be chosen again.
  std::uint64_t tracked_version() const { return tracked_version_; }

  /// Calls `pair(InstrumentId, Interval, const Candle&)` and, for the composites, `asset(AssetId, Interval,
  /// const Candle&)` for the candles of every interval finished or repaired since the last call.
  template <typename VisitPair, typename VisitAsset>
  void take_candles(VisitPair&& pair, VisitAsset&& asset) {
    for (const std::uint32_t i : finished_pairs_) {
      pair_candles_[i].collect(
          [&](core::Interval interval, const core::Candle& c) { pair(core::InstrumentId{i}, interval, c); });
      pairs_[i].listed = false;
    }
    finished_pairs_.clear();
    for (const FinishedComposite& f : finished_composites_) asset(f.asset, f.interval, f.candle);
    finished_composites_.clear();
  }
  /// A trade of it came when its candle could not take it any more.
  struct ShortMinute {
    core::InstrumentId pair;
    core::Timestamp start;
  };
  /// The minutes that were told as whole and are short of a trade, since the last call: their candles are told again,
  /// incomplete.
  std::vector<ShortMinute> take_short_minutes() { return std::exchange(short_minutes_, {}); }
  /// The sources that took over and kept it for kTakeoverLasts since the last call.
  std::vector<core::Takeover> take_takeovers() { return std::exchange(takeovers_, {}); }
  /// A shorter change is shown while it lasts, but no mark in history.
  static constexpr core::Duration kTakeoverLasts = std::chrono::seconds(5);

  /// Calls `asset(AssetId, const Candle&)` for the composite minutes of the last hour that on_repair() brought: they
  /// are stored already, but nobody who listens has heard of them.
  template <typename VisitAsset>
  void take_repaired(VisitAsset&& asset) {
    for (const FinishedComposite& f : repaired_composites_) asset(f.asset, f.candle);
    repaired_composites_.clear();
  }

 private:
  struct FinishedComposite {
    core::AssetId asset;
    core::Interval interval;
    core::Candle candle;
  };
  struct Unit {
    double price = 0;
    core::Timestamp as_of;
    core::Freshness state = core::Freshness::down;
  };

  void fit_to_catalogue();
  void touch(core::AssetId id);
  Unit unit_of(core::AssetId quote, const PairState& pair, core::Timestamp now) const;
  core::Freshness freshness_of(const Pair& pair, core::Timestamp now) const;
  bool others_fresh(const AssetState& asset, core::VenueId venue) const;
  void lose(std::uint32_t pair, core::Timestamp from, core::Timestamp to, bool trades_lost);
  Pair* find_pair(core::VenueId venue, const std::string& symbol);
  void recompute(core::AssetId id, core::Timestamp now);
  CompositePrice composite_of(core::AssetId id, core::Timestamp now);
  bool weigh_in(Pair& pair, CompositeInput& input, core::Timestamp now) const;
  CompositeContext context_of(core::AssetId id, core::Timestamp now) const;
  CompositePrice settle_dispute(core::AssetId id, std::span<CompositeInput> inputs, core::Timestamp now);
  void settle_without_fresh(core::AssetId id, core::Timestamp now);
  struct RowPrice {
    core::Decimal price;
    core::Timestamp as_of;
    core::Freshness state = core::Freshness::down;
    core::VenueId source;
    int venues = 0;
    bool restored = false;
  };
  void set_row(core::AssetId id, const RowPrice& price, core::Timestamp now);
  std::string source_name(core::VenueId source) const;
  void mark_takeover(core::AssetId id, core::Timestamp now);
  core::TakeoverCause takeover_cause(core::AssetId id) const;
  static const Polled* best_polled(const AssetState& asset);
  void mark_changed(core::AssetId id);
  void feed_candle(core::AssetId id, core::Timestamp as_of);
  bool update_window(core::AssetId id);
  void touch_dependents(core::AssetId id);
  void take_trade(std::uint32_t pair, const core::Tick& trade);
  void list_finished(std::uint32_t pair);
  void collect_composite(core::AssetId id);
  void sweep_pairs(core::Timestamp now);
  void sweep_assets(core::Timestamp now);
  void roll_minute(core::Timestamp now);
  void set_polled(core::AssetId id, const core::Decimal& price, core::VenueId by, core::Timestamp at,
                  core::Duration period);
  void apply_facts(core::AssetId id, const core::AssetFacts& facts);
  void choose_tracked();
  bool wanted(const core::AssetFacts& facts, std::size_t coins) const;
  void forget_old_ranks(core::Catalogue& catalogue, core::Timestamp now, core::Duration period);
  void adopt(std::shared_ptr<const core::Catalogue> next);
  void add_pair(core::InstrumentId id);
  void restore_composite(const core::RestoredState::Minutes& past, core::Timestamp now);
  void restore_pair(std::uint32_t pair, core::Timestamp now);
  void rebuild_minutes(core::Timestamp end);
  void repair_pair(const core::RepairedCandles& repair, core::Timestamp now);
  void weigh_past(std::uint32_t pair, core::Timestamp now);
  void repair_composite(const core::RepairedCandles& repair, core::Timestamp now);

  const std::size_t tracked_assets_;
  const double outlier_;
  std::vector<SymbolOverride> overrides_;
  core::CataloguePtr catalogue_;
  core::AssetId usd_;
  std::vector<core::AssetRow> rows_;
  std::vector<AssetState> assets_;
  std::vector<Pair> pairs_;
  std::deque<CandleSeries> pair_candles_;
  std::vector<VenueState> venues_;
  std::vector<core::AssetId> units_;  // assets that prices are converted by, in the order of conversion_level()
  std::vector<core::AssetId> dirty_;
  std::vector<core::AssetId> changed_;
  std::vector<std::uint32_t> finished_pairs_;
  std::vector<FinishedComposite> finished_composites_, repaired_composites_;
  std::vector<core::Takeover> takeovers_;
  std::vector<ShortMinute> short_minutes_;
  // By base, quote and venue: what the store had of pairs that no venue has listed yet.
  std::map<std::tuple<std::string, std::string, std::string>, core::RestoredState::Minutes> restored_pairs_;
  core::Timestamp restored_at_, saved_at_;
  std::vector<core::ExchangeRate> rates_;
  std::shared_ptr<const core::MinuteHistory> minutes_;
  core::Timestamp next_roll_, last_roll_, next_tell_, first_rows_at_;
  bool catalogue_changed_ = false, ranking_changed_ = true, currencies_changed_ = true;
  std::uint64_t tracked_version_ = 1;
};

}  // namespace tickspan::market
