#include "engine/frame_writer.hpp"

#include <algorithm>

#include "wire/messages.hpp"

namespace tickspan::engine {
namespace {

constexpr core::Duration kOpenCandlesEvery = std::chrono::seconds(1);
constexpr core::Duration kUnitsEvery = std::chrono::seconds(1);

}  // namespace

FrameWriter::FrameWriter(wire::FrameSink* sink, wire::InterestTable* interest, const market::Market& market,
                         core::Origin origin, std::string epoch)
    : sink_(sink), interest_(interest), market_(market), origin_(origin), epoch_(std::move(epoch)) {}

void FrameWriter::follow_interest() {
  if (sink_ == nullptr || interest_ == nullptr) return;
  const std::uint64_t version = interest_->version();
  if (version == interest_version_ && known_instruments_ == market_.pairs().size() &&
      known_assets_ == market_.asset_count()) {
    return;
  }
  interest_version_ = version;
  known_instruments_ = market_.pairs().size();
  known_assets_ = market_.asset_count();
  rebuild();
}

void FrameWriter::rebuild() {
  const auto set = interest_->current();
  std::vector<wire::Topic> topics;
  for (const auto& [key, topic] : *set) topics.push_back(topic);
  // The table has no order of its own; frames shall have one.
  std::sort(topics.begin(), topics.end(), [](const auto& a, const auto& b) { return a.key() < b.key(); });
  wildcards_.clear();
  exact_.assign(market_.asset_count(), {});
  candle_topics_.assign(market_.asset_count(), {});
  trade_topics_.assign(market_.pairs().size(), nullptr);
  for (auto& [key, lossless] : lossless_) {
    if (lossless.listening && !set->contains(key)) {
      lossless.listening = false;
      ++lossless.seq;
    }
  }
  const std::vector<Unit> old_units = std::exchange(units_, {});
  const auto old_latest = std::exchange(latest_known_, {});
  std::erase_if(newcomers_, [&](const wire::Topic& topic) { return !set->contains(topic.key()); });
  for (const wire::Topic& topic : topics) {
    if (!wire::keeps_latest_only(topic.kind)) {
      add_lossless(topic);
      continue;
    }
    latest_known_.insert(topic.key());
    if (!old_latest.contains(topic.key())) newcomers_.push_back(topic);
    if (topic.is_wildcard())
      wildcards_.push_back({topic.kind, topic.quote});
    else if (topic.base.index() < exact_.size())
      exact_[topic.base.index()].push_back({topic.kind, topic.quote});
    const auto is_unit = [&](const Unit& u) { return u.quote == topic.quote; };
    if (topic.quote == market_.usd() || std::any_of(units_.begin(), units_.end(), is_unit)) continue;
    const auto old = std::find_if(old_units.begin(), old_units.end(), is_unit);
    units_.push_back(old == old_units.end() ? Unit{topic.quote, {}, false} : *old);
  }
}

void FrameWriter::add_lossless(const wire::Topic& topic) {
  Lossless& lossless = lossless_[topic.key()];
  lossless.topic = topic;
  lossless.listening = true;
  if (topic.kind == wire::TopicKind::candles) {
    if (topic.base.valid() && topic.base.index() < candle_topics_.size())
      candle_topics_[topic.base.index()].push_back(&lossless);
    return;
  }
  for (std::size_t i = 0; i < market_.pairs().size(); ++i) {
    const auto& pair = market_.pairs()[i];
    if (pair.venue == topic.venue && pair.base == topic.base && pair.quote == topic.quote) trade_topics_[i] = &lossless;
  }
}

void FrameWriter::on_trade(const core::Tick& trade) {
  Lossless& lossless = *trade_topics_[trade.instrument().index()];
  data_.clear();
  wire::JsonWriter json(data_);
  wire::write_trade(json, *market_.catalogue(), origin_, trade);
  emit(lossless.topic, ++lossless.seq);
}

void FrameWriter::on_candle(core::AssetId asset, core::Interval interval, const core::Candle& candle) {
  if (asset.index() >= candle_topics_.size()) return;
  for (Lossless* topic : candle_topics_[asset.index()]) {
    if (topic->topic.interval == interval) encode_candle(*topic, candle);
  }
}

void FrameWriter::on_time(core::Timestamp now) {
  if (now < next_open_) return;
  next_open_ = now + kOpenCandlesEvery;
  for (std::size_t i = 0; i < candle_topics_.size(); ++i) {
    if (candle_topics_[i].empty()) continue;
    const auto& asset = market_.asset({static_cast<std::uint32_t>(i)});
    core::Candle minute;
    if (!asset.candles.minutes.open_candle(minute)) continue;
    for (Lossless* topic : candle_topics_[i]) {
      if (topic->told_start == minute.start && topic->told_trades == minute.trades) continue;
      topic->told_start = minute.start;
      topic->told_trades = minute.trades;
      core::Candle candle;
      if (asset.candles.open_candle(topic->topic.interval, candle)) encode_candle(*topic, candle);
    }
  }
}

bool FrameWriter::in_quote(const core::Candle& usd_candle, const wire::Topic& topic, core::Candle& out) const {
  out = usd_candle;
  if (topic.quote == market_.usd()) return true;
  const auto& unit = market_.asset(topic.quote);
  // The unit's candle of the same time gives the rates of both ends; else the present rate serves for all four prices.
  const core::Candle rate = unit.candles.levels().at(topic.interval, usd_candle.start).value_or(core::Candle{});
  const bool known = rate.close.is_positive();
  const double open = known ? rate.open.to_double() : unit.price;
  const double close = usd_candle.final && known ? rate.close.to_double() : unit.price;
  if (open <= 0 || close <= 0) return false;
  const auto divided = [](const core::Decimal& price, double by) {
    return core::Decimal::from_double(price.to_double() / by).value_or(core::Decimal{});
  };
  out.open = divided(usd_candle.open, open);
  out.close = divided(usd_candle.close, close);
  out.high = std::max({divided(usd_candle.high, close), out.open, out.close});
  out.low = std::min({divided(usd_candle.low, close), out.open, out.close});
  return true;
}

void FrameWriter::encode_candle(Lossless& lossless, const core::Candle& usd_candle) {
  core::Candle candle;
  if (!in_quote(usd_candle, lossless.topic, candle)) return;
  data_.clear();
  wire::JsonWriter json(data_);
  wire::write_candle_message(json, *market_.catalogue(), origin_, {lossless.topic.base, lossless.topic.quote, {}},
                             lossless.topic.interval, candle);
  emit(lossless.topic, ++lossless.seq);
}

void FrameWriter::on_changed(const core::MarketSnapshot& snapshot, const std::vector<core::AssetId>& changed,
                             core::Timestamp now) {
  if (wildcards_.empty() && exact_.empty()) return;
  for (const core::AssetId asset : changed) encode_asset(snapshot, asset, {});
  encode_newcomers(snapshot, changed);
  units_waiting_ = false;
  for (Unit& unit : units_) {
    unit.waiting = unit.waiting || std::binary_search(changed.begin(), changed.end(), unit.quote);
    if (!unit.waiting) continue;
    if (now - unit.told_at < kUnitsEvery) {
      units_waiting_ = true;
      continue;
    }
    unit.waiting = false;
    unit.told_at = now;
    for (std::uint32_t i = 0; i < exact_.size(); ++i) {
      if (!std::binary_search(changed.begin(), changed.end(), core::AssetId{i}))
        encode_asset(snapshot, {i}, unit.quote);
    }
  }
}

// Who subscribed has seen a snapshot from before this writer knew of the topic: what changed in between would be told
// to nobody.
void FrameWriter::encode_newcomers(const core::MarketSnapshot& snapshot, const std::vector<core::AssetId>& changed) {
  for (const wire::Topic& topic : std::exchange(newcomers_, {})) {
    const auto tell = [&](core::AssetId asset) {
      if (!std::binary_search(changed.begin(), changed.end(), asset))
        encode_latest(snapshot, asset, {topic.kind, topic.quote});
    };
    if (!topic.is_wildcard()) {
      tell(topic.base);
      continue;
    }
    for (const auto& row : market_.rows()) {
      if (!row.asset.valid() || row.asset == topic.quote || !row.has_price()) continue;
      const core::AssetKind kind = snapshot.catalogue->asset(row.asset).kind;
      if (kind == core::AssetKind::coin || kind == core::AssetKind::stablecoin) tell(row.asset);
    }
  }
}

void FrameWriter::encode_asset(const core::MarketSnapshot& snapshot, core::AssetId asset, core::AssetId only_quote) {
  const auto wanted = [&](const Latest& l) { return !only_quote.valid() || l.quote == only_quote; };
  // A wildcard means every coin; currencies are listened to by name.
  const core::AssetKind kind = snapshot.catalogue->asset(asset).kind;
  const bool is_coin = kind == core::AssetKind::coin || kind == core::AssetKind::stablecoin;
  for (const Latest& l : wildcards_) {
    if (is_coin && l.quote != asset && wanted(l)) encode_latest(snapshot, asset, l);
  }
  if (asset.index() >= exact_.size()) return;
  for (const Latest& l : exact_[asset.index()]) {
    const bool done =
        is_coin && l.quote != asset && std::find(wildcards_.begin(), wildcards_.end(), l) != wildcards_.end();
    if (wanted(l) && !done) encode_latest(snapshot, asset, l);
  }
}

void FrameWriter::encode_latest(const core::MarketSnapshot& snapshot, core::AssetId asset, const Latest& what) {
  const core::AssetRow* row = snapshot.row(asset);
  if (row == nullptr) return;
  data_.clear();
  wire::JsonWriter json(data_);
  const bool written = what.kind == wire::TopicKind::price ? wire::write_price(json, snapshot, *row, what.quote)
                                                           : wire::write_ticker(json, snapshot, *row, what.quote);
  if (!written) return;
  wire::Topic topic;
  topic.kind = what.kind;
  topic.base = asset;
  topic.quote = what.quote;
  emit(topic, snapshot.position);
}

const std::string& FrameWriter::name_of(const wire::Topic& topic) {
  // Symbols can change hands when ranks change, so names last as long as the catalogue they were made with.
  if (named_with_ != market_.catalogue()) {
    names_.clear();
    named_with_ = market_.catalogue();
  }
  std::string& name = names_[topic.key()];
  if (name.empty()) name = wire::topic_name(topic, *named_with_);
  return name;
}

void FrameWriter::emit(const wire::Topic& topic, std::uint64_t seq) {
  frames_.push_back(
      {topic, seq,
       std::make_shared<const std::string>(wire::stream_message(name_of(topic), "update", seq, epoch_, data_))});
}

bool FrameWriter::post() {
  if (frames_.empty()) return false;
  sink_->publish(frames_);
  frames_.clear();
  return true;
}

}  // namespace tickspan::engine
