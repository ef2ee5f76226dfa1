#include "model_world.hpp"

#include <fmt/format.h>

#include <future>

namespace tickspan::stream::model {

using namespace std::chrono_literals;

Loops::Loops() {
  for (std::size_t i = 0; i < loops.size(); ++i) {
    loops[i] = std::make_unique<runtime::EventLoop>("test-shard-" + std::to_string(i));
    loops[i]->start();
  }
}

Loops::~Loops() {
  for (auto& loop : loops) loop->stop();
}

Scenario::Scenario(Dice& dice) {
  shards = 1 + dice.below(2);
  clients = 1 + dice.below(4);
  steps = 15 + dice.below(35);
  follows_interest = !dice.one_in(4);
  options.bench_channels = 2;
  options.messages_per_second = 100'000;
  options.timer_step = 1ms;
  options.send_method = dice.one_in(3) ? net::SendMethod::io_uring : net::SendMethod::direct;
  if (dice.one_in(4)) options.heartbeat = 10ms;
  if (dice.one_in(3)) {
    gaps = true;
    options.inbox_frames = 2 + dice.below(30);
  }
  if (dice.one_in(3)) {
    ample = false;
    options.history_bytes = 200 + dice.below(4000);
  }
  if (dice.one_in(4)) {
    ample = false;
    options.history_age = std::chrono::milliseconds(dice.below(5));
  }
  if (dice.one_in(12)) {
    padding = 2000 + dice.below(20'000);
    if (dice.one_in(2)) {
      slow = true;
      options.max_queued_bytes = 10'000 + dice.below(60'000);
    } else {
      options.max_queued_bytes = 64 * 1024 * 1024;
    }
  }
  if (dice.one_in(200)) {  // so many that messages come in while a turn is still being written out
    shards = 1;
    clients = 600 + dice.below(100);
    steps = 12;
    padding = 0;
    slow = false;
  }
  if (ample) options.history_bytes = std::size_t{1} << 30;
  resets = dice.one_in(2);
  restarts = dice.one_in(5);
}

std::string Scenario::describe() const {
  return fmt::format(
      "{} shards, {} clients, {} steps, inbox {}, history {} bytes {} ms, queue {}, padding {}, {}{}{}{}", shards,
      clients, steps, options.inbox_frames, options.history_bytes, options.history_age.count(),
      options.max_queued_bytes, padding, follows_interest ? "follows interest" : "publishes all",
      resets ? ", resets" : "", restarts ? ", restarts" : "",
      options.send_method == net::SendMethod::io_uring ? ", io_uring" : "");
}

void World::Face::on_request(net::HttpRequest, net::HttpServer::Respond respond) {
  net::HttpResponse response;
  response.status = 404;
  respond(std::move(response));
}

std::shared_ptr<net::WebSocketHandler> World::Face::on_upgrade(const net::HttpRequest& request, net::HttpResponse&) {
  return shard->make_stream_session(request);
}

World::World(Loops& loops, const Scenario& scenario) : loops_(loops), scenario_(scenario) {
  book.gaps_possible = scenario.gaps;
  book.catches_up = scenario.ample;
  book.history_ample = scenario.ample && scenario.follows_interest;
  book.slow_possible = scenario.slow;
  start();
}

World::~World() {
  stop();
}

void World::start() {
  new_pipeline(true);
  metrics_ = std::make_unique<runtime::Metrics>();
  hub_ = std::make_unique<Hub>(scenario_.options, clock_, *metrics_);
  for (std::size_t i = 0; i < scenario_.shards; ++i) {
    auto& face = *shards_.emplace_back(std::make_unique<Face>());
    face.shard = &hub_->add_shard(*loops_.loops[i]);
    net::HttpServerOptions http;
    http.address = "127.0.0.1";
    face.server = std::make_unique<net::HttpServer>(*loops_.loops[i], http, face, *metrics_);
  }
  hub_->reset(book.pipelines.back()->snapshots());
  for (auto& face : shards_) {
    if (const auto started = face->server->start(); !started) throw std::runtime_error(started.error().context);
  }
}

void World::stop() {
  if (!hub_) return;
  for (auto& face : shards_) face->server->stop(4000, 0ms);
  for (auto& face : shards_) face->server.reset();
  hub_->stop();
  hub_.reset();
  settle();
  shards_.clear();
  metrics_.reset();
}

void World::new_pipeline(bool with_eth) {
  const std::string epoch = "e" + std::to_string(book.pipelines.size() + 1);
  const auto origin = book.pipelines.size() % 2 == 0 ? core::Origin::simulated : core::Origin::real;
  book.pipelines.push_back(std::make_unique<Pipeline>(epoch, origin, with_eth, scenario_.options.bench_channels));
  if (!scenario_.follows_interest) book.pipelines.back()->follow_all();
}

void World::reset(bool with_eth, bool late) {
  new_pipeline(with_eth);
  if (late) {
    book.starting_possible = true;
    book.pipelines.back()->available = false;
  }
  hub_->reset(book.pipelines.back()->snapshots());
}

void World::market_comes() {
  book.pipelines.back()->available = true;
}

void World::follow() {
  if (scenario_.follows_interest) book.pipelines.back()->follow(*hub_->interest().current());
}

void World::publish(const std::string& channel, std::size_t count) {
  if (!pipeline().available) return;  // it has published nothing yet
  follow();
  std::vector<wire::Frame> frames;
  book.pipelines.back()->append(channel, count, scenario_.padding, frames);
  if (!frames.empty()) hub_->publish(frames);
}

void World::set_prices(const std::vector<std::string>& assets) {
  if (!pipeline().available) return;
  follow();
  std::vector<wire::Frame> frames;
  for (const auto& asset : assets) book.pipelines.back()->set_price(asset, next_price_++, hub_->interest(), frames);
  if (!frames.empty()) hub_->publish(frames);
}

void World::while_busy(std::size_t shard, const std::function<void()>& what) {
  std::promise<void> begun, done;
  loops_.loops[shard]->post([&] {
    begun.set_value();
    done.get_future().wait();
  });
  begun.get_future().wait();
  what();
  done.set_value();
  settle();  // the promises are gone after this
}

void World::between_looks(const std::function<void()>& begin, const std::function<void()>& what) {
  Pipeline& served = *book.pipelines.back();
  served.lured = false;
  served.lure = true;
  begin();
  for (int i = 0; i < 2000 && !served.lured; ++i) std::this_thread::yield();
  what();
  served.lure = false;
}

void World::settle() {
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < scenario_.shards; ++i) loops_.loops[i]->run_and_wait([] {});
  }
}

}  // namespace tickspan::stream::model
