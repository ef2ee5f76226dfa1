#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/time.hpp"
#include "net/http_message.hpp"
#include "net/http_server.hpp"
#include "runtime/clock.hpp"
#include "runtime/metrics.hpp"
#include "sim/faults.hpp"
#include "sim/market_model.hpp"

namespace tickspan::sim {

/// What every simulated venue is given.
struct VenueContext {
  const MarketModel& model;
  const runtime::Clock& clock;
  runtime::Metrics& metrics;
};

/// A REST request below the venue's prefix.
struct RestRequest {
  std::string path;  ///< `/api/v3/klines`, no trailing slash
  std::vector<std::pair<std::string, std::string>> query;
  bool with_key = false;  ///< some API key came along
  core::Timestamp now;
  VenueFaults faults;         ///< the venue's when it came
  core::Timestamp frozen_at;  ///< set while prices are frozen

  std::optional<std::string> find(std::string_view name) const;
  std::string get(std::string_view name, std::string_view fallback = {}) const;
  /// A whole number within bounds; `fallback` when it is absent, nothing when it is something else.
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t fallback, std::int64_t least,
                                      std::int64_t most) const;
};

net::HttpResponse json_response(std::string body, int status = 200);

/// Requests per time, as a bucket that refills.
class RequestBudget {
 public:
  RequestBudget(double capacity, double per_second) : capacity_(capacity), per_second_(per_second), left_(capacity) {}
  /// Whole seconds until it would fit; 0: taken.
  int take(core::Timestamp now, double cost = 1);

 private:
  double capacity_;
  double per_second_;
  double left_;
  core::Timestamp last_;
};

/// A simulated venue: one path prefix of the simulator.
/// **Threading**: rest() on the REST thread; everything else on the loop thread. The two share nothing that changes.
class VenueServer {
 public:
  VenueServer(std::string id, const VenueContext& context) : context_(context), id_(std::move(id)) {}
  virtual ~VenueServer() = default;

  const std::string& id() const { return id_; }
  const VenueFaults& faults() const { return faults_; }
  void set_faults(const VenueFaults& faults);
  core::Timestamp frozen_at() const { return frozen_at_; }
  /// What its REST addresses end with, as the real ones are configured.
  virtual std::string_view rest_root() const { return {}; }
  /// What the venue has sent so far.
  struct Totals {
    std::size_t sockets = 0;
    std::uint64_t messages = 0;
    std::uint64_t trades = 0;
    std::uint64_t refused = 0;  ///< pairs asked for that it does not have
  };
  virtual Totals totals() const { return {}; }

  /// Null: there are no streams at this target, `refusal` says so.
  virtual std::shared_ptr<net::WebSocketHandler> accept(const net::HttpRequest& request, std::string_view target,
                                                        net::HttpResponse& refusal);
  /// Sends what has become due. Often.
  virtual void step(core::Timestamp /*now*/) {}
  /// Cuts its sockets without a word; where a pair is named, `BTC/USD`, those that listen to it. False: no such pair.
  virtual bool drop_connections(std::string_view /*pair*/ = {}) { return true; }
  /// The answer that refuses a request beyond the budget; nothing within it.
  virtual std::optional<net::HttpResponse> over_budget(const RestRequest&) { return {}; }

  virtual net::HttpResponse rest(const RestRequest& request) = 0;

 protected:
  VenueContext context_;
  VenueFaults faults_;
  core::Timestamp frozen_at_;  ///< set while prices are frozen

 private:
  std::string id_;
};

}  // namespace tickspan::sim
