#include "stream/ticks_session.hpp"

#include <algorithm>

#include "stream/shard.hpp"
#include "wire/messages.hpp"

namespace tickspan::stream {
namespace {

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return text;
}

wire::Topic price_topic(core::AssetId base, core::AssetId usd) {
  wire::Topic topic;
  topic.kind = wire::TopicKind::price;
  topic.base = base;
  topic.quote = usd;
  return topic;
}

}  // namespace

TicksSession::TicksSession(std::shared_ptr<ShardImpl> shard, const core::Catalogue& catalogue,
                           const std::vector<core::AssetId>& assets)
    : SocketClient(std::move(shard)) {
  for (const core::AssetId id : assets) {
    const core::Asset& asset = catalogue.asset(id);
    assets_.push_back({asset.id, upper(asset.symbol), id, {}});
  }
}

void TicksSession::greet() {
  if (const auto snapshot = shard().snapshot()) listen(*snapshot);
}

void TicksSession::listen(const core::MarketSnapshot& snapshot) {
  usd_ = snapshot.usd;
  const Cork cork(*this);
  SubscriptionSet set;
  for (Asset& asset : assets_) {
    asset.id = snapshot.catalogue->find_id(asset.text_id);
    if (asset.id.valid()) add_subscribed(set, {price_topic(asset.id, usd_), 0});
  }
  shard().subscribe(*this, set);
  const auto present = shard().snapshot();  // not from before: the engine did not know of these channels then
  for (const Subscribed& s : set) shard().begin_after(*this, s.topic, *present);
  for (Asset& asset : assets_) {
    if (asset.id.valid()) send_asset(asset, *present);
  }
}

void TicksSession::on_pipeline(const core::SnapshotPtr& snapshot, std::span<const NamedSubscription>) {
  listen(*snapshot);
}

void TicksSession::handle_tick() {
  if (lagging()) return;
  const auto snapshot = shard().snapshot();
  if (!snapshot) return;
  shard().flush(*this);
  const Cork cork(*this);
  const auto& options = shard().options();
  for (Asset& asset : assets_) {
    if (shard().now() - asset.sent_at + options.timer_step * 5 >= options.heartbeat) send_asset(asset, *snapshot);
  }
}

void TicksSession::send_asset(Asset& asset, const core::MarketSnapshot& snapshot) {
  const core::AssetRow* row = snapshot.row(asset.id);
  if (row == nullptr || !row->has_price()) return;
  asset.sent_at = shard().now();
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object().field("asset_id", asset.label).field("price", row->price).field("as_of", row->as_of);
  json.field("state", core::to_string(row->state)).field("origin", core::to_string(snapshot.origin));
  json.field("source", wire::source_name(*snapshot.catalogue, *row)).end_object();
  send_text(out);
}

// The frame only says that something changed; the snapshot is at least as new as it is.
void TicksSession::send_frame(const wire::Frame& frame, const core::MarketSnapshot& snapshot) {
  const auto it =
      std::find_if(assets_.begin(), assets_.end(), [&](const Asset& a) { return a.id == frame.topic.base; });
  if (it != assets_.end()) send_asset(*it, snapshot);
}

void TicksSession::write(Batch& batch, std::span<const std::uint32_t> frames) {
  const auto snapshot = shard().snapshot();
  if (!snapshot) return;
  const Cork cork(*this);
  for (const std::uint32_t index : frames) send_frame(batch[index], *snapshot);
}

void TicksSession::write(std::span<const wire::Frame> frames) {
  const auto snapshot = shard().snapshot();
  if (!snapshot) return;
  const Cork cork(*this);
  for (const wire::Frame& frame : frames) send_frame(frame, *snapshot);
}

}  // namespace tickspan::stream
