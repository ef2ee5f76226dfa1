#include "runtime/feed_port.hpp"

#include <gtest/gtest.h>

namespace tickspan::runtime {
namespace {

using core::Decimal;
using core::Tick;

Tick trade(std::uint32_t instrument, std::uint64_t id, std::int64_t at_s = 1) {
  return Tick(Tick::Trade{{instrument}, core::Timestamp::from_s(at_s), {}, {100, 0}, {1, 0}, id, core::Side::buy});
}
Tick quote(std::uint32_t instrument, std::int64_t bid) {
  return Tick(Tick::Quote{{instrument}, core::Timestamp::from_s(1), {}, {bid, 0}, {bid + 1, 0}, {}, {}});
}

TEST(FeedPort, EventsKeepTheirPlaceAmongTicks) {
  FeedPort port(16, [] {});
  port.push(trade(1, 1));
  port.push_event(core::FeedAlive{{3}, core::Timestamp::from_s(5)});
  port.push(trade(1, 2));
  std::string order;
  port.drain(10, [&](const FeedPort::Item& item) {
    order += item.event ? 'e' : static_cast<char>('0' + item.tick.trade_id());
  });
  EXPECT_EQ(order, "1e2");
}

TEST(FeedPort, WhenFullTheNewestQuoteIsParkedAndALostTradeReported) {
  FeedPort port(4, [] {});
  for (std::uint64_t i = 1; i <= 4; ++i) EXPECT_TRUE(port.push(trade(1, i)));
  EXPECT_FALSE(port.push(quote(7, 10)));
  EXPECT_FALSE(port.push(quote(7, 20)));
  EXPECT_FALSE(port.push(trade(1, 5, 9)));
  EXPECT_EQ(port.lost_trades(), 1u);
  EXPECT_EQ(port.drain(10, [](const auto&) {}), 4u);
  port.flush();
  std::int64_t bid = 0;
  std::uint64_t lost = 0;
  port.drain(10, [&](const FeedPort::Item& item) {
    if (item.event)
      lost = std::get<core::FeedLoss>(*item.event).lost_trades;
    else
      bid = item.tick.bid().mantissa;
  });
  EXPECT_EQ(bid, 20) << "only the newest quote";
  EXPECT_EQ(lost, 1u);
}

TEST(FeedPort, ALossReachesFromWhenItsTradesWereMadeToWhenTheyCame) {
  FeedPort port(4, [] {});
  for (std::uint64_t i = 1; i <= 4; ++i) EXPECT_TRUE(port.push(trade(1, i)));
  const core::Timestamp minute = core::Timestamp::from_s(1'700'000'040);
  const auto lose = [&](core::Duration made, core::Duration came) {
    EXPECT_FALSE(port.push(Tick(Tick::Trade{{1}, minute + came, minute + made, {100, 0}, {1, 0}, 5, core::Side::buy})));
  };
  using std::chrono::milliseconds;
  lose(milliseconds(-40), milliseconds(60));
  lose(milliseconds(-90), milliseconds(70));
  lose(milliseconds(2000), milliseconds(80));
  EXPECT_EQ(port.drain(10, [](const auto&) {}), 4u);
  port.flush();
  core::Gap gap;
  port.drain(10, [&](const FeedPort::Item& item) {
    if (item.event) gap = std::get<core::FeedLoss>(*item.event).gap;
  });
  EXPECT_EQ(gap.start, minute - milliseconds(90)) << "of the minute before";
  EXPECT_EQ(gap.end, minute + milliseconds(2000) + core::Duration{1}) << "by the venue's clock";
}

TEST(FeedPort, HasNotCaughtUpWhileALossIsNotToldYet) {
  FeedPort port(2, [] {});
  EXPECT_FALSE(port.caught_up_until().is_set());
  port.caught_up(core::Timestamp::from_s(1));
  EXPECT_EQ(port.caught_up_until(), core::Timestamp::from_s(1));
  for (std::uint64_t i = 1; i <= 3; ++i) port.push(trade(1, i, 2));
  port.caught_up(core::Timestamp::from_s(3));
  EXPECT_EQ(port.caught_up_until(), core::Timestamp::from_s(1)) << "the third trade is nowhere";
  port.drain(10, [](const auto&) {});
  port.flush();
  port.caught_up(core::Timestamp::from_s(4));
  EXPECT_EQ(port.caught_up_until(), core::Timestamp::from_s(4));
  port.caught_up(core::Timestamp::from_s(3));
  EXPECT_EQ(port.caught_up_until(), core::Timestamp::from_s(4)) << "a word is not taken back";
}

TEST(FeedPort, WakesOnceAfterTheConsumerSaidItWillSleep) {
  int wakes = 0;
  FeedPort port(16, [&] { ++wakes; });
  port.push(trade(1, 1));
  port.push(trade(1, 2));
  EXPECT_EQ(wakes, 1);
  EXPECT_FALSE(port.prepare_wait()) << "there is something to do first";
  port.drain(10, [](const auto&) {});
  EXPECT_TRUE(port.prepare_wait());
  port.push(trade(1, 3));
  EXPECT_EQ(wakes, 2);
}

}  // namespace
}  // namespace tickspan::runtime
