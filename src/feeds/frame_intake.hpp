#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/feed_event.hpp"
#include "feeds/trade_sequence.hpp"
#include "feeds/venue_protocol.hpp"
#include "runtime/clock.hpp"
#include "runtime/feed_port.hpp"

namespace tickspan::feeds {

/// Lets a message through at most once a period, and says how many were held back in between.
class LogSampler {
 public:
  explicit LogSampler(core::Duration period) : period_(period) {}
  /// True: log it now; `held_back()` tells how many were not.
  bool allow(core::Timestamp now);
  std::uint64_t held_back() const { return reported_; }

 private:
  core::Duration period_;
  core::Timestamp next_;
  std::uint64_t suppressed_ = 0;
  std::uint64_t reported_ = 0;
};

/// The last 200 frames of a connection: how many could not be decoded.
class BrokenRatio {
 public:
  static constexpr std::size_t kWindow = 200;
  /// True when the window is full and more than half of it is broken.
  bool add(bool broken);

 private:
  std::bitset<kWindow> window_;
  std::size_t next_ = 0;
  std::size_t filled_ = 0;
};

/// Where the raw frames of a feed's connections become ticks: decoded, counted, handed to the port.
/// **Threading**: the feed's loop.
class FrameIntake {
 public:
  /// `time_scale`: of the patience with trades that are missing.
  FrameIntake(VenueProtocol& protocol, runtime::FeedPort& port, core::FeedCounters& counters, double time_scale)
      : protocol_(protocol),
        port_(port),
        counters_(counters),
        numbered_(protocol.limits().trade_numbers != TradeNumbers::none),
        sequence_({scaled(kPatience, time_scale), scaled(kBetweenReports, time_scale),
                   protocol.limits().trade_numbers == TradeNumbers::supposed}) {}

  /// Null when the frame could not be decoded; else what it held, valid until the next call.
  const Decoded* take(std::string_view frame, core::Timestamp received_at, const core::SymbolTable& symbols);
  /// Not listened to in [from, to): what was traded meanwhile is told as that hole.
  void interrupt(core::InstrumentId instrument, core::Timestamp from, core::Timestamp to) {
    sequence_.interrupt(instrument, from, to);
  }
  void know(core::InstrumentId instrument, std::uint64_t id, core::Timestamp at) {
    if (numbered_) sequence_.know(instrument, id, at);
  }
  /// The venue's own count of its messages shows that some did not come.
  void missed_messages(core::Timestamp at) { sequence_.distrust(at); }
  /// Tells the port of trades whose numbers show that they were not sent to us, or not decoded. Often.
  void tell_missing(core::Timestamp now, const core::SymbolTable& symbols);

 private:
  void sample_broken(const core::Error& error, std::string_view frame, core::Timestamp now);

  // A trade that comes by another connection, or out of order, is not missing.
  static constexpr core::Duration kPatience = std::chrono::seconds(2);
  // A venue that leaves out one trade after the other is told of now and then, not a thousand times.
  static constexpr core::Duration kBetweenReports = std::chrono::seconds(30);
  static core::Duration scaled(core::Duration d, double scale) {
    return core::Duration(static_cast<std::int64_t>(static_cast<double>(d.count()) * scale));
  }

  VenueProtocol& protocol_;
  runtime::FeedPort& port_;
  core::FeedCounters& counters_;
  Decoded decoded_;
  bool numbered_;
  TradeSequence sequence_;
  LogSampler missing_log_{std::chrono::minutes(1)};
  LogSampler broken_log_{std::chrono::minutes(1)};
};

/// `text` for the log: printable ASCII, at most `max` bytes.
std::string printable(std::string_view text, std::size_t max);

}  // namespace tickspan::feeds
