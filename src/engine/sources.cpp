#include "engine/sources.hpp"

#include <algorithm>
#include <cstdint>
#include <tuple>

#include "runtime/log.hpp"

namespace tickspan::engine {
namespace {

constexpr runtime::Log kLog{"engine"};

// Jitter of single milliseconds is no news.
std::int64_t coarse(const std::optional<core::Duration>& offset) {
  return offset ? std::chrono::round<std::chrono::milliseconds>(*offset).count() / 10 : INT64_MAX;
}
// What happened before the last word of a run may not have been received by then: a network's delay, and a busy
// machine's. Of a connection the feed knows it better.
constexpr core::Duration kOnItsWay = std::chrono::seconds(1);
// A source's connections come back one after the other: so long its hole waits for the last of them.
constexpr core::Duration kLinksFollow = std::chrono::seconds(5);

bool same(const core::SourceRow& a, const core::SourceRow& b) {
  if (coarse(a.clock_offset) != coarse(b.clock_offset) || a.clock_off != b.clock_off) return false;
  if ((a.unheard == nullptr) != (b.unheard == nullptr) || (a.unheard && *a.unheard != *b.unheard)) return false;
  const auto tie = [](const core::SourceRow& r) {
    return std::tie(r.venue, r.feed, r.state, r.host, r.detail, r.since, r.as_of, r.instruments, r.live_instruments,
                    r.outliers);
  };
  return tie(a) == tie(b);
}

}  // namespace

void Sources::add(core::VenueId venue, core::Timestamp now) {
  if (sources_.size() <= venue.index()) sources_.resize(venue.index() + 1);
  sources_[venue.index()].row.venue = venue;
  sources_[venue.index()].row.since = now;
}

void Sources::on_status(const core::FeedStatus& status) {
  Source& s = sources_[status.venue.index()];
  const auto& venue = market_.venues()[status.venue.index()];
  if (s.row.feed != status.state) s.row.since = status.at;
  s.row.feed = status.state;
  s.row.host = status.host;
  s.detail = status.detail;
  if (venue.polled) return;  // a polled source is judged by its answers, see on_polled()
  const bool was_heard = venue.pulse.connected && !venue.pulse.mute;
  if (status.state != core::FeedState::live) s.closes_at = {};
  const core::Timestamp heard = status.heard_until.is_set() ? status.heard_until : venue.pulse.alive_at;
  if (status.state == core::FeedState::live && s.hole_since.is_set()) {
    if (!connection_silent(s))
      close_hole(s, status.at);
    else if (!s.closes_at.is_set())
      s.closes_at = status.at + kLinksFollow;
  } else if (was_heard && status.state == core::FeedState::stale) {
    open_hole(status.venue, heard, status.at, core::GapCause::mute);
  } else if (was_heard && status.state != core::FeedState::live && status.state != core::FeedState::subscribing) {
    open_hole(status.venue, heard, status.at, status.cause);
  } else if (s.hole_since.is_set() && s.cause == core::GapCause::disconnect &&
             status.cause == core::GapCause::maintenance) {
    s.cause = status.cause;  // known by now
    write_gap(status.venue, s.hole_since, status.at, s.cause);
  }
}

void Sources::on_polled(core::VenueId venue, core::Timestamp received_at, core::Duration period, std::size_t assets) {
  sources_[venue.index()].assets = static_cast<std::uint32_t>(assets);
  const core::Timestamp before = market_.venues()[venue.index()].as_of;
  if (before.is_set() && received_at - before > 2 * period) {
    write_gap(venue, before, received_at, core::GapCause::disconnect);
  }
}

void Sources::on_loss(core::VenueId venue, const core::Gap& gap) {
  write_gap(venue, gap.start, gap.end, gap.cause, gap.instrument_symbol);
  gaps_.back().expected = gap.expected;
}

void Sources::on_link(const core::LinkHeard& link) {
  Source& s = sources_[link.venue.index()];
  for (const std::string& symbol : link.symbols) {
    if (!link.heard) {
      const auto at = s.silent.try_emplace(symbol, PairHole{{}, link.cause, link.alone}).first;
      at->second.alone = at->second.alone || link.alone;
      const core::Timestamp since = link.since.is_set() || !link.alone ? link.since : unheard_since_start(s, symbol);
      // Of one that was only just asked for nothing was missed, until its connection goes.
      if (at->second.since.is_set() || s.hole_since.is_set() || !since.is_set()) continue;
      at->second.cause = link.cause;
      at->second.since = since;
      write_gap(link.venue, at->second.since, link.at, link.cause, symbol);
    } else if (const auto at = s.silent.find(symbol); at != s.silent.end()) {
      if (at->second.since.is_set()) write_gap(link.venue, at->second.since, link.at, at->second.cause, symbol);
      s.silent.erase(at);
    }
  }
  name_silent(s);
  if (!connection_silent(s) && s.closes_at.is_set()) close_hole(s, link.at);
}

// A pair that was heard before the start, and not since: the hole of the start told for it until its source was live.
core::Timestamp Sources::unheard_since_start(const Source& s, const std::string& symbol) const {
  const core::InstrumentId id = market_.catalogue()->find_instrument(s.row.venue, symbol);
  const bool known = id.valid() && id.index() < market_.pairs().size() && market_.pairs()[id.index()].remembered;
  return known ? s.closed_at : core::Timestamp{};
}

// A pair that is silent by itself may be so for ever: nobody waits for it.
bool Sources::connection_silent(const Source& s) {
  return std::any_of(s.silent.begin(), s.silent.end(), [](const auto& item) { return !item.second.alone; });
}

void Sources::name_silent(Source& s) const {
  std::vector<std::string> names;
  for (const auto& [symbol, hole] : s.silent) names.push_back(symbol);
  s.row.unheard = names.empty() ? nullptr : std::make_shared<const std::vector<std::string>>(std::move(names));
}

void Sources::on_time(core::Timestamp now) {
  for (Source& s : sources_) {
    if (s.closes_at.is_set() && now >= s.closes_at) close_hole(s, now);
  }
}

// What is not heard yet goes on as holes of its own.
void Sources::close_hole(Source& s, core::Timestamp at) {
  write_gap(s.row.venue, s.hole_since, at, s.cause);
  for (auto& [symbol, hole] : s.silent) {
    hole.since = at;
    hole.cause = s.cause;
    write_gap(s.row.venue, at, at, s.cause, symbol);
  }
  s.hole_since = s.closes_at = {};
  s.closed_at = at;
}

void Sources::on_restart(core::Timestamp last_write, core::Timestamp now) {
  const core::Timestamp since = last_write - kOnItsWay;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const core::VenueId venue{static_cast<std::uint16_t>(i)};
    if (!market_.venues()[i].polled) open_hole(venue, since, now, core::GapCause::restart);
  }
}

void Sources::open_hole(core::VenueId venue, core::Timestamp since, core::Timestamp now, core::GapCause cause) {
  Source& s = sources_[venue.index()];
  if (s.hole_since.is_set() || !since.is_set()) return;
  s.hole_since = since;
  s.cause = cause;
  write_gap(venue, since, now, cause);
  for (auto& [symbol, hole] : s.silent) {
    if (hole.since.is_set()) write_gap(venue, hole.since, now, hole.cause, symbol);
    hole.since = {};
  }
}

void Sources::extend_gaps(core::Timestamp now) {
  for (const Source& s : sources_) {
    if (s.hole_since.is_set()) write_gap(s.row.venue, s.hole_since, now, s.cause);
    for (const auto& [symbol, hole] : s.silent) {
      if (hole.since.is_set()) write_gap(s.row.venue, hole.since, now, hole.cause, symbol);
    }
  }
}

void Sources::write_gap(core::VenueId venue, core::Timestamp start, core::Timestamp end, core::GapCause cause,
                        const std::string& symbol) {
  gaps_.push_back(
      {market_.catalogue()->venue(venue).id, symbol, start, std::max(end, start + core::Duration{1}), cause});
}

void Sources::say_clock(core::VenueId venue, bool off, std::optional<core::Duration> offset) const {
  const std::string& id = market_.catalogue()->venue(venue).id;
  if (off)
    kLog.warn("{}: its clock and ours are {} ms apart; ages are told by ours", id,
              std::chrono::round<std::chrono::milliseconds>(*offset).count());
  else
    kLog.info("{}: its clock is not far off any more", id);
}

// Symbols that are nobody's: told beside what the feed says, and once in the log.
void Sources::name_ambiguous(Source& s) const {
  std::string names;
  for (const std::string& symbol : market_.venues()[s.row.venue.index()].ambiguous)
    names.append(names.empty() ? "" : ", ").append(symbol);
  if (names != s.ambiguous) {
    if (!names.empty())
      kLog.warn("{}: several coins are called {}: not mapped; [[symbols]] in the configuration can say which is meant",
                market_.catalogue()->venue(s.row.venue).id, names);
    s.ambiguous = names;
  }
  s.row.detail = s.detail;
  if (!names.empty())
    s.row.detail.append(s.detail.empty() ? "" : "; ").append("ambiguous, so not mapped: ").append(names);
}

void Sources::refresh(Source& s, core::Timestamp now) const {
  const auto& venue = market_.venues()[s.row.venue.index()];
  s.row.as_of = venue.as_of;
  s.row.outliers = venue.outliers;
  s.row.clock_offset = venue.clock.value(now);
  const bool off = s.row.clock_offset && market::ClockOffset::is_off(*s.row.clock_offset);
  if (off != s.row.clock_off) say_clock(s.row.venue, off, s.row.clock_offset);
  s.row.clock_off = off;
  s.row.instruments = s.row.live_instruments = 0;
  name_ambiguous(s);
  if (venue.polled) {
    s.row.state = market::polled_freshness(venue.as_of, venue.period, now);
    s.row.instruments = s.assets;
    if (s.row.state == core::Freshness::live) s.row.live_instruments = s.assets;
    return;
  }
  core::Freshness best = core::Freshness::down;
  for (const std::uint32_t i : venue.pairs) {
    const auto& pair = market_.pairs()[i];
    if (!pair.subscribed) continue;
    ++s.row.instruments;
    if (pair.freshness == core::Freshness::live) ++s.row.live_instruments;
    best = std::min(best, pair.freshness);
  }
  s.row.state = best;
}

std::shared_ptr<const std::vector<core::SourceRow>> Sources::changed_rows(core::Timestamp now) {
  for (Source& s : sources_) refresh(s, now);
  const bool unchanged = told_ && std::equal(sources_.begin(), sources_.end(), given_.begin(), given_.end(),
                                             [](const Source& s, const core::SourceRow& r) { return same(s.row, r); });
  if (unchanged) return nullptr;
  told_ = true;
  given_.clear();
  for (const Source& s : sources_) given_.push_back(s.row);
  return std::make_shared<const std::vector<core::SourceRow>>(given_);
}

}  // namespace tickspan::engine
