#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/market_data.hpp"
#include "core/snapshot.hpp"
#include "runtime/log.hpp"
#include "storage/history_store.hpp"

namespace tickspan::history {

/// A gap, or several that share their minutes, and what was done about it so far.
struct Hole {
  struct Part {
    core::Gap gap;
    bool counted = true;  ///< `expected` is known of every pair
    std::int64_t expected = 0, recovered = 0;
  };
  std::vector<Part> parts = {Part{}};  ///< first its own gap, then those that are filled along with it
  bool begun = false;
  bool done = false;
  std::vector<std::string> todo, failed, lost;  ///< the venue's symbols; `todo` from the back
  std::vector<std::string> former;  ///< of `todo`: not listened to now, and it is not known yet whether then
  int rounds = 0;
  core::Timestamp not_before;  ///< when those that failed are tried again
  std::size_t repaired = 0;

  const core::Gap& gap() const { return parts.front().gap; }
  core::Gap& gap() { return parts.front().gap; }
  Part& own() { return parts.front(); }
  /// The minutes to be made anew: [from, to). Clocks differ by a little, and pairs come back one after the other.
  core::Timestamp from() const;
  core::Timestamp to() const;
  /// Takes the other's gap along where their minutes touch and are not more than `most` together. True where it did.
  bool take(const Hole& other, core::Duration most);
  /// One round is over, `todo` is empty: what failed is tried again later, or after `most` rounds is lost. A hole that
  /// ended longer than `patience` ago has two: how often it was tried is forgotten by a restart, its age is not. True
  /// when all is done.
  bool end_round(core::Timestamp now, int most, core::Duration first_retry, core::Duration patience);
  /// The rows that say what became of it.
  std::vector<core::Gap> result() const;
};

/// By start and symbol.
using Holes = std::map<std::pair<core::Timestamp, std::string>, Hole>;
/// A connection that comes and goes leaves several holes in the same minutes. They are made once: each is a question
/// for every pair. Of `all` those that have not begun, are over for `settle`, and are not more than `most` with it.
void take_along(Hole& hole, Holes& all, core::Timestamp now, core::Duration settle, core::Duration most);

/// The pairs that are listened to, for who takes them from the back: what was listed first, that is the larger coins,
/// comes first.
std::vector<std::string> larger_last(const core::SymbolTable& symbols);

inline constexpr core::Duration kHeardBefore = std::chrono::minutes(10);  ///< just before a hole

/// What a look at the store finds.
struct FoundHoles {
  core::Result<std::vector<core::Gap>> open;
  std::vector<core::Gap> repaired, old;     ///< where they were asked for
  std::vector<storage::SeriesName> series;  ///< all there are; read where a gap is open
};
/// Which of them: open gaps that touch [since, until), of one venue or of all.
struct HoleQuery {
  core::Timestamp since, until;
  std::string venue = {};               ///< as a whole, not of its pairs; empty: of all, and of all pairs
  core::Timestamp repaired_since = {};  ///< set: the repaired ones since then, too
  bool old = false;                     ///< the open ones that ended before `since`, too
};
/// On a reader's thread.
FoundHoles find_holes(storage::StoreReader& reader, const HoleQuery& query);
/// Whether a look saw anything. That the store cannot be read is told once, until it can be.
class HoleSight {
 public:
  bool clear(const FoundHoles& found, const runtime::Log& log);

 private:
  bool told_ = false;
};

/// Null where the snapshot does not have it.
const core::SourceRow* source_row(const core::MarketSnapshot& current, const std::string& venue);
/// A pair's whose connection is silent while its source is live: the gap grows.
bool goes_on(const core::SourceRow& source, const core::Gap& gap);

/// Pairs of a venue that are not listened to any more, and of which the store has something: they may have been when a
/// hole began.
std::vector<std::string> former_pairs(const core::Catalogue& names, const std::string& venue,
                                      const core::SymbolTable& symbols, const std::vector<storage::SeriesName>& stored);

/// Pairs of a venue that the store has something of, of just before the hole, and that this run knows no spelling of:
/// they are not listed, or not listened to, since the start. On a reader's thread.
core::Result<std::vector<storage::SeriesName>> unlisted_pairs(storage::StoreReader& reader, const Hole& hole,
                                                              const core::Catalogue& names,
                                                              const std::vector<storage::SeriesName>& stored);
/// Open gaps of such pairs: a source's row shall not say for them that it is repaired.
std::vector<core::Gap> gaps_of(const Hole& hole, const std::vector<storage::SeriesName>& pairs);

}  // namespace tickspan::history
