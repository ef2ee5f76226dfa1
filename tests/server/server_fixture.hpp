#pragma once

#include <gtest/gtest.h>

#include <mutex>

#include "../support/http_test_client.hpp"
#include "market_fixture.hpp"
#include "schema.hpp"
#include "server/server.hpp"
#include "server/ui_bundle.hpp"
#include "storage/history_service.hpp"
#include "storage/memory_store.hpp"

namespace tickspan::test {

/// A server on a free port of loopback over the market of MarketFixture and a store in memory.
class ServerTest : public ::testing::Test {
 protected:
  ServerTest() : schema(server::openapi_json()) {}
  ~ServerTest() override {
    if (http) http->stop(std::chrono::milliseconds(200));
    if (history) history->stop();
  }

  /// Without a backend.
  void start(std::size_t requests_per_second = 0) {
    server_options.listen = {{"127.0.0.1", 0}};
    server_options.threads = 2;
    server_options.requests_per_second = requests_per_second;
    http = std::make_unique<server::Server>(server_options, market.clock, metrics);
    const auto started = http->start();
    ASSERT_TRUE(started) << started.error().context;
  }

  void open_store(storage::HistoryServiceOptions options = {}) {
    auto store = storage::make_memory_store();
    ASSERT_TRUE(store->open());
    history = std::make_unique<storage::HistoryService>(std::move(store), options, metrics, market.clock);
    ASSERT_TRUE(history->start());
  }

  void store(core::WriteBatch batch) {
    batch.catalogue = market.catalogue;
    ASSERT_EQ(history->push(batch), runtime::PushResult::ok);
    history->flush();
  }

  /// Serves `market` as it is now, with the store, if there is one, and `charts` as the aggregator, where they are set.
  void serve() {
    auto backend = market.backend();
    backend->history = history.get();
    backend->chart_source = chart_source;
    if (charts) {
      backend->fetch_chart = [this](const std::string& asset, int days, auto done) {
        {
          const std::lock_guard lock(mutex);
          chart_requests.push_back(asset + ":" + std::to_string(days));
        }
        done(*charts);
      };
    }
    http->set_backend(backend);
  }

  void start_all() {
    start();
    open_store();
    serve();
  }

  TestResponse get(const std::string& target, const HttpTestClient::Headers& headers = {}) {
    return http_get(http->port(), target, headers);
  }

  /// The body of a 200, held to the description of `path`.
  std::string body(const std::string& target, const std::string& path) {
    const TestResponse response = get(target);
    EXPECT_EQ(response.status, 200) << target << ": " << response.body;
    EXPECT_EQ(schema.check(path, response.status, response.header("content-type"), response.body), "") << target << "\n"
                                                                                                       << response.body;
    return response.body;
  }

  /// An error: its code, held to the description of the path, too.
  std::string error(const std::string& target, int status, const std::string& path = "") {
    const TestResponse response = get(target);
    EXPECT_EQ(response.status, status) << target << ": " << response.body;
    EXPECT_EQ(response.header("content-type"), "application/problem+json") << target;
    if (!path.empty()) {
      EXPECT_EQ(schema.check(path, status, response.header("content-type"), response.body), "") << target;
    }
    return response.body;
  }

  MarketFixture market;
  server::ServerOptions server_options;  ///< of start(), which sets where to listen
  runtime::Metrics metrics;
  SchemaChecker schema;
  std::unique_ptr<storage::HistoryService> history;
  std::optional<core::Result<std::vector<core::MarketPoint>>> charts;
  core::VenueId chart_source = market.coingecko;
  std::mutex mutex;
  std::vector<std::string> chart_requests;  // guarded by mutex
  std::unique_ptr<server::Server> http;
};

}  // namespace tickspan::test
