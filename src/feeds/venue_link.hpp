#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/freshness.hpp"
#include "feeds/host_ring.hpp"
#include "feeds/pair_watch.hpp"
#include "feeds/pause_watch.hpp"
#include "feeds/travel_time.hpp"
#include "feeds/venue_session.hpp"
#include "net/backoff.hpp"

namespace tickspan::feeds {

class VenueLink;

class LinkOwner {
 public:
  virtual ~LinkOwner() = default;
  /// Its state, host or detail is another one.
  virtual void on_link_changed(VenueLink& link) = 0;
  /// Proof of life without market data.
  virtual void on_link_alive() = 0;
  /// The venue refused something. Symbols named in it must not be asked for again.
  virtual void on_link_refusal(VenueLink& link, const std::string& detail) = 0;
  /// True when this link is all that the feed has: then its silence is the venue's.
  virtual bool is_whole_source(const VenueLink& link) const = 0;
  /// The venue would not have it when it was asked for last: that nobody listens to it any more does not end its
  /// silence.
  virtual bool is_refused(const std::string& symbol) const = 0;
};

/// A share of a venue's pairs and the connection that carries them, over its reconnects and rotations.
///
/// Every way in which a connection ends leads to on_session_end(): it notes the gap, picks the delay and the host, and
/// reports once. That its pairs are not heard is told when it begins: other links may be live all the while. A pair
/// that is silent against its own rhythm while others are heard is told by itself, and asked for again over a fresh
/// connection.
/// **Threading**: the feed's loop. **Ownership**: context, hosts and owner must outlive it.
class VenueLink final : public SessionOwner {
 public:
  VenueLink(SessionContext& context, HostRing& hosts, LinkOwner& owner, std::uint64_t seed);
  ~VenueLink() override;

  /// What to listen to from now on: only the difference is (un)subscribed. Connects when it is the first.
  void set_symbols(std::set<std::string> symbols);
  const std::set<std::string>& symbols() const { return symbols_; }
  /// Asks again after a refusal that may have voided more than it named: for everything while nothing has come yet,
  /// later for those of `voided` that are ours.
  void subscribe_again(const std::set<std::string>& voided);
  /// These were not taken when they were asked for last: their silence is told, from then on.
  void doubt(const std::set<std::string>& symbols);
  /// As VenueSession says.
  std::vector<std::string> asked_with(const std::string& symbol) const;
  /// The loop did not turn from `since` to `until`, for the program was stopped or the machine asleep: what is read
  /// next is of that time, and where it ends there the rest of that time is a hole.
  void held_up(core::Timestamp since, core::Timestamp until);
  /// Ends; silence that goes on is told to be over, for nobody listens any more.
  void stop();

  core::FeedState state() const { return state_; }
  const std::string& detail() const { return detail_; }
  std::string host() const;
  /// What happened before this, by the venue's clock, was heard; not set: nothing was.
  core::Timestamp heard_until() const;
  /// Why its newest silence is, or was.
  core::GapCause gap_cause() const { return gap_cause_; }
  /// Pairs that are silent although others are heard.
  const std::set<std::string>& silent() const { return watch_.silent(); }

 private:
  void on_session_open(VenueSession& session) override;
  void on_session_data(VenueSession& session, const Decoded& data, core::Timestamp received_at) override;
  void on_session_alive() override { owner_.on_link_alive(); }
  void on_session_missed(VenueSession& session, core::Timestamp from, core::Timestamp to) override;
  void on_session_refusal(VenueSession& session, const std::string& detail) override;
  void on_session_aging(VenueSession& session) override;
  void on_session_end(VenueSession& session, const SessionEnd& end) override;

  void connect();
  void open_replacement();
  void replace_in(core::Duration delay);
  void promote_replacement();
  core::Duration after_failure(const std::string& url, const SessionEnd& end);
  core::Duration reconnect_delay(const SessionEnd& end);
  void first_data(core::Timestamp received_at);
  void open_gap(core::GapCause cause);
  void close_gap(core::Timestamp end);
  void tell_missed();
  void tell_gap(core::Timestamp start, core::Timestamp end, core::GapCause cause);
  void tell_heard(std::vector<std::string> symbols, bool heard, core::Timestamp since, core::Timestamp at) const;
  void tell_silence();
  void tell_asked();
  void look_for_the_present(const core::Tick& tick, core::Timestamp received_at);
  void note_pairs(const Decoded& data, core::Timestamp received_at);
  void watch_pairs();
  void ask_again();
  void begin_anew(const std::vector<std::string>& symbols);
  void retire(std::unique_ptr<VenueSession>& session);
  void set_state(core::FeedState state, std::string detail);
  std::vector<std::string> wanted() const { return {symbols_.begin(), symbols_.end()}; }

  SessionContext& context_;
  HostRing& hosts_;
  LinkOwner& owner_;
  net::Backoff backoff_;
  net::LoopTimer retry_timer_, rotation_timer_, missed_timer_, watch_timer_;
  Speech speech_;
  TravelTime travel_;
  PauseWatch pauses_;
  PairWatch watch_;
  Rhythm::Time next_ask_{};  ///< for pairs that are silent, over another connection
  core::Duration ask_pause_{};
  std::set<std::string> symbols_;
  std::map<std::string, core::Timestamp> asked_at_;  ///< when each was asked for last
  /// Told as not heard while the others are: asked for, but perhaps not sent yet; and to be asked for again.
  std::set<std::string> asked_, doubted_;
  std::unique_ptr<VenueSession> active_;
  std::unique_ptr<VenueSession> replacement_;
  std::unique_ptr<VenueSession> leaving_;
  core::FeedState state_ = core::FeedState::idle;
  std::string detail_;
  core::Timestamp opened_at_;
  core::Timestamp last_data_;
  core::Timestamp held_since_, held_until_;  ///< `held_since_` not set: what is read is of the present
  bool heard_ = false;                       ///< as it was told
  core::Timestamp missed_from_, missed_to_;  ///< messages lost by the venue's count that are not told yet
  bool silent_ = false;                      ///< a gap is open
  core::Timestamp silent_from_;              ///< of that gap, or of the last one
  core::GapCause gap_cause_ = core::GapCause::disconnect;
};

}  // namespace tickspan::feeds
