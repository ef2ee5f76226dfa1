#include "market/pair_state.hpp"

#include <algorithm>
#include <cmath>

namespace tickspan::market {
namespace {

constexpr double kSaneSpread = 0.05;
constexpr double kVolumeMemoryNs = 600e9;
constexpr std::int64_t kGapWeight = 16;  // each new gap moves the mean by a sixteenth
constexpr int kMovesToKnow = 16;         // before a price's habit is known
constexpr std::int64_t kFrozenRests = 20;
constexpr core::Duration kFrozenFloor = std::chrono::seconds(10);

double sane_mid(const core::Decimal& bid, const core::Decimal& ask) {
  if (!bid.is_positive() || !ask.is_positive()) return 0;
  const double b = bid.to_double();
  const double a = ask.to_double();
  const double mid = b + (a - b) / 2;
  return a >= b && a - b < kSaneSpread * mid ? mid : 0;
}

}  // namespace

void PairState::heard(core::Timestamp at, std::uint32_t connection) {
  if (at <= newest_) return;
  if (newest_.is_set() && connection == connection_) {
    const std::int64_t gap = at.ns - newest_.ns;
    mean_gap_ns_ = mean_gap_ns_ == 0 ? gap : mean_gap_ns_ + (gap - mean_gap_ns_) / kGapWeight;
  }
  connection_ = connection;
  newest_ = at;
}

void PairState::choose() {
  // A quote counts while it is within the live limit of the newest tick: a pair whose trades go on but whose quotes
  // have ended is worth its last trade.
  const double before = price_;
  const bool quote_current = mid_ > 0 && newest_ - quote_at_ <= live_limit(mean_gap());
  if (quote_current) {
    price_ = mid_;
    as_of_ = quote_at_;
  } else if (last_price_ > 0) {
    price_ = last_price_;
    as_of_ = trade_at_;
  } else {
    price_ = 0;
    as_of_ = newest_;
  }
  if (price_ != before) moved();
}

void PairState::moved() {
  if (moved_at_.is_set()) {
    const std::int64_t rest = newest_.ns - moved_at_.ns;
    mean_rest_ns_ = mean_rest_ns_ == 0 ? rest : mean_rest_ns_ + (rest - mean_rest_ns_) / kGapWeight;
  }
  moved_at_ = newest_;
  moves_ = std::min(moves_ + 1, kMovesToKnow);
}

bool PairState::frozen() const {
  if (moves_ < kMovesToKnow) return false;
  const core::Duration rest = newest_ - moved_at_;
  return rest > std::max(kFrozenFloor, core::Duration{kFrozenRests * mean_rest_ns_});
}

void PairState::on_quote(const core::Tick& quote, std::uint32_t connection) {
  if (quote.received_at() < quote_at_) return;
  heard(quote.received_at(), connection);
  bid_ = quote.bid();
  ask_ = quote.ask();
  quote_at_ = quote.received_at();
  mid_ = sane_mid(bid_, ask_);
  choose();
}

bool PairState::on_trade(const core::Tick& trade, std::uint32_t connection) {
  if (!ids_.insert(trade.trade_id())) return false;
  heard(trade.received_at(), connection);
  const double price = trade.price().to_double();
  if (!first_trade_at_.is_set()) first_trade_at_ = trade.received_at();
  if (volume_at_.is_set()) volume_ *= fade(trade.received_at() - volume_at_);
  volume_at_ = std::max(volume_at_, trade.received_at());
  volume_ += price * trade.amount().to_double();
  const core::Timestamp time = trade.event_time().is_set() ? trade.event_time() : trade.received_at();
  if (time < trade_time_) return true;
  trade_time_ = time;
  trade_at_ = std::max(trade_at_, trade.received_at());
  last_ = trade.price();
  last_price_ = price;
  choose();
  return true;
}

double PairState::fade(core::Duration age) {
  return age.count() > 0 ? std::exp(-static_cast<double>(age.count()) / kVolumeMemoryNs) : 1;
}

void PairState::set_past_volume(double volume, core::Timestamp at) {
  past_volume_ = volume;
  past_at_ = at;
}

double PairState::recent_volume(core::Timestamp now) const {
  return (volume_at_.is_set() ? volume_ * fade(now - volume_at_) : 0) +
         (past_at_.is_set() ? past_volume_ * fade(now - past_at_) : 0);
}

}  // namespace tickspan::market
