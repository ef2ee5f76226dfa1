#include "server/price_series.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "storage/gap_pair.hpp"

namespace tickspan::server {

PriceSeries::PriceSeries(core::Timestamp start, core::Timestamp end, core::Duration width)
    : start_(start.floor_to(width)), width_(width) {
  const auto length = (end - start_).count();
  if (length > 0) cells_.resize(static_cast<std::size_t>((length + width.count() - 1) / width.count()));
}

PriceSeries::Cell* PriceSeries::cell_at(core::Timestamp t) {
  if (t < start_) return nullptr;
  const auto index = static_cast<std::size_t>((t - start_) / width_);
  return index < cells_.size() ? &cells_[index] : nullptr;
}

TimeSpan PriceSeries::bucket(std::size_t index) const {
  const core::Timestamp start = start_ + width_ * static_cast<std::int64_t>(index);
  return {start, start + width_};
}

void PriceSeries::add_candles(std::span<const core::Candle> candles) {
  for (const core::Candle& candle : candles) {
    Cell* cell = cell_at(candle.start);
    if (cell == nullptr || !candle.close.is_positive()) continue;
    cell->source = Source::own;
    cell->incomplete = candle.incomplete;
    cell->price = candle.close;
    cell->at = candle.start.floor_to(width_) + width_;
  }
}

void PriceSeries::add_minutes(const core::MinuteHistory& minutes, core::AssetId asset) {
  if (asset.index() >= minutes.closes.size() || !minutes.closes[asset.index()]) return;
  const auto& closes = *minutes.closes[asset.index()];
  constexpr core::Duration kMinute = std::chrono::minutes(1);
  for (std::size_t i = 0; i < closes.size(); ++i) {
    const auto price = std::isnan(closes[i]) ? std::nullopt : core::Decimal::from_double(closes[i]);
    if (!price || !price->is_positive()) continue;
    const core::Timestamp end = minutes.end - kMinute * static_cast<std::int64_t>(closes.size() - 1 - i);
    Cell* cell = cell_at(end - kMinute);
    // A bucket of several minutes takes the last of them; a candle knows better.
    if (cell == nullptr || (cell->source == Source::own && cell->at >= end)) continue;
    cell->source = Source::own;
    cell->price = *price;
    cell->at = end;
  }
}

void PriceSeries::add_points(std::span<const core::MarketPoint> points) {
  for (const core::MarketPoint& point : points) {
    Cell* cell = cell_at(point.at);
    if (cell == nullptr) continue;
    if (point.at >= cell->facts_at) {
      if (point.market_cap) cell->market_cap = point.market_cap;
      if (point.volume_24h) cell->volume_24h = point.volume_24h;
      cell->facts_at = point.at;
    }
    if (cell->source == Source::own || (cell->source == Source::point && point.at < cell->at)) continue;
    const auto price = core::Decimal::from_double(point.price);
    if (!price || !price->is_positive()) continue;
    cell->source = Source::point;
    cell->price = *price;
    cell->at = point.at;
  }
}

std::vector<TimeSpan> PriceSeries::holes(core::Timestamp until, core::Duration spacing) const {
  std::vector<TimeSpan> out;
  const auto is_point = [&](std::size_t i) { return i < cells_.size() && cells_[i].source == Source::point; };
  for (std::size_t i = 0; i < cells_.size();) {
    if (cells_[i].source != Source::none) {
      ++i;
      continue;
    }
    const std::size_t begin = i;
    while (i < cells_.size() && cells_[i].source == Source::none && bucket(i).end <= until) ++i;
    if (i == begin) break;  // not over yet, nor is anything after it
    const TimeSpan span{bucket(begin).start, bucket(i - 1).end};
    const bool beside_point = (begin > 0 && is_point(begin - 1)) || is_point(i);
    if (!beside_point || span.end - span.start > spacing) out.push_back(span);
  }
  return out;
}

std::vector<TimeSpan> PriceSeries::incomplete() const {
  std::vector<TimeSpan> out;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    if (!cells_[i].incomplete) continue;
    if (!out.empty() && out.back().end == bucket(i).start)
      out.back().end = bucket(i).end;
    else
      out.push_back(bucket(i));
  }
  return out;
}

bool PriceSeries::has(Source source) const {
  return std::any_of(cells_.begin(), cells_.end(), [&](const Cell& cell) { return cell.source == source; });
}

void write_gaps(wire::JsonWriter& json, const std::vector<ShownGap>& gaps) {
  json.begin_array();
  for (const ShownGap& gap : gaps) {
    json.begin_object()
        .field("venue", gap.venue)
        .field("start", gap.span.start)
        .field("end", gap.span.end)
        .field("cause", gap.cause)
        .end_object();
  }
  json.end_array();
}

namespace {

// Gaps of pairs that are not listed since the start go by their assets.
void add_unlisted(const core::Catalogue& catalogue, core::AssetId base, core::AssetId quote, std::string_view venue,
                  storage::GapScopes& scopes) {
  std::set<core::AssetId> quotes{quote};
  for (const core::Instrument& pair : catalogue.instruments()) {
    if (!quote.valid()) quotes.insert(pair.quote);
  }
  for (const core::Venue& source : catalogue.venues()) {
    if (source.polled || (!venue.empty() && source.id != venue)) continue;
    for (const core::AssetId id : quotes) {
      if (id.valid())
        scopes.insert({source.id, storage::unlisted_symbol({catalogue.asset(base).id, catalogue.asset(id).id, ""})});
    }
  }
}

}  // namespace

storage::GapScopes gap_scopes(const core::Catalogue& catalogue, core::AssetId base, core::AssetId quote,
                              std::string_view venue) {
  storage::GapScopes scopes;
  bool on_exchange = false;
  for (const core::Instrument& pair : catalogue.instruments()) {
    if (pair.base != base) continue;
    on_exchange = true;
    const std::string& id = catalogue.venue(pair.venue).id;
    if ((quote.valid() && pair.quote != quote) || (!venue.empty() && id != venue)) continue;
    scopes.insert({id, ""});
    scopes.insert({id, pair.venue_symbol});
  }
  add_unlisted(catalogue, base, quote, venue, scopes);
  // A source that does not trade the asset cannot have left a hole in it. Who trades it on no exchange lives on the
  // aggregator's figures.
  if (on_exchange || quote.valid()) return scopes;
  for (const core::Venue& source : catalogue.venues()) {
    if (source.polled && (venue.empty() || source.id == venue)) scopes.insert({source.id, ""});
  }
  return scopes;
}

bool touches(const core::Gap& gap, const std::vector<TimeSpan>& marks) {
  return std::any_of(marks.begin(), marks.end(),
                     [&](const TimeSpan& s) { return gap.start < s.end && s.start < gap.end; });
}

std::vector<ShownGap> explain(const std::vector<core::Gap>& recorded, const std::vector<TimeSpan>& holes,
                              const std::vector<TimeSpan>& partial, TimeSpan range) {
  const auto cut = [&](const TimeSpan& span) {
    return TimeSpan{std::max(span.start, range.start), std::min(span.end, range.end)};
  };
  std::vector<ShownGap> out;
  for (const core::Gap& gap : recorded) {
    const TimeSpan span = cut({gap.start, gap.end});
    const ShownGap shown{gap.venue, span, core::to_string(gap.cause)};
    // A pair's own row beside its source's says the same here.
    if (span.start < span.end && std::find(out.begin(), out.end(), shown) == out.end()) out.push_back(shown);
  }
  const std::vector<ShownGap> known = out;
  constexpr core::Duration kSlack = std::chrono::minutes(1);  // a gap begins and ends inside a bucket
  for (const TimeSpan& hole : holes) {
    const bool explained = std::any_of(known.begin(), known.end(), [&](const ShownGap& gap) {
      return gap.span.start <= hole.start + kSlack && gap.span.end + kSlack >= hole.end;
    });
    if (!explained) out.push_back({std::nullopt, cut(hole), "no_data"});
  }
  for (const TimeSpan& stretch : partial) {
    const bool explained = std::any_of(known.begin(), known.end(), [&](const ShownGap& gap) {
      return gap.span.start < stretch.end && stretch.start < gap.span.end;
    });
    if (!explained) out.push_back({std::nullopt, cut(stretch), "partial"});
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const ShownGap& a, const ShownGap& b) { return a.span.start < b.span.start; });
  return out;
}

}  // namespace tickspan::server
