#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/catalogue.hpp"
#include "core/time.hpp"
#include "feeds/polled_source.hpp"

namespace tickspan::feeds {

enum class CoinGeckoPlan : std::uint8_t { keyless, demo, pro };
/// `keyless`, `demo`, `pro`; nothing for anything else.
std::optional<CoinGeckoPlan> parse_coingecko_plan(std::string_view text);

struct CoinGeckoOptions {
  CoinGeckoPlan plan = CoinGeckoPlan::keyless;
  std::string key;       ///< secret: sent as a header, never logged
  std::string base_url;  ///< `https://host/api/v3`; empty: the plan's own
  std::size_t tracked_assets = 300;
  core::Duration period = std::chrono::minutes(1);  ///< between two refreshes; a minute at least with a real service
  core::Duration rates_period = std::chrono::minutes(5);
  core::Duration chart_cache = std::chrono::minutes(5);  ///< how long an equal chart request is answered from memory
  double calls_per_minute = 0;                           ///< 0: the plan's own: 5, 30, 250
  std::chrono::milliseconds request_timeout{20'000};
  net::ClientOptions client;
  FrameTap tap;
  std::uint64_t seed = 0;  ///< of the jitter; 0: a random one
  double time_scale = 1;   ///< every delay is multiplied by it, for tests
};

/// The catalogue entry of CoinGecko, with the attribution that its terms ask for.
core::Venue coingecko_venue();

/// CoinGecko v3, polled: the tracked set in USD once a period, the fiat rates, and charts on request.
///
/// The refresh has priority: charts are refused (rate_limited, retryable) while the budget would not leave room for the
/// next one. 429 is obeyed (the longest of Retry-After, the reset header and an own back-off of 10 s and more), 403 is
/// taken as throttling with a long pause.
/// **Limits**: 64 different charts under way and 256 remembered; an answer of 32 MiB.
std::unique_ptr<PolledFeed> make_coingecko(const SourceSurroundings& around, CoinGeckoOptions options);

}  // namespace tickspan::feeds
