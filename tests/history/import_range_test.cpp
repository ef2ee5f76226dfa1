#include <gtest/gtest.h>

#include "history_fixture.hpp"

namespace tickspan::history {
namespace {

using core::Interval;
using test::Place;

TEST(ImportRange, RowsAndGapsOfOtherTimesStayOut) {
  const tickspan::test::TempDir dir;
  const auto at = [](std::int64_t s) { return core::Timestamp::from_s(1'570'752'000 + s); };
  ImportRequest request;
  request.path = request.shown_as =
      test::put_file(dir.file("t.csv"),
                     "ts_ms,trade_id,side,price,amount\n1570752000000,1,sell,2,3\n1570752060000,2,buy,2,3\n"
                     "1570752120000,3,sell,2,3\n");
  request.gaps = {{"binance", "", at(10), at(20), core::GapCause::mute},
                  {"binance", "", at(55), at(65), core::GapCause::mute},
                  {"binance", "", at(130), at(140), core::GapCause::mute}};
  request.start = at(60);
  request.end = at(120);
  request.now = test::kLater;
  Place place;
  const auto part = place.run(request);
  ASSERT_TRUE(part) << part.error().context;
  EXPECT_EQ(part->rows, 1U);
  EXPECT_EQ(part->outside, 2U);
  ASSERT_EQ(place.trades().size(), 1U);
  EXPECT_EQ(place.trades()[0].trade_id, 2U);
  EXPECT_EQ(place.candles(Interval::m1).size(), 1U);
  EXPECT_EQ(place.reader->gaps("binance", at(0), at(200), 10)->size(), 1U) << "the one that touches the range";
  request.start = request.end = {};
  ASSERT_TRUE(place.run(request));
  EXPECT_EQ(place.trades().size(), 3U);
  EXPECT_EQ(place.reader->gaps("binance", at(0), at(200), 10)->size(), 3U);
}

}  // namespace
}  // namespace tickspan::history
