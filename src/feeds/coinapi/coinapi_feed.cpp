#include "feeds/coinapi/coinapi_feed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "feeds/coinapi/decode.hpp"

namespace tickspan::feeds {
namespace {

using core::FeedState;
using net::CallClass;

constexpr std::string_view kUrl = "https://rest.coinapi.io";
constexpr core::Duration kListRefresh = std::chrono::hours(24);
// Up to here the service's own time is taken for a matter of clocks and ways, beyond for the age of the rate.
constexpr core::Duration kOwnTimeCounts = std::chrono::seconds(10);
constexpr core::Duration kLongestPeriod = std::chrono::minutes(1);
// A credit buys so many rows of history.
constexpr int kRowsPerCredit = 100;
constexpr int kMostDays = 3650;
// Whose candles fill holes: the deepest books in USD that CoinAPI lists under plain names.
constexpr std::string_view kHistorySymbol = "COINBASE_SPOT_{}_USD";

CoinApiOptions checked(CoinApiOptions options) {
  if (options.base_url.empty()) options.base_url = kUrl;
  options.period = std::max<core::Duration>(options.period, std::chrono::seconds(1));
  return options;
}

PollingOptions polling(const CoinApiOptions& options) {
  PollingOptions out;
  out.api.service = "CoinAPI";
  out.api.venue = coinapi_venue().id;
  out.api.base_url = options.base_url;
  out.api.key_header = "X-CoinAPI-Key";
  out.api.key = options.key;
  out.api.request_timeout = options.request_timeout;
  out.api.client = options.client;
  out.api.tap = options.tap;
  out.api.error_text = coinapi::decode_error;
  out.rules.rate = net::RateLimit{120, 20};
  out.rules.quota_window = std::chrono::hours(24);  // credits last the day
  out.first_retry = std::chrono::seconds(5);
  out.seed = options.seed;
  out.time_scale = options.time_scale;
  return out;
}

struct Periods {
  const char* id;
  core::Duration width;
};

Periods periods_of(int days) {
  if (days <= 1) return {"5MIN", std::chrono::minutes(5)};
  if (days <= 90) return {"1HRS", std::chrono::hours(1)};
  return {"1DAY", std::chrono::hours(24)};
}

class CoinApi final : public PolledSource {
 public:
  CoinApi(const SourceSurroundings& around, CoinApiOptions options)
      : PolledSource(around, polling(options)), options_(std::move(options)) {}

 private:
  void starting() override;
  void round() override;
  void chart(const std::string& asset_id, int days, ChartSource::Done done) override;

  void ask_for_list();
  void take_list(const Body& body);
  void ask_for_rates();
  void take_rates(const Body& body);
  core::AggregatorRows rows_of(const std::vector<coinapi::Rate>& rates);
  std::string symbols() const;

  const CoinApiOptions options_;
  std::string unknown_;
  std::vector<CoinApiAsset> asked_;           ///< those that the service has
  std::map<std::string, std::string> names_;  ///< by symbol
  core::Timestamp listed_at_;
};

void CoinApi::starting() {
  asked_ = options_.assets;
  listed_at_ = {};
}

void CoinApi::round() {
  const bool due = !listed_at_.is_set() || now() - listed_at_ >= scaled(kListRefresh);
  due ? ask_for_list() : ask_for_rates();
}

std::string CoinApi::symbols() const {
  std::string text;
  for (const CoinApiAsset& asset : asked_) text.append(text.empty() ? "" : ",").append(asset.symbol);
  return text;
}

void CoinApi::ask_for_list() {
  asked_ = options_.assets;
  ask("/v1/assets?filter_asset_id=" + symbols(), [this](const Body& body) { take_list(body); });
}

void CoinApi::take_list(const Body& body) {
  const auto listed = decoded(body, coinapi::decode_assets);
  if (!listed) return failed(listed.error());
  names_.clear();
  for (const auto& asset : *listed) {
    if (asset.crypto) names_[asset.id] = asset.name;
  }
  listed_at_ = now();
  unknown_.clear();
  std::erase_if(asked_, [&](const CoinApiAsset& asset) {
    if (names_.contains(asset.symbol)) return false;
    unknown_.append(unknown_.empty() ? "not listed, so not asked for: " : ", ").append(asset.symbol);
    return true;
  });
  if (!asked_.empty()) return ask_for_rates();
  set_state(FeedState::idle, unknown_);
  begin_again_in(scaled(kListRefresh));
}

// A dollar in each asset, inverted: one call for all of them.
void CoinApi::ask_for_rates() {
  ask("/v1/exchangerate/USD?invert=true&filter_asset_id=" + symbols(), [this](const Body& body) { take_rates(body); });
}

core::AggregatorRows CoinApi::rows_of(const std::vector<coinapi::Rate>& rates) {
  core::AggregatorRows event{venue(), {}, now(), {}};
  for (const coinapi::Rate& rate : rates) {
    const auto asset = std::find_if(asked_.begin(), asked_.end(), [&](const auto& a) { return a.symbol == rate.base; });
    if (rate.quote != "USD" || asset == asked_.end()) {
      counters_.unknown_symbols.fetch_add(1, std::memory_order_relaxed);
      continue;
    }
    core::AssetFacts& row = event.rows.emplace_back();
    row.asset_id = asset->asset_id;
    row.symbol = core::to_lower(asset->symbol);
    row.name = names_[asset->symbol];
    row.price = rate.rate;
    row.updated_at = rate.at;
    row.received_at = event.received_at - rate.at > kOwnTimeCounts ? rate.at : event.received_at;
  }
  return event;
}

void CoinApi::take_rates(const Body& body) {
  const auto rates =
      decoded(body, [this](const std::string& text) { return coinapi::decode_rates(text, now(), true); });
  if (!rates) return failed(rates.error());
  succeeded();
  core::AggregatorRows event = rows_of(*rates);
  const core::Duration period = scaled(options_.period);
  const core::Duration left = left_of(period);
  event.period = std::clamp(left + spent(), period, std::max(period, scaled(kLongestPeriod)));
  const bool empty = event.rows.empty();
  around_.port.push_event(std::move(event));
  if (empty)
    set_state(FeedState::backing_off, "the answer has none of the rates that were asked for");
  else
    set_state(FeedState::live, unknown_);
  begin_again_in(left);
}

void CoinApi::chart(const std::string& asset_id, int days, ChartSource::Done done) {
  const auto asset = std::find_if(asked_.begin(), asked_.end(), [&](const auto& a) { return a.asset_id == asset_id; });
  if (asset == asked_.end())
    return done(core::fail(core::ErrorCode::not_found, "CoinAPI is not asked for " + asset_id));
  if (days < 1 || days > kMostDays)
    return done(core::fail(core::ErrorCode::invalid_argument, fmt::format("a chart has 1 to {} days", kMostDays)));
  const Periods periods = periods_of(days);
  const core::Timestamp from = (now() - std::chrono::hours(24) * days).floor_to(periods.width);
  const auto rows = static_cast<int>((now() - from) / periods.width) + 1;
  const std::string target =
      fmt::format("/v1/ohlcv/{}/history?period_id={}&time_start={}&limit={}",
                  fmt::format(fmt::runtime(kHistorySymbol), asset->symbol), periods.id, core::to_rfc3339(from), rows);
  const double cost = std::ceil(static_cast<double>(rows) / kRowsPerCredit);
  const auto started = api_.get(target, CallClass::repair, cost, [this, asset_id, done](const Body& body) {
    // Cancelled: this object may be gone.
    if (!body) return done(tl::unexpected(body.error()));
    auto points = decoded(body, coinapi::decode_closes);
    if (points) around_.port.push_event(core::ChartPoints{venue(), asset_id, *points});
    done(std::move(points));
  });
  if (!started) done(tl::unexpected(started.error()));
}

}  // namespace

const std::vector<CoinApiAsset>& coinapi_default_assets() {
  static const std::vector<CoinApiAsset> assets = {
      {"BTC", "bitcoin"},  {"ETH", "ethereum"},   {"XRP", "ripple"},  {"BCH", "bitcoin-cash"}, {"ADA", "cardano"},
      {"LTC", "litecoin"}, {"LINK", "chainlink"}, {"XLM", "stellar"}, {"DOT", "polkadot"},     {"SOL", "solana"}};
  return assets;
}

core::Result<CoinApiAsset> parse_coinapi_asset(std::string_view text) {
  const auto plain = [](std::string_view part, bool upper) {
    return !part.empty() && part.size() <= 64 && std::all_of(part.begin(), part.end(), [&](char c) {
      return (c >= '0' && c <= '9') || (upper ? c >= 'A' && c <= 'Z' : (c >= 'a' && c <= 'z') || c == '-' || c == '_');
    });
  };
  const auto equals = text.find('=');
  CoinApiAsset asset{std::string(text.substr(0, equals)), {}};
  if (equals != std::string_view::npos) asset.asset_id = text.substr(equals + 1);
  for (const CoinApiAsset& known : coinapi_default_assets()) {
    if (asset.asset_id.empty() && known.symbol == asset.symbol) return known;
  }
  if (plain(asset.symbol, true) && plain(asset.asset_id, false)) return asset;
  return core::fail(core::ErrorCode::invalid_argument,
                    "BTC or another of the default ones, or SYMBOL=asset-id as in DOGE=dogecoin");
}

core::Venue coinapi_venue() {
  return {"coinapi", "CoinAPI", true, "Data provided by CoinAPI", "https://www.coinapi.io"};
}

std::unique_ptr<PolledFeed> make_coinapi(const SourceSurroundings& around, CoinApiOptions options) {
  return std::make_unique<PolledFeed>(std::make_shared<CoinApi>(around, checked(std::move(options))));
}

}  // namespace tickspan::feeds
