#include <gmock/gmock.h>

#include "history_fixture.hpp"

namespace tickspan::history {
namespace {

using core::Candle;
using core::Interval;
using test::Place;
using test::put_file;
using testing::HasSubstr;

const char* const kTrades = "ts_ms,trade_id,side,price,amount\n";

TEST(Export, WhichCandlesAreIncompleteIsInTheManifestOfCsv) {
  const tickspan::test::TempDir dir;
  Place place;
  core::WriteBatch batch;
  batch.catalogue = place.series.catalogue;
  batch.catalogue_changed = true;
  for (int i = 0; i < 6; ++i) {
    Candle c;
    c.start = core::Timestamp::from_s(1'570'752'000 + 60 * i);
    c.open = c.high = c.low = c.close = {7, 0};
    c.volume = {1, 0};
    c.final = true;
    c.incomplete = i == 1 || i == 2 || i == 4;
    batch.candles.push_back({place.series.key, Interval::m1, c});
  }
  ASSERT_TRUE(place.writer->write({batch}));
  const std::string path = dir.file("out.csv");
  EXPECT_EQ(place.write(path, {TableKind::candles, TableForm::csv, Interval::m1, {}, {}}).incomplete.size(), 2U);
  const auto facts = read_manifest(put_file(manifest_path(path), place.manifest));
  ASSERT_TRUE(facts && facts->incomplete);
  ImportRequest request;
  request.path = request.shown_as = path;
  request.kind = TableKind::candles;
  request.now = test::kLater;
  const auto parts = [](Place& of) {
    std::vector<int> out;
    const auto all = of.candles(Interval::m1);
    for (int i = 0; i < 6; ++i) {
      if (all.at(static_cast<std::size_t>(i)).incomplete) out.push_back(i);
    }
    return out;
  };
  Place bare;
  ASSERT_TRUE(bare.run(request));
  EXPECT_THAT(parts(bare), testing::IsEmpty());
  const auto own = place.run(request);
  ASSERT_TRUE(own);
  EXPECT_EQ(own->unchanged, 6U) << "it does not know better";
  request.incomplete = facts->incomplete;
  const auto told = bare.run(request);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->unchanged, 3U);
  EXPECT_THAT(parts(bare), testing::ElementsAre(1, 2, 4));
  EXPECT_FALSE(read_manifest(put_file(
      dir.file("m"), R"({"sha256":"","table":"candles","incomplete":[{"start":"2021-01-02","end":"2021-01-01"}]})")));
}

TEST(Export, TheRangeAndItsManifest) {
  const tickspan::test::TempDir dir;
  Place place;
  ASSERT_TRUE(place.import(
      put_file(dir.file("t.csv"), std::string(kTrades) + "1570752000000,1,sell,2,3\n1570752060000,2,buy,2,3\n"
                                                         "1570752120000,3,sell,2,3\n"),
      TableKind::trades));
  core::WriteBatch batch;
  core::Gap gap;
  gap.venue = "binance";
  gap.start = core::Timestamp::from_s(1'570'752'050);
  gap.end = core::Timestamp::from_s(1'570'752'055);
  gap.cause = core::GapCause::mute;
  batch.gaps.push_back(gap);
  ASSERT_TRUE(place.writer->write({batch}));
  ExportRequest request{TableKind::trades, TableForm::csv, Interval::m1, core::Timestamp::from_s(1'570'752'000),
                        core::Timestamp::from_s(1'570'752'120)};
  const auto summary = place.write(dir.file("out.csv"), request);
  EXPECT_EQ(tickspan::test::read_file(dir.file("out.csv")),
            std::string(kTrades) + "1570752000000,1,sell,2,3\n1570752060000,2,buy,2,3\n");
  EXPECT_EQ(summary.rows, 2U);
  const auto facts = read_manifest(put_file(manifest_path(dir.file("out.csv")), place.manifest));
  ASSERT_TRUE(facts) << facts.error().context;
  EXPECT_EQ(facts->kind, "trades");
  ASSERT_EQ(facts->gaps.size(), 1U);
  EXPECT_EQ(facts->gaps[0].start, gap.start);
  EXPECT_EQ(facts->gaps[0].cause, core::GapCause::mute);
  EXPECT_THAT(place.manifest, HasSubstr("\"venue\":\"binance\",\"base\":\"ripple\",\"quote\":\"ethereum\""));
  EXPECT_THAT(place.manifest, HasSubstr("\"rows\":2,\"first\":\"2019-10-11T00:00:00.000Z\""));
  Place other;
  ImportRequest back;
  back.path = back.shown_as = dir.file("out.csv");
  back.sha256 = facts->sha256;
  back.gaps = facts->gaps;
  back.now = test::kLater;
  ASSERT_TRUE(other.run(back));
  EXPECT_EQ(other.reader->gaps("binance", gap.start, gap.end, 10)->size(), 1U);
  EXPECT_FALSE(read_manifest(put_file(dir.file("m"), "{}")));
}

TEST(Export, CandlesThatAreMissingAreInTheManifest) {
  const tickspan::test::TempDir dir;
  Place place;
  ASSERT_TRUE(place.import(put_file(dir.file("t.csv"),
                                    "ts_ms,open,high,low,close,volume\n1570752000000,1,1,1,1,1\n"
                                    "1570752180000,1,1,1,1,1\n1570752240000,1,1,1,1,1\n"),
                           TableKind::candles));
  const auto summary = place.write(dir.file("out.csv"), {TableKind::candles, TableForm::csv, Interval::m1, {}, {}});
  EXPECT_EQ(summary.missing_rows, 2U);
  ASSERT_EQ(summary.missing.size(), 1U);
  EXPECT_EQ(summary.missing[0].start.ms(), 1'570'752'060'000);
  EXPECT_EQ(summary.missing[0].end.ms(), 1'570'752'180'000);
}

TEST(Export, CompositePricesThatWereNotStoredAreInTheManifest) {
  const tickspan::test::TempDir dir;
  Place place("", "btc/usd");
  core::WriteBatch batch;
  batch.catalogue = place.series.catalogue;
  batch.composites.push_back({place.series.key, core::composite_tick(core::Timestamp::from_s(1'570'752'000), {7, 0})});
  batch.composites.push_back({place.series.key, core::composite_tick(core::Timestamp::from_s(1'570'752'600), {8, 0})});
  const core::Timestamp from = core::Timestamp::from_s(1'570'752'060);
  for (const char* source : {"composite", "binance"})
    batch.gaps.push_back(
        {source, "", from, from + std::chrono::minutes(5), core::GapCause::disk_full, core::GapState::lost});
  ASSERT_TRUE(place.writer->write({batch}));
  const auto summary = place.write(dir.file("t.csv"), {TableKind::trades, TableForm::csv, Interval::m1, {}, {}});
  EXPECT_EQ(summary.rows, 2U);
  ASSERT_EQ(summary.gaps.size(), 1U);
  EXPECT_EQ(summary.gaps[0].venue, core::kComposite);
  EXPECT_THAT(place.manifest, HasSubstr(R"("gaps":[{"venue":"composite","symbol":"",)"));
  const auto candles = place.write(dir.file("c.csv"), {TableKind::candles, TableForm::csv, Interval::m1, {}, {}});
  EXPECT_TRUE(candles.gaps.empty()) << "a full disk takes none of them";
}

}  // namespace
}  // namespace tickspan::history
