#include "model_engine.hpp"

namespace tickspan::stream::model {

Pipeline::Pipeline(std::string name, core::Origin origin, bool with_eth, std::uint32_t bench_channels)
    : epoch_(name), origin_(origin), with_eth_(with_eth), engine_(std::move(name), origin, with_eth) {
  lossless_["trades:kraken:btc/usd"].topic = engine_.trades();
  wire::Topic candles;
  candles.kind = wire::TopicKind::candles;
  candles.base = engine_.id("btc");
  candles.quote = engine_.id("usd");
  lossless_["candles:btc/usd:1m"].topic = candles;
  for (std::uint32_t i = 0; i < bench_channels; ++i) {
    wire::Topic bench;
    bench.kind = wire::TopicKind::bench;
    bench.base = {i};
    lossless_["bench:" + std::to_string(i)].topic = bench;
  }
  prices_["btc"][0] = 64000.5;
  if (with_eth) prices_["eth"][0] = 3200;
}

std::function<core::SnapshotPtr()> Pipeline::snapshots() {
  return [this, inner = engine_.snapshots()]() -> core::SnapshotPtr {
    if (!available) return nullptr;
    auto snapshot = inner();
    if (lure && std::this_thread::get_id() != owner_) {
      lured = true;
      for (int i = 0; i < 20'000 && lure; ++i) std::this_thread::yield();
    }
    return snapshot;
  };
}

void Pipeline::follow(const wire::InterestTable::Set& interest) {
  for (auto& [name, channel] : lossless_) {
    const bool wanted = interest.contains(channel.topic.key());
    if (channel.listening && !wanted) channel.texts.emplace_back();
    channel.listening = wanted;
  }
}

void Pipeline::follow_all() {
  all_ = true;
  for (auto& [name, channel] : lossless_) channel.listening = true;
}

void Pipeline::append(const std::string& channel, std::size_t count, std::size_t padding,
                      std::vector<wire::Frame>& out) {
  Lossless& to = lossless_.at(channel);
  if (!to.listening) return;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t seq = to.seq() + 1;
    out.push_back(engine_.frame(to.topic, seq,
                                "{\"n\":" + std::to_string(seq) + ",\"pad\":\"" + std::string(padding, 'x') + "\"}"));
    to.texts.push_back(out.back().json);
  }
}

void Pipeline::set_price(const std::string& asset, std::uint64_t price, const wire::InterestTable& interest,
                         std::vector<wire::Frame>& out) {
  if (!prices_.contains(asset)) return;
  const auto frames = engine_.price_frames(asset, std::to_string(price));
  prices_[asset][engine_.position()] = static_cast<double>(price);
  const auto wanted = interest.current();  // after the swap: who isn't seen here finds the new state
  for (const wire::Frame& frame : frames) {
    if (!all_ && !wanted->contains(frame.topic.key()) && !wanted->contains(frame.topic.wildcard().key())) continue;
    const std::string channel = (frame.topic.kind == wire::TopicKind::price ? "price:" : "ticker:") + asset + "/usd";
    latest_[channel][frame.seq] = frame.json;
    out.push_back(frame);
  }
}

Text Pipeline::latest_text(const std::string& channel, std::uint64_t seq) const {
  const auto of = latest_.find(channel);
  if (of == latest_.end()) return nullptr;
  const auto at = of->second.find(seq);
  return at == of->second.end() ? nullptr : at->second;
}

double Pipeline::price_at(const std::string& asset, std::uint64_t position) const {
  const auto of = prices_.find(asset);
  return of == prices_.end() ? 0 : std::prev(of->second.upper_bound(position))->second;
}

std::uint64_t Pipeline::last_change(const std::string& asset) const {
  const auto of = prices_.find(asset);
  return of == prices_.end() ? 0 : of->second.rbegin()->first;
}

std::vector<std::string> Pipeline::coins() const {
  std::vector<std::string> out;
  for (const auto& [name, history] : prices_) out.push_back(name);
  return out;
}

}  // namespace tickspan::stream::model
