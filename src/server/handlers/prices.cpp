#include <algorithm>

#include "server/handlers/routes.hpp"
#include "server/lookup.hpp"
#include "server/markets_view.hpp"
#include "wire/messages.hpp"

namespace tickspan::server {
namespace {

SortKey sort_key(const std::string& name) {
  if (name == "price") return SortKey::price;
  if (name == "change") return SortKey::change;
  return name == "volume" ? SortKey::volume : SortKey::rank;
}

struct Selection {
  std::vector<const core::AssetRow*> rows;
  std::vector<std::string> unpriced;  ///< asked for by name and without a price
};

tl::expected<Selection, Problem> select(const Call& call) {
  const auto& names = call.values.names("ids");
  if (names.empty()) return Selection{ranked_rows(*call.snapshot), {}};
  Selection selection;
  for (const std::string& name : names) {
    const core::AssetId id = call.catalogue().resolve(name);
    if (!id.valid()) return tl::unexpected(unknown_asset(call.catalogue(), "ids", name));
    const core::AssetRow* row = call.snapshot->row(id);
    if (row == nullptr || !row->has_price())
      selection.unpriced.push_back(call.catalogue().asset(id).id);
    else if (std::find(selection.rows.begin(), selection.rows.end(), row) == selection.rows.end())
      selection.rows.push_back(row);
  }
  return selection;
}

Outcome answer(const Call& call) {
  const auto quote = currency_of(call, "quote");
  if (!quote) return tl::unexpected(quote.error());
  auto selection = select(call);
  if (!selection) return tl::unexpected(selection.error());
  const SortKey key = sort_key(call.values.text("sort"));
  // Best first, unless asked otherwise: rank 1, the highest price, the largest gain.
  const std::string& order = call.values.text("order");
  sort_rows(selection->rows, key, order.empty() ? key != SortKey::rank : order == "desc");

  std::string context = "prices:" + call.values.text("sort") + order;
  for (const std::string& name : call.values.names("ids")) context += ',' + name;
  const auto start = page_start(call, context);
  if (!start) return tl::unexpected(start.error());
  const std::size_t end =
      std::min(selection->rows.size(), *start + static_cast<std::size_t>(call.values.integer("limit")));

  std::string body;
  body.reserve(600 * (end > *start ? end - *start : 1));
  wire::JsonWriter json(body, call.format);
  json.begin_object().field("quote", currency_name(call, *quote)).key("data").begin_array();
  std::optional<MarketsByBase> markets;
  if (call.values.text("detail") == "sources") markets.emplace(*call.snapshot);
  for (std::size_t i = *start; i < end; ++i) {
    const core::AssetRow& row = *selection->rows[i];
    const auto sources = [&](wire::JsonWriter& out) { write_sources(out, call, markets->of(row.asset)); };
    wire::write_ticker(json, *call.snapshot, row, *quote,
                       markets ? std::function<void(wire::JsonWriter&)>(sources) : nullptr);
  }
  json.end_array();
  if (!call.values.names("ids").empty()) {
    json.key("unpriced").begin_array();
    for (const std::string& id : selection->unpriced) json.value(id);
    json.end_array();
  }
  write_next_cursor(json, end, selection->rows.size(), context);
  json.end_object();
  return Answer{.body = std::move(body)};
}

}  // namespace

Route prices_route() {
  return {.path = "/api/v1/prices",
          .summary = "Tickers of many assets",
          .parameters = {{"ids", ParameterType::names, "", 0, 250},
                         {"quote", ParameterType::text, "usd", 0, 64},
                         {"limit", ParameterType::integer, "100", 1, 250},
                         {"cursor", ParameterType::text, "", 0, 64},
                         {"sort", ParameterType::choice, "rank", 0, 0, {"rank", "price", "change", "volume"}},
                         {"order", ParameterType::choice, "", 0, 0, {"asc", "desc"}},
                         {"detail", ParameterType::choice, "", 0, 0, {"sources"}}},
          .cacheable = true,
          .answer = answer};
}

}  // namespace tickspan::server
