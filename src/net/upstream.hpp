#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "net/backoff.hpp"
#include "net/call_budget.hpp"
#include "net/circuit_breaker.hpp"
#include "net/http_message.hpp"
#include "net/quota.hpp"
#include "runtime/clock.hpp"
#include "runtime/metrics.hpp"

namespace tickspan::net {

/// What is found at an address. One host may offer both; then each may fail while the other works, so they are judged
/// apart.
enum class Service : std::uint8_t { rest, stream };
std::string_view to_string(Service service) noexcept;

/// What is known beforehand about a REST service.
struct UpstreamRules {
  std::optional<RateLimit> rate;         ///< nothing: only the peer's own word counts
  QuotaRules quota;                      ///< for headers that don't tell all
  core::Duration quota_window{};         ///< of the peer, where it is long and its headers don't tell
  bool forbidden_is_throttling = false;  ///< 403 means: too much
  /// Where the peer throttles without saying for how long.
  BackoffOptions throttle{std::chrono::seconds(2), std::chrono::seconds(60), std::chrono::seconds(60)};
};

/// What is left to be asked.
struct BudgetView {
  bool keyed = false;                                 ///< counted for a key, not for our address
  std::optional<RateLimit> rate;                      ///< what we allow ourselves
  double available = 0;                               ///< calls that could be made now
  core::Timestamp paused_until;                       ///< not set: not paused
  std::optional<Quota> quota;                         ///< what the peer said is left
  std::array<std::uint64_t, kCallClasses> calls{};    ///< let through, by CallClass
  std::array<std::uint64_t, kCallClasses> delayed{};  ///< told to come back later
};

/// One upstream as people see it. Without secrets.
struct UpstreamView {
  std::string source;  ///< who uses it
  std::string host;    ///< `api.kraken.com`, with the path where the address has one
  Service service = Service::rest;
  BreakerState breaker = BreakerState::closed;
  core::Timestamp since;     ///< of that state
  unsigned failures = 0;     ///< in a row
  core::Timestamp retry_at;  ///< the next trial; not set while closed
  std::string reason;        ///< of the newest failure; empty while closed

  std::optional<BudgetView> budget;  ///< of REST services
};

struct UpstreamOptions {
  CircuitBreakerOptions breaker{5, std::chrono::seconds(5), std::chrono::seconds(60)};
  core::Duration refused_for = std::chrono::minutes(30);  ///< after 403 and 451
  std::uint64_t seed = 0;                                 ///< of the jitter; 0: a random one
  double time_scale = 1;                                  ///< every delay is multiplied by it, for tests
};

/// One service at one address, asked with one key or none: the breaker of the host, which all its keys share, and the
/// budget of host and key.
///
/// A call: admit(), then exactly one of answered(), throttled() after it, or abandoned(). A connection of a stream:
/// admit(), then connected(), broken() or abandoned().
/// **Threading**: any thread. **Ownership**: the desk's, which must outlive its users.
class Upstream {
 public:
  virtual ~Upstream() = default;

  /// Success: go ahead. `unavailable` (breaker) or `rate_limited` (budget), retryable and with the wait, at least a
  /// millisecond, when not now: its place is kept against less important callers until a second after that.
  virtual core::Status admit(CallClass call, double cost) = 0;
  core::Status admit(CallClass call = CallClass::live) { return admit(call, 1); }
  /// How long until admit() can succeed, if nobody else comes before. 0: now.
  virtual core::Duration wait(CallClass call, double cost) const = 0;
  core::Duration wait(CallClass call = CallClass::live) const { return wait(call, 1); }
  /// What came of a call: judged by transport and status, headers of quota and Retry-After obeyed. How long the peer
  /// wants no call (429, 418, 5xx with Retry-After), 0 where it says nothing of the kind. `cancelled` is abandoned().
  virtual core::Duration answered(const core::Result<HttpResponse>& result) = 0;
  /// After answered(): the peer said in a body what 429 says in a status. How long it will not be asked.
  virtual core::Duration throttled(core::Duration retry_after) = 0;
  /// A stream's handshake succeeded.
  virtual void connected() = 0;
  /// A connection that could not be made. `http_status`: of a refused handshake, else 0.
  virtual void broken(const core::Error& error, int http_status) = 0;
  virtual void abandoned() = 0;
  /// Live calls that will be wanted at `due`: less important ones leave room for them.
  virtual void expect(double cost, core::Timestamp due) = 0;
  /// How long the breaker refuses for certain; 0: a call or a trial could be made.
  virtual core::Duration closed_for() const = 0;
  virtual const std::string& host() const = 0;
};

/// All upstreams of a program, one of a kind: whoever uses the same address with the same key gets the same object.
///
/// A breaker's changes are told to the log: a warning when it opens, a line when it lets its first trial through and
/// when it closes; further trials of the same outage are for `debug`. Breakers and budgets are in the metrics, by host.
/// **Threading**: any thread. **Limits**: addresses are those of the configuration, never of outside input.
class UpstreamDesk {
 public:
  /// `metrics` may be null; must outlive the desk.
  explicit UpstreamDesk(const runtime::Clock& clock, UpstreamOptions options = {}, runtime::Metrics* metrics = nullptr);
  ~UpstreamDesk();

  /// `source`: whose it is, shown beside it. Several users' rules are narrowed to what satisfies all of them; the first
  /// ones' throttle counts. `key`: secret, only compared.
  Upstream& rest(const std::string& source, const std::string& base_url, const UpstreamRules& rules = {},
                 const std::string& key = {});
  Upstream& stream(const std::string& source, const std::string& base_url);
  /// By source, then in the order in which they were first asked for.
  std::vector<UpstreamView> views() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// `api.kraken.com`, `localhost:8100/kraken`: what an address is called. Never with a query.
std::string upstream_host(const std::string& base_url);

}  // namespace tickspan::net
