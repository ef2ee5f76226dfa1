#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/feed_event.hpp"
#include "core/snapshot.hpp"
#include "market/market.hpp"

namespace tickspan::engine {

/// The sources as people see them, and the holes in what they said.
///
/// A hole opens when a source that was heard is not heard any more, is written down at once, grows once a minute, and
/// closes when the source is live again: a crash in between loses nothing but its end, which the restart's own gap
/// covers. Where one of several connections is not heard, each of its pairs has a hole of that kind, for as long as the
/// source as a whole has none: that one is theirs, too, and lasts some seconds longer where connections come back one
/// after the other.
/// **Threading**: the engine's.
class Sources {
 public:
  explicit Sources(const market::Market& market) : market_(market) {}

  void add(core::VenueId venue, core::Timestamp now);
  /// Before the market takes it: the times of the last data are needed.
  void on_status(const core::FeedStatus& status);
  /// Before the market takes the polled rows of `venue`.
  void on_polled(core::VenueId venue, core::Timestamp received_at, core::Duration period, std::size_t assets);
  void on_loss(core::VenueId venue, const core::Gap& gap);
  void on_link(const core::LinkHeard& link);
  /// Every exchange was unheard since `last_write`.
  void on_restart(core::Timestamp last_write, core::Timestamp now);
  void on_time(core::Timestamp now);
  void extend_gaps(core::Timestamp now);
  std::vector<core::Gap> take_gaps() { return std::exchange(gaps_, {}); }

  /// A new list when it differs from the last one given out, else null.
  std::shared_ptr<const std::vector<core::SourceRow>> changed_rows(core::Timestamp now);

 private:
  struct PairHole {
    core::Timestamp since;  // of its row; not set: it has none, the source's hole is its own or it was never heard
    core::GapCause cause = core::GapCause::disconnect;
    bool alone = false;  // its connection is heard, or was
  };
  struct Source {
    core::SourceRow row;
    std::string detail;          // as the feed says
    std::string ambiguous;       // symbols that are not mapped, as last told
    core::Timestamp hole_since;  // set while a hole is open
    core::GapCause cause = core::GapCause::disconnect;
    core::Timestamp closes_at;               // set while it waits for the last connections
    core::Timestamp closed_at;               // the end of the hole before
    std::map<std::string, PairHole> silent;  // pairs that are not heard, by the venue's symbol
    std::uint32_t assets = 0;                // rows of a polled source's newest answer
  };
  void open_hole(core::VenueId venue, core::Timestamp since, core::Timestamp now, core::GapCause cause);
  void close_hole(Source& source, core::Timestamp at);
  static bool connection_silent(const Source& source);
  core::Timestamp unheard_since_start(const Source& source, const std::string& symbol) const;
  void write_gap(core::VenueId venue, core::Timestamp start, core::Timestamp end, core::GapCause cause,
                 const std::string& symbol = {});
  void name_silent(Source& source) const;
  void refresh(Source& source, core::Timestamp now) const;
  void name_ambiguous(Source& source) const;
  void say_clock(core::VenueId venue, bool off, std::optional<core::Duration> offset) const;

  const market::Market& market_;
  std::vector<Source> sources_;  // by VenueId index
  std::vector<core::Gap> gaps_;
  std::vector<core::SourceRow> given_;
  bool told_ = false;
};

}  // namespace tickspan::engine
