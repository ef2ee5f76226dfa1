#include "feeds/venue_link.hpp"

#include <algorithm>

namespace tickspan::feeds {
namespace {

using core::FeedState;

// A venue that asks to be reconnected to again and again is treated like one that fails.
constexpr core::Duration kTrustedAge = std::chrono::seconds(10);
constexpr core::Duration kTellsMissed = std::chrono::seconds(5);
constexpr core::Duration kWatchPairs = std::chrono::seconds(1);
// What waited while the loop was held up has been read by then.
constexpr core::Duration kCatchesUp = std::chrono::seconds(30);
// Between two attempts to have silent pairs told by another connection; doubles up to the second.
constexpr core::Duration kFirstAskPause = std::chrono::minutes(1);
constexpr core::Duration kLongestAskPause = std::chrono::hours(6);

net::BackoffOptions scaled_backoff(const SessionContext& context) {
  net::BackoffOptions options;
  options.floor = context.scaled(options.floor);
  options.ceiling = context.scaled(options.ceiling);
  options.reset_after = context.scaled(options.reset_after);
  return options;
}

}  // namespace

VenueLink::VenueLink(SessionContext& context, HostRing& hosts, LinkOwner& owner, std::uint64_t seed)
    : context_(context),
      hosts_(hosts),
      owner_(owner),
      backoff_(scaled_backoff(context), seed),
      retry_timer_(context.loop),
      rotation_timer_(context.loop),
      missed_timer_(context.loop),
      watch_timer_(context.loop),
      watch_(context.scaled(context.pair_patience)) {}

VenueLink::~VenueLink() {
  stop();
}

std::string VenueLink::host() const {
  return host_of(active_ ? active_->base_url() : hosts_.current());
}

void VenueLink::set_symbols(std::set<std::string> symbols) {
  std::vector<std::string> added, removed;
  std::set_difference(symbols.begin(), symbols.end(), symbols_.begin(), symbols_.end(), std::back_inserter(added));
  std::set_difference(symbols_.begin(), symbols_.end(), symbols.begin(), symbols.end(), std::back_inserter(removed));
  symbols_ = std::move(symbols);
  const auto now = std::chrono::steady_clock::now();
  std::vector<std::string> over;
  for (const std::string& symbol : removed) {
    const bool unsure = asked_.erase(symbol) + doubted_.erase(symbol) > 0;
    asked_at_.erase(symbol);
    if ((watch_.remove(symbol) || unsure || !heard_) && !owner_.is_refused(symbol)) over.push_back(symbol);
  }
  for (const std::string& symbol : added) watch_.add(context_.symbols->find(symbol), symbol, now);
  tell_heard(over, true, {}, context_.clock.now());
  tell_heard(added, false, {}, context_.clock.now());
  if (heard_ || (active_ && active_->open())) asked_.insert(added.begin(), added.end());
  begin_anew(added);
  for (VenueSession* session : {active_.get(), replacement_.get()}) {
    if (session == nullptr || !session->open()) continue;
    session->unsubscribe(removed);
    session->subscribe(added);
  }
  if (!active_ && !retry_timer_.running()) connect();
}

void VenueLink::subscribe_again(const std::set<std::string>& voided) {
  if (!active_ || !active_->open()) return;
  if (state_ == FeedState::subscribing) {
    asked_.clear();
    doubted_.clear();
    return active_->subscribe(wanted());
  }
  std::vector<std::string> again;
  std::set_intersection(symbols_.begin(), symbols_.end(), voided.begin(), voided.end(), std::back_inserter(again));
  for (const std::string& symbol : again) {
    asked_at_[symbol] = context_.clock.now();
    if (doubted_.erase(symbol) > 0) asked_.insert(symbol);
  }
  active_->subscribe(again);
  if (replacement_ && replacement_->open()) replacement_->subscribe(again);
}

void VenueLink::doubt(const std::set<std::string>& symbols) {
  const core::Timestamp now = context_.clock.now();
  for (const std::string& symbol : symbols) {
    if (!symbols_.contains(symbol) || !doubted_.insert(symbol).second) continue;
    asked_.erase(symbol);
    // Over another connection it may have been heard after that.
    const core::Timestamp since = std::max(asked_at_[symbol], watch_.last_at(symbol) - travel_.most());
    context_.port.push_event(
        core::LinkHeard{context_.venue, {symbol}, false, since, now, core::GapCause::mute, owner_.is_refused(symbol)});
  }
}

// Not before the venue has had the time to do it: else what it sends first would be taken for all there was.
void VenueLink::tell_asked() {
  if (asked_.empty() || !active_ || !active_->all_asked()) return;
  std::vector<std::string> heard(asked_.begin(), asked_.end());
  asked_.clear();
  std::erase_if(heard, [this](const std::string& symbol) { return watch_.silent(symbol); });
  tell_heard(std::move(heard), true, {}, context_.clock.now());
}

std::vector<std::string> VenueLink::asked_with(const std::string& symbol) const {
  return active_ ? active_->asked_with(symbol) : std::vector<std::string>{};
}

void VenueLink::connect() {
  const std::string& url = hosts_.choose();
  if (const auto admitted = hosts_.upstream(url).admit(); !admitted) {
    retry_timer_.start(std::chrono::milliseconds(admitted.error().retry_after_ms), [this] { connect(); });
    return set_state(FeedState::backing_off, admitted.error().context);
  }
  active_ = std::make_unique<VenueSession>(context_, *this, speech_);
  active_->connect(url);
  set_state(FeedState::connecting, silent_ ? detail_ : std::string());
}

void VenueLink::on_session_open(VenueSession& session) {
  hosts_.succeed(session.base_url());
  hosts_.upstream(session.base_url()).connected();
  session.subscribe(wanted());
  if (&session != active_.get()) return;
  asked_.clear();
  doubted_.clear();
  begin_anew(wanted());
  opened_at_ = context_.clock.now();
  set_state(FeedState::subscribing, silent_ ? detail_ : std::string());
}

// What was traded since `silent_from_` is a hole of the connection, and told as such.
void VenueLink::begin_anew(const std::vector<std::string>& symbols) {
  const core::Timestamp now = context_.clock.now();
  const core::Timestamp from = silent_from_.is_set() ? silent_from_ : now;
  for (const std::string& symbol : symbols) {
    asked_at_[symbol] = now;
    context_.intake.interrupt(context_.symbols->find(symbol), from, now);
  }
}

core::Timestamp VenueLink::heard_until() const {
  if (silent_ || !last_data_.is_set()) return silent_from_;
  core::Timestamp heard = last_data_;
  if (held_since_.is_set()) heard = std::min(heard, held_since_);
  const core::Timestamp now = context_.clock.now();
  if (context_.held_up(now)) heard = std::min(heard, context_.turned_at);
  if (const core::Timestamp doubted = pauses_.doubted_since(now); doubted.is_set()) heard = std::min(heard, doubted);
  return heard - travel_.most();
}

void VenueLink::held_up(core::Timestamp since, core::Timestamp until) {
  if (!held_since_.is_set()) held_since_ = since;
  held_until_ = until;
}

void VenueLink::on_session_data(VenueSession& session, const Decoded& data, core::Timestamp received_at) {
  note_pairs(data, received_at);
  if (&session == replacement_.get() && session.settled()) promote_replacement();
  backoff_.on_data(received_at);
  if (&session == active_.get() && (state_ != FeedState::live || silent_)) {
    if (!session.settled()) return;  // the hole goes on: not everything is listened to yet
    pauses_.resume();
    first_data(received_at);
  }
  if (&session == active_.get()) pauses_.heard(received_at);
  last_data_ = received_at;
}

void VenueLink::first_data(core::Timestamp received_at) {
  close_gap(received_at);
  if (!heard_) {
    std::vector<std::string> others = wanted();
    std::erase_if(others, [this](const std::string& symbol) {
      return watch_.silent(symbol) || doubted_.contains(symbol) || asked_.contains(symbol);
    });
    tell_heard(std::move(others), true, {}, received_at);
  }
  heard_ = true;
  watch_.resume(std::chrono::steady_clock::now());
  watch_timer_.start(context_.scaled(kWatchPairs), [this] { watch_pairs(); });
  set_state(FeedState::live, {});
}

// Something of after the program stood still, or enough time to have read all of before.
void VenueLink::look_for_the_present(const core::Tick& tick, core::Timestamp received_at) {
  const bool present = tick.kind() == core::TickKind::trade && tick.event_time() > held_until_;
  if (present || received_at - held_until_ > context_.scaled(kCatchesUp)) held_since_ = {};
}

void VenueLink::note_pairs(const Decoded& data, core::Timestamp received_at) {
  if (data.ticks.empty()) return;
  const auto now = std::chrono::steady_clock::now();
  for (const core::Tick& tick : data.ticks) {
    travel_.add(tick);
    if (held_since_.is_set()) look_for_the_present(tick, received_at);
    const std::string* const back = watch_.heard(tick.instrument(), received_at, now);
    if (back == nullptr) continue;
    if (heard_ && !asked_.contains(*back) && !doubted_.contains(*back)) tell_heard({*back}, true, {}, received_at);
    owner_.on_link_changed(*this);
  }
}

// One of many subscriptions that a venue ignores, or forgets, shows in nothing but its silence.
void VenueLink::watch_pairs() {
  if (!heard_) return;  // the connection's silence is everybody's
  watch_timer_.start(context_.scaled(kWatchPairs), [this] { watch_pairs(); });
  tell_asked();
  const core::Timestamp at = context_.clock.now();
  for (PairWatch::Silence& silence : watch_.look(std::chrono::steady_clock::now())) {
    const core::Timestamp since = silence.since.is_set() ? silence.since - travel_.most() : core::Timestamp{};
    context_.port.push_event(
        core::LinkHeard{context_.venue, {std::move(silence.symbol)}, false, since, at, core::GapCause::mute, true});
    owner_.on_link_changed(*this);
  }
  ask_again();
}

void VenueLink::ask_again() {
  if (watch_.silent().empty()) {
    ask_pause_ = {};
    next_ask_ = {};
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (now < next_ask_ || !active_ || replacement_ || rotation_timer_.running()) return;
  const auto pause = std::clamp(2 * ask_pause_, context_.scaled(kFirstAskPause), context_.scaled(kLongestAskPause));
  ask_pause_ = pause;
  next_ask_ = now + pause;
  kLog.info("{}: {} of {} pairs at {} are silent: asking for them over a fresh connection", context_.venue_id(),
            watch_.silent().size(), symbols_.size(), host());
  open_replacement();
}

// While a hole is open it is told as a whole; the other of two overlapping connections has no holes of its own.
void VenueLink::on_session_missed(VenueSession& session, core::Timestamp from, core::Timestamp to) {
  context_.intake.missed_messages(to);
  if (&session != active_.get() || silent_ || !last_data_.is_set()) return;
  if (!missed_from_.is_set()) missed_from_ = from - travel_.most();
  missed_to_ = to;
  // A connection that loses one message after the other is told of as a whole.
  if (!missed_timer_.running()) missed_timer_.start(context_.scaled(kTellsMissed), [this] { tell_missed(); });
}

void VenueLink::tell_missed() {
  if (!missed_from_.is_set()) return;
  tell_gap(missed_from_, missed_to_, core::GapCause::overflow);
  missed_from_ = {};
}

void VenueLink::on_session_refusal(VenueSession&, const std::string& detail) {
  owner_.on_link_refusal(*this, detail);
}

void VenueLink::on_session_aging(VenueSession& session) {
  if (&session == active_.get() && !replacement_) open_replacement();
}

void VenueLink::open_replacement() {
  const std::string& url = hosts_.choose();
  if (const auto admitted = hosts_.upstream(url).admit(); !admitted)
    return replace_in(std::chrono::milliseconds(admitted.error().retry_after_ms));
  replacement_ = std::make_unique<VenueSession>(context_, *this, speech_);
  replacement_->connect(url);
}

void VenueLink::replace_in(core::Duration delay) {
  rotation_timer_.start(delay, [this] {
    if (active_ && !replacement_) open_replacement();
  });
}

// The old connection goes when the new one has brought data, so that nothing is missed; what came twice is dropped
// later, by its trade id.
void VenueLink::promote_replacement() {
  if (leaving_) retire(leaving_);
  leaving_ = std::move(active_);
  active_ = std::move(replacement_);
  opened_at_ = context_.clock.now();
  if (leaving_) leaving_->leave();
  kLog.info("{}: moved to a fresh connection to {}", context_.venue_id(), host());
  owner_.on_link_changed(*this);
}

void VenueLink::on_session_end(VenueSession& session, const SessionEnd& end) {
  if (end.was_open)
    context_.counters.disconnects.fetch_add(1, std::memory_order_relaxed);
  else
    hosts_.upstream(session.base_url()).broken(end.error, end.status);
  if (&session == leaving_.get()) return retire(leaving_);
  const std::string url = session.base_url();
  if (&session == replacement_.get()) {
    retire(replacement_);
    return replace_in(after_failure(url, end));
  }
  open_gap(end.cause);
  backoff_.on_break();
  if (end.cause == core::GapCause::mute) set_state(FeedState::stale, end.error.context);
  retire(active_);
  rotation_timer_.cancel();
  if (replacement_) {
    active_ = std::move(replacement_);
    set_state(active_->open() ? FeedState::subscribing : FeedState::connecting, end.error.context);
    return tell_silence();
  }
  const core::Duration delay = after_failure(url, end);
  const bool refused = end.error.code == core::ErrorCode::forbidden && hosts_.all_refused();
  std::string detail = end.error.context;
  if (refused) detail = "every host refuses for good, last: " + detail;
  set_state(refused ? FeedState::stopped : FeedState::backing_off, std::move(detail));
  tell_silence();
  retry_timer_.start(delay, [this, refused] {
    if (refused) hosts_.forgive();
    connect();
  });
}

// Picks the host for the next attempt and says how long to wait for it.
core::Duration VenueLink::after_failure(const std::string& url, const SessionEnd& end) {
  if (end.error.code == core::ErrorCode::rate_limited)
    context_.counters.rate_limited.fetch_add(1, std::memory_order_relaxed);
  if (end.error.code == core::ErrorCode::forbidden) {
    if (!hosts_.refuse(url)) return context_.scaled(context_.all_refused_pause);
    return {};  // another host may well take us now
  }
  if (!end.was_open) hosts_.fail(url);
  return reconnect_delay(end);
}

core::Duration VenueLink::reconnect_delay(const SessionEnd& end) {
  if (end.reconnect_now && context_.clock.now() - opened_at_ >= context_.scaled(kTrustedAge)) return {};
  const core::Duration asked = context_.scaled(std::chrono::milliseconds(end.error.retry_after_ms));
  return std::max(backoff_.next(), asked);
}

void VenueLink::open_gap(core::GapCause cause) {
  // What was taken for a broken connection turns out to be more while it lasts.
  if (silent_ && cause == core::GapCause::maintenance) gap_cause_ = cause;
  if (silent_ || !last_data_.is_set()) return;
  silent_from_ = heard_until();
  silent_ = true;
  gap_cause_ = cause;
}

void VenueLink::close_gap(core::Timestamp end) {
  if (!silent_) return;
  silent_ = false;
  // Else the silence was told when it began, and is over with the word that the pairs are heard.
  if (owner_.is_whole_source(*this)) tell_gap(silent_from_, end, gap_cause_);
}

// After the state: where no other link is live the source as a whole is silent, and has said so.
void VenueLink::tell_silence() {
  if (!heard_) return;
  heard_ = false;
  tell_heard(wanted(), false, silent_from_, context_.clock.now());
}

void VenueLink::tell_heard(std::vector<std::string> symbols, bool heard, core::Timestamp since,
                           core::Timestamp at) const {
  if (symbols.empty()) return;
  context_.port.push_event(core::LinkHeard{context_.venue, std::move(symbols), heard, since, at, gap_cause_});
}

void VenueLink::tell_gap(core::Timestamp start, core::Timestamp end, core::GapCause cause) {
  core::Gap gap{context_.venue_id(), {}, start, end, cause};
  if (gap.end <= gap.start) return;
  if (owner_.is_whole_source(*this)) {
    context_.port.push_event(core::FeedLoss{gap, 0});
    return;
  }
  for (const std::string& symbol : symbols_) {
    gap.instrument_symbol = symbol;
    context_.port.push_event(core::FeedLoss{gap, 0});
  }
}

void VenueLink::stop() {
  retry_timer_.cancel();
  rotation_timer_.cancel();
  missed_timer_.cancel();
  watch_timer_.cancel();
  tell_missed();
  close_gap(context_.clock.now());
  std::vector<std::string> silent = wanted();
  std::erase_if(silent, [this](const std::string& symbol) {
    const bool unsure = asked_.contains(symbol) || doubted_.contains(symbol);
    return owner_.is_refused(symbol) || (heard_ && !unsure && !watch_.silent(symbol));
  });
  tell_heard(std::move(silent), true, {}, context_.clock.now());
  heard_ = true;
  for (auto* session : {&active_, &replacement_, &leaving_}) retire(*session);
  state_ = FeedState::stopped;
}

// The session may be the caller: it is destroyed once its call is over.
void VenueLink::retire(std::unique_ptr<VenueSession>& session) {
  if (!session) return;
  // Where it failed this was told before; then nothing is left to abandon.
  if (!session->open()) hosts_.upstream(session->base_url()).abandoned();
  session->detach();
  context_.loop.post([kept = std::shared_ptr<VenueSession>(std::move(session))] {});
}

void VenueLink::set_state(FeedState state, std::string detail) {
  if (state_ == state && detail_ == detail) return;
  state_ = state;
  detail_ = std::move(detail);
  owner_.on_link_changed(*this);
}

}  // namespace tickspan::feeds
