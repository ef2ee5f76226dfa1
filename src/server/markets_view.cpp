#include "server/markets_view.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <tuple>

#include "wire/messages.hpp"

namespace tickspan::server {
namespace {

double rounded(double value, int digits) {
  const auto decimal = core::Decimal::from_double(value, digits);
  return decimal ? decimal->to_double() : value;
}

std::optional<double> deviation_pct(const core::MarketSnapshot& snapshot, const MarketView& view) {
  const core::AssetRow* const base = snapshot.row(view.instrument->base);
  if (base == nullptr || !base->has_price() || view.row->price_usd <= 0) return {};
  const double price = base->price.to_double();
  const double percent = (view.row->price_usd - price) / price * 100;
  return std::fabs(percent) < 1e-9 ? 0 : rounded(percent, 4);
}

std::optional<core::Decimal> known(const core::Decimal& value) {
  return value.is_positive() ? std::optional(value) : std::nullopt;
}

}  // namespace

std::vector<MarketView> markets_of(const core::MarketSnapshot& snapshot, const MarketFilter& filter) {
  std::vector<MarketView> out;
  if (snapshot.markets == nullptr) return out;
  const core::Catalogue& catalogue = *snapshot.catalogue;
  for (const core::MarketRow& row : *snapshot.markets) {
    const core::Instrument& i = catalogue.instrument(row.instrument);
    if ((filter.base.valid() && i.base != filter.base) || (filter.quote.valid() && i.quote != filter.quote) ||
        (filter.venue.valid() && i.venue != filter.venue)) {
      continue;
    }
    if (row.standing == core::Standing::not_subscribed && !row.as_of.is_set()) continue;
    out.push_back({&i, &row});
  }
  const auto key = [&](const MarketView& view) {
    const core::Asset& base = catalogue.asset(view.instrument->base);
    return std::tuple(base.rank > 0 ? base.rank : std::numeric_limits<std::int32_t>::max(), std::string_view(base.id),
                      std::string_view(catalogue.asset(view.instrument->quote).id),
                      std::string_view(catalogue.venue(view.instrument->venue).id),
                      std::string_view(view.instrument->venue_symbol));
  };
  std::sort(out.begin(), out.end(), [&](const MarketView& a, const MarketView& b) { return key(a) < key(b); });
  return out;
}

std::optional<double> spread_bps(const core::Decimal& bid, const core::Decimal& ask) {
  if (!bid.is_positive() || !ask.is_positive()) return {};
  const double b = bid.to_double();
  const double a = ask.to_double();
  return rounded((a - b) / ((a + b) / 2) * 1e4, 4);
}

void write_market(wire::JsonWriter& json, const Call& call, const MarketView& view, Age age) {
  const core::Instrument& i = *view.instrument;
  const core::MarketRow& row = *view.row;
  const std::int64_t ms = std::chrono::duration_cast<std::chrono::milliseconds>(call.now - row.as_of).count();
  json.begin_object()
      .field("venue", call.catalogue().venue(i.venue).id)
      .field("pair", wire::pair_name(call.catalogue(), i.base, i.quote))
      .field("symbol", i.venue_symbol)
      .field("price_usd", row.price_usd > 0 ? std::optional(rounded(row.price_usd, 12)) : std::nullopt)
      .field("bid", known(row.bid))
      .field("ask", known(row.ask))
      .field("spread_bps", spread_bps(row.bid, row.ask))
      .field("last", known(row.last))
      .field("as_of", row.as_of);
  if (age == Age::told)
    json.field("age_ms", row.as_of.is_set() ? std::optional(std::max<std::int64_t>(ms, 0)) : std::nullopt);
  json.field("state", core::to_string(row.state))
      .field("used", row.standing == core::Standing::used)
      .field("reason", core::to_string(row.standing))
      .field("weight", rounded(row.weight, 4))
      .field("deviation_pct", deviation_pct(*call.snapshot, view))
      .end_object();
}

MarketsByBase::MarketsByBase(const core::MarketSnapshot& snapshot) : all_(markets_of(snapshot, {})) {
  for (std::uint32_t i = 0; i < all_.size(); ++i) {
    const std::size_t base = all_[i].instrument->base.index();
    if (base >= ranges_.size()) ranges_.resize(base + 1);
    auto& [begin, end] = ranges_[base];
    if (end == 0) begin = i;
    end = i + 1;
  }
}

std::span<const MarketView> MarketsByBase::of(core::AssetId base) const {
  if (base.index() >= ranges_.size()) return {};
  const auto [begin, end] = ranges_[base.index()];
  return std::span(all_).subspan(begin, end - begin);
}

void write_sources(wire::JsonWriter& json, const Call& call, std::span<const MarketView> markets) {
  json.key("sources").begin_array();
  for (const MarketView& view : markets) write_market(json, call, view, Age::left_out);
  json.end_array();
}

}  // namespace tickspan::server
