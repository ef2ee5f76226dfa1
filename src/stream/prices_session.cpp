#include "stream/prices_session.hpp"

#include <algorithm>

#include "stream/shard.hpp"
#include "wire/messages.hpp"

namespace tickspan::stream {

void PricesSession::greet() {
  due_ = shard().now();
  handle_tick();
}

void PricesSession::handle_tick() {
  const auto& options = shard().options();
  // It is looked at every ten steps: half of that early or late is as near as it gets.
  if (shard().now() + options.timer_step * 5 < due_) return;
  due_ = std::max(due_, shard().now() - options.timer_step * 5) + std::chrono::seconds(parameters_.interval_s);
  if (lagging()) return;  // has not taken the last one yet
  if (const auto snapshot = shard().snapshot()) send_list(*snapshot);
}

void PricesSession::on_pipeline(const core::SnapshotPtr& snapshot, std::span<const NamedSubscription>) {
  send_list(*snapshot);
}

void PricesSession::send_list(const core::MarketSnapshot& snapshot) {
  const auto quote = snapshot.catalogue->resolve(parameters_.currency);
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object()
      .field("type", "prices")
      .field("currency", parameters_.currency)
      .field("time", shard().clock_now());
  json.key("coins").begin_array();
  std::size_t count = 0;
  if (snapshot.by_rank && quote.valid()) {
    for (const core::AssetId id : *snapshot.by_rank) {
      if (count == parameters_.limit) break;
      const core::AssetRow* row = snapshot.row(id);
      if (row != nullptr && wire::write_top_coin(json, snapshot, *row, quote)) ++count;
    }
  }
  json.end_array().end_object();
  send_text(out);
}

}  // namespace tickspan::stream
