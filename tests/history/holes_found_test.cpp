// Which holes of a store are taken up: those that are over, and however many others there are.

#include <gtest/gtest.h>

#include <algorithm>

#include "gap_repairer_fixture.hpp"

namespace tickspan::history {
namespace {

using namespace std::chrono_literals;
using core::GapState;
using core::Timestamp;
using test::eventually;
using test::kStart;

using HolesFound = test::GapRepairerTest;

TEST_F(HolesFound, APairsHoleWaitsWhileItsConnectionIsSilentThoughTheSourceIsLive) {
  set_feed(core::FeedState::live, kStart, {"BTC/USD"});
  record_all({{"kraken", "BTC/USD", kStart + 20s, kStart + 70s}});
  record_all({{"kraken", "ETH/USD", kStart + 20s, kStart + 70s}});
  start();
  ASSERT_TRUE(eventually([&] { return gaps().back().state == GapState::repaired; }));
  ASSERT_EQ(past_.asked().size(), 1u) << "the other's grows, and its row in the store is not the last word";
  EXPECT_EQ(past_.asked()[0].symbol, "ETH/USD");
  record_all(
      {{"kraken", "BTC/USD", kStart + 20s, kStart + 4min}, {"kraken", "ETH/USD", kStart - 10min, kStart - 9min}});
  ASSERT_TRUE(eventually([&] { return past_.asked().size() == 2; })) << "by then it has looked again";
  set_feed(core::FeedState::live, kStart);
  loop_.run([] {});
  EXPECT_EQ(past_.asked().back().symbol, "ETH/USD") << "not before it has settled";
  clock_.set(kStart + 7min);
  ASSERT_TRUE(eventually([&] {
    const auto all = gaps();
    return std::all_of(all.begin(), all.end(), [](const auto& gap) { return gap.state == GapState::repaired; });
  }));
  EXPECT_EQ(past_.asked().back().symbol, "BTC/USD");
  EXPECT_GE(past_.asked().back().to, kStart + 5min);
}

TEST_F(HolesFound, AnOpenHoleIsFoundUnderAnyNumberOfOthersAndSoIsOneThatIsTooOld) {
  std::vector<core::Gap> others;
  for (int i = 0; i < 25'000; ++i) {
    const Timestamp at = kStart - 1h + std::chrono::milliseconds(i);
    others.push_back({"kraken", "P" + std::to_string(i % 300), at, at + 1ms, core::GapCause::disconnect,
                      i % 2 == 0 ? GapState::repaired : GapState::lost});
  }
  record_all(std::move(others));
  record_all({{"kraken", "BTC/USD", kStart - 3h, kStart - 3h + 1min},
              {"kraken", "ETH/USD", kStart - 31 * 24h, kStart - 31 * 24h + 1min}});
  start();
  const auto state = [&](Timestamp from) {
    return ask<std::vector<core::Gap>>(
               [from](storage::StoreReader& reader) { return reader.gaps("", from, from + 1min, 1); })
        .at(0)
        .state;
  };
  EXPECT_TRUE(eventually([&] { return state(kStart - 3h) == GapState::repaired; }));
  EXPECT_TRUE(eventually([&] { return state(kStart - 31 * 24h) == GapState::lost; }));
}

}  // namespace
}  // namespace tickspan::history
