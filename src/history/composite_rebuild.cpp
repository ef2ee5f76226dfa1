#include "history/composite_rebuild.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "history/minutes.hpp"
#include "market/composite_minute.hpp"
#include "market/instrument_mapper.hpp"
#include "market/seed_catalogue.hpp"

namespace tickspan::history {
namespace {

using core::Candle;
using core::Timestamp;

constexpr core::Duration kMinute = std::chrono::minutes(1);
constexpr core::Duration kBefore = std::chrono::minutes(30);    // by then a trade's weight has faded
constexpr core::Duration kUnitLasts = std::chrono::minutes(5);  // as a quiet price does

using Minutes = std::vector<Candle>;

const Candle* at_or_before(const Minutes& minutes, Timestamp start) {
  const auto after =
      std::upper_bound(minutes.begin(), minutes.end(), start, [](Timestamp t, const Candle& c) { return t < c.start; });
  return after == minutes.begin() ? nullptr : &*(after - 1);
}

const Candle* at(const Minutes& minutes, Timestamp start) {
  const Candle* const found = at_or_before(minutes, start);
  return found != nullptr && found->start == start ? found : nullptr;
}

/// One job's reading: composites are read once and kept, with what was rebuilt in them.
class Rebuild {
 public:
  Rebuild(storage::StoreReader& reader, const CompositeQuery& query)
      : reader_(reader),
        query_(query),
        usd_(query.catalogue->find_id("usd")),
        width_(core::width(query.interval)),
        before_(std::max(kBefore, width_)),
        unit_lasts_(std::max(kUnitLasts, width_)),
        fade_(std::pow(market::fade_of_a_minute(), static_cast<double>(width_ / kMinute))) {}

  core::Result<Minutes> minutes_of(core::AssetId asset) {
    Minutes changed;
    auto pairs = read_pairs(asset);
    if (!pairs) return tl::unexpected(pairs.error());
    if (pairs->empty()) return changed;
    auto own = composite(asset);
    if (!own) return tl::unexpected(own.error());
    std::vector<market::MinuteInput> inputs;
    double before = 0;
    for (Timestamp t = query_.from - before_; t < query_.to && t + width_ <= query_.until; t = t + width_) {
      inputs.clear();
      const double last_price = before;
      for (Pair& pair : *pairs) add_input(pair, t, inputs);
      const Candle* const known = at(**own, t);
      const bool was_told = known != nullptr && !market::may_be_rebuilt(*known);
      if (known != nullptr) before = known->close.to_double();
      if (t < query_.from || was_told || inputs.empty()) continue;
      const auto made = market::composite_minute(t, inputs, last_price, query_.outlier);
      if (!made) continue;
      const bool says_no_more = known != nullptr && !known->incomplete && known->final && known->flat && made->flat;
      if (says_no_more) continue;
      if (known == nullptr || !same(*known, *made)) changed.push_back(*made);
      before = made->close.to_double();
    }
    keep(**own, changed);
    return changed;
  }

 private:
  struct Pair {
    Minutes minutes;
    core::VenueId venue;
    const Minutes* unit = nullptr;  ///< of the quote; null: USD
    bool peg = false;               ///< a quote that stands for a dollar where nothing is known of it
    double volume = 0;              ///< traded lately, USD
  };

  core::Result<Minutes> read(const std::string& base, const std::string& quote, const std::string& venue) {
    return reader_.candles({.base = base,
                            .quote = quote,
                            .venue = venue,
                            .interval = query_.interval,
                            .start = query_.from - before_,
                            .end = query_.to});
  }

  core::Result<Minutes*> composite(core::AssetId asset) {
    const auto known = composites_.find(asset);
    if (known != composites_.end()) return &known->second;
    auto minutes = read(query_.catalogue->asset(asset).id, "usd", "");
    if (!minutes) return tl::unexpected(minutes.error());
    return &(composites_[asset] = std::move(*minutes));
  }

  core::Result<std::vector<Pair>> read_pairs(core::AssetId asset) {
    const core::Catalogue& names = *query_.catalogue;
    const int level = market::conversion_level(names.asset(asset));
    std::vector<Pair> out;
    for (const core::Instrument& i : names.instruments()) {
      if (i.base != asset || market::conversion_level(names.asset(i.quote)) >= level) continue;
      auto minutes = read(names.asset(asset).id, names.asset(i.quote).id, names.venue(i.venue).id);
      if (!minutes) return tl::unexpected(minutes.error());
      std::erase_if(*minutes, [](const Candle& c) { return !c.final; });
      if (minutes->empty()) continue;
      Pair pair{std::move(*minutes), i.venue};
      if (i.quote != usd_) {
        auto unit = composite(i.quote);
        if (!unit) return tl::unexpected(unit.error());
        pair.unit = *unit;
        pair.peg = market::is_dollar_stablecoin(names.asset(i.quote));
      }
      out.push_back(std::move(pair));
    }
    return out;
  }

  void set_unit(const Pair& pair, Timestamp t, market::MinuteInput& input) const {
    if (pair.unit == nullptr) {
      input.unit_open = input.unit_close = 1;
      return;
    }
    const Candle* const unit = at_or_before(*pair.unit, t);
    const bool lasts = unit != nullptr && t - unit->start <= unit_lasts_;
    input.unit_is_guess = unit == nullptr || unit->start != t;
    if (!input.unit_is_guess) {
      input.unit_open = unit->open.to_double();
      input.unit_close = unit->close.to_double();
    } else if (lasts) {
      input.unit_open = input.unit_close = unit->close.to_double();
    } else if (pair.peg) {
      input.unit_open = input.unit_close = 1;
    }
  }

  void add_input(Pair& pair, Timestamp t, std::vector<market::MinuteInput>& inputs) const {
    pair.volume *= fade_;
    market::MinuteInput input;
    input.candle = at(pair.minutes, t);
    if (input.candle == nullptr) return;
    input.venue = pair.venue;
    set_unit(pair, t, input);
    pair.volume += input.candle->volume.to_double() * input.candle->close.to_double() * input.unit_close;
    input.volume = pair.volume;
    inputs.push_back(input);
  }

  static void keep(Minutes& known, const Minutes& changed) {
    for (const Candle& c : changed) {
      const auto place = std::lower_bound(known.begin(), known.end(), c.start,
                                          [](const Candle& k, Timestamp t) { return k.start < t; });
      if (place != known.end() && place->start == c.start)
        *place = c;
      else
        known.insert(place, c);
    }
  }

  storage::StoreReader& reader_;
  const CompositeQuery& query_;
  const core::AssetId usd_;
  const core::Duration width_, before_, unit_lasts_;
  const double fade_;
  std::map<core::AssetId, Minutes> composites_;  // addresses stay
};

}  // namespace

core::Result<std::vector<core::RepairedCandles>> rebuild_composites(storage::StoreReader& reader,
                                                                    const CompositeQuery& query) {
  Rebuild rebuild(reader, query);
  std::vector<core::RepairedCandles> out;
  const core::AssetId usd = query.catalogue->find_id("usd");
  for (const core::AssetId asset : query.assets) {
    auto minutes = rebuild.minutes_of(asset);
    if (!minutes) return tl::unexpected(minutes.error());
    if (minutes->empty()) continue;
    core::RepairedCandles made{{asset, usd, {}}, {}, {}};
    (query.interval == core::Interval::h1 ? made.hours : made.minutes) = std::move(*minutes);
    out.push_back(std::move(made));
  }
  return out;
}

}  // namespace tickspan::history
