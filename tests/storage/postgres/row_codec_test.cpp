#include "storage/postgres/row_codec.hpp"

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <limits>
#include <string>
#include <vector>

namespace tickspan::storage::postgres {
namespace {

template <typename T>
std::string be(T value) {
  std::string out(sizeof(T), '\0');
  write_be<T>(out.data(), value);
  return out;
}
std::string number(const core::Decimal& value) {
  char bytes[64];
  return {bytes, Numeric::write(bytes, value)};
}

/// The columns kTradeColumns as a server sends them.
std::optional<TradeRow> trade_of(std::int64_t at_us, std::uint32_t nanos, std::int64_t delay) {
  std::vector<std::string> values = {be<std::uint32_t>(nanos), be(static_cast<std::uint64_t>(at_us)),
                                     be<std::uint64_t>(7),     be(static_cast<std::uint64_t>(delay)),
                                     number({105, 0}),         number({25, -1})};
  PGresult* const result = PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK);
  std::string name = "column";
  std::vector<PGresAttDesc> columns(values.size(), PGresAttDesc{name.data(), 0, 0, 1, 0, 0, 0});
  PQsetResultAttrs(result, static_cast<int>(columns.size()), columns.data());
  for (std::size_t i = 0; i < values.size(); ++i)
    PQsetvalue(result, 0, static_cast<int>(i), values[i].data(), static_cast<int>(values[i].size()));
  return trade_at(Rows(result), 0, 0);
}

TEST(PostgresRows, ATradeHasItsTimesToTheNanosecond) {
  const core::Timestamp at{1'780'000'020'000'123'456};
  const auto row = trade_of(us_of_time(at), 456, 5'000'000);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->trade.at, at);
  EXPECT_EQ(row->trade.received_at, at + std::chrono::milliseconds(5));
  EXPECT_EQ(row->trade.price, (core::Decimal{105, 0}));
}

TEST(PostgresRows, TimesThatNoClockHadAreDamage) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kSomeTime = 800'000'000'000'000;
  EXPECT_FALSE(trade_of(kMost, 0, 0)) << "infinity";
  EXPECT_FALSE(trade_of(kSomeTime, 0, kMost)) << "received after the end of time";
  EXPECT_FALSE(trade_of(std::numeric_limits<std::int64_t>::min(), 0, -1)) << "and before its beginning";
}

}  // namespace
}  // namespace tickspan::storage::postgres
