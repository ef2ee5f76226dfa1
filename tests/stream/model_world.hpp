#pragma once

#include <array>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "model_client.hpp"

namespace tickspan::stream::model {

/// Random numbers that are the same everywhere.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : generator_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
  /// 0..n-1
  std::uint64_t below(std::uint64_t n) { return generator_() % n; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  template <typename T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

 private:
  std::mt19937_64 generator_;
};

/// The loops that all worlds of a test program run on, one after the other.
struct Loops {
  Loops();
  ~Loops();
  std::array<std::unique_ptr<runtime::EventLoop>, 2> loops;
};

/// What a seed is about.
struct Scenario {
  Scenario(Dice& dice);
  std::string describe() const;
  std::size_t shards = 1, clients = 3, steps = 30;
  bool follows_interest = true;  ///< else the engine publishes whatever nobody wants, too
  std::size_t padding = 0;       ///< bytes of a lossless message beyond what it needs
  StreamOptions options;
  bool gaps = false, ample = true, slow = false, resets = false, restarts = false;
};

/// A hub behind servers, one per shard, and the engine that feeds it.
class World {
 public:
  World(Loops& loops, const Scenario& scenario);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Book book;
  const Pipeline& pipeline() const { return *book.pipelines.back(); }
  Hub& hub() { return *hub_; }
  std::uint16_t port(std::size_t shard) const { return shards_[shard]->server->port(); }

  void publish(const std::string& channel, std::size_t count);
  /// Several prices in one turn of the engine.
  void set_prices(const std::vector<std::string>& assets);
  /// While a shard's thread does nothing.
  void while_busy(std::size_t shard, const std::function<void()>& what);
  /// Between somebody's look at the state and what it does next, if anybody looks.
  void between_looks(const std::function<void()>& begin, const std::function<void()>& what);
  /// Everything posted so far has run.
  void settle();
  /// Another pipeline; `late`: its market is there only after market_comes().
  void reset(bool with_eth, bool late);
  void market_comes();
  void stop();
  void start();

 private:
  struct Face : net::HttpServer::Handler {
    void on_request(net::HttpRequest request, net::HttpServer::Respond respond) override;
    std::shared_ptr<net::WebSocketHandler> on_upgrade(const net::HttpRequest& request,
                                                      net::HttpResponse& refusal) override;
    Shard* shard = nullptr;
    std::unique_ptr<net::HttpServer> server;
  };
  void new_pipeline(bool with_eth);
  void follow();

  Loops& loops_;
  const Scenario& scenario_;
  runtime::ManualClock clock_{core::Timestamp::from_s(1'780'000'000)};
  std::unique_ptr<runtime::Metrics> metrics_;
  std::unique_ptr<Hub> hub_;
  std::vector<std::unique_ptr<Face>> shards_;
  std::uint64_t next_price_ = 100'000;
};

}  // namespace tickspan::stream::model
