#include "history/recount.hpp"

#include "history/pages.hpp"
#include "market/candle_builder.hpp"

namespace tickspan::history {
namespace {

core::Status give_out(market::CandleBuilder& builder, core::Timestamp end,
                      const std::function<core::Status(const core::Candle&)>& visit) {
  for (const core::Candle& candle : builder.finished()) {
    if (candle.start >= end) continue;
    if (auto visited = visit(candle); !visited) return visited;
  }
  builder.clear_finished();
  return {};
}

}  // namespace

core::Status recount_minutes(storage::StoreReader& reader, const storage::SeriesName& series, core::Timestamp start,
                             core::Timestamp end, const std::function<core::Status(const core::Candle&)>& visit) {
  if (series.venue.empty()) return {};  // composite prices are samples, one a second
  market::CandleBuilder builder;
  storage::TradeQuery query{series.base, series.quote, series.venue, {}, {}, 0};
  core::Timestamp last;
  auto read = for_each_row(
      start, end,
      [&](core::Timestamp from, core::Timestamp to, std::size_t limit) {
        query.start = from;
        query.end = to;
        query.limit = limit;
        return reader.trades(query);
      },
      [&](const storage::StoredTrade& trade) {
        builder.add_trade(trade.at, trade.price, trade.amount, trade.trade_id);
        last = trade.at;
        return builder.has_finished() ? give_out(builder, end, visit) : core::Status{};
      });
  if (!read || !last.is_set()) return read;
  const core::Timestamp over = last.floor_to(market::CandleBuilder::kMinute) + market::CandleBuilder::kMinute;
  builder.advance(over + market::CandleBuilder::kLateness, true);
  return give_out(builder, end, visit);
}

bool same_numbers(const core::Candle& a, const core::Candle& b) {
  return a.open == b.open && a.high == b.high && a.low == b.low && a.close == b.close && a.volume == b.volume;
}

}  // namespace tickspan::history
