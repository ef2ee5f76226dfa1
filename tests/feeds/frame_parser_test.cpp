#include "feeds/frame_parser.hpp"

#include <gtest/gtest.h>

#include "feeds/binance/binance.hpp"
#include "feeds/bitstamp/bitstamp.hpp"
#include "feeds/bybit/bybit.hpp"
#include "feeds/coinbase/coinbase.hpp"
#include "feeds/kraken/kraken.hpp"
#include "feeds/okx/okx.hpp"
#include "runtime/memory.hpp"
#include "venue_fixture.hpp"

namespace tickspan::feeds {
namespace {

constexpr std::size_t kGiant = 5 << 20;

std::string giant() {
  return R"({"x":")" + std::string(kGiant, 'a') + R"("})";
}

TEST(FrameParser, KeepsRoomForOrdinaryFramesOnly) {
  FrameParser parser;
  const auto reads = [&](const std::string& text) {
    const test::Padded frame(text);
    simdjson::ondemand::document document;
    std::string_view x;
    return parser.iterate(frame.view()).get(document) == simdjson::SUCCESS &&
           document["x"].get_string().get(x) == simdjson::SUCCESS && x.size() == text.size() - 8;
  };
  EXPECT_TRUE(reads(R"({"x":"a"})"));
  const std::size_t usual = parser.capacity();
  EXPECT_TRUE(reads(giant()));
  EXPECT_GE(parser.capacity(), kGiant);
  EXPECT_TRUE(reads(R"({"x":"b"})"));
  EXPECT_EQ(parser.capacity(), usual);
  EXPECT_TRUE(reads(giant())) << "and again";
}

TEST(FrameParser, NoVenueKeepsTheRoomOfAGiant) {
#ifdef TICKSPAN_SANITIZED
  GTEST_SKIP() << "a sanitizer has an allocator of its own";
#endif
  for (const auto make : {make_binance, make_bitstamp, make_bybit, make_coinbase, make_kraken, make_okx}) {
    test_venues::Venue venue(make());
    venue.why("{}");
    const std::uint64_t before = runtime::allocated_bytes();
    venue.why(giant());
    EXPECT_GT(runtime::allocated_bytes(), before + kGiant) << venue.protocol->venue().id;
    venue.why("{}");
    EXPECT_LT(runtime::allocated_bytes(), before + kGiant / 4) << venue.protocol->venue().id;
  }
}

}  // namespace
}  // namespace tickspan::feeds
