#include "feeds/coingecko/coingecko_feed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "feeds/coingecko/chart_desk.hpp"
#include "feeds/coingecko/decode.hpp"

namespace tickspan::feeds {
namespace {

using core::FeedState;

constexpr std::string_view kPublicUrl = "https://api.coingecko.com/api/v3";
constexpr std::string_view kProUrl = "https://pro-api.coingecko.com/api/v3";
constexpr std::size_t kPerPage = 250;
constexpr core::Duration kShortestPeriod = std::chrono::minutes(1);
constexpr double kLargestBurst = 60;

double plan_calls_per_minute(CoinGeckoPlan plan) {
  switch (plan) {
    case CoinGeckoPlan::keyless:
      return 5;
    case CoinGeckoPlan::demo:
      return 30;
    case CoinGeckoPlan::pro:
      return 250;
  }
  return 5;
}

CoinGeckoOptions checked(CoinGeckoOptions options) {
  // The real service is asked once a minute at most, whatever was configured.
  if (options.base_url.empty()) {
    options.period = std::max(options.period, kShortestPeriod);
    options.base_url = options.plan == CoinGeckoPlan::pro ? kProUrl : kPublicUrl;
  }
  if (options.plan == CoinGeckoPlan::keyless) options.key.clear();
  if (options.calls_per_minute <= 0) options.calls_per_minute = plan_calls_per_minute(options.plan);
  options.tracked_assets = std::max<std::size_t>(1, options.tracked_assets);
  return options;
}

PollingOptions polling(const CoinGeckoOptions& options) {
  PollingOptions out;
  out.api.service = "CoinGecko";
  out.api.venue = coingecko_venue().id;
  out.api.base_url = options.base_url;
  out.api.key_header = options.plan == CoinGeckoPlan::pro ? "x-cg-pro-api-key" : "x-cg-demo-api-key";
  out.api.key = options.key;
  out.api.request_timeout = options.request_timeout;
  out.api.client = options.client;
  out.api.tap = options.tap;
  out.api.error_text = coingecko::decode_error;
  const double calls = options.calls_per_minute;
  out.rules.rate = net::RateLimit{calls, std::clamp(calls, 1.0, kLargestBurst)};
  // A keyless caller may get 403 where 429 is meant.
  out.rules.forbidden_is_throttling = true;
  // 429: ten seconds and more, doubling to a minute and more.
  out.rules.throttle = {std::chrono::seconds(10), std::chrono::seconds(90), std::chrono::seconds(30)};
  out.first_retry = std::chrono::seconds(10);
  out.seed = options.seed;
  out.time_scale = options.time_scale;
  return out;
}

class CoinGecko final : public PolledSource {
 public:
  CoinGecko(const SourceSurroundings& around, CoinGeckoOptions options)
      : PolledSource(around, polling(options)),
        options_(std::move(options)),
        charts_(around.venue, api_, around.port, around.clock, options_) {}

 private:
  void round() override;
  void retry() override { ask_for_page(); }
  void stopping() override { charts_.cancel(); }
  void chart(const std::string& asset_id, int days, ChartSource::Done done) override {
    charts_.fetch(asset_id, days, std::move(done));
  }

  void ask_for_page();
  void take_page(const Body& body);
  void finish_markets();
  void take_rates(const Body& body);
  void finish();
  // One call for each page, and one for the rates.
  double cost() const { return static_cast<double>((options_.tracked_assets + kPerPage - 1) / kPerPage + 1); }

  const CoinGeckoOptions options_;
  coingecko::ChartDesk charts_;
  std::size_t page_ = 1;
  std::vector<core::AssetFacts> rows_;
  std::unordered_set<std::string> seen_;
  core::Timestamp rates_at_;
};

void CoinGecko::round() {
  api_.expect(cost(), now());
  page_ = 1;
  rows_.clear();
  seen_.clear();
  ask_for_page();
}

// The page that failed is asked for again; those before it are kept.
void CoinGecko::ask_for_page() {
  ask(fmt::format(
          "/coins/markets?vs_currency=usd&order=market_cap_desc&per_page={}&page={}&sparkline=false&precision=full",
          kPerPage, page_),
      [this](const Body& body) { take_page(body); });
}

void CoinGecko::take_page(const Body& body) {
  auto page = decoded(body, [this](const std::string& text) { return coingecko::decode_markets(text, now()); });
  if (!page) return failed(page.error());
  const std::size_t sent = page->size();
  for (core::AssetFacts& row : *page) {
    // Ranks move between two calls, so that a coin may be on two pages.
    if (rows_.size() < options_.tracked_assets && seen_.insert(row.asset_id).second) rows_.push_back(std::move(row));
  }
  if (sent < kPerPage || page_ * kPerPage >= options_.tracked_assets) return finish_markets();
  ++page_;
  ask_for_page();
}

void CoinGecko::finish_markets() {
  core::AggregatorRows event{venue(), std::move(rows_), now(), scaled(options_.period)};
  rows_.clear();
  around_.port.push_event(std::move(event));
  succeeded();
  set_state(FeedState::live, {});
  const bool due = !rates_at_.is_set() || now() - rates_at_ >= scaled(options_.rates_period);
  if (!due) return finish();
  ask("/exchange_rates", [this](const Body& body) { take_rates(body); });
}

// Prices in USD don't need the rates, so their failure is reported, and tried again with the next refresh.
void CoinGecko::take_rates(const Body& body) {
  auto rates = decoded(body, coingecko::decode_exchange_rates);
  if (rates) {
    rates_at_ = now();
    around_.port.push_event(
        core::AggregatorRates{venue(), std::move(*rates), rates_at_, scaled(options_.rates_period)});
  } else {
    set_state(FeedState::live, "no exchange rates: " + rates.error().context);
  }
  finish();
}

void CoinGecko::finish() {
  const core::Duration left = left_of(scaled(options_.period));
  api_.expect(cost(), now() + left);
  begin_again_in(left);
}

}  // namespace

std::optional<CoinGeckoPlan> parse_coingecko_plan(std::string_view text) {
  if (text == "keyless") return CoinGeckoPlan::keyless;
  if (text == "demo") return CoinGeckoPlan::demo;
  if (text == "pro") return CoinGeckoPlan::pro;
  return {};
}

core::Venue coingecko_venue() {
  return {"coingecko", "CoinGecko", true, "Data provided by CoinGecko", "https://www.coingecko.com"};
}

std::unique_ptr<PolledFeed> make_coingecko(const SourceSurroundings& around, CoinGeckoOptions options) {
  return std::make_unique<PolledFeed>(std::make_shared<CoinGecko>(around, checked(std::move(options))));
}

}  // namespace tickspan::feeds
