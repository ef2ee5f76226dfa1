#include "storage/batch_codec.hpp"

#include <unordered_map>

#include "storage/byte_codec.hpp"

namespace tickspan::storage {
namespace {

// Of the whole encoding; a newer one is refused. The first ends with the gaps, the second with what was heard.
constexpr std::uint8_t kFirstForm = 1, kSecondForm = 2, kForm = 3;

/// Gives what a batch names its places in the tables, numbered as they are first met.
class Names {
 public:
  explicit Names(const core::Catalogue* catalogue) : catalogue_(catalogue) {}
  std::uint64_t of(core::AssetId id) {
    const auto [it, added] = assets_.try_emplace(id, asset_list_.size() + 1);
    if (added) asset_list_.push_back(id);
    return it->second;
  }
  std::uint64_t of(core::VenueId id) {
    if (!id.valid()) return 0;
    const auto [it, added] = venues_.try_emplace(id, venue_list_.size() + 1);
    if (added) venue_list_.push_back(id);
    return it->second;
  }
  std::uint64_t of(core::InstrumentId id) {
    const auto [it, added] = instruments_.try_emplace(id, instrument_list_.size() + 1);
    if (added) instrument_list_.push_back(id);
    return it->second;
  }
  void write(ByteWriter& out) {
    std::string instruments;
    ByteWriter nested(instruments);
    nested.number(instrument_list_.size());
    for (const core::InstrumentId id : instrument_list_) {
      const core::Instrument& instrument = catalogue_->instrument(id);
      nested.number(of(instrument.venue));
      nested.number(of(instrument.base));
      nested.number(of(instrument.quote));
      nested.text(instrument.venue_symbol);
    }
    out.number(asset_list_.size());
    for (const core::AssetId id : asset_list_) {
      const core::Asset& asset = catalogue_->asset(id);
      out.text(asset.id);
      out.text(asset.symbol);
      out.text(asset.name);
      out.byte(static_cast<std::uint8_t>(asset.kind));
      out.integer(asset.rank);
    }
    out.number(venue_list_.size());
    for (const core::VenueId id : venue_list_) {
      const core::Venue& venue = catalogue_->venue(id);
      out.text(venue.id);
      out.text(venue.name);
      out.byte(venue.polled ? 1 : 0);
    }
    bytes_ = std::move(instruments);
  }
  const std::string& instruments() const { return bytes_; }

 private:
  const core::Catalogue* catalogue_;
  std::unordered_map<core::AssetId, std::uint64_t> assets_;
  std::unordered_map<core::VenueId, std::uint64_t> venues_;
  std::unordered_map<core::InstrumentId, std::uint64_t> instruments_;
  std::vector<core::AssetId> asset_list_;
  std::vector<core::VenueId> venue_list_;
  std::vector<core::InstrumentId> instrument_list_;
  std::string bytes_;
};

void write_candles(ByteWriter& out, Names& names, const core::WriteBatch& batch) {
  out.number(batch.candles.size());
  for (const auto& [series, interval, candle] : batch.candles) {
    out.number(names.of(series.base));
    out.number(names.of(series.quote));
    out.number(names.of(series.venue));
    out.byte(static_cast<std::uint8_t>(interval));
    out.integer(candle.start.ns);
    for (const core::Decimal* value : {&candle.open, &candle.high, &candle.low, &candle.close, &candle.volume})
      out.decimal(*value);
    out.number(candle.trades);
    out.byte(static_cast<std::uint8_t>((candle.final ? 1 : 0) | (candle.incomplete ? 2 : 0) | (candle.flat ? 4 : 0) |
                                       (candle.rebuilt ? 8 : 0)));
  }
}

void read_candles(ByteReader& in, const core::Catalogue& catalogue, core::WriteBatch& batch) {
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    core::CandleRow row;
    row.series.base = in.id<core::AssetId>(catalogue.assets().size());
    row.series.quote = in.id<core::AssetId>(catalogue.assets().size());
    row.series.venue = in.id<core::VenueId>(catalogue.venues().size(), true);
    row.interval = in.choice(core::Interval::d1);
    core::Candle& candle = row.candle;
    candle.start = {in.integer()};
    for (core::Decimal* value : {&candle.open, &candle.high, &candle.low, &candle.close, &candle.volume})
      *value = in.decimal();
    candle.trades = static_cast<std::uint32_t>(in.number());
    const std::uint8_t flags = in.byte();
    candle.final = (flags & 1) != 0;
    candle.incomplete = (flags & 2) != 0;
    candle.flat = (flags & 4) != 0;
    candle.rebuilt = (flags & 8) != 0;
    batch.candles.push_back(row);
  }
}

void write_ticks(ByteWriter& out, Names& names, const core::WriteBatch& batch) {
  out.number(batch.ticks.size());
  for (const core::Tick& tick : batch.ticks) {
    out.number(names.of(tick.instrument()));
    out.integer(tick.received_at().ns);
    out.integer(tick.event_time().ns);
    out.decimal(tick.price());
    out.decimal(tick.amount());
    out.number(tick.trade_id());
    out.byte(static_cast<std::uint8_t>(tick.side()));
  }
}

void read_ticks(ByteReader& in, const core::Catalogue& catalogue, core::WriteBatch& batch) {
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    core::Tick::Trade trade;
    trade.instrument = in.id<core::InstrumentId>(catalogue.instruments().size());
    trade.received_at = {in.integer()};
    trade.event_time = {in.integer()};
    trade.price = in.decimal();
    trade.amount = in.decimal();
    trade.trade_id = in.number();
    trade.side = in.choice(core::Side::sell);
    batch.ticks.emplace_back(trade);
  }
}

void write_composites(ByteWriter& out, Names& names, const core::WriteBatch& batch) {
  out.number(batch.composites.size());
  for (const auto& [series, tick] : batch.composites) {
    out.number(names.of(series.base));
    out.number(names.of(series.quote));
    out.number(names.of(series.venue));
    out.integer(tick.received_at().ns);
    out.decimal(tick.price());
  }
}

void read_composites(ByteReader& in, const core::Catalogue& catalogue, core::WriteBatch& batch) {
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    core::SeriesKey series;
    series.base = in.id<core::AssetId>(catalogue.assets().size());
    series.quote = in.id<core::AssetId>(catalogue.assets().size());
    series.venue = in.id<core::VenueId>(catalogue.venues().size(), true);
    const core::Timestamp at{in.integer()};
    batch.composites.push_back({series, core::composite_tick(at, in.decimal())});
  }
}

void write_facts(ByteWriter& out, const core::WriteBatch& batch) {
  out.number(batch.facts.size());
  for (const core::AssetFacts& f : batch.facts) {
    out.text(f.asset_id);
    out.text(f.symbol);
    out.text(f.name);
    out.integer(f.rank);
    for (const auto* value : {&f.price, &f.high_24h, &f.low_24h})
      out.maybe(*value, [&](const core::Decimal& v) { out.decimal(v); });
    out.reals({&f.change_24h, &f.change_24h_pct, &f.market_cap, &f.volume_24h, &f.circulating_supply, &f.total_supply,
               &f.max_supply});
    out.integer(f.updated_at.ns);
    out.integer(f.received_at.ns);
  }
}

void read_facts(ByteReader& in, core::WriteBatch& batch) {
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    core::AssetFacts f;
    f.asset_id = in.text();
    f.symbol = in.text();
    f.name = in.text();
    f.rank = static_cast<std::int32_t>(in.integer());
    for (auto* value : {&f.price, &f.high_24h, &f.low_24h}) {
      if (in.byte() != 0) *value = in.decimal();
    }
    in.reals({&f.change_24h, &f.change_24h_pct, &f.market_cap, &f.volume_24h, &f.circulating_supply, &f.total_supply,
              &f.max_supply});
    f.updated_at = {in.integer()};
    f.received_at = {in.integer()};
    batch.facts.push_back(std::move(f));
  }
}

void write_prices_and_points(ByteWriter& out, Names& names, const core::WriteBatch& batch) {
  out.number(batch.prices.size());
  for (const core::LastPrice& row : batch.prices) {
    out.number(names.of(row.asset));
    out.decimal(row.price_usd);
    out.integer(row.as_of.ns);
    out.text(row.source);
  }
  out.number(batch.points.size());
  for (const core::PointRow& row : batch.points) {
    out.number(names.of(row.asset));
    out.integer(row.point.at.ns);
    out.real(row.point.price);
    out.reals({&row.point.market_cap, &row.point.volume_24h});
  }
}

void read_prices_and_points(ByteReader& in, const core::Catalogue& catalogue, core::WriteBatch& batch) {
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    core::LastPrice row;
    row.asset = in.id<core::AssetId>(catalogue.assets().size());
    row.price_usd = in.decimal();
    row.as_of = {in.integer()};
    row.source = in.text();
    batch.prices.push_back(std::move(row));
  }
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    core::PointRow row;
    row.asset = in.id<core::AssetId>(catalogue.assets().size());
    row.point.at = {in.integer()};
    row.point.price = in.real();
    in.reals({&row.point.market_cap, &row.point.volume_24h});
    batch.points.push_back(row);
  }
}

void write_gaps(ByteWriter& out, const core::WriteBatch& batch) {
  out.number(batch.gaps.size());
  for (const core::Gap& gap : batch.gaps) {
    out.text(gap.venue);
    out.text(gap.instrument_symbol);
    out.integer(gap.start.ns);
    out.integer(gap.end.ns);
    out.byte(static_cast<std::uint8_t>(gap.cause));
    out.byte(static_cast<std::uint8_t>(gap.state));
    out.integer(gap.expected);
    out.integer(gap.recovered);
  }
}

void read_gaps(ByteReader& in, core::WriteBatch& batch) {
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    core::Gap gap;
    gap.venue = in.text();
    gap.instrument_symbol = in.text();
    gap.start = {in.integer()};
    gap.end = {in.integer()};
    gap.cause = in.choice(core::GapCause::disk_full);
    gap.state = in.choice(core::GapState::lost);
    gap.expected = in.integer();
    gap.recovered = in.integer();
    batch.gaps.push_back(std::move(gap));
  }
}

void write_takeovers(ByteWriter& out, const core::WriteBatch& batch) {
  out.number(batch.takeovers.size());
  for (const core::Takeover& takeover : batch.takeovers) {
    out.text(takeover.asset);
    out.integer(takeover.at.ns);
    out.text(takeover.from);
    out.text(takeover.to);
    out.byte(static_cast<std::uint8_t>(takeover.cause));
  }
}

void read_takeovers(ByteReader& in, core::WriteBatch& batch) {
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    core::Takeover takeover;
    takeover.asset = in.text();
    takeover.at = {in.integer()};
    takeover.from = in.text();
    takeover.to = in.text();
    takeover.cause = in.choice(core::TakeoverCause::preferred);
    batch.takeovers.push_back(std::move(takeover));
  }
}

// Places in the tables become ids: a catalogue gives them out in the order in which things are added.
bool read_names(ByteReader& in, core::Catalogue& catalogue) {
  for (std::size_t left = in.count(), known = 0; left > 0 && in.ok(); --left) {
    core::Asset asset;
    asset.id = in.text();
    asset.symbol = in.text();
    asset.name = in.text();
    asset.kind = in.choice(core::AssetKind::commodity);
    asset.rank = static_cast<std::int32_t>(in.integer());
    if (catalogue.upsert_asset(std::move(asset)).index() != known++) return false;
  }
  for (std::size_t left = in.count(), known = 0; left > 0 && in.ok(); --left) {
    core::Venue venue;
    venue.id = in.text();
    venue.name = in.text();
    venue.polled = in.byte() != 0;
    if (catalogue.upsert_venue(std::move(venue)).index() != known++) return false;
  }
  for (std::size_t left = in.count(), known = 0; left > 0 && in.ok(); --left) {
    core::Instrument instrument;
    instrument.venue = in.id<core::VenueId>(catalogue.venues().size());
    instrument.base = in.id<core::AssetId>(catalogue.assets().size());
    instrument.quote = in.id<core::AssetId>(catalogue.assets().size());
    instrument.venue_symbol = in.text();
    if (!in.ok() || catalogue.add_instrument(std::move(instrument)).index() != known++) return false;
  }
  return in.ok();
}

}  // namespace

void encode_batch(std::string& out, const core::WriteBatch& batch) {
  Names names(batch.catalogue.get());
  std::string rows;
  ByteWriter body(rows);
  body.byte(batch.catalogue_changed ? 1 : 0);
  if (batch.catalogue_changed) {
    for (std::uint32_t i = 0; i < batch.catalogue->assets().size(); ++i) names.of(core::AssetId{i});
  }
  write_candles(body, names, batch);
  write_ticks(body, names, batch);
  write_prices_and_points(body, names, batch);
  write_facts(body, batch);
  write_gaps(body, batch);
  write_composites(body, names, batch);
  body.integer(batch.heard_until.ns);
  write_takeovers(body, batch);
  ByteWriter head(out);
  head.byte(kForm);
  names.write(head);
  out += names.instruments();
  out += rows;
}

core::Result<core::WriteBatch> decode_batch(std::string_view bytes) {
  const auto damaged = [] { return core::fail(core::ErrorCode::parse_error, "these bytes are no batch of rows"); };
  ByteReader in(bytes);
  const std::uint8_t form = in.byte();
  if (form < kFirstForm || form > kForm) return damaged();
  auto catalogue = std::make_shared<core::Catalogue>();
  if (!read_names(in, *catalogue)) return damaged();
  core::WriteBatch batch;
  batch.catalogue_changed = in.byte() != 0;
  read_candles(in, *catalogue, batch);
  read_ticks(in, *catalogue, batch);
  read_prices_and_points(in, *catalogue, batch);
  read_facts(in, batch);
  read_gaps(in, batch);
  if (form >= kSecondForm) {
    read_composites(in, *catalogue, batch);
    batch.heard_until = {in.integer()};
  }
  if (form >= kForm) read_takeovers(in, batch);
  if (!in.ok() || !in.at_end()) return damaged();
  batch.catalogue = std::move(catalogue);
  return batch;
}

}  // namespace tickspan::storage
