#include "feeds/coingecko/coingecko_feed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <unordered_set>

#include "feeds/coingecko/api_client.hpp"
#include "feeds/coingecko/chart_desk.hpp"
#include "feeds/coingecko/decode.hpp"
#include "feeds/state_log.hpp"
#include "net/loop_timer.hpp"

namespace tickspan::feeds {
namespace {

using core::FeedState;

constexpr std::size_t kPerPage = 250;
constexpr core::Duration kShortestPeriod = std::chrono::minutes(1);

CoinGeckoOptions checked(CoinGeckoOptions options) {
  // The real service is asked once a minute at most, whatever was configured.
  if (options.base_url.empty()) options.period = std::max(options.period, kShortestPeriod);
  options.tracked_assets = std::max<std::size_t>(1, options.tracked_assets);
  if (options.seed == 0) options.seed = std::random_device{}();
  return options;
}

net::UpstreamOptions desk_options(const CoinGeckoOptions& options) {
  net::UpstreamOptions out;
  out.seed = options.seed;
  out.time_scale = options.time_scale;
  return out;
}

net::BackoffOptions retry_options(double scale) {
  const auto scaled = [scale](double seconds) {
    return core::Duration(static_cast<std::int64_t>(seconds * scale * 1e9));
  };
  return {scaled(10), scaled(60), scaled(30)};
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

class CoinGeckoFeed::Impl : public std::enable_shared_from_this<CoinGeckoFeed::Impl> {
 public:
  Impl(core::VenueId venue, runtime::EventLoop& loop, runtime::FeedPort& port, const runtime::Clock& clock,
       CoinGeckoOptions options)
      : venue_(venue),
        loop_(loop),
        port_(port),
        clock_(clock),
        options_(checked(std::move(options))),
        own_upstreams_(options_.upstreams == nullptr
                           ? std::make_unique<net::UpstreamDesk>(clock, desk_options(options_))
                           : nullptr),
        api_(loop, clock, options_, own_upstreams_ ? *own_upstreams_ : *options_.upstreams, counters_),
        charts_(venue, api_, port, clock, options_),
        backoff_(retry_options(options_.time_scale), options_.seed + 1),
        timer_(loop),
        flush_timer_(loop) {}

  core::VenueId venue() const { return venue_; }
  const core::FeedCounters& counters() const { return counters_; }
  runtime::EventLoop& loop() { return loop_; }

  void start();
  void stop();
  void fetch_chart(const std::string& asset_id, int days, Done done);

 private:
  using Body = core::Result<std::string>;
  using Take = void (Impl::*)(Body body);

  void begin_refresh();
  void ask_for_page();
  void take_page(Body body);
  void finish_markets();
  void take_rates(Body body);
  void end_refresh();
  void call(const std::string& target, Take take);
  void failed(const core::Error& error);
  void flush();
  void set_state(FeedState state, std::string detail);
  core::Duration scaled(core::Duration d) const {
    return core::Duration(static_cast<std::int64_t>(static_cast<double>(d.count()) * options_.time_scale));
  }

  const core::VenueId venue_;
  runtime::EventLoop& loop_;
  runtime::FeedPort& port_;
  const runtime::Clock& clock_;
  const CoinGeckoOptions options_;
  core::FeedCounters counters_;
  const std::unique_ptr<net::UpstreamDesk> own_upstreams_;
  coingecko::ApiClient api_;
  coingecko::ChartDesk charts_;
  net::Backoff backoff_;
  net::LoopTimer timer_, flush_timer_;
  FeedState state_ = FeedState::idle;
  std::string detail_;
  StateLog state_log_;
  bool running_ = false;

  // The refresh under way.
  core::Timestamp began_at_;
  std::size_t page_ = 0;
  std::vector<core::AssetFacts> rows_;
  std::unordered_set<std::string> seen_;
  core::Timestamp rates_at_;
};

void CoinGeckoFeed::Impl::start() {
  if (running_) return;
  running_ = true;
  set_state(FeedState::connecting, {});
  flush();
  begin_refresh();
}

void CoinGeckoFeed::Impl::stop() {
  if (!running_) return;
  running_ = false;
  timer_.cancel();
  flush_timer_.cancel();
  charts_.cancel();
  api_.cancel_all();
  set_state(FeedState::stopped, {});
  port_.flush();
}

void CoinGeckoFeed::Impl::fetch_chart(const std::string& asset_id, int days, Done done) {
  if (!running_) return done(core::fail(core::ErrorCode::unavailable, "CoinGecko is not being asked", true));
  charts_.fetch(asset_id, days, std::move(done));
}

void CoinGeckoFeed::Impl::begin_refresh() {
  began_at_ = clock_.now();
  api_.refresh_due(began_at_);
  page_ = 1;
  rows_.clear();
  seen_.clear();
  ask_for_page();
}

void CoinGeckoFeed::Impl::ask_for_page() {
  call(fmt::format(
           "/coins/markets?vs_currency=usd&order=market_cap_desc&per_page={}&page={}&sparkline=false&precision=full",
           kPerPage, page_),
       &Impl::take_page);
}

// One call, as soon as the budget has room for it.
void CoinGeckoFeed::Impl::call(const std::string& target, Take take) {
  const auto started = api_.get(target, net::CallClass::live, [this, take](Body body) {
    // Cancelled: this object may be gone.
    if (!body && body.error().code == core::ErrorCode::cancelled) return;
    (this->*take)(std::move(body));
  });
  if (started) return;
  timer_.start(std::chrono::milliseconds(started.error().retry_after_ms), [this, target, take] { call(target, take); });
}

void CoinGeckoFeed::Impl::take_page(Body body) {
  if (!body) return failed(body.error());
  auto page = coingecko::decode_markets(*body, clock_.now());
  if (!page) {
    counters_.undecodable.fetch_add(1, std::memory_order_relaxed);
    return failed(page.error());
  }
  const std::size_t sent = page->size();
  for (core::AssetFacts& row : *page) {
    // Ranks move between two calls, so that a coin may be on two pages.
    if (rows_.size() < options_.tracked_assets && seen_.insert(row.asset_id).second) rows_.push_back(std::move(row));
  }
  if (sent < kPerPage || page_ * kPerPage >= options_.tracked_assets) return finish_markets();
  ++page_;
  ask_for_page();
}

void CoinGeckoFeed::Impl::finish_markets() {
  core::AggregatorRows event{venue_, std::move(rows_), clock_.now(), scaled(options_.period)};
  rows_.clear();
  port_.push_event(std::move(event));
  backoff_.reset();
  set_state(FeedState::live, {});
  const bool due = !rates_at_.is_set() || clock_.now() - rates_at_ >= scaled(options_.rates_period);
  if (due)
    call("/exchange_rates", &Impl::take_rates);
  else
    end_refresh();
}

// Prices in USD don't need the rates, so their failure is reported, and tried again with the next refresh.
void CoinGeckoFeed::Impl::take_rates(Body body) {
  core::Result<std::vector<core::ExchangeRate>> rates = tl::unexpected(body ? core::Error{} : body.error());
  if (body) rates = coingecko::decode_exchange_rates(*body);
  if (body && !rates) counters_.undecodable.fetch_add(1, std::memory_order_relaxed);
  if (rates) {
    rates_at_ = clock_.now();
    port_.push_event(core::AggregatorRates{venue_, std::move(*rates), rates_at_, scaled(options_.rates_period)});
  } else {
    set_state(FeedState::live, "no exchange rates: " + rates.error().context);
  }
  end_refresh();
}

void CoinGeckoFeed::Impl::end_refresh() {
  const core::Duration spent = std::max(core::Duration{}, clock_.now() - began_at_);
  const core::Duration left = std::max(core::Duration{}, scaled(options_.period) - spent);
  api_.refresh_due(clock_.now() + left);
  timer_.start(left, [this] { begin_refresh(); });
}

void CoinGeckoFeed::Impl::failed(const core::Error& error) {
  // The page that failed is asked for again; those before it are kept.
  const core::Duration delay = std::max(backoff_.next(), api_.wait(net::CallClass::live));
  set_state(FeedState::backing_off, error.context);
  timer_.start(delay, [this] {
    set_state(FeedState::connecting, detail_);
    ask_for_page();
  });
}

void CoinGeckoFeed::Impl::flush() {
  port_.flush();
  flush_timer_.start(std::chrono::milliseconds(250), [this] { flush(); });
}

void CoinGeckoFeed::Impl::set_state(FeedState state, std::string detail) {
  if (state_ == state && detail_ == detail) return;
  state_ = state;
  detail_ = std::move(detail);
  const std::string line = fmt::format("coingecko: {} at {}{}{}", core::to_string(state_), api_.host(),
                                       detail_.empty() ? "" : ": ", detail_);
  state_log_.changed(state_, line, detail_);
  port_.push_event(core::FeedStatus{venue_, state_, api_.host(), detail_, clock_.now()});
}

CoinGeckoFeed::CoinGeckoFeed(core::VenueId venue, runtime::EventLoop& loop, runtime::FeedPort& port,
                             const runtime::Clock& clock, CoinGeckoOptions options)
    : impl_(std::make_shared<Impl>(venue, loop, port, clock, std::move(options))) {}

CoinGeckoFeed::~CoinGeckoFeed() {
  stop();
}

core::VenueId CoinGeckoFeed::venue() const {
  return impl_->venue();
}

void CoinGeckoFeed::start() {
  impl_->loop().post([weak = std::weak_ptr(impl_)] {
    if (const auto impl = weak.lock()) impl->start();
  });
}

void CoinGeckoFeed::stop() {
  impl_->loop().run_and_wait([this] { impl_->stop(); });
}

void CoinGeckoFeed::set_symbols(std::shared_ptr<const core::SymbolTable>) {}

const core::FeedCounters& CoinGeckoFeed::counters() const {
  return impl_->counters();
}

void CoinGeckoFeed::fetch_chart(std::string asset_id, int days, Done done) {
  // Keeps the parts alive that answer, even where the feed goes before its turn comes.
  impl_->loop().post([impl = impl_, asset_id = std::move(asset_id), days, done = std::move(done)]() mutable {
    impl->fetch_chart(asset_id, days, std::move(done));
  });
}

}  // namespace tickspan::feeds
