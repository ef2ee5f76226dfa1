// A block of trades in the database may be damaged in any way.

#include <cstdlib>
#include <limits>

#include "storage/sqlite/trade_codec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickspan::storage::sqlite;
  std::vector<TradeRow> once, twice;
  if (!decode_trades(1, 2, {reinterpret_cast<const char*>(data), size}, once)) return 0;
  TradeEncoder encoder(once.front().at, once.front().key);
  for (const TradeRow& row : once) {
    if (!encoder.append(row, std::numeric_limits<std::size_t>::max())) std::abort();
  }
  if (!decode_trades(once.front().at, once.front().key, encoder.bytes(), twice)) std::abort();
  if (once.size() != twice.size()) std::abort();
  for (std::size_t i = 0; i < once.size(); ++i) {
    if (!once[i].same_as(twice[i])) std::abort();
  }
  return 0;
}
