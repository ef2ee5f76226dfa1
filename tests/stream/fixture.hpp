#pragma once

#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "../support/support.hpp"
#include "../support/ws_test_client.hpp"
#include "net/http_server.hpp"
#include "stream/hub.hpp"
#include "wire/messages.hpp"

namespace tickspan::stream {

/// An engine's outside: a small market whose prices a test sets, swapped in before its frames are posted.
class FakeEngine {
 public:
  explicit FakeEngine(std::string epoch = "e1", core::Origin origin = core::Origin::simulated, bool with_eth = true)
      : epoch_(std::move(epoch)), origin_(origin), catalogue_(std::make_shared<core::Catalogue>()) {
    usd_ = catalogue_->upsert_asset({"usd", "usd", "US Dollar", core::AssetKind::fiat, 0});
    catalogue_->upsert_asset({"eur", "eur", "Euro", core::AssetKind::fiat, 0});
    // Another order than elsewhere: ids differ from pipeline to pipeline.
    if (!with_eth) catalogue_->upsert_asset({"dogecoin", "doge", "Dogecoin", core::AssetKind::coin, 3});
    catalogue_->upsert_asset({"bitcoin", "btc", "Bitcoin", core::AssetKind::coin, 1});
    if (with_eth) catalogue_->upsert_asset({"ethereum", "eth", "Ethereum", core::AssetKind::coin, 2});
    kraken_ = catalogue_->upsert_venue({"kraken", "Kraken", false, "", ""});
    catalogue_->add_instrument({kraken_, id("btc"), usd_, "XBT/USD"});
    prices_["usd"] = "1";
    prices_["eur"] = "1.25";
    prices_["btc"] = "64000.5";
    if (with_eth) prices_["eth"] = "3200";
    swap_in();
  }

  core::AssetId id(std::string_view name) const { return catalogue_->resolve(name); }
  std::function<core::SnapshotPtr()> snapshots() {
    return [this] {
      const std::lock_guard lock(mutex_);
      return snapshot_;
    };
  }
  std::uint64_t position() const { return position_; }

  /// Sets a price and posts the two frames of it.
  void set_price(Hub& hub, const std::string& name, const std::string& price) {
    hub.publish(price_frames(name, price));
  }
  std::vector<wire::Frame> price_frames(const std::string& name, const std::string& price) {
    prices_[name] = price;
    swap_in();
    std::vector<wire::Frame> frames;
    for (const wire::TopicKind kind : {wire::TopicKind::price, wire::TopicKind::ticker}) {
      wire::Topic topic;
      topic.kind = kind;
      topic.base = id(name);
      topic.quote = usd_;
      std::string data;
      wire::JsonWriter json(data);
      const core::AssetRow& row = *snapshot_->row(topic.base);
      if (kind == wire::TopicKind::price)
        wire::write_price(json, *snapshot_, row, usd_);
      else
        wire::write_ticker(json, *snapshot_, row, usd_);
      frames.push_back(frame(topic, position_, data));
    }
    return frames;
  }
  wire::Frame trade_frame(std::uint64_t seq, const std::string& data = "") const {
    return frame(trades(), seq, data.empty() ? "{\"trade_id\":" + std::to_string(seq) + "}" : data);
  }
  wire::Topic trades() const {
    wire::Topic topic;
    topic.kind = wire::TopicKind::trades;
    topic.base = id("btc");
    topic.quote = usd_;
    topic.venue = kraken_;
    return topic;
  }
  wire::Frame frame(const wire::Topic& topic, std::uint64_t seq, const std::string& data) const {
    const auto text = wire::stream_message(wire::topic_name(topic, *catalogue_), "update", seq, epoch_, data);
    return {topic, seq, std::make_shared<const std::string>(text)};
  }

 private:
  void swap_in() {
    auto snapshot = std::make_shared<core::MarketSnapshot>();
    snapshot->position = ++position_;
    snapshot->epoch = epoch_;
    snapshot->origin = origin_;
    snapshot->catalogue = catalogue_;
    snapshot->usd = usd_;
    auto block = std::make_shared<core::AssetBlock>();
    for (const auto& [name, price] : prices_) {
      core::AssetRow& row = (*block)[id(name).index()];
      row.asset = id(name);
      row.price = *core::Decimal::parse(price);
      row.as_of = core::Timestamp::from_s(1'780'000'000);
      row.state = core::Freshness::live;
    }
    snapshot->blocks = {block};
    auto by_rank = std::make_shared<std::vector<core::AssetId>>();
    for (const char* name : {"btc", "eth"}) {
      if (prices_.contains(name)) by_rank->push_back(id(name));
    }
    snapshot->by_rank = by_rank;
    const std::lock_guard lock(mutex_);
    snapshot_ = snapshot;
  }

  const std::string epoch_;
  const core::Origin origin_;
  std::shared_ptr<core::Catalogue> catalogue_;
  core::AssetId usd_;
  core::VenueId kraken_;
  std::map<std::string, std::string> prices_;
  std::uint64_t position_ = 100;
  std::mutex mutex_;
  core::SnapshotPtr snapshot_;  // guarded by mutex_
};

/// A hub behind a real server on loopback.
class StreamTest : public ::testing::Test, public net::HttpServer::Handler {
 protected:
  void start(bool with_pipeline = true) {
    loop.start();
    hub.emplace(options, clock, metrics);
    shard = &hub->add_shard(loop);
    if (with_pipeline) hub->reset(engine.snapshots());
    http.address = "127.0.0.1";
    http.max_message_bytes = options.max_message_bytes;
    server.emplace(loop, http, *this, metrics);
    ASSERT_TRUE(server->start());
    settle();
  }
  void TearDown() override {
    if (server) server->stop(4000, std::chrono::milliseconds(0));
    server.reset();
    if (hub) hub->stop();
    loop.stop();
    hub.reset();
  }
  /// All that was posted to the loop so far has run.
  void settle() {
    for (int i = 0; i < 3; ++i) loop.run_and_wait([] {});
  }
  std::uint16_t port() const { return server->port(); }
  std::uint64_t counted(const std::string& name, const runtime::Labels& labels = {}) {
    return metrics.counter("tickspan_stream_" + name, "", labels).value();
  }
  /// Past hello, subscribed, its answer dropped.
  std::unique_ptr<test::WsTestClient> subscriber(const std::string& channels, const std::string& more = "",
                                                 int receive_buffer = 0) {
    auto client = std::make_unique<test::WsTestClient>(port(), "/api/v1/stream", receive_buffer);
    client->read_text_with("\"hello\"");
    client->send_text(R"({"id":1,"method":"subscribe","params":{"channels":[)" + channels + "]" + more + "}}");
    client->read_text_with("\"results\"");
    return client;
  }

  void on_request(net::HttpRequest request, net::HttpServer::Respond respond) override {
    net::HttpResponse response;
    if (const auto checked = shard->check_events(request); !checked) {
      response.status = 400;
      response.body = checked.error().context;
    }
    respond(response);
  }
  std::shared_ptr<net::WebSocketHandler> on_upgrade(const net::HttpRequest& request,
                                                    net::HttpResponse& refusal) override {
    if (request.path() == "/api/v1/stream") return shard->make_stream_session(request);
    auto session = request.path() == "/ws" ? shard->make_ticks_session(request) : shard->make_prices_session(request);
    if (session) return *session;
    refusal.status = session.error().code == core::ErrorCode::not_found ? 404 : session.error().retryable ? 503 : 400;
    refusal.body = session.error().context;
    return nullptr;
  }
  bool wants_stream(const net::HttpRequest& request) override {
    return request.path() == "/api/v1/events" && shard->check_events(request).has_value();
  }
  void on_stream(net::HttpRequest request, std::shared_ptr<net::HttpServer::ResponseStream> stream) override {
    shard->open_events(request, std::move(stream));
  }

  StreamOptions options;
  net::HttpServerOptions http;
  runtime::ManualClock clock{core::Timestamp::from_s(1'780'000'000)};
  runtime::Metrics metrics;
  runtime::EventLoop loop{"test-stream"};
  FakeEngine engine;
  std::optional<Hub> hub;
  Shard* shard = nullptr;
  std::optional<net::HttpServer> server;
};

/// The number behind `"seq":`.
inline std::uint64_t seq_of(const std::string& message) {
  const auto at = message.find("\"seq\":");
  return at == std::string::npos ? 0 : std::stoull(message.substr(at + 6));
}

}  // namespace tickspan::stream
