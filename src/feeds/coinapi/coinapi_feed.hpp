#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalogue.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "feeds/polled_source.hpp"

namespace tickspan::feeds {

/// An asset by CoinAPI's id and ours.
struct CoinApiAsset {
  std::string symbol;    ///< `BTC`
  std::string asset_id;  ///< `bitcoin`
};
/// BTC ETH XRP BCH ADA LTC LINK XLM DOT SOL.
const std::vector<CoinApiAsset>& coinapi_default_assets();
/// `BTC`, for one of those, or `SYMBOL=asset-id`: CoinAPI's symbols are not ours, so another one says what it means.
core::Result<CoinApiAsset> parse_coinapi_asset(std::string_view text);

struct CoinApiOptions {
  std::string key;       ///< secret: sent as a header, never logged
  std::string base_url;  ///< empty: the service's own
  std::vector<CoinApiAsset> assets = coinapi_default_assets();
  core::Duration period = std::chrono::seconds(5);  ///< between two questions; longer where the key's quota is short
  std::chrono::milliseconds request_timeout{20'000};
  net::ClientOptions client;
  FrameTap tap;
  std::uint64_t seed = 0;  ///< of the jitter; 0: a random one
  double time_scale = 1;   ///< every delay is multiplied by it, for tests
};

core::Venue coinapi_venue();

/// CoinAPI, polled: the rates of some assets in USD, all of them in one call a period; closes of `ohlcv` on request,
/// for holes.
///
/// Its list of assets is asked for first and daily: what it does not have is named in the state and not asked for. A
/// price is as old as CoinAPI says where that is more than ten seconds before its arrival: a rate that nobody trades
/// any more is not young because it was asked for. Rows carry names and prices, no figures and no places. The
/// period told with them is the one that the quota leaves, at most a minute: what is asked for every quarter of an hour
/// is stale in between. Charts are not_found for an asset that is not one of its own; they have points every five
/// minutes up to a day, every hour up to ninety, else daily.
std::unique_ptr<PolledFeed> make_coinapi(const SourceSurroundings& around, CoinApiOptions options);

}  // namespace tickspan::feeds
