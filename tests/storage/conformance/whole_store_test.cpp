// One moment of a store, and many writes that are one.
#include "conformance.hpp"

namespace tickspan::storage::test {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class WholeStoreConformance : public HistoryStoreConformance {};
INSTANTIATE_TEST_SUITE_P(Backends, WholeStoreConformance, testing::ValuesIn(backends()),
                         [](const auto& backend) { return backend.param.name; });

/// A row of every kind. `number` tells one from the next.
core::WriteBatch everything(const World& world, int number) {
  core::WriteBatch batch = world.batch();
  batch.catalogue_changed = true;
  const std::string price = std::to_string(100 + number);
  batch.candles.push_back(
      {world.composite(world.btc), Interval::m1, candle(minute(number), price, price, price, price)});
  batch.candles.push_back({world.composite(world.btc), Interval::h1, candle(minute(60 * number), "9", "9", "9", "9")});
  batch.ticks.push_back(trade(world.kraken_btc, static_cast<std::uint64_t>(number) + 1, minute(number),
                              minute(number) + seconds(1), price, "2"));
  batch.prices.push_back({world.btc, dec(price), minute(number), "composite"});
  core::AssetFacts facts;
  facts.asset_id = "bitcoin";
  facts.rank = number;
  batch.facts.push_back(facts);
  batch.points.push_back({world.btc, {minute(number), 100.0 + number, {}, {}}});
  core::Gap gap;
  gap.venue = "kraken";
  gap.start = minute(number);
  gap.end = minute(number + 1);
  batch.gaps.push_back(gap);
  batch.takeovers.push_back({"bitcoin", minute(number), "composite", "coingecko", core::TakeoverCause::silent});
  return batch;
}

/// How many rows of each kind: minutes, hours as stored, trades, points, gaps, takeovers.
std::vector<std::size_t> counts(StoreReader& reader) {
  CandleQuery hours{"bitcoin", "usd", "", Interval::h1, {}, minute(10'000)};
  hours.stored_only = true;
  return {reader.candles({"bitcoin", "usd", "", Interval::m1, {}, minute(10'000)})->size(),
          reader.candles(hours)->size(),
          reader.trades({"bitcoin", "usd", "kraken", {}, minute(10'000)})->size(),
          reader.points("bitcoin", {}, minute(10'000), 100)->size(),
          reader.gaps("", {}, minute(10'000), 100)->size(),
          reader.takeovers("", {}, minute(10'000), 100)->size()};
}

TEST_P(WholeStoreConformance, StoredOnlyIsWhatWasWritten) {
  put(world_.composite(world_.btc), {candle(minute(0), "1", "1", "1", "1"), candle(minute(1), "2", "2", "2", "2")});
  auto open_hour = candle(minute(60), "3", "3", "3", "3");
  open_hour.final = false;
  put(world_.composite(world_.btc), {open_hour}, Interval::h1);
  CandleQuery query = btc_usd(Interval::h1, minute(0), minute(600));
  EXPECT_THAT(get(query), SizeIs(2));
  query.stored_only = true;
  EXPECT_THAT(get(query), ElementsAre(show(open_hour)));
  query.interval = Interval::d1;
  query.start = minute(-60 * 24);
  EXPECT_THAT(get(query), IsEmpty());
}

TEST_P(WholeStoreConformance, ASnapshotIsOneMoment) {
  ASSERT_TRUE(write(everything(world_, 0)));
  const auto snapshot = store_->snapshot();
  ASSERT_TRUE(snapshot) << snapshot.error().context;
  ASSERT_TRUE(write(everything(world_, 1)));
  EXPECT_THAT(counts((*snapshot)->reader()), ElementsAre(1, 1, 1, 1, 1, 1));
  EXPECT_THAT(counts(*reader_), ElementsAre(2, 2, 2, 2, 2, 2));
  const auto state = (*snapshot)->state({});
  ASSERT_TRUE(state) << state.error().context;
  ASSERT_THAT(state->prices, SizeIs(1));
  EXPECT_EQ(state->prices[0].price_usd, dec("100"));
  ASSERT_THAT(state->facts, SizeIs(1));
  EXPECT_EQ(state->facts[0].rank, 0);
  EXPECT_EQ(state->assets.size(), 4U);
  ASSERT_THAT(state->minutes, SizeIs(1));
  EXPECT_THAT(state->minutes[0].candles, SizeIs(1));
  EXPECT_EQ(store_->restore({})->prices[0].price_usd, dec("101"));
  // A sum needs several looks at one moment as well.
  EXPECT_THAT(*(*snapshot)->reader().candles(btc_usd(Interval::d1, minute(-1440), minute(1440))), SizeIs(1));
}

TEST_P(WholeStoreConformance, ATransactionIsAllOrNothing) {
  ASSERT_TRUE(write(everything(world_, 0)));
  writer_.reset();
  for (const bool keep : {false, true}) {
    auto transaction = store_->transaction();
    ASSERT_TRUE(transaction) << transaction.error().context;
    EXPECT_FALSE(store_->transaction() && GetParam().name != std::string("memory")) << "one at a time";
    for (int i = 1; i < 5; ++i) {
      const auto written = (*transaction)->writer().write({everything(world_, i)});
      ASSERT_TRUE(written) << written.error().context;
      // Again and in another order: what is there already goes another way than what is new.
      ASSERT_TRUE((*transaction)->writer().write({everything(world_, i - 1), everything(world_, i)}));
    }
    EXPECT_THAT(counts((*transaction)->reader()), ElementsAre(5, 5, 5, 5, 5, 5));
    EXPECT_THAT(*(*transaction)->reader().candles(btc_usd(Interval::m5, minute(0), minute(5))), SizeIs(1));
    EXPECT_THAT(counts(*reader_), ElementsAre(1, 1, 1, 1, 1, 1));
    EXPECT_EQ(store_->restore({})->prices[0].price_usd, dec("100"));
    if (keep) {
      const auto committed = (*transaction)->commit();
      ASSERT_TRUE(committed) << committed.error().context;
    }
    transaction->reset();
    const std::size_t left = keep ? 5 : 1;
    EXPECT_THAT(counts(*reader_), ElementsAre(left, left, left, left, left, left));
  }
  EXPECT_EQ(store_->restore({})->prices[0].price_usd, dec("104"));
  writer_ = std::move(*store_->writer());
  ASSERT_TRUE(write(everything(world_, 5)));
  EXPECT_THAT(counts(*reader_), ElementsAre(6, 6, 6, 6, 6, 6));
}

TEST_P(WholeStoreConformance, AWriteThatFailedEndsTheTransaction) {
  writer_.reset();
  auto transaction = store_->transaction();
  ASSERT_TRUE(transaction) << transaction.error().context;
  ASSERT_TRUE((*transaction)->writer().write({everything(world_, 0)}));
  core::WriteBatch bad = everything(world_, 1);
  bad.gaps[0].end = minute(-5);
  EXPECT_FALSE((*transaction)->writer().write({bad}));
  EXPECT_FALSE((*transaction)->writer().write({everything(world_, 2)}));
  EXPECT_FALSE((*transaction)->commit());
  transaction->reset();
  EXPECT_THAT(counts(*reader_), ElementsAre(0, 0, 0, 0, 0, 0));
}

}  // namespace
}  // namespace tickspan::storage::test
