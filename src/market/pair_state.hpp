#pragma once

#include <cstdint>

#include "core/freshness.hpp"
#include "core/tick.hpp"
#include "market/freshness_rule.hpp"
#include "market/trade_ids.hpp"

namespace tickspan::market {

/// What one pair of one venue said last, and how often it speaks.
///
/// A tick that is older than what is known already (by receive time for quotes, by the venue's time for trades) never
/// replaces it. The gap across a reconnect does not count into the mean.
/// **Limits**: no allocation but TradeIds' one.
class PairState {
 public:
  /// `connection` numbers the venue's connections: it tells the first tick after a reconnect.
  void on_quote(const core::Tick& quote, std::uint32_t connection);
  /// False: a duplicate, to be ignored altogether.
  bool on_trade(const core::Tick& trade, std::uint32_t connection);

  /// The middle of bid and ask where both are current and sane (not crossed, less than 5 % apart), else the last trade.
  /// 0: there is none.
  double price() const { return price_; }
  /// Receive time of what price() comes from; of the newest tick where there is no price.
  core::Timestamp as_of() const { return as_of_; }
  core::Timestamp newest() const { return newest_; }
  core::Duration mean_gap() const { return core::Duration{mean_gap_ns_}; }

  core::Decimal bid() const { return bid_; }
  core::Decimal ask() const { return ask_; }
  core::Decimal last() const { return last_; }

  core::Freshness freshness(const VenuePulse& venue, core::Timestamp now) const {
    return stream_freshness(as_of_, mean_gap(), venue, now);
  }

  /// Ticks go on, but the price has not moved for far longer than it usually takes. Never where it seldom moves.
  bool frozen() const;

  /// Base amount times price of the trades of about the last ten minutes, in the quote: decays by e in that time.
  double recent_volume(core::Timestamp now) const;
  /// What was traded before the first trade heard here, as recent_volume() would have it at `at`. Replaces what was set
  /// before.
  void set_past_volume(double volume, core::Timestamp at);
  /// When the first trade was heard; not set before.
  core::Timestamp first_trade_at() const { return first_trade_at_; }
  /// By which the volume of a time so long ago counts.
  static double fade(core::Duration age);

 private:
  void heard(core::Timestamp at, std::uint32_t connection);
  void choose();
  void moved();

  core::Decimal bid_, ask_, last_;
  core::Timestamp quote_at_, trade_at_, trade_time_;
  core::Timestamp newest_, as_of_;
  std::int64_t mean_gap_ns_ = 0;
  double mid_ = 0;  // 0: the quote is not sane
  double last_price_ = 0;
  double price_ = 0;
  core::Timestamp moved_at_;  // when price_ changed last
  std::int64_t mean_rest_ns_ = 0;
  int moves_ = 0;
  double volume_ = 0;
  core::Timestamp volume_at_, first_trade_at_;
  double past_volume_ = 0;
  core::Timestamp past_at_;
  std::uint32_t connection_ = 0;
  TradeIds ids_;
};

}  // namespace tickspan::market
