#include "storage/sqlite/old_trades.hpp"

#include <array>
#include <string_view>

namespace tickspan::storage::sqlite {
namespace {

constexpr std::string_view kErase = "DELETE FROM trades WHERE series = ? AND trade = ?";
constexpr std::string_view kFirst = "SELECT series FROM trades ORDER BY series, trade LIMIT 1";
constexpr std::string_view kOldest =
    "SELECT at, received, price, price_exp, amount, amount_exp, trade, side FROM trades "
    "WHERE series = ? ORDER BY at, trade LIMIT ?";
constexpr std::string_view kExpire =
    "DELETE FROM trades WHERE (series, trade) IN (SELECT series, trade FROM trades "
    "WHERE series = ?1 AND at < ?2 ORDER BY at LIMIT ?3) RETURNING 1";

TradeRow row_at(const Statement& row) {
  TradeRow trade;
  trade.at = row.integer(0);
  trade.received = trade.at + row.integer(1);
  trade.price = {row.integer(2), static_cast<std::int8_t>(row.integer(3))};
  trade.amount = {row.integer(4), static_cast<std::int8_t>(row.integer(5))};
  trade.key = row.integer(6);
  trade.side = row.integer(7) == 1 ? core::Side::buy : row.integer(7) == 2 ? core::Side::sell : core::Side::unknown;
  return trade;
}

}  // namespace

core::Result<bool> has_old_trades(Connection& connection) {
  const auto found = connection.query_integer("SELECT count(*) FROM sqlite_schema WHERE name = 'trades'");
  if (!found) return tl::unexpected(found.error());
  return *found != 0;
}

core::Status drop_empty_old_trades(Connection& connection) {
  const auto there = has_old_trades(connection);
  if (!there) return tl::unexpected(there.error());
  if (!*there) return {};
  const auto rows = connection.query_integer("SELECT count(*) FROM (SELECT 1 FROM trades LIMIT 1)");
  if (!rows) return tl::unexpected(rows.error());
  return *rows == 0 ? connection.execute("DROP TABLE trades") : core::Status{};
}

core::Status OldTrades::prepare() {
  const auto there = has_old_trades(connection_);
  if (!there) return tl::unexpected(there.error());
  there_ = *there;
  if (!there_) return {};
  const std::array<std::pair<Statement*, std::string_view>, 4> statements = {
      {{&erase_, kErase}, {&first_, kFirst}, {&oldest_, kOldest}, {&expire_, kExpire}}};
  for (const auto& [statement, sql] : statements) {
    auto prepared = connection_.prepare(sql);
    if (!prepared) return tl::unexpected(prepared.error());
    *statement = std::move(*prepared);
  }
  return {};
}

bool OldTrades::erase(std::int64_t series, std::int64_t key) {
  return empty() || erase_.integer(1, series).integer(2, key).run();
}

void OldTrades::forget() {
  dropped_ = false;
  if (!there_) return;
  const auto there = has_old_trades(connection_);
  there_ = !there || *there;
}

bool OldTrades::take(std::size_t max_rows, std::int64_t& series, std::vector<TradeRow>& out) {
  if (empty()) return true;
  Step step = first_.step();
  if (step == Step::row) series = first_.integer(0);
  first_.reset();
  if (step == Step::failed) return false;
  if (step == Step::done) return dropped_ = connection_.execute("DROP TABLE trades").has_value();
  {
    const ResetOnExit reset(oldest_);
    oldest_.integer(1, series).integer(2, static_cast<std::int64_t>(max_rows));
    while ((step = oldest_.step()) == Step::row) out.push_back(row_at(oldest_));
    if (step == Step::failed) return false;
  }
  for (const TradeRow& trade : out) {
    if (!erase(series, trade.key)) return false;
  }
  return true;
}

bool OldTrades::expire(std::int64_t series, std::int64_t bound, std::size_t& room) {
  if (empty() || room == 0) return true;
  const ResetOnExit reset(expire_);
  expire_.integer(1, series).integer(2, bound).integer(3, static_cast<std::int64_t>(room));
  Step step = Step::row;
  while ((step = expire_.step()) == Step::row) --room;
  return step == Step::done;
}

}  // namespace tickspan::storage::sqlite
