#include "net/upstream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <mutex>

#include "net/http_status.hpp"
#include "net/url.hpp"
#include "runtime/log.hpp"

namespace tickspan::net {
namespace {

using core::ErrorCode;

constexpr runtime::Log kLog{"net"};
// A block by a content network, told as 403: asking again soon would only prolong it.
constexpr core::Duration kLongPause = std::chrono::minutes(5);
// A 429 that names only the end of the window: some windows roll, and then it never comes.
constexpr core::Duration kLongestUntilReset = std::chrono::hours(1);
// How often those look who wait for the outcome of another's trial.
constexpr core::Duration kTrialPeriod = std::chrono::seconds(1);
// CoinAPI's "no data for the single item asked": an answer like another.
constexpr int kNoData = 550;

bool is_outage(int status) {
  return (status >= 500 && status != kNoData) || status == 408;
}

bool is_throttling(int status) {
  return status == 429 || status == 418;
}

bool is_refusal(int status) {
  return status == 403 || status == 451;
}

core::Duration asked_to_wait(const Headers& headers, core::Timestamp now) {
  const core::Duration all = std::chrono::milliseconds(retry_after_ms(headers, now));
  core::Duration said{};
  if (const auto value = headers.find("Retry-After")) {
    Headers alone;
    alone.add("Retry-After", std::string(*value));
    said = std::chrono::milliseconds(retry_after_ms(alone, now));
  }
  return std::max(said, std::min(all, kLongestUntilReset));
}

std::string seconds_of(core::Duration d) {
  return fmt::format("{:.1f} s", std::chrono::duration<double>(d).count());
}

std::string of_status(int status) {
  return fmt::format("HTTP {} {}", status, reason_phrase(status));
}

/// A host, whoever asks it with whatever key.
struct Host {
  std::string name;
  Service service;
  CircuitBreaker breaker;
  std::string reason;
  std::uint64_t opened = 0;
  bool trial_told = false;  // in this outage
};

/// What one key, or nobody in particular, may ask of a host.
struct Purse {
  Host* host;
  std::string key;  // secret
  std::string label;
  UpstreamRules rules;
  CallBudget budget;
  Backoff throttle;
  std::array<std::uint64_t, kCallClasses> calls{}, delayed{};
};

double seconds(core::Duration d) {
  return std::max(0.0, std::chrono::duration<double>(d).count());
}

/// The state of all, and its lock. Outlives the desk where a scrape still reads from it.
struct Books {
  Books(const runtime::Clock& time, UpstreamOptions opts) : clock(time), options(opts) {}

  core::Duration scaled(core::Duration d) const {
    return core::Duration(static_cast<std::int64_t>(static_cast<double>(d.count()) * options.time_scale));
  }
  Host& host(const std::string& name, Service service);
  Purse& purse(Host& host, const UpstreamRules& rules, const std::string& key);

  const runtime::Clock& clock;
  const UpstreamOptions options;
  mutable std::mutex mutex;
  std::deque<Host> hosts;    // guarded by mutex, as all below
  std::deque<Purse> purses;  // of REST services
};

Host& Books::host(const std::string& name, Service service) {
  for (Host& host : hosts) {
    if (host.name == name && host.service == service) return host;
  }
  CircuitBreakerOptions breaker = options.breaker;
  breaker.open_for = scaled(breaker.open_for);
  breaker.longest = scaled(breaker.longest);
  return hosts.emplace_back(Host{name, service, CircuitBreaker(clock, breaker), {}});
}

Purse& Books::purse(Host& host, const UpstreamRules& rules, const std::string& key) {
  std::size_t keys = 0;
  for (Purse& purse : purses) {
    if (purse.host != &host) continue;
    if (purse.key == key) return purse;
    if (!purse.key.empty()) ++keys;
  }
  BackoffOptions throttle = rules.throttle;
  throttle.floor = scaled(throttle.floor);
  throttle.ceiling = scaled(throttle.ceiling);
  const std::string label = key.empty() ? "none" : std::to_string(keys + 1);
  return purses.emplace_back(
      Purse{&host, key, label, rules, CallBudget(clock), Backoff(throttle, options.seed), {}, {}});
}

/// `purse` is null for a stream.
class Account final : public Upstream {
 public:
  Account(std::shared_ptr<Books> books, Host& host, Purse* purse)
      : books_(std::move(books)), host_(host), purse_(purse) {}

  core::Status admit(CallClass call, double cost) override;
  core::Duration wait(CallClass call, double cost) const override;
  core::Duration answered(const core::Result<HttpResponse>& result) override;
  core::Duration throttled(core::Duration retry_after) override;
  void connected() override;
  void broken(const core::Error& error, int http_status) override;
  void abandoned() override;
  void expect(double cost, core::Timestamp due) override;
  core::Duration closed_for() const override;
  const std::string& host() const override { return host_.name; }

  // With the lock held.
  bool is(const Host& host, const Purse* purse) const { return &host_ == &host && purse_ == purse; }
  void narrow(const UpstreamRules& rules);
  UpstreamView view(const std::string& source) const;

 private:
  class Turn;
  core::Error held_back(ErrorCode code, std::string context, core::Duration wait) const;
  core::Duration refused_for() const;
  void fail(std::string reason);
  core::Duration pause(core::Duration wait);
  core::Duration judge(const HttpResponse& response);

  const std::shared_ptr<Books> books_;
  Host& host_;
  Purse* const purse_;
};

/// Holds the lock, and tells the log afterwards what became of the breaker.
class Account::Turn {
 public:
  explicit Turn(Account& account)
      : host_(account.host_), lock_(account.books_->mutex), before_(host_.breaker.state()) {}
  ~Turn() {
    const BreakerState now = host_.breaker.state();
    if (now == before_) return;
    const bool again = host_.trial_told;
    if (now == BreakerState::open && before_ == BreakerState::closed) ++host_.opened;
    host_.trial_told = now != BreakerState::closed && (again || now == BreakerState::half_open);
    const std::string what = fmt::format("{} ({})", host_.name, to_string(host_.service));
    const std::string wait = seconds_of(host_.breaker.wait());
    const std::string reason = host_.reason;
    const unsigned failures = host_.breaker.failures();
    lock_.unlock();
    tell(now, again, what, wait, reason, failures);
  }

 private:
  void tell(BreakerState now, bool again, const std::string& what, const std::string& wait, const std::string& reason,
            unsigned failures) const {
    if (now == BreakerState::closed) return kLog.info("{}: breaker closed: it answers again", what);
    if (now == BreakerState::open && before_ == BreakerState::closed && failures == 1)
      return kLog.warn("{}: breaker open for {}: {}", what, wait, reason);
    if (now == BreakerState::open && before_ == BreakerState::closed)
      return kLog.warn("{}: breaker open for {} after {} in a row: {}", what, wait, failures, reason);
    if (now == BreakerState::half_open && !again) return kLog.info("{}: breaker half-open: one trial", what);
    if (now == BreakerState::half_open) return kLog.debug("{}: breaker half-open: one more trial", what);
    kLog.debug("{}: breaker open for {} more: {}", what, wait, reason);
  }

  Host& host_;
  std::unique_lock<std::mutex> lock_;
  const BreakerState before_;
};

void Account::narrow(const UpstreamRules& rules) {
  if (rules.rate) purse_->budget.set_limit({rules.rate->per_minute / books_->options.time_scale, rules.rate->burst});
  UpstreamRules& mine = purse_->rules;
  const double weight = rules.quota.weight_per_minute;
  if (weight > 0 && (mine.quota.weight_per_minute <= 0 || weight < mine.quota.weight_per_minute))
    mine.quota.weight_per_minute = weight;
  mine.quota_window = std::max(mine.quota_window, rules.quota_window);
  purse_->budget.set_quota_window(books_->scaled(mine.quota_window));
  mine.forbidden_is_throttling = mine.forbidden_is_throttling || rules.forbidden_is_throttling;
}

core::Error Account::held_back(ErrorCode code, std::string context, core::Duration wait) const {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  return {code, std::move(context), true, std::max<std::int64_t>(1, ms)};
}

core::Status Account::admit(CallClass call, double cost) {
  const Turn turn(*this);
  if (const core::Duration wait = refused_for(); wait.count() > 0) {
    return tl::unexpected(held_back(
        ErrorCode::unavailable,
        fmt::format("{} failed {} times in a row, last: {}", host_.name, host_.breaker.failures(), host_.reason),
        wait));
  }
  if (purse_ != nullptr && !purse_->budget.try_take(call, cost)) {
    ++purse_->delayed[static_cast<std::size_t>(call)];
    return tl::unexpected(held_back(ErrorCode::rate_limited,
                                    fmt::format("the request budget for {} is spent", host_.name),
                                    purse_->budget.wait(call, cost)));
  }
  if (purse_ != nullptr) ++purse_->calls[static_cast<std::size_t>(call)];
  host_.breaker.allow();
  return {};
}

core::Duration Account::wait(CallClass call, double cost) const {
  const std::lock_guard lock(books_->mutex);
  const core::Duration breaker = refused_for();
  return purse_ == nullptr ? breaker : std::max(breaker, purse_->budget.wait(call, cost));
}

// While a trial is under way the others look again soon: its outcome is theirs.
core::Duration Account::refused_for() const {
  const core::Duration wait = host_.breaker.wait();
  return host_.breaker.state() == BreakerState::half_open ? std::min(wait, books_->scaled(kTrialPeriod)) : wait;
}

void Account::fail(std::string reason) {
  host_.reason = std::move(reason);
  host_.breaker.failure();
}

core::Duration Account::pause(core::Duration wait) {
  purse_->budget.pause(wait);
  return wait;
}

core::Duration Account::answered(const core::Result<HttpResponse>& result) {
  const Turn turn(*this);
  if (result) return judge(*result);
  switch (result.error().code) {
    case ErrorCode::cancelled:
      host_.breaker.abandon();
      break;
    case ErrorCode::too_large:
      host_.breaker.success();
      break;
    default:
      fail(result.error().context);
  }
  return {};
}

core::Duration Account::judge(const HttpResponse& response) {
  const core::Timestamp now = books_->clock.now();
  const int status = response.status;
  if (const auto quota = parse_quota(response.headers, now, purse_->rules.quota)) purse_->budget.learn(*quota);
  const core::Duration asked = books_->scaled(asked_to_wait(response.headers, now));
  if (is_throttling(status)) {
    host_.breaker.success();
    return pause(std::max(asked, purse_->throttle.next()));
  }
  if (status == 403 && purse_->rules.forbidden_is_throttling) {
    host_.breaker.success();
    return pause(std::max(asked, books_->scaled(kLongPause)));
  }
  if (is_refusal(status)) {
    host_.reason = of_status(status);
    host_.breaker.refuse(std::max(asked, books_->scaled(books_->options.refused_for)));
    return {};
  }
  if (is_outage(status)) {
    fail(of_status(status));
    return asked.count() > 0 ? pause(asked) : core::Duration{};
  }
  host_.breaker.success();
  if (status < 300) purse_->throttle.reset();
  return {};
}

core::Duration Account::throttled(core::Duration retry_after) {
  const std::lock_guard lock(books_->mutex);
  return pause(std::max(books_->scaled(retry_after), purse_->throttle.next()));
}

void Account::connected() {
  const Turn turn(*this);
  host_.breaker.success();
}

void Account::broken(const core::Error& error, int http_status) {
  const Turn turn(*this);
  if (error.code == ErrorCode::cancelled) return host_.breaker.abandon();
  if (is_refusal(http_status)) {
    host_.reason = of_status(http_status);
    return host_.breaker.refuse(books_->scaled(books_->options.refused_for));
  }
  if (is_throttling(http_status)) return host_.breaker.success();
  fail(http_status != 0 ? of_status(http_status) : error.context);
}

void Account::abandoned() {
  const Turn turn(*this);
  host_.breaker.abandon();
}

void Account::expect(double cost, core::Timestamp due) {
  const std::lock_guard lock(books_->mutex);
  if (purse_ != nullptr) purse_->budget.expect(cost, due);
}

core::Duration Account::closed_for() const {
  const std::lock_guard lock(books_->mutex);
  return host_.breaker.wait();
}

UpstreamView Account::view(const std::string& source) const {
  const core::Timestamp now = books_->clock.now();
  UpstreamView out{
      source, host_.name, host_.service, host_.breaker.state(), host_.breaker.since(), host_.breaker.failures(), {},
      {},     {}};
  if (host_.breaker.open()) {
    out.retry_at = now + host_.breaker.wait();
    out.reason = host_.reason;
  }
  if (purse_ == nullptr) return out;
  const CallBudget& budget = purse_->budget;
  out.budget.emplace();
  out.budget->keyed = !purse_->key.empty();
  if (budget.limited()) out.budget->rate = budget.limit();
  out.budget->available = budget.available();
  if (budget.paused_until() > now) out.budget->paused_until = budget.paused_until();
  out.budget->quota = budget.quota();
  out.budget->calls = purse_->calls;
  out.budget->delayed = purse_->delayed;
  return out;
}

}  // namespace

std::string_view to_string(Service service) noexcept {
  return service == Service::rest ? "rest" : "stream";
}

std::string upstream_host(const std::string& base_url) {
  const auto parsed = parse_url(base_url);
  if (!parsed) return "an address that cannot be read";
  std::string name = parsed->authority() + without_query(parsed->target);
  while (name.ends_with('/')) name.pop_back();
  return name;
}

struct UpstreamDesk::Impl {
  struct Use {
    std::string source;
    Account* account;
  };
  Account& account(const std::string& source, Host& host, Purse* purse);
  void observe(const std::string& name, const std::string& help, const runtime::Labels& labels, bool counter,
               std::function<double()> read);
  void observe_host(const Host& host);
  void observe_purse(const Purse& purse);

  std::shared_ptr<Books> books;
  runtime::Metrics* metrics;
  std::deque<Account> accounts;  // guarded by the books' mutex, as all below
  std::vector<Use> uses;
  std::vector<std::shared_ptr<void>> observed;
};

Account& UpstreamDesk::Impl::account(const std::string& source, Host& host, Purse* purse) {
  auto it = std::find_if(accounts.begin(), accounts.end(), [&](const Account& a) { return a.is(host, purse); });
  Account& found = it != accounts.end() ? *it : accounts.emplace_back(books, host, purse);
  const bool known = std::any_of(uses.begin(), uses.end(),
                                 [&](const Use& use) { return use.source == source && use.account == &found; });
  if (!known) uses.push_back({source, &found});
  return found;
}

// Not with the lock held: a scrape takes the two locks in the other order.
void UpstreamDesk::Impl::observe(const std::string& name, const std::string& help, const runtime::Labels& labels,
                                 bool counter, std::function<double()> read) {
  auto registration =
      metrics->observe("tickspan_net_" + name, help, labels, counter, [books = books, read = std::move(read)] {
        const std::lock_guard lock(books->mutex);
        return read();
      });
  const std::lock_guard lock(books->mutex);
  observed.push_back(std::move(registration));
}

void UpstreamDesk::Impl::observe_host(const Host& host) {
  if (metrics == nullptr) return;
  const runtime::Labels labels{{"host", host.name}, {"service", std::string(to_string(host.service))}};
  observe("breaker_state", "Breaker of the host: 0 closed, 1 half-open, 2 open", labels, false, [&host] {
    const BreakerState state = host.breaker.state();
    return state == BreakerState::closed ? 0.0 : state == BreakerState::half_open ? 1.0 : 2.0;
  });
  observe("breaker_failures", "Failures in a row of the host", labels, false,
          [&host] { return static_cast<double>(host.breaker.failures()); });
  observe("breaker_opened_total", "How often the breaker opened", labels, true,
          [&host] { return static_cast<double>(host.opened); });
}

void UpstreamDesk::Impl::observe_purse(const Purse& purse) {
  if (metrics == nullptr) return;
  const runtime::Labels labels{{"host", purse.host->name}, {"key", purse.label}};
  observe("budget_available", "Calls that could be made now", labels, false,
          [&purse] { return purse.budget.available(); });
  observe("budget_per_minute", "Calls a minute that we allow ourselves; 0: no limit of ours", labels, false,
          [&purse] { return purse.budget.limited() ? purse.budget.limit().per_minute : 0.0; });
  observe("budget_paused_seconds", "How long the peer wants no call", labels, false,
          [&purse, books = books] { return seconds(purse.budget.paused_until() - books->clock.now()); });
  observe("quota_remaining", "What the peer said is left, less what was taken since; NaN: nothing said", labels, false,
          [&purse] {
            const auto quota = purse.budget.quota();
            return quota ? quota->remaining : std::nan("");
          });
  for (std::size_t i = 0; i < kCallClasses; ++i) {
    runtime::Labels by_class = labels;
    by_class["class"] = to_string(static_cast<CallClass>(i));
    observe("calls_total", "Calls let through", by_class, true,
            [&purse, i] { return static_cast<double>(purse.calls[i]); });
    observe("calls_delayed_total", "Calls told to come back later", by_class, true,
            [&purse, i] { return static_cast<double>(purse.delayed[i]); });
  }
}

UpstreamDesk::UpstreamDesk(const runtime::Clock& clock, UpstreamOptions options, runtime::Metrics* metrics)
    : impl_(std::make_unique<Impl>()) {
  impl_->books = std::make_shared<Books>(clock, options);
  impl_->metrics = metrics;
}
UpstreamDesk::~UpstreamDesk() = default;

Upstream& UpstreamDesk::rest(const std::string& source, const std::string& base_url, const UpstreamRules& rules,
                             const std::string& key) {
  std::unique_lock lock(impl_->books->mutex);
  const std::size_t hosts = impl_->books->hosts.size(), purses = impl_->books->purses.size();
  Host& host = impl_->books->host(upstream_host(base_url), Service::rest);
  Purse& purse = impl_->books->purse(host, rules, key);
  Account& account = impl_->account(source, host, &purse);
  account.narrow(rules);
  const bool new_host = impl_->books->hosts.size() > hosts, new_purse = impl_->books->purses.size() > purses;
  lock.unlock();
  if (new_host) impl_->observe_host(host);
  if (new_purse) impl_->observe_purse(purse);
  return account;
}

Upstream& UpstreamDesk::stream(const std::string& source, const std::string& base_url) {
  std::unique_lock lock(impl_->books->mutex);
  const std::size_t hosts = impl_->books->hosts.size();
  Host& host = impl_->books->host(upstream_host(base_url), Service::stream);
  Account& account = impl_->account(source, host, nullptr);
  const bool new_host = impl_->books->hosts.size() > hosts;
  lock.unlock();
  if (new_host) impl_->observe_host(host);
  return account;
}

std::vector<UpstreamView> UpstreamDesk::views() const {
  const std::lock_guard lock(impl_->books->mutex);
  std::vector<UpstreamView> out;
  out.reserve(impl_->uses.size());
  for (const Impl::Use& use : impl_->uses) out.push_back(use.account->view(use.source));
  std::stable_sort(out.begin(), out.end(),
                   [](const UpstreamView& a, const UpstreamView& b) { return a.source < b.source; });
  return out;
}

}  // namespace tickspan::net
