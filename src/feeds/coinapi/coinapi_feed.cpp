#include "feeds/coinapi/coinapi_feed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "core/catalogue.hpp"
#include "feeds/coinapi/decode.hpp"
#include "feeds/keyed_api.hpp"
#include "feeds/state_log.hpp"
#include "net/backoff.hpp"
#include "net/loop_timer.hpp"

namespace tickspan::feeds {
namespace {

using core::FeedState;
using net::CallClass;

constexpr std::string_view kUrl = "https://rest.coinapi.io";
constexpr core::Duration kListRefresh = std::chrono::hours(24);
constexpr core::Duration kRefusedPause = std::chrono::minutes(30);
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
  if (options.seed == 0) options.seed = std::random_device{}();
  return options;
}

KeyedApiOptions api_options(const CoinApiOptions& options) {
  KeyedApiOptions api;
  api.service = "CoinAPI";
  api.venue = "coinapi";
  api.base_url = options.base_url;
  api.key_header = "X-CoinAPI-Key";
  api.key = options.key;
  api.request_timeout = options.request_timeout;
  api.client = options.client;
  api.tap = options.tap;
  api.error_text = [](std::string_view body) { return coinapi::decode_error(body); };
  return api;
}

net::UpstreamRules rules() {
  net::UpstreamRules rules;
  rules.rate = net::RateLimit{120, 20};
  rules.quota_window = std::chrono::hours(24);  // credits last the day
  return rules;
}

net::BackoffOptions retry_options(double scale) {
  const auto scaled = [scale](double seconds) {
    return core::Duration(static_cast<std::int64_t>(seconds * scale * 1e9));
  };
  return {scaled(5), scaled(60), scaled(30)};
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

class CoinApiFeed::Impl : public std::enable_shared_from_this<CoinApiFeed::Impl> {
 public:
  Impl(core::VenueId venue, runtime::EventLoop& loop, runtime::FeedPort& port, const runtime::Clock& clock,
       net::UpstreamDesk& upstreams, CoinApiOptions options)
      : venue_(venue),
        loop_(loop),
        port_(port),
        clock_(clock),
        options_(checked(std::move(options))),
        api_(loop, clock, upstreams.rest("coinapi", options_.base_url, rules(), options_.key), counters_,
             api_options(options_)),
        backoff_(retry_options(options_.time_scale), options_.seed),
        timer_(loop),
        flush_timer_(loop) {}

  core::VenueId venue() const { return venue_; }
  const core::FeedCounters& counters() const { return counters_; }
  runtime::EventLoop& loop() { return loop_; }

  void start();
  void stop();
  void fetch_chart(const std::string& asset_id, int days, const Done& done);

 private:
  using Body = core::Result<std::string>;
  using Take = void (Impl::*)(Body body);

  void begin();
  void ask_for_list();
  void take_list(Body body);
  void ask_for_rates();
  void take_rates(Body body);
  void call(const std::string& target, Take take);
  void failed(const core::Error& error);
  void flush();
  void set_state(FeedState state, std::string detail);
  std::string symbols() const;
  core::Timestamp age_of(core::Timestamp own, core::Timestamp now) const;
  core::Duration scaled(core::Duration d) const {
    return core::Duration(static_cast<std::int64_t>(static_cast<double>(d.count()) * options_.time_scale));
  }

  const core::VenueId venue_;
  runtime::EventLoop& loop_;
  runtime::FeedPort& port_;
  const runtime::Clock& clock_;
  const CoinApiOptions options_;
  core::FeedCounters counters_;
  KeyedApi api_;
  net::Backoff backoff_;
  net::LoopTimer timer_, flush_timer_;
  FeedState state_ = FeedState::idle;
  std::string detail_, unknown_;
  StateLog state_log_;
  bool running_ = false;
  std::vector<CoinApiAsset> asked_;           ///< those that the service has
  std::map<std::string, std::string> names_;  ///< by symbol
  core::Timestamp listed_at_, began_at_;
};

void CoinApiFeed::Impl::start() {
  if (running_) return;
  running_ = true;
  asked_ = options_.assets;
  listed_at_ = {};
  set_state(FeedState::connecting, {});
  flush();
  begin();
}

void CoinApiFeed::Impl::stop() {
  if (!running_) return;
  running_ = false;
  timer_.cancel();
  flush_timer_.cancel();
  api_.cancel_all();
  set_state(FeedState::stopped, {});
  port_.flush();
}

void CoinApiFeed::Impl::begin() {
  began_at_ = clock_.now();
  const bool due = !listed_at_.is_set() || clock_.now() - listed_at_ >= scaled(kListRefresh);
  due ? ask_for_list() : ask_for_rates();
}

std::string CoinApiFeed::Impl::symbols() const {
  std::string text;
  for (const CoinApiAsset& asset : asked_) text.append(text.empty() ? "" : ",").append(asset.symbol);
  return text;
}

// One call, as soon as budget and breaker let it through.
void CoinApiFeed::Impl::call(const std::string& target, Take take) {
  const auto started = api_.get(target, CallClass::live, 1, [this, take](Body body) {
    // Cancelled: this object may be gone.
    if (!body && body.error().code == core::ErrorCode::cancelled) return;
    (this->*take)(std::move(body));
  });
  if (started) return;
  const std::chrono::milliseconds wait(std::max<std::int64_t>(1, started.error().retry_after_ms));
  if (wait > kLongestPeriod) set_state(FeedState::backing_off, started.error().context);
  timer_.start(wait, [this, target, take] { call(target, take); });
}

void CoinApiFeed::Impl::ask_for_list() {
  asked_ = options_.assets;
  call("/v1/assets?filter_asset_id=" + symbols(), &Impl::take_list);
}

void CoinApiFeed::Impl::take_list(Body body) {
  if (!body) return failed(body.error());
  const auto listed = coinapi::decode_assets(*body);
  if (!listed) {
    counters_.undecodable.fetch_add(1, std::memory_order_relaxed);
    return failed(listed.error());
  }
  names_.clear();
  for (const auto& asset : *listed) {
    if (asset.crypto) names_[asset.id] = asset.name;
  }
  listed_at_ = clock_.now();
  unknown_.clear();
  std::erase_if(asked_, [&](const CoinApiAsset& asset) {
    if (names_.contains(asset.symbol)) return false;
    unknown_.append(unknown_.empty() ? "not listed, so not asked for: " : ", ").append(asset.symbol);
    return true;
  });
  if (!asked_.empty()) return ask_for_rates();
  set_state(FeedState::idle, unknown_);
  timer_.start(scaled(kListRefresh), [this] { begin(); });
}

// A dollar in each asset, inverted: one call for all of them.
void CoinApiFeed::Impl::ask_for_rates() {
  call("/v1/exchangerate/USD?invert=true&filter_asset_id=" + symbols(), &Impl::take_rates);
}

core::Timestamp CoinApiFeed::Impl::age_of(core::Timestamp own, core::Timestamp now) const {
  return now - own > kOwnTimeCounts ? own : now;
}

void CoinApiFeed::Impl::take_rates(Body body) {
  if (!body) return failed(body.error());
  const core::Timestamp now = clock_.now();
  const auto rates = coinapi::decode_rates(*body, now, true);
  if (!rates) {
    counters_.undecodable.fetch_add(1, std::memory_order_relaxed);
    return failed(rates.error());
  }
  core::AggregatorRows event{venue_, {}, now, {}};
  for (const coinapi::Rate& rate : *rates) {
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
    row.received_at = age_of(rate.at, now);
  }
  backoff_.reset();
  const core::Duration spent = std::max(core::Duration{}, now - began_at_);
  const core::Duration left = std::max(
      {core::Duration(std::chrono::milliseconds(1)), scaled(options_.period) - spent, api_.wait(CallClass::live)});
  event.period = std::min(std::max(scaled(options_.period), left + spent),
                          std::max(scaled(options_.period), scaled(kLongestPeriod)));
  const bool empty = event.rows.empty();
  port_.push_event(std::move(event));
  if (empty)
    set_state(FeedState::backing_off, "the answer has none of the rates that were asked for");
  else
    set_state(FeedState::live, unknown_);
  timer_.start(left, [this] { begin(); });
}

void CoinApiFeed::Impl::failed(const core::Error& error) {
  const bool refused = error.code == core::ErrorCode::forbidden;
  const core::Duration delay =
      std::max({backoff_.next(), api_.wait(CallClass::live), scaled(std::chrono::milliseconds(error.retry_after_ms)),
                refused ? scaled(kRefusedPause) : core::Duration{}});
  set_state(refused ? FeedState::stopped : FeedState::backing_off, error.context);
  timer_.start(delay, [this] { begin(); });
}

void CoinApiFeed::Impl::fetch_chart(const std::string& asset_id, int days, const Done& done) {
  if (!running_) return done(core::fail(core::ErrorCode::unavailable, "CoinAPI is not being asked", true));
  const auto asset = std::find_if(asked_.begin(), asked_.end(), [&](const auto& a) { return a.asset_id == asset_id; });
  if (asset == asked_.end())
    return done(core::fail(core::ErrorCode::not_found, "CoinAPI is not asked for " + asset_id));
  if (days < 1 || days > kMostDays)
    return done(core::fail(core::ErrorCode::invalid_argument, fmt::format("a chart has 1 to {} days", kMostDays)));
  const Periods periods = periods_of(days);
  const core::Timestamp from = (clock_.now() - std::chrono::hours(24) * days).floor_to(periods.width);
  const auto rows = static_cast<int>((clock_.now() - from) / periods.width) + 1;
  const std::string target =
      fmt::format("/v1/ohlcv/{}/history?period_id={}&time_start={}&limit={}",
                  fmt::format(fmt::runtime(kHistorySymbol), asset->symbol), periods.id, core::to_rfc3339(from), rows);
  const double cost = std::ceil(static_cast<double>(rows) / kRowsPerCredit);
  const auto started = api_.get(target, CallClass::repair, cost, [this, asset_id, done](Body body) {
    if (!body) return done(tl::unexpected(body.error()));
    auto points = coinapi::decode_closes(*body);
    if (points)
      port_.push_event(core::ChartPoints{venue_, asset_id, *points});
    else
      counters_.undecodable.fetch_add(1, std::memory_order_relaxed);
    done(std::move(points));
  });
  if (!started) done(tl::unexpected(started.error()));
}

void CoinApiFeed::Impl::flush() {
  port_.flush();
  flush_timer_.start(std::chrono::milliseconds(250), [this] { flush(); });
}

void CoinApiFeed::Impl::set_state(FeedState state, std::string detail) {
  if (state_ == state && detail_ == detail) return;
  state_ = state;
  detail_ = std::move(detail);
  const std::string line =
      fmt::format("coinapi: {} at {}{}{}", core::to_string(state_), api_.host(), detail_.empty() ? "" : ": ", detail_);
  state_log_.changed(state_, line, detail_);
  port_.push_event(core::FeedStatus{venue_, state_, api_.host(), detail_, clock_.now()});
}

CoinApiFeed::CoinApiFeed(core::VenueId venue, runtime::EventLoop& loop, runtime::FeedPort& port,
                         const runtime::Clock& clock, net::UpstreamDesk& upstreams, CoinApiOptions options)
    : impl_(std::make_shared<Impl>(venue, loop, port, clock, upstreams, std::move(options))) {}

CoinApiFeed::~CoinApiFeed() {
  stop();
}

core::VenueId CoinApiFeed::venue() const {
  return impl_->venue();
}

void CoinApiFeed::start() {
  impl_->loop().post([weak = std::weak_ptr(impl_)] {
    if (const auto impl = weak.lock()) impl->start();
  });
}

void CoinApiFeed::stop() {
  impl_->loop().run_and_wait([this] { impl_->stop(); });
}

void CoinApiFeed::set_symbols(std::shared_ptr<const core::SymbolTable>) {}

const core::FeedCounters& CoinApiFeed::counters() const {
  return impl_->counters();
}

void CoinApiFeed::fetch_chart(std::string asset_id, int days, Done done) {
  // Keeps the parts alive that answer, even where the feed goes before its turn comes.
  impl_->loop().post([impl = impl_, asset_id = std::move(asset_id), days, done = std::move(done)] {
    impl->fetch_chart(asset_id, days, done);
  });
}

}  // namespace tickspan::feeds
