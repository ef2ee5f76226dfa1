#include "stream/state.hpp"

#include "wire/json_writer.hpp"
#include "wire/messages.hpp"

namespace tickspan::stream {
namespace {

bool write_row(wire::JsonWriter& json, const wire::Topic& topic, const core::MarketSnapshot& snapshot,
               const core::AssetRow& row) {
  return topic.kind == wire::TopicKind::price ? wire::write_price(json, snapshot, row, topic.quote)
                                              : wire::write_ticker(json, snapshot, row, topic.quote);
}

}  // namespace

std::string state_data(const wire::Topic& topic, const core::MarketSnapshot& snapshot) {
  std::string out;
  wire::JsonWriter json(out);
  if (!topic.is_wildcard()) {
    const core::AssetRow* row = snapshot.row(topic.base);
    if (row == nullptr || !write_row(json, topic, snapshot, *row)) json.null();
    return out;
  }
  json.begin_array();
  for (const auto& block : snapshot.blocks) {
    for (const core::AssetRow& row : *block) {
      if (!row.asset.valid() || row.asset == topic.quote || !row.has_price()) continue;
      // A wildcard means every coin; currencies are listened to by name.
      const core::AssetKind kind = snapshot.catalogue->asset(row.asset).kind;
      if (kind == core::AssetKind::coin || kind == core::AssetKind::stablecoin) write_row(json, topic, snapshot, row);
    }
  }
  json.end_array();
  return out;
}

// Nothing before it can hold this text: channel names and epochs have no quotation marks.
std::string_view data_of(std::string_view message) {
  constexpr std::string_view kKey = ",\"data\":";
  const auto at = message.find(kKey);
  if (at == std::string_view::npos) return "null";
  auto data = message.substr(at + kKey.size());
  data.remove_suffix(1);
  return data;
}

std::string recent_data(const wire::Topic& topic, std::span<const wire::Frame> frames) {
  if (topic.kind == wire::TopicKind::candles && frames.size() > 1) frames = frames.last(1);
  std::string out;
  wire::JsonWriter json(out);
  json.begin_array();
  for (const wire::Frame& frame : frames) json.raw(data_of(*frame.json));
  json.end_array();
  return out;
}

}  // namespace tickspan::stream
