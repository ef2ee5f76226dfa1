#include "engine/snapshot_publisher.hpp"

#include <algorithm>
#include <limits>

namespace tickspan::engine {
namespace {

constexpr core::Duration kListsEvery = std::chrono::seconds(1);

bool is_coin(const core::Asset& a) {
  return a.kind == core::AssetKind::coin || a.kind == core::AssetKind::stablecoin;
}

bool same(const core::MarketRow& a, const core::MarketRow& b) {
  return a.as_of == b.as_of && a.state == b.state && a.standing == b.standing && a.bid == b.bid && a.ask == b.ask &&
         a.last == b.last && a.price_usd == b.price_usd;
}

}  // namespace

SnapshotPublisher::SnapshotPublisher(market::Market& market, Sources& sources, core::Origin origin, std::string epoch)
    : market_(market), sources_(sources) {
  next_.epoch = std::move(epoch);
  next_.origin = origin;
  next_.usd = market.usd();
  next_.sources = std::make_shared<const std::vector<core::SourceRow>>();
  next_.markets = std::make_shared<const std::vector<core::MarketRow>>();
  next_.minutes = std::make_shared<const core::MinuteHistory>();
}

core::SnapshotPtr SnapshotPublisher::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

core::SnapshotPtr SnapshotPublisher::publish(core::Timestamp now, const std::vector<core::AssetId>& changed) {
  // The blocks are stamped with the position they are published under.
  ++next_.position;
  bool any = copy_blocks(changed);
  any = refresh_catalogue() || any;
  any = refresh_lists(now) || any;
  if (market_.minutes() && next_.minutes != market_.minutes()) {
    next_.minutes = market_.minutes();
    any = true;
  }
  if (!any) {
    --next_.position;
    return nullptr;
  }
  next_.at = now;
  const auto fresh = [](const core::AssetRow& row) { return row.has_price() && row.state <= core::Freshness::quiet; };
  if (!next_.ready) {
    next_.ready = std::any_of(changed.begin(), changed.end(),
                              [&](core::AssetId id) { return id != next_.usd && fresh(market_.rows()[id.index()]); });
  } else if (std::none_of(market_.rows().begin(), market_.rows().end(),
                          [&](const core::AssetRow& row) { return row.asset != next_.usd && fresh(row); })) {
    next_.ready = false;
  }
  auto snapshot = std::make_shared<const core::MarketSnapshot>(next_);
  core::SnapshotPtr old = snapshot;
  {
    const std::lock_guard lock(mutex_);
    current_.swap(old);
  }
  return snapshot;  // `old` goes outside the lock
}

bool SnapshotPublisher::copy_blocks(const std::vector<core::AssetId>& changed) {
  const auto& rows = market_.rows();
  const std::size_t count = (rows.size() + core::kRowsPerBlock - 1) / core::kRowsPerBlock;
  const bool grown = next_.blocks.size() < count;
  next_.blocks.resize(count);
  auto it = changed.begin();
  for (std::size_t b = 0; b < count; ++b) {
    const std::size_t begin = b * core::kRowsPerBlock;
    const std::size_t end = std::min(begin + core::kRowsPerBlock, rows.size());
    const auto first = it;
    while (it != changed.end() && it->index() < end) ++it;
    if (first == it && next_.blocks[b] != nullptr) continue;
    auto block =
        next_.blocks[b] ? std::make_shared<core::AssetBlock>(*next_.blocks[b]) : std::make_shared<core::AssetBlock>();
    if (!next_.blocks[b]) {
      for (std::size_t i = begin; i < end; ++i) (*block)[i - begin] = rows[i];
    }
    for (auto id = first; id != it; ++id) {
      core::AssetRow& row = (*block)[id->index() - begin];
      row = rows[id->index()];
      row.position = next_.position;
    }
    next_.blocks[b] = std::move(block);
  }
  return grown || !changed.empty();
}

bool SnapshotPublisher::refresh_catalogue() {
  bool any = false;
  if (next_.catalogue != market_.catalogue()) {
    next_.catalogue = market_.catalogue();
    next_lists_ = {};
    any = true;
  }
  if (market_.take_ranking_changed()) {
    next_.by_rank = ranking();
    any = true;
  }
  if (market_.take_currencies_changed()) {
    next_.currencies = currencies();
    any = true;
  }
  return any;
}

std::shared_ptr<const std::vector<core::AssetId>> SnapshotPublisher::ranking() const {
  const core::Catalogue& catalogue = *market_.catalogue();
  auto out = std::make_shared<std::vector<core::AssetId>>();
  for (const core::AssetRow& row : market_.rows()) {
    if (row.has_price() && is_coin(catalogue.asset(row.asset))) out->push_back(row.asset);
  }
  const auto rank = [&](core::AssetId id) {
    const std::int32_t r = catalogue.asset(id).rank;
    return r > 0 ? r : std::numeric_limits<std::int32_t>::max();
  };
  std::stable_sort(out->begin(), out->end(), [&](core::AssetId a, core::AssetId b) { return rank(a) < rank(b); });
  return out;
}

std::shared_ptr<const std::vector<core::ExchangeRate>> SnapshotPublisher::currencies() const {
  const core::Catalogue& catalogue = *market_.catalogue();
  auto out = std::make_shared<std::vector<core::ExchangeRate>>(market_.rates());
  const auto known = [&](const std::string& code) {
    return std::any_of(out->begin(), out->end(), [&](const core::ExchangeRate& r) { return r.code == code; });
  };
  // Before the aggregator's list, or without it: whatever can be converted.
  for (const core::AssetRow& row : market_.rows()) {
    const core::Asset& asset = catalogue.asset(row.asset);
    if (!row.has_price() || is_coin(asset) || known(asset.id)) continue;
    out->push_back({asset.id, asset.name, asset.id == "usd" ? "$" : core::to_lower(asset.symbol), asset.kind, {}});
  }
  // The dollar first, then as listed.
  std::stable_partition(out->begin(), out->end(), [](const core::ExchangeRate& r) { return r.code == "usd"; });
  return out;
}

bool SnapshotPublisher::refresh_lists(core::Timestamp now) {
  if (now < next_lists_) return false;
  next_lists_ = now + kListsEvery;
  bool any = false;
  if (auto rows = sources_.changed_rows(now)) {
    next_.sources = std::move(rows);
    any = true;
  }
  markets_.resize(market_.pairs().size());
  for (std::uint32_t i = 0; i < markets_.size(); ++i) {
    const auto& pair = market_.pairs()[i];
    markets_[i] = {.instrument = {i},
                   .bid = pair.state.bid(),
                   .ask = pair.state.ask(),
                   .last = pair.state.last(),
                   .as_of = pair.state.as_of(),
                   .state = pair.freshness,
                   .standing = pair.standing,
                   .price_usd = pair.price_usd,
                   .weight = pair.weight};
  }
  if (markets_differ()) {
    next_.markets = std::make_shared<const std::vector<core::MarketRow>>(markets_);
    any = true;
  }
  return any;
}

bool SnapshotPublisher::markets_differ() const {
  return !std::equal(markets_.begin(), markets_.end(), next_.markets->begin(), next_.markets->end(), same);
}

}  // namespace tickspan::engine
