#include "feeds/coingecko/chart_desk.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "feeds/coingecko/decode.hpp"
#include "net/http_message.hpp"

namespace tickspan::feeds::coingecko {
namespace {

using core::ErrorCode;

constexpr std::size_t kMaxUnderWay = 64;
constexpr std::size_t kMaxAskers = 256;
constexpr std::size_t kMaxKept = 256;
// The free plans reach back no further; asking for more fails.
constexpr int kFreeDays = 365;
constexpr int kMaxDays = 36500;

// The fault of the service, not of the question.
bool is_outage(const core::Error& error) {
  return error.code == ErrorCode::unavailable || error.code == ErrorCode::timeout ||
         error.code == ErrorCode::protocol_error;
}

}  // namespace

ChartDesk::ChartDesk(core::VenueId venue, KeyedApi& api, runtime::FeedPort& port, const runtime::Clock& clock,
                     const CoinGeckoOptions& options)
    : venue_(venue),
      api_(api),
      port_(port),
      clock_(clock),
      options_(options),
      breaker_(clock, {5, core::Duration(static_cast<std::int64_t>(30e9 * options.time_scale))}) {}

void ChartDesk::fetch(const std::string& asset_id, int days, ChartSource::Done done) {
  if (asset_id.empty() || days < 1 || days > kMaxDays) {
    return done(
        core::fail(ErrorCode::invalid_argument, fmt::format("a chart needs an asset id and 1 to {} days", kMaxDays)));
  }
  const Key key{asset_id, options_.plan == CoinGeckoPlan::pro ? days : std::min(days, kFreeDays)};
  if (const Points* points = find_kept(key)) {
    const Points copy = *points;  // the callee may ask for another chart
    return done(copy);
  }
  if (const auto it = under_way_.find(key); it != under_way_.end()) {
    if (it->second.size() >= kMaxAskers)
      return done(core::fail(ErrorCode::rate_limited, "too many ask for this chart", true));
    it->second.push_back(std::move(done));
    return;
  }
  if (const auto asked = ask(key); !asked) return done(tl::unexpected(asked.error()));
  under_way_[key].push_back(std::move(done));
}

core::Status ChartDesk::ask(const Key& key) {
  if (under_way_.size() >= kMaxUnderWay)
    return core::fail(ErrorCode::rate_limited, "too many charts are being fetched", true);
  if (!breaker_.allow()) {
    core::Error error{ErrorCode::unavailable, "CoinGecko fails at charts, several times in a row", true, 0};
    error.retry_after_ms = std::chrono::ceil<std::chrono::milliseconds>(breaker_.wait()).count();
    return tl::unexpected(std::move(error));
  }
  const std::string target =
      fmt::format("/coins/{}/market_chart?vs_currency=usd&days={}", net::percent_encode(key.first), key.second);
  return api_.get(target, net::CallClass::chart, 1, [this, key](core::Result<std::string> body) {
    // Cancelled: the askers have been told already, and this object may be gone.
    if (!body && body.error().code == ErrorCode::cancelled) return;
    take(key, std::move(body));
  });
}

void ChartDesk::take(const Key& key, core::Result<std::string> body) {
  Points points = body ? decode_market_chart(*body) : Points(tl::unexpected(body.error()));
  if (!points && is_outage(points.error()))
    breaker_.failure();
  else
    breaker_.success();
  const bool lasting = points || points.error().code == ErrorCode::not_found;
  if (lasting) keep(key, points);
  if (points) port_.push_event(core::ChartPoints{venue_, key.first, *points});

  const auto askers = under_way_.extract(key);
  if (askers.empty()) return;
  for (const auto& done : askers.mapped()) done(points);
}

const ChartDesk::Points* ChartDesk::find_kept(const Key& key) const {
  const auto it = kept_.find(key);
  const auto lifetime = core::Duration(
      static_cast<std::int64_t>(static_cast<double>(options_.chart_cache.count()) * options_.time_scale));
  return it != kept_.end() && clock_.now() - it->second.at < lifetime ? &it->second.points : nullptr;
}

void ChartDesk::keep(const Key& key, const Points& points) {
  kept_.insert_or_assign(key, Kept{points, clock_.now()});
  if (kept_.size() <= kMaxKept) return;
  kept_.erase(std::min_element(kept_.begin(), kept_.end(),
                               [](const auto& a, const auto& b) { return a.second.at < b.second.at; }));
}

void ChartDesk::cancel() {
  const auto under_way = std::move(under_way_);
  under_way_.clear();
  for (const auto& [key, askers] : under_way) {
    for (const auto& done : askers) done(core::fail(ErrorCode::cancelled, "the source is stopped"));
  }
}

}  // namespace tickspan::feeds::coingecko
