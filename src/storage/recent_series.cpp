#include "storage/recent_series.hpp"

#include <algorithm>
#include <utility>

namespace tickspan::storage {
namespace {

using namespace std::chrono_literals;
using core::Interval;
using core::Timestamp;

constexpr core::Duration kStillOpen = 62s;  // the minute before this one may be waiting for late trades
constexpr core::Duration kHours = 24h * 31;

core::Result<std::vector<core::Candle>> read(StoreReader& reader, const SeriesName& series, Interval interval,
                                             Timestamp start, Timestamp end) {
  return reader.candles({.base = series.base,
                         .quote = series.quote,
                         .venue = series.venue,
                         .interval = interval,
                         .start = start,
                         .end = end});
}

core::RestoredState::Minutes& composite(core::RestoredState& state, const std::string& asset) {
  const auto found = std::find_if(state.minutes.begin(), state.minutes.end(),
                                  [&](const auto& m) { return m.venue.empty() && m.asset_id == asset; });
  if (found != state.minutes.end()) return *found;
  state.minutes.push_back({asset, {}});
  return state.minutes.back();
}

}  // namespace

core::Status add_recent_series(StoreReader& reader, Timestamp now, core::RestoredState& state) {
  auto all = reader.series();
  if (!all) return tl::unexpected(all.error());
  std::sort(all->begin(), all->end());
  const Timestamp hour = (now - kStillOpen).floor_to(1h);
  const Timestamp day = hour.floor_to(24h);
  for (const SeriesName& series : *all) {
    const bool is_pair = !series.venue.empty();
    if (!is_pair && series.quote != "usd") continue;
    auto hours = read(reader, series, Interval::h1, is_pair ? day : hour - kHours, hour);
    if (!hours) return tl::unexpected(hours.error());
    if (!is_pair) {
      if (!hours->empty()) composite(state, series.base).hours = std::move(*hours);
      continue;
    }
    auto minutes = read(reader, series, Interval::m1, hour, now + 1h);
    if (!minutes) return tl::unexpected(minutes.error());
    if (hours->empty() && minutes->empty()) continue;
    state.minutes.push_back({series.base, std::move(*minutes), std::move(*hours), series.quote, series.venue});
  }
  return {};
}

core::OldMinutes read_old_minutes(StoreReader& reader, Timestamp hour,
                                  const std::vector<std::pair<core::AssetId, std::string>>& of) {
  core::OldMinutes out{hour, {}};
  for (const auto& [id, name] : of) {
    // A failed read is asked for again: the engine goes on wanting it.
    if (auto minutes = read(reader, {name, "usd", ""}, Interval::m1, hour, hour + 1h))
      out.minutes.emplace_back(id, std::move(*minutes));
  }
  return out;
}

}  // namespace tickspan::storage
