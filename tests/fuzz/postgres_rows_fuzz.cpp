// Rows of the big tables as a server may send them: any number in a column of integers, any bytes in one of decimals.
// What is read is written as a row that reads the same. First byte: 0 a candle, else a trade.
#include <libpq-fe.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/assert.hpp"
#include "storage/postgres/row_codec.hpp"

namespace {

using namespace tickspan;
using namespace storage::postgres;

constexpr std::size_t kDecimal = 0;  // of any length
constexpr std::size_t kCandle[] = {4, 8, 4, kDecimal, kDecimal, kDecimal, kDecimal, kDecimal};
constexpr std::size_t kTrade[] = {4, 8, 8, 8, kDecimal, kDecimal};

Rows one_row(std::vector<std::string> values) {
  PGresult* const result = PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK);
  std::string name = "column";
  std::vector<PGresAttDesc> columns(values.size(), PGresAttDesc{name.data(), 0, 0, 1, 0, 0, 0});
  TS_ASSERT(PQsetResultAttrs(result, static_cast<int>(columns.size()), columns.data()) != 0, "columns");
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto size = static_cast<int>(values[i].size());
    TS_ASSERT(PQsetvalue(result, 0, static_cast<int>(i), values[i].data(), size) != 0, "a value");
  }
  return Rows(result);
}

/// Off the front of `bytes`; what is missing at their end is zero. A decimal has its length in front.
Rows row_of(std::string_view bytes, std::span<const std::size_t> widths) {
  const auto take = [&bytes](std::size_t size) {
    const std::string_view part = bytes.substr(0, size);
    bytes.remove_prefix(part.size());
    return part;
  };
  std::vector<std::string> values;
  for (const std::size_t width : widths) {
    const std::string_view length = width == kDecimal ? take(1) : std::string_view();
    const std::size_t size = length.empty() ? width : static_cast<unsigned char>(length.front());
    std::string& value = values.emplace_back(take(size));
    if (width != kDecimal) value.resize(width, '\0');
  }
  return one_row(std::move(values));
}

/// The row of a COPY stream, without its series: the columns as they are asked for.
Rows row_of_copy(std::string_view stream) {
  constexpr std::size_t kStreamHead = 19;
  stream.remove_prefix(kStreamHead);
  const std::size_t count = read_be<std::uint16_t>(stream.data());
  stream.remove_prefix(2);
  std::vector<std::string> values;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t size = read_be<std::uint32_t>(stream.data());
    if (i > 0) values.emplace_back(stream.substr(4, size));
    stream.remove_prefix(4 + size);
  }
  return one_row(std::move(values));
}

std::string written(const Rollup& rollup) {
  CopyStream out;
  put_minute(out, 1, rollup.candle);
  return std::string(out.finish());
}
std::string written(const TradeRow& row) {
  const storage::StoredTrade& t = row.trade;
  CopyStream out;
  put_trade(out, 1, row.key,
            core::Tick(core::Tick::Trade{{0}, t.received_at, t.at, t.price, t.amount, t.trade_id, t.side}));
  return std::string(out.finish());
}

template <typename Read>
void check(const Rows& row, Read read) {
  const auto value = read(row, 0, 0);
  if (!value) return;
  // A time that is too far ahead of the receipt is written as the receipt's: what is written once stays.
  const auto once = read(row_of_copy(written(*value)), 0, 0);
  TS_ASSERT(once.has_value(), "what is written can be read");
  const auto twice = read(row_of_copy(written(*once)), 0, 0);
  TS_ASSERT(twice.has_value() && written(*twice) == written(*once), "and is the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 0) {
    check(row_of(bytes, kCandle), candle_at);
  } else {
    check(row_of(bytes, kTrade), trade_at);
  }
  return 0;
}
