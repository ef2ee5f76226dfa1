#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/write_batch.hpp"

namespace tickspan::storage {

/// Which candles: text ids, so that a query needs no catalogue. Half-open [start, end).
struct CandleQuery {
  std::string base;                              ///< asset id
  std::string quote;                             ///< asset id, `usd` for the composite
  std::string venue;                             ///< empty: the composite
  core::Interval interval = core::Interval::m1;  ///< stored levels only; see StoreReader::candles
  core::Timestamp start, end;
  std::size_t limit = 100'000;  ///< the newest `limit` of the range are returned
  bool stored_only = false;     ///< what was written at this interval, final or not; nothing is summed up
};

/// A series by text ids: what is stored. `venue` is empty for the composite.
struct SeriesName {
  std::string base, quote, venue;
  friend auto operator<=>(const SeriesName&, const SeriesName&) = default;
};

/// Which trades: one venue's pair, [start, end) by the venue's time where it sends one, else by ours.
struct TradeQuery {
  std::string base, quote, venue;
  core::Timestamp start, end;
  std::size_t limit = 10'000;  ///< the newest `limit` of the range are returned
};
/// A source as a whole, where `symbol` is empty, or one of its pairs.
struct GapScope {
  std::string venue, symbol;
  friend auto operator<=>(const GapScope&, const GapScope&) = default;
};
using GapScopes = std::set<GapScope>;

/// Later than whatever is stored.
inline constexpr core::Timestamp kAfterAll{std::numeric_limits<std::int64_t>::max()};

/// Names a gap, and its place in their order. Nothing of it changes while the gap grows.
struct GapKey {
  core::Timestamp start;
  std::string venue, symbol;
  friend auto operator<=>(const GapKey&, const GapKey&) = default;
};
GapKey key_of(const core::Gap& gap);

/// Which gaps: those that touch [start, end) and that everything below chooses. The limit counts these alone.
struct GapQuery {
  core::Timestamp start, end;
  std::size_t limit = 100'000;               ///< the newest `limit` by their start are returned
  std::string venue = {};                    ///< empty: of all sources
  std::optional<core::GapState> state = {};  ///< not set: whatever became of them
  std::optional<GapScopes> of = {};          ///< of these alone; empty: of none
  std::optional<GapKey> before = {};         ///< those that come before this one alone
};
/// Whether a query chooses this gap, but for its limit.
bool chooses(const GapQuery& query, const core::Gap& gap);

/// Names a change of a price's source, and its place in their order.
struct TakeoverKey {
  core::Timestamp at;
  std::string asset;
  friend auto operator<=>(const TakeoverKey&, const TakeoverKey&) = default;
};
TakeoverKey key_of(const core::Takeover& takeover);

/// Which changes: those in [start, end) that everything below chooses. The limit counts these alone.
struct TakeoverQuery {
  core::Timestamp start, end;
  std::size_t limit = 100'000;             ///< the newest `limit` are returned
  std::string asset = {};                  ///< empty: of all
  std::optional<TakeoverKey> before = {};  ///< those that come before this one alone
};
bool chooses(const TakeoverQuery& query, const core::Takeover& takeover);

struct StoredTrade {
  core::Timestamp at;           ///< the venue's time, or `received_at` where it sends none
  core::Timestamp received_at;  ///< this machine's time
  core::Decimal price, amount;
  std::uint64_t trade_id = 0;  ///< 0 when the venue has none
  core::Side side = core::Side::unknown;
};

/// Rows older than these times may go. Not set: kept forever. Candles are judged by their start, those below an hour
/// in whole hours, those below a day in whole days.
struct Expiry {
  core::Timestamp minutes;  ///< candles of less than an hour
  core::Timestamp points;
  core::Timestamp ticks;       ///< trades, and composite prices
  core::Timestamp hours = {};  ///< of 1 h and 4 h
  core::Timestamp days = {};
};
/// Where candles of an interval end that are kept, on a full hour or day; not set: kept.
core::Timestamp cutoff_of(const Expiry& older_than, core::Interval interval) noexcept;

/// When what was written is on the disk: what a power cut may take. A kill of the program alone never takes what was
/// reported written.
enum class Durability : std::uint8_t {
  relaxed,  ///< at the next sync(), seldom
  second,   ///< at the next sync(), every second
  commit,   ///< before write() returns. Costs a sync each
};
std::string_view to_string(Durability durability) noexcept;
std::optional<Durability> parse_durability(std::string_view text) noexcept;
/// How long what is written may wait for its sync(); zero where it does not wait.
core::Duration sync_interval(Durability durability) noexcept;

struct StoreInfo {
  std::string backend;   ///< `sqlite`, `memory`, `postgres`
  std::string location;  ///< a path or a host, never a password
  int schema_version = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t used_bytes = 0;  ///< of these, without what retention has freed and nothing has filled again
  /// A copy of the store that reads go to, where there are any.
  struct Replica {
    std::string location;
    std::string state;         ///< `in_order`, or why it is not read from
    std::int64_t lag_ms = -1;  ///< behind the primary by at most this; -1 when not known
  };
  std::vector<Replica> replicas = {};
  std::optional<std::uint64_t> disk_free_bytes = {};  ///< where the store's disk is this machine's
};

/// The write side. **Threading**: one thread.
class StoreWriter {
 public:
  virtual ~StoreWriter() = default;
  /// Writes all batches in one transaction: all of it is there afterwards, or nothing. Upserts: repeating it is
  /// harmless. invalid_argument: a batch names ids its catalogue does not have; trying again cannot help.
  virtual core::Status write(const std::vector<core::WriteBatch>& batches) = 0;
  /// Deletes up to `max_rows` expired rows in one transaction, so that writes never wait long. Returns how many went.
  /// A piece of candles goes whole, so that it may be a few more. Before candles go, the longer ones that were read as
  /// their sum are written: what is longer outlives them.
  virtual core::Result<std::size_t> expire(const Expiry& older_than, std::size_t max_rows) = 0;
  /// All that write() reported is on the disk when this returns well. Nothing to do where it always is.
  virtual core::Status sync() { return {}; }
};

/// The read side. **Threading**: one thread per reader; sees whole transactions only.
class StoreReader {
 public:
  virtual ~StoreReader() = default;
  /// Ascending by start. Where no final and complete candle of the interval is stored it is aggregated from shorter
  /// ones that are: who repairs minutes need not repair the incomplete hours and days above them. Who changes what is
  /// complete writes those again. A candle whose start lies in the range is whole, whatever the range's end.
  virtual core::Result<std::vector<core::Candle>> candles(const CandleQuery& query) = 0;
  /// Aggregator points of one asset in [start, end), ascending, at most `limit` (the newest). Kept to the millisecond.
  virtual core::Result<std::vector<core::MarketPoint>> points(const std::string& asset_id, core::Timestamp start,
                                                              core::Timestamp end, std::size_t limit) = 0;
  /// Ascending by start, venue and symbol, names by their bytes.
  virtual core::Result<std::vector<core::Gap>> gaps(const GapQuery& query) = 0;
  /// Of one source, or of all where `venue` is empty, whatever their pair and state.
  core::Result<std::vector<core::Gap>> gaps(const std::string& venue, core::Timestamp start, core::Timestamp end,
                                            std::size_t limit) {
    return gaps(GapQuery{start, end, limit, venue});
  }
  /// Ascending by time, then by asset, names by their bytes.
  virtual core::Result<std::vector<core::Takeover>> takeovers(const TakeoverQuery& query) = 0;
  /// Of one asset, or of all where `asset` is empty.
  core::Result<std::vector<core::Takeover>> takeovers(const std::string& asset, core::Timestamp start,
                                                      core::Timestamp end, std::size_t limit) {
    return takeovers(TakeoverQuery{start, end, limit, asset});
  }
  /// Ascending by time. Empty where storing ticks was off.
  virtual core::Result<std::vector<StoredTrade>> trades(const TradeQuery& query) = 0;
  /// All series that anything is stored of, in no particular order.
  virtual core::Result<std::vector<SeriesName>> series() = 0;
  virtual core::Result<StoreInfo> info() = 0;
  /// Grows with each commit of somebody else that this reader can see, not with those of the store's own writer. Cheap:
  /// asked whenever something is answered from memory. Stays where nobody else writes, or that is not told:
  /// keeps_for().
  virtual core::Result<std::uint64_t> foreign_writes() { return 0; }
};

/// The store as it was at one moment, however long one looks at it and whoever writes meanwhile.
/// **Threading**: one thread.
class StoreSnapshot {
 public:
  virtual ~StoreSnapshot() = default;
  virtual StoreReader& reader() = 0;
  /// As HistoryStore::restore().
  virtual core::Result<core::RestoredState> state(core::Timestamp since) = 0;
};

/// Many writes as one: others see nothing of them before commit(), and without it, however the program ends, nothing of
/// them was ever there. After a write that failed every further one and commit() fail as well.
/// **Threading**: one thread. **Limits**: other writers of the store wait until it ends.
class StoreTransaction {
 public:
  virtual ~StoreTransaction() = default;
  virtual StoreWriter& writer() = 0;
  /// Sees what was written.
  virtual StoreReader& reader() = 0;
  virtual core::Status commit() = 0;
};

/// Where history is kept. Every backend passes tests/storage/conformance.
/// **Ownership**: readers, writers, snapshots and transactions must not outlive their store.
class HistoryStore {
 public:
  virtual ~HistoryStore() = default;
  /// Creates or migrates the schema. conflict: written by a newer version, left untouched. unavailable: another program
  /// has it open. io_error: not readable or not
  /// writable. The message is one line that names the place and the way out.
  virtual core::Status open() = 0;
  virtual core::Result<std::unique_ptr<StoreWriter>> writer() = 0;
  virtual core::Result<std::unique_ptr<StoreReader>> reader() = 0;
  virtual core::Result<std::unique_ptr<StoreSnapshot>> snapshot() = 0;
  /// Takes the place of the writer. conflict: there is one already.
  virtual core::Result<std::unique_ptr<StoreTransaction>> transaction() = 0;
  /// What a start needs: catalogue, facts, last prices and the composite minutes since `since`.
  virtual core::Result<core::RestoredState> restore(core::Timestamp since) = 0;
  /// How long an answer may be held on to that this store's own writer has not touched since. Not set: until
  /// StoreReader::foreign_writes() grows, as a reader sees every commit at once.
  virtual std::optional<core::Duration> keeps_for() const { return {}; }
};

}  // namespace tickspan::storage
