#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "feeds/rhythm.hpp"
#include "feeds/session_context.hpp"
#include "net/loop_timer.hpp"
#include "net/websocket_client.hpp"

namespace tickspan::feeds {

class VenueSession;

/// How often a connection speaks when it speaks: the measure of its silence.
class GapMeter {
 public:
  void add(core::Duration gap);
  core::Duration mean() const { return core::Duration(static_cast<std::int64_t>(mean_ns_)); }

 private:
  double mean_ns_ = 0;
};

/// How the connections to the same pairs speak, one after the other.
struct Speech {
  GapMeter frames;
  Rhythm data;
};

struct SessionEnd {
  core::GapCause cause = core::GapCause::disconnect;
  core::Error error;
  int status = 0;  ///< as WebSocketClient says
  bool was_open = false;
  bool reconnect_now = false;  ///< the venue asked for it
};

/// What a session's owner is told, on the loop thread. The owner may retire the session from within.
class SessionOwner {
 public:
  virtual ~SessionOwner() = default;
  virtual void on_session_open(VenueSession& session) = 0;
  /// A frame of market data was taken in.
  virtual void on_session_data(VenueSession& session, const Decoded& data, core::Timestamp received_at) = 0;
  /// Proof of life without market data.
  virtual void on_session_alive() = 0;
  /// Some of what was sent in (from, to] did not come, by the venue's own count of its messages, or could not be read,
  /// and nothing else will show what it was.
  virtual void on_session_missed(VenueSession& session, core::Timestamp from, core::Timestamp to) = 0;
  virtual void on_session_refusal(VenueSession& session, const std::string& detail) = 0;
  /// It gets old: time to open its replacement.
  virtual void on_session_aging(VenueSession& session) = 0;
  /// Exactly once, unless detached before.
  virtual void on_session_end(VenueSession& session, const SessionEnd& end) = 0;
};

/// The life of one connection to a venue: handshake, messages of ours at the venue's pace, pings, the watch for
/// silence. Connects once; whoever owns it decides about the next attempt.
/// **Threading**: the feed's loop. **Ownership**: context, owner and speech must outlive it, or detach() it first.
class VenueSession : private runtime::Inlet {
 public:
  VenueSession(SessionContext& context, SessionOwner& owner, Speech& speech);
  ~VenueSession() override;
  VenueSession(const VenueSession&) = delete;
  VenueSession& operator=(const VenueSession&) = delete;

  void connect(const std::string& base_url);
  void subscribe(const std::vector<std::string>& symbols);
  void unsubscribe(const std::vector<std::string>& symbols);
  /// The symbols that stood in the newest message that asked for this one, itself included. Empty where a refusal
  /// voids no more than it names.
  std::vector<std::string> asked_with(const std::string& symbol) const;
  /// Closes politely; frames that still come are ignored; on_session_end follows.
  void leave();
  /// No call to the owner any more.
  void detach();

  bool open() const { return open_; }
  /// All that was to be asked for has been, long enough ago for the venue to have done it.
  bool all_asked() const;
  /// The same, where data alone don't prove it.
  bool settled() const;
  const std::string& base_url() const { return base_url_; }

 private:
  std::uint64_t taken_in() const override { return socket_ ? socket_->received() : 0; }
  bool more_waits() const override { return socket_ && open_ && socket_->more_waits(); }
  void on_open();
  void on_frame(std::string_view text, core::Timestamp received_at);
  void heard(bool frame);
  bool count_message(std::uint64_t sequence);
  void send_next();
  void send_ping();
  void watch_silence();
  core::Duration silence_allowed(bool only_control) const;
  core::Duration data_due_in(Rhythm::Time now) const;
  void end(core::GapCause cause, core::Error error, int http_status = 0, bool reconnect_now = false);

  SessionContext& context_;
  SessionOwner* owner_;
  const VenueProtocol* protocol_;  ///< as it is spoken at base_url_
  Speech& speech_;
  std::string base_url_;
  std::unique_ptr<net::WebSocketClient> socket_;
  std::deque<std::string> to_send_;
  std::map<std::string, std::shared_ptr<const std::vector<std::string>>> asked_with_;
  net::LoopTimer send_timer_, ping_timer_, silence_timer_, age_timer_;
  BrokenRatio broken_;
  bool open_ = false;
  bool asked_in_parts_ = false;
  bool leaving_ = false;
  std::uint64_t sequence_ = 0;
  core::Timestamp last_at_;  ///< when the newest frame that decodes was received
  // Monotonic, so that a clock that is set doesn't look like silence.
  std::chrono::steady_clock::time_point last_heard_{}, last_frame_{}, last_sent_{};
  // Until data have come, when they are to have; nothing is due before something is asked for.
  std::chrono::steady_clock::time_point answer_due_ = std::chrono::steady_clock::time_point::max();
  bool answered_ = false;
};

}  // namespace tickspan::feeds
