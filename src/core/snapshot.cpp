#include "core/snapshot.hpp"

#include <algorithm>

namespace tickspan::core {

std::string_view to_string(Standing standing) noexcept {
  switch (standing) {
    case Standing::used:
      return "used";
    case Standing::outlier:
      return "outlier";
    case Standing::frozen:
      return "frozen";
    case Standing::quiet:
      return "quiet";
    case Standing::stale:
      return "stale";
    case Standing::down:
      return "down";
    case Standing::no_price:
      return "no_price";
    case Standing::no_rate:
      return "no_rate";
    case Standing::not_counted:
      return "not_counted";
    case Standing::not_subscribed:
      return "not_subscribed";
  }
  return "down";
}

std::string_view to_string(GapCause cause) noexcept {
  switch (cause) {
    case GapCause::disconnect:
      return "disconnect";
    case GapCause::mute:
      return "mute";
    case GapCause::overflow:
      return "overflow";
    case GapCause::restart:
      return "restart";
    case GapCause::maintenance:
      return "maintenance";
    case GapCause::disk_full:
      return "disk_full";
  }
  return "disconnect";
}

std::optional<GapCause> parse_gap_cause(std::string_view text) noexcept {
  for (int i = 0; i <= static_cast<int>(GapCause::disk_full); ++i) {
    if (to_string(static_cast<GapCause>(i)) == text) return static_cast<GapCause>(i);
  }
  return {};
}

std::string_view to_string(TakeoverCause cause) noexcept {
  switch (cause) {
    case TakeoverCause::first:
      return "first";
    case TakeoverCause::silent:
      return "silent";
    case TakeoverCause::disbelieved:
      return "disbelieved";
    case TakeoverCause::preferred:
      return "preferred";
  }
  return "first";
}

std::optional<TakeoverCause> parse_takeover_cause(std::string_view text) noexcept {
  for (const auto cause :
       {TakeoverCause::first, TakeoverCause::silent, TakeoverCause::disbelieved, TakeoverCause::preferred}) {
    if (text == to_string(cause)) return cause;
  }
  return {};
}

std::string_view to_string(GapState state) noexcept {
  switch (state) {
    case GapState::open:
      return "open";
    case GapState::repaired:
      return "repaired";
    case GapState::lost:
      return "lost";
  }
  return "open";
}

std::optional<GapState> parse_gap_state(std::string_view text) noexcept {
  for (const GapState state : {GapState::open, GapState::repaired, GapState::lost}) {
    if (to_string(state) == text) return state;
  }
  return std::nullopt;
}

std::optional<QuotedPrice> quoted_price(const MarketSnapshot& snapshot, const AssetRow& base, AssetId quote) {
  if (!base.has_price()) return {};
  if (quote == snapshot.usd) return QuotedPrice{base.price, base.as_of, base.state, 1, 1};
  const AssetRow* unit = snapshot.row(quote);
  if (unit == nullptr || !unit->has_price()) return {};
  const double unit_usd = unit->price.to_double();
  const auto price = Decimal::from_double(base.price.to_double() / unit_usd);
  if (!price) return {};
  const double unit_before = unit->window != WindowSource::none && unit->open_24h > 0 ? unit->open_24h : unit_usd;
  return QuotedPrice{*price, std::min(base.as_of, unit->as_of), worst(base.state, unit->state), 1 / unit_usd,
                     1 / unit_before};
}

}  // namespace tickspan::core
