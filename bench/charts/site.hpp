#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net/http_server.hpp"
#include "runtime/clock.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/metrics.hpp"
#include "server/server.hpp"
#include "storage/history_service.hpp"

namespace tickspan::bench {

inline constexpr int kPairs = 50;
inline constexpr int kMinutes = 2 * 24 * 60;
inline constexpr int kHours = 31 * 24;

struct SiteOptions {
  std::string database;
  std::size_t cache_mb = 64;
  double ticks_per_second = 10'000;
};

/// The product's server and store as `serve` puts them together, with a market that stands still: kPairs pairs of one
/// venue with kMinutes minutes and kHours hours of past up to now. And beside it, on a port of its own, the product's
/// HTTP server that answers /N with N bytes and does nothing else.
/// **Threading**: the owner's thread.
class Site {
 public:
  explicit Site(const SiteOptions& options);
  ~Site();
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  std::uint16_t port() const { return server_.port(); }
  std::uint16_t bare_port() const { return bare_server_.port(); }
  /// From here on ticks are written, and once a second the open minutes of all pairs.
  void start_writing();
  /// Rows written since.
  std::uint64_t rows_written() const { return history_->rows_written(); }
  std::string metrics() const { return metrics_.serialize(); }

 private:
  class Bare final : public net::HttpServer::Handler {
   public:
    void on_request(net::HttpRequest request, net::HttpServer::Respond respond) override;
    std::shared_ptr<net::WebSocketHandler> on_upgrade(const net::HttpRequest&, net::HttpResponse&) override {
      return nullptr;
    }

   private:
    std::shared_ptr<const std::string> body_ = std::make_shared<const std::string>();
  };

  void make_market();
  void fill(storage::HistoryStore& store) const;
  void write();
  void push(core::WriteBatch batch);

  const SiteOptions options_;
  runtime::SystemClock clock_;
  runtime::Metrics metrics_;
  std::shared_ptr<core::Catalogue> catalogue_ = std::make_shared<core::Catalogue>();
  std::vector<core::SeriesKey> pairs_;
  std::vector<core::InstrumentId> instruments_;
  core::SnapshotPtr snapshot_;
  std::unique_ptr<storage::HistoryService> history_;
  server::Server server_;
  Bare bare_;
  runtime::EventLoop bare_loop_{"bare"};
  net::HttpServer bare_server_;
  std::atomic<bool> stop_{false};
  std::thread writer_;
};

}  // namespace tickspan::bench
