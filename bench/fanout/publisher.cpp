#include "publisher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "core/assert.hpp"
#include "runtime/event_loop.hpp"

namespace tickspan::bench {
namespace {

constexpr std::int64_t kLookAgain = 50'000'000;  // whether to stop

std::string epoch_now() {
  return fmt::format("b{:x}", monotonic_ns() & 0xFFFFFF);
}

core::SnapshotPtr small_market(const std::string& epoch) {
  auto catalogue = std::make_shared<core::Catalogue>();
  auto snapshot = std::make_shared<core::MarketSnapshot>();
  snapshot->usd = catalogue->upsert_asset({"usd", "usd", "US Dollar", core::AssetKind::fiat, 0});
  const auto bitcoin = catalogue->upsert_asset({"bitcoin", "btc", "Bitcoin", core::AssetKind::coin, 1});
  auto block = std::make_shared<core::AssetBlock>();
  for (const core::AssetId id : {snapshot->usd, bitcoin}) {
    core::AssetRow& row = (*block)[id.index()];
    row.asset = id;
    row.price = {id == bitcoin ? 64'000 : 1, 0};
    row.state = core::Freshness::live;
  }
  snapshot->epoch = epoch;
  snapshot->origin = core::Origin::simulated;
  snapshot->ready = true;
  snapshot->catalogue = std::move(catalogue);
  snapshot->blocks.push_back(std::move(block));
  snapshot->by_rank = std::make_shared<std::vector<core::AssetId>>(1, bitcoin);
  return snapshot;
}

}  // namespace

Publisher::Publisher(stream::Hub& hub, std::uint32_t channels, double rate, std::size_t message_bytes)
    : hub_(hub),
      total_rate_(rate * channels),
      snapshot_(small_market(epoch_now())),
      maker_(snapshot_->epoch, message_bytes) {
  for (std::uint32_t i = 0; i < channels; ++i) {
    const std::string name = "bench:" + std::to_string(i);
    const auto topic = wire::parse_topic(name, *snapshot_->catalogue, channels);
    TS_ASSERT(topic.has_value(), "the channels of a load test are known by their number");
    channels_.push_back({*topic, name, 0});
  }
}

void Publisher::start() {
  thread_ = std::thread([this] { run(); });
}

void Publisher::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void Publisher::run() {
  runtime::set_thread_name("engine");
  Pacer pacer(total_rate_, monotonic_ns());
  std::vector<wire::Frame> frames;
  std::size_t next = 0;
  while (!stopping_) {
    const std::int64_t now = monotonic_ns();
    frames.clear();
    for (std::uint64_t due = pacer.take(now); due > 0; --due) {
      Channel& channel = channels_[next];
      next = next + 1 < channels_.size() ? next + 1 : 0;
      ++channel.seq;
      auto json = std::make_shared<const std::string>(maker_.make(channel.name, channel.seq, now));
      frames.push_back({channel.topic, channel.seq, std::move(json)});
    }
    if (!frames.empty()) {
      hub_.publish(frames);
      published_ += frames.size();
      ++turns_;
    }
    const std::int64_t until = std::min(pacer.next_ns(), now + kLookAgain);
    const std::int64_t rest = until - monotonic_ns();
    if (rest > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(rest));
  }
}

}  // namespace tickspan::bench
