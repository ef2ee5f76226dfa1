#include "storage/batch_rows.hpp"

#include <fmt/format.h>

#include "core/trade_time.hpp"

namespace tickspan::storage {
namespace {

using core::ErrorCode;
using core::fail;

bool knows(const core::Catalogue& catalogue, core::AssetId id) {
  return id.valid() && id.index() < catalogue.assets().size();
}

bool knows(const core::Catalogue& catalogue, const core::SeriesKey& key) {
  return knows(catalogue, key.base) && knows(catalogue, key.quote) &&
         (!key.venue.valid() || key.venue.index() < catalogue.venues().size());
}

bool whole_seconds(core::Timestamp t) {
  return t.ns >= 0 && t.ns % 1'000'000'000 == 0;
}

core::Status validate_ids(const core::WriteBatch& batch) {
  const core::Catalogue& catalogue = *batch.catalogue;
  const auto unknown = [](const char* what) {
    return fail(ErrorCode::invalid_argument, fmt::format("a {} names an id its catalogue does not have", what));
  };
  for (const auto& row : batch.candles) {
    if (!knows(catalogue, row.series)) return unknown("candle");
    if (!whole_seconds(row.candle.start)) {
      return fail(ErrorCode::invalid_argument, "a candle does not start at a whole second after 1970");
    }
  }
  for (const auto& tick : batch.ticks) {
    const auto id = tick.instrument();
    if (tick.kind() != core::TickKind::trade)
      return fail(ErrorCode::invalid_argument, "a quote among the trades to store");
    if (!id.valid() || id.index() >= catalogue.instruments().size()) return unknown("trade");
  }
  for (const auto& row : batch.composites) {
    if (!knows(catalogue, row.series)) return unknown("composite price");
  }
  for (const auto& row : batch.prices) {
    if (!knows(catalogue, row.asset)) return unknown("last price");
  }
  for (const auto& row : batch.points) {
    if (!knows(catalogue, row.asset)) return unknown("point");
  }
  return {};
}

std::uint64_t mix(std::uint64_t hash, std::int64_t value) {  // FNV-1a over eight bytes
  for (int i = 0; i < 64; i += 8) hash = (hash ^ ((static_cast<std::uint64_t>(value) >> i) & 0xff)) * 0x100000001b3ULL;
  return hash;
}

}  // namespace

core::Status validate(const core::WriteBatch& batch) {
  const bool needs_catalogue = batch.catalogue_changed || !batch.candles.empty() || !batch.ticks.empty() ||
                               !batch.composites.empty() || !batch.prices.empty() || !batch.points.empty();
  if (needs_catalogue && !batch.catalogue)
    return fail(ErrorCode::invalid_argument, "a batch of rows without a catalogue");
  for (const auto& gap : batch.gaps) {
    if (gap.end < gap.start)
      return fail(ErrorCode::invalid_argument, "a gap of '" + gap.venue + "' ends before it starts");
  }
  for (const auto& takeover : batch.takeovers) {
    if (takeover.asset.empty() || takeover.to.empty())
      return fail(ErrorCode::invalid_argument, "a takeover without an asset or a source");
  }
  return needs_catalogue ? validate_ids(batch) : core::Status{};
}

SeriesName series_name(const core::Catalogue& catalogue, const core::SeriesKey& key) {
  return {catalogue.asset(key.base).id, catalogue.asset(key.quote).id,
          key.venue.valid() ? catalogue.venue(key.venue).id : std::string{}};
}

std::optional<SeriesName> find_series_name(const core::WriteBatch& batch, const core::SeriesKey& key) {
  if (!batch.catalogue || !knows(*batch.catalogue, key)) return std::nullopt;
  return series_name(*batch.catalogue, key);
}

SeriesName series_name(const core::Catalogue& catalogue, const core::Instrument& instrument) {
  return {catalogue.asset(instrument.base).id, catalogue.asset(instrument.quote).id,
          catalogue.venue(instrument.venue).id};
}

core::Timestamp trade_time(const core::Tick& trade) {
  return core::trade_time(trade.event_time(), trade.received_at());
}

std::int64_t trade_key(const core::Tick& trade) {
  if (trade.trade_id() != 0) return static_cast<std::int64_t>(trade.trade_id());
  const core::Decimal price = trade.price().normalized();
  const core::Decimal amount = trade.amount().normalized();
  std::uint64_t hash = mix(0xcbf29ce484222325ULL, trade_time(trade).ns);
  hash = mix(mix(hash, price.mantissa), price.exponent);
  hash = mix(mix(hash, amount.mantissa), amount.exponent);
  hash = mix(hash, static_cast<std::int64_t>(trade.side()));
  return static_cast<std::int64_t>(hash | (1ULL << 63));  // negative: never the id of a venue that counts from one
}

}  // namespace tickspan::storage
