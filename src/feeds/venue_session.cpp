#include "feeds/venue_session.hpp"

#include <algorithm>

#include "feeds/host_ring.hpp"

namespace tickspan::feeds {
namespace {

constexpr double kGapWeight = 0.1;
// What venues say when they go down for maintenance, and while they are: a close code and an HTTP status.
constexpr int kServiceRestart = 1012;
constexpr int kUnavailable = 503;
constexpr int kGapsOfSilence = 10;
// A replacement is opened when this part of the longest allowed life is over.
constexpr double kAgeShare = 0.97;
// How long a venue may take to do what it was asked.
constexpr core::Duration kSettles = std::chrono::seconds(1);
// And how long it may leave a question without any data before it is asked again over another connection.
constexpr core::Duration kAnswers = std::chrono::seconds(30);
// How many deadlines of silence a connection that beats may leave its data out, and how much more while it isn't known.
constexpr int kDataDeadlines = 2;
constexpr int kDataAtFirst = 6;

std::string seconds_of(core::Duration d) {
  return fmt::format("{:.1f} s", std::chrono::duration<double>(d).count());
}

}  // namespace

void GapMeter::add(core::Duration gap) {
  const auto ns = static_cast<double>(gap.count());
  mean_ns_ = mean_ns_ == 0 ? ns : mean_ns_ + (ns - mean_ns_) * kGapWeight;
}

VenueSession::VenueSession(SessionContext& context, SessionOwner& owner, Speech& speech)
    : context_(context),
      owner_(&owner),
      protocol_(&context.protocol),
      speech_(speech),
      send_timer_(context.loop),
      ping_timer_(context.loop),
      silence_timer_(context.loop),
      age_timer_(context.loop) {
  context_.port.add_inlet(*this);
}

VenueSession::~VenueSession() {
  if (owner_ != nullptr) context_.port.remove_inlet(*this);
}

void VenueSession::connect(const std::string& base_url) {
  base_url_ = base_url;
  protocol_ = &context_.spoken_at(base_url);
  net::WebSocketClient::Callbacks callbacks;
  callbacks.on_open = [this] { on_open(); };
  callbacks.on_message = [this](std::string_view text, core::Timestamp received_at) { on_frame(text, received_at); };
  callbacks.on_control = [this] {
    heard(false);
    if (owner_ != nullptr && !leaving_) owner_->on_session_alive();
  };
  callbacks.on_close = [this](core::Error reason, int status) {
    const bool maintenance = status == kServiceRestart || status == kUnavailable;
    end(maintenance ? core::GapCause::maintenance : core::GapCause::disconnect, std::move(reason), status);
  };
  net::ClientOptions options = context_.client;
  options.connect_timeout =
      std::max(std::chrono::milliseconds(1),
               std::chrono::duration_cast<std::chrono::milliseconds>(context_.scaled(options.connect_timeout)));
  socket_ =
      std::make_unique<net::WebSocketClient>(context_.loop, context_.clock, std::move(options), std::move(callbacks));
  context_.counters.connects.fetch_add(1, std::memory_order_relaxed);
  socket_->connect(join_url(base_url_, protocol_->socket_target()));
}

void VenueSession::on_open() {
  if (owner_ == nullptr) return;
  open_ = true;
  last_heard_ = last_frame_ = std::chrono::steady_clock::now();
  speech_.data.resume(last_frame_);
  context_.record("open", join_url(base_url_, protocol_->socket_target()));
  watch_silence();
  if (protocol_->limits().ping_interval.count() > 0) send_ping();
  if (const core::Duration age = protocol_->limits().max_connection_age; age.count() > 0) {
    const core::Duration due(static_cast<std::int64_t>(static_cast<double>(age.count()) * kAgeShare));
    age_timer_.start(context_.scaled(due), [this] { owner_->on_session_aging(*this); });
  }
  owner_->on_session_open(*this);
}

void VenueSession::subscribe(const std::vector<std::string>& symbols) {
  if (symbols.empty()) return;
  auto messages = protocol_->subscribe(symbols, context_.next_request_id);
  context_.next_request_id += messages.size();
  asked_in_parts_ = asked_in_parts_ || messages.size() > 1;
  answer_due_ = std::chrono::steady_clock::now() + context_.scaled(kAnswers) +
                context_.scaled(protocol_->limits().control_spacing) * static_cast<std::int64_t>(messages.size());
  std::move(messages.begin(), messages.end(), std::back_inserter(to_send_));
  if (!send_timer_.running()) send_next();
  const VenueLimits& limits = protocol_->limits();
  if (!limits.refusal_voids_message) return;
  for (std::size_t i = 0; i < symbols.size(); i += limits.symbols_per_message) {
    const auto first = symbols.begin() + static_cast<std::ptrdiff_t>(i);
    const auto last = first + static_cast<std::ptrdiff_t>(std::min(limits.symbols_per_message, symbols.size() - i));
    const auto message = std::make_shared<const std::vector<std::string>>(first, last);
    for (const std::string& symbol : *message) asked_with_[symbol] = message;
  }
}

// Data prove that one message was taken. Where there are more, the others may not have been yet: what is traded in
// their symbols meanwhile is not heard.
bool VenueSession::settled() const {
  return !asked_in_parts_ || all_asked();
}

bool VenueSession::all_asked() const {
  return to_send_.empty() && std::chrono::steady_clock::now() - last_sent_ >= context_.scaled(kSettles);
}

std::vector<std::string> VenueSession::asked_with(const std::string& symbol) const {
  const auto found = asked_with_.find(symbol);
  return found == asked_with_.end() ? std::vector<std::string>{} : *found->second;
}

void VenueSession::unsubscribe(const std::vector<std::string>& symbols) {
  if (symbols.empty()) return;
  auto messages = protocol_->unsubscribe(symbols, context_.next_request_id);
  context_.next_request_id += messages.size();
  std::move(messages.begin(), messages.end(), std::back_inserter(to_send_));
  if (!send_timer_.running()) send_next();
}

void VenueSession::send_next() {
  if (to_send_.empty() || leaving_) return;
  std::string message = std::move(to_send_.front());
  to_send_.pop_front();
  context_.record("send", message);
  socket_->send_text(std::move(message));
  last_sent_ = std::chrono::steady_clock::now();
  // Runs even when nothing waits: what is added meanwhile must keep the distance, too.
  send_timer_.start(context_.scaled(protocol_->limits().control_spacing), [this] { send_next(); });
}

void VenueSession::send_ping() {
  ping_timer_.start(context_.scaled(protocol_->limits().ping_interval), [this] {
    std::string message = protocol_->ping(context_.next_request_id);
    if (message.empty()) {
      socket_->ping();
    } else {
      ++context_.next_request_id;
      to_send_.push_back(std::move(message));
      if (!send_timer_.running()) send_next();
    }
    send_ping();
  });
}

void VenueSession::heard(bool frame) {
  const auto now = std::chrono::steady_clock::now();
  last_heard_ = now;
  if (!frame) return;
  speech_.frames.add(now - last_frame_);
  last_frame_ = now;
}

void VenueSession::on_frame(std::string_view text, core::Timestamp received_at) {
  if (owner_ == nullptr || leaving_) return;
  if (context_.tap) context_.tap(received_at, context_.venue_id(), "recv", text);
  heard(true);
  const Decoded* decoded = context_.intake.take(text, received_at, *context_.symbols);
  if (broken_.add(decoded == nullptr)) {
    return end(core::GapCause::disconnect,
               {core::ErrorCode::protocol_error, "more than half of the last 200 frames do not decode", true, 0});
  }
  if (decoded == nullptr) {
    // Where trades have no numbers nothing else will show what was in it.
    const bool numbered = protocol_->limits().trade_numbers == TradeNumbers::consecutive;
    if (!numbered && last_at_.is_set()) owner_->on_session_missed(*this, last_at_, received_at);
    return;
  }
  if (decoded->sequence != 0 && count_message(decoded->sequence))
    owner_->on_session_missed(*this, last_at_, received_at);
  last_at_ = received_at;
  switch (decoded->kind) {
    case FrameKind::data:
      answered_ = true;
      speech_.data.heard(last_frame_);
      return owner_->on_session_data(*this, *decoded, received_at);
    case FrameKind::control:
    case FrameKind::heartbeat:
      return owner_->on_session_alive();
    case FrameKind::refusal:
      return owner_->on_session_refusal(*this, printable(decoded->detail, 200));
    case FrameKind::reconnect: {
      std::string detail = "the venue asks to be reconnected to";
      if (!decoded->detail.empty()) detail += ": " + printable(decoded->detail, 100);
      return end(core::GapCause::maintenance, {core::ErrorCode::unavailable, std::move(detail), true, 0}, 0, true);
    }
  }
}

// True when messages before this one did not come. What comes twice or late is no loss.
bool VenueSession::count_message(std::uint64_t sequence) {
  const bool missed = sequence_ != 0 && sequence > sequence_ + 1;
  sequence_ = std::max(sequence_, sequence);
  return missed;
}

// Frames count against the connection's own rhythm. Where only pongs come, they prove the line but not the venue: then
// the rhythm alone decides. Where nothing comes at all, the venue's own limit caps it.
core::Duration VenueSession::silence_allowed(bool only_control) const {
  const core::Duration own =
      std::max(context_.scaled(context_.min_mute_deadline), speech_.frames.mean() * kGapsOfSilence);
  return only_control ? own : std::min<core::Duration>(own, context_.scaled(protocol_->limits().mute_deadline));
}

// Who answers pings, or beats, but brings nothing of what it was asked for has not heard the question, or has ceased to
// answer it.
core::Duration VenueSession::data_due_in(Rhythm::Time now) const {
  if (!answered_) return answer_due_ - now;
  const core::Duration least = kDataDeadlines * context_.scaled(context_.min_mute_deadline);
  return speech_.data.patience(least, kDataAtFirst * least) - (now - speech_.data.last());
}

void VenueSession::watch_silence() {
  const auto now = std::chrono::steady_clock::now();
  const core::Duration line = now - last_heard_;
  const core::Duration frames = now - last_frame_;
  const core::Duration due = std::min(silence_allowed(false) - line, silence_allowed(true) - frames);
  const core::Duration data_due = data_due_in(now);
  if (const core::Duration left = std::min(due, data_due); left.count() > 0) {
    silence_timer_.start(left, [this] { watch_silence(); });
    return;
  }
  std::string why = "nothing heard for " + seconds_of(frames);
  if (due.count() > 0) why = answered_ ? "heartbeats without data" : "no data came of what was asked for";
  // The silence is a gap like any other: a connection that is merely slow earns patience for the next time.
  speech_.frames.add(frames);
  if (answered_) speech_.data.heard(now);
  end(core::GapCause::mute, {core::ErrorCode::timeout, std::move(why), true, 0});
}

void VenueSession::leave() {
  leaving_ = true;
  to_send_.clear();
  for (net::LoopTimer* timer : {&send_timer_, &ping_timer_, &silence_timer_, &age_timer_}) timer->cancel();
  socket_->close();
}

void VenueSession::detach() {
  // It is destroyed later, when the context may be gone.
  if (owner_ != nullptr) context_.port.remove_inlet(*this);
  owner_ = nullptr;
  for (net::LoopTimer* timer : {&send_timer_, &ping_timer_, &silence_timer_, &age_timer_}) timer->cancel();
}

void VenueSession::end(core::GapCause cause, core::Error error, int http_status, bool reconnect_now) {
  if (owner_ == nullptr) return;
  SessionOwner& owner = *owner_;
  detach();
  owner.on_session_end(*this, {cause, std::move(error), http_status, open_, reconnect_now});
}

}  // namespace tickspan::feeds
