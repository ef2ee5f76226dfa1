#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>

#include "history/pages.hpp"
#include "history/recount.hpp"
#include "history_fixture.hpp"

namespace tickspan::history {
namespace {

using core::Candle;
using core::Interval;
using test::contents;
using test::Place;
using test::put_file;
using testing::HasSubstr;

const char* const kTrades = "ts_ms,trade_id,side,price,amount\n";

/// Trades over two days with silences, repeated times and no ids here and there.
std::string made_up_trades(unsigned seed, int count) {
  std::mt19937 random(seed);
  std::string out = kTrades;
  std::int64_t ms = 1'600'000'000'000;
  for (int i = 0; i < count; ++i) {
    ms += random() % 50 == 0 ? 900'000 : random() % 9000;
    TradeRow row;
    row.at = core::Timestamp{ms * 1'000'000 + (i % 3 == 0 ? 123'456 : 0)};
    row.trade_id = i % 7 == 0 ? 0 : static_cast<std::uint64_t>(i) + 1;
    row.side = static_cast<core::Side>(random() % 3);
    row.price = {static_cast<std::int64_t>(random() % 1000 + 100'000), static_cast<std::int8_t>(-2 - i % 3)};
    row.amount = {static_cast<std::int64_t>(random() % 100'000 + i), -4};
    append_row(TableForm::csv, row, out);
  }
  return out;
}

TEST(Tables, ThereAndBackAgainIsByteByByte) {
  const tickspan::test::TempDir dir;
  Place first;
  ASSERT_TRUE(first.import(put_file(dir.file("made.csv"), made_up_trades(7, 6'000)), TableKind::trades));
  for (const char* form : {"csv", "ndjson", "csv.gz", "ndjson.gz"}) {
    for (const TableKind kind : {TableKind::trades, TableKind::candles}) {
      const std::string name = std::string(to_string(kind)) + "." + form;
      Place second;
      const auto out = first.write(dir.file("a." + name), {kind, TableForm::csv, Interval::m1, {}, {}});
      EXPECT_GT(out.rows, kind == TableKind::trades ? 5'999U : 500U);
      const auto result = second.import(dir.file("a." + name), kind);
      ASSERT_TRUE(result) << result.error().context;
      ASSERT_EQ(result->bad_rows, 0U) << describe(result->bad.front());
      second.write(dir.file("b." + name), {kind, TableForm::csv, Interval::m1, {}, {}});
      std::ifstream a(dir.file("a." + name), std::ios::binary), b(dir.file("b." + name), std::ios::binary);
      EXPECT_EQ(std::string(std::istreambuf_iterator<char>(a), {}), std::string(std::istreambuf_iterator<char>(b), {}))
          << name;
      if (kind == TableKind::trades) {
        EXPECT_EQ(contents(second), contents(first)) << "with the candles they make";
      }
    }
  }
}

TEST(Import, OrderPiecesAndRepetitionDoNotMatter) {
  const tickspan::test::TempDir dir;
  const std::string text = made_up_trades(11, 3000);
  Place whole;
  ASSERT_TRUE(whole.import(put_file(dir.file("whole.csv"), text), TableKind::trades));
  std::vector<std::string> lines;
  for (std::size_t at = std::string(kTrades).size(); at < text.size();) {
    const std::size_t end = text.find('\n', at) + 1;
    lines.push_back(text.substr(at, end - at));
    at = end;
  }
  std::mt19937 random(3);
  std::shuffle(lines.begin(), lines.end(), random);
  // A first piece that has the first and the last row, so that the later ones fall between.
  Place pieces;
  for (int piece = 0; piece < 3; ++piece) {
    std::string part = kTrades;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (i % 3 <= static_cast<std::size_t>(piece)) part += lines[i];
    }
    const std::string path = put_file(dir.file("piece" + std::to_string(piece) + ".csv"), part);
    ASSERT_TRUE(pieces.import(path, TableKind::trades));
    ASSERT_TRUE(pieces.import(path, TableKind::trades));
  }
  EXPECT_EQ(contents(pieces), contents(whole));
}

TEST(Import, OneBadRowAndNothingIsKept) {
  const tickspan::test::TempDir dir;
  const std::string path =
      put_file(dir.file("t.csv"),
               std::string(kTrades) + "1570752011620,1,sell,2,3\n\n1570752011621,2,sell,x,3\n1570752011622,3,buy,2\n");
  Place place;
  const auto refused = place.import(path, TableKind::trades);
  ASSERT_TRUE(refused) << refused.error().context;
  EXPECT_EQ(refused->bad_rows, 2U);
  ASSERT_EQ(refused->bad.size(), 2U);
  EXPECT_THAT(describe(refused->bad[0]), HasSubstr("line 4, column 22: price cannot be \"x\""));
  EXPECT_THAT(describe(refused->bad[1]), HasSubstr("line 5, column 22: fewer than the 5 fields"));
  EXPECT_TRUE(place.trades().empty());
  EXPECT_TRUE(place.candles(Interval::m1).empty());
  const auto skipped = place.import(path, TableKind::trades, Interval::m1, true);
  ASSERT_TRUE(skipped);
  EXPECT_EQ(skipped->rows, 1U);
  EXPECT_EQ(skipped->bad_rows, 2U);
  EXPECT_EQ(place.trades().size(), 1U);
  EXPECT_EQ(place.candles(Interval::m1).size(), 1U);
}

TEST(Import, WhateverFailsLaterNothingIsKept) {
  const tickspan::test::TempDir dir;
  for (const bool sqlite : {false, true}) {
    Place place("binance", "xrp/eth",
                sqlite ? storage::sqlite::make_sqlite_store(dir.file("t.db")) : storage::make_memory_store());
    const std::string path = put_file(dir.file("t.csv"), made_up_trades(5, 40'000));
    ImportRequest request;
    request.path = request.shown_as = path;
    request.now = test::kLater;
    int written = 0;
    request.progress = [&](std::string_view doing, std::uint64_t, double part) {
      EXPECT_GE(part, 0);
      EXPECT_LE(part, 1);
      // A batch is in the transaction when the file turns out to be another one.
      if (doing == "writing" && ++written == 1)
        std::filesystem::resize_file(path, std::filesystem::file_size(path) - 9);
    };
    const auto failed = place.run(request);
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().context, HasSubstr("changed while it was read"));
    EXPECT_TRUE(contents(place).empty());
    EXPECT_TRUE(place.reader->series()->empty());
    put_file(path, made_up_trades(5, 40'000));
    request.progress = {};
    ASSERT_TRUE(place.run(request));
    EXPECT_EQ(place.trades().size(), 40'000U);
  }
}

TEST(Import, AFileThatIsNoTableIsRefused) {
  const tickspan::test::TempDir dir;
  Place place;
  const auto refused = [&](const std::string& text, TableKind kind) {
    const auto result = place.import(put_file(dir.file("t.csv"), text), kind);
    EXPECT_FALSE(result) << text;
    return result ? "" : result.error().context;
  };
  EXPECT_THAT(refused("", TableKind::trades), HasSubstr("line 1: it is empty"));
  EXPECT_THAT(refused("1570752011620,1,sell,2,3\n", TableKind::trades), HasSubstr("begins with ts_ms,trade_id,side"));
  EXPECT_THAT(refused("ts_ms,open,high,low,close,volume\n", TableKind::trades),
              HasSubstr("begins with ts_ms,trade_id"));
  EXPECT_FALSE(place.import(dir.file("absent.csv"), TableKind::trades));
  Place composite("", "btc/usd");
  EXPECT_FALSE(composite.import(put_file(dir.file("t.csv"), kTrades), TableKind::trades)) << "whose trades?";
}

TEST(Import, AChangedFileIsNotWhatItsManifestSays) {
  const tickspan::test::TempDir dir;
  Place place;
  ImportRequest request;
  request.path = request.shown_as = put_file(dir.file("t.csv"), std::string(kTrades) + "1570752011620,1,sell,2,3\n");
  request.sha256 = std::string(64, '0');
  request.now = test::kLater;
  const auto refused = place.run(request);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().context, HasSubstr("not what its manifest says"));
  EXPECT_TRUE(place.trades().empty());
}

TEST(Import, AFullerCandleAndAKnownSilenceStay) {
  const tickspan::test::TempDir dir;
  Place place;
  core::WriteBatch batch;
  batch.catalogue = place.series.catalogue;
  const auto minute = [](int i) { return core::Timestamp::from_s(1'570'752'000 + 60 * i); };
  Candle fuller;
  fuller.start = minute(0);
  fuller.open = fuller.high = fuller.low = fuller.close = {5, 0};
  fuller.volume = {1000, 0};
  fuller.trades = 9;
  fuller.final = true;
  batch.candles.push_back({place.series.key, Interval::m1, fuller});
  core::Gap gap;
  gap.venue = "binance";
  gap.start = minute(2);
  gap.end = minute(4);
  batch.gaps.push_back(gap);
  ASSERT_TRUE(place.writer->write({batch}));
  const auto result =
      place.import(put_file(dir.file("t.csv"), std::string(kTrades) + "1570752000000,1,sell,2,3\n"    // minute 0
                                                                      "1570752060000,2,sell,2,3\n"    // minute 1
                                                                      "1570752300000,3,sell,2,3\n"),  // minute 5
                   TableKind::trades);
  ASSERT_TRUE(result);
  const auto candles = place.candles(Interval::m1);
  std::vector<std::int64_t> starts;
  for (const Candle& candle : candles) starts.push_back((candle.start - minute(0)) / core::width(Interval::m1));
  EXPECT_THAT(starts, testing::ElementsAre(0, 1, 4, 5)) << "no flat candles where nobody listened";
  EXPECT_EQ(candles.front().volume, fuller.volume);
  const auto hours = place.candles(Interval::h1);
  ASSERT_EQ(hours.size(), 1U);
  EXPECT_TRUE(hours.front().incomplete);
  EXPECT_TRUE(hours.front().final);
  EXPECT_EQ(hours.front().volume, (core::Decimal{1006, 0}));
}

TEST(Import, AGapThatTheStoreKnowsMoreOfStays) {
  const tickspan::test::TempDir dir;
  Place place;
  const auto gap = [](std::int64_t from_ms, core::GapState state, std::int64_t length_ms = 5000) {
    core::Gap out;
    out.venue = "binance";
    out.start = core::Timestamp{from_ms * 1'000'000 + 123'456};
    out.end = core::Timestamp{(from_ms + length_ms) * 1'000'000 + 123'456};
    out.state = state;
    return out;
  };
  const std::int64_t at = 1'570'752'050'000;
  using core::GapState;
  core::WriteBatch batch;
  batch.gaps = {gap(at, GapState::repaired), gap(at + 20'000, GapState::lost), gap(at + 40'000, GapState::open),
                gap(at + 60'000, GapState::open)};
  ASSERT_TRUE(place.writer->write({batch}));
  ImportRequest request;
  request.path = request.shown_as =
      put_file(dir.file("t.csv"), std::string(kTrades) + "1570752000000,1,sell,2,3\n1570752120000,3,sell,2,3\n");
  request.now = test::kLater;
  request.gaps = {gap(at, GapState::open), gap(at + 20'000, GapState::open), gap(at + 40'000, GapState::repaired),
                  gap(at + 60'000, GapState::open, 9000), gap(at + 80'000, GapState::open)};
  for (core::Gap& one : request.gaps) {  // as a manifest has them
    one.start = one.start.floor_to(std::chrono::milliseconds(1));
    one.end = one.end.floor_to(std::chrono::milliseconds(1));
  }
  ASSERT_TRUE(place.run(request));
  const auto gaps = *place.reader->gaps("binance", core::Timestamp{0}, test::kLater, 100);
  ASSERT_EQ(gaps.size(), 5U);
  EXPECT_EQ(gaps[0].state, GapState::repaired);
  EXPECT_EQ(gaps[1].state, GapState::lost);
  EXPECT_EQ(gaps[2].state, GapState::repaired);
  EXPECT_EQ(gaps[3].end, core::Timestamp{(at + 69'000) * 1'000'000});
}

TEST(Pages, CrowdsAndDesertsComeInOrderOnce) {
  // All of 20,000 rows at one nanosecond, years of nothing around them, and single ones.
  std::vector<core::Timestamp> rows;
  rows.push_back(core::Timestamp::from_s(10));
  for (int i = 0; i < 20'000; ++i) rows.push_back(core::Timestamp::from_s(1'000'000'000));
  rows.push_back(core::Timestamp{1'000'000'000'000'000'001});
  for (int i = 0; i < 9'000; ++i) rows.push_back(core::Timestamp::from_s(1'500'000'000 + i));
  std::size_t most = 0, queries = 0;
  std::vector<core::Timestamp> seen;
  const auto status = for_each_row(
      kBeginOfTime, kEndOfTime,
      [&](core::Timestamp from, core::Timestamp to, std::size_t limit) -> core::Result<std::vector<core::Timestamp>> {
        ++queries;
        const auto first = std::lower_bound(rows.begin(), rows.end(), from);
        const auto last = std::lower_bound(rows.begin(), rows.end(), to);
        const auto size = std::min<std::size_t>(limit, static_cast<std::size_t>(last - first));
        if (to - from > core::Duration(1)) most = std::max(most, size);
        return std::vector<core::Timestamp>(last - static_cast<std::ptrdiff_t>(size), last);
      },
      [&](core::Timestamp at) -> core::Status {
        seen.push_back(at);
        return {};
      });
  ASSERT_TRUE(status);
  EXPECT_EQ(seen, rows);
  EXPECT_LE(most, kPageRows + 1);
  EXPECT_LT(queries, 500U);
}

TEST(FindSeries, NamesAsPeopleWriteThem) {
  EXPECT_EQ(find_series({}, "Kraken", "XBT/USD")->name, (storage::SeriesName{"bitcoin", "usd", "kraken"}));
  EXPECT_EQ(find_series({}, "", "bitcoin/usd")->name, (storage::SeriesName{"bitcoin", "usd", ""}));
  const auto unknown = find_series({}, "newone", "zzzcoin/usdt");
  ASSERT_TRUE(unknown);
  EXPECT_TRUE(unknown->is_new);
  EXPECT_EQ(unknown->name, (storage::SeriesName{"zzzcoin", "tether", "newone"}));
  EXPECT_EQ(find_series({{"zzz-network", "zzzcoin", "ZZZ", core::AssetKind::coin, 5}}, "v", "zzzcoin/usd")->name.base,
            "zzz-network");
  for (const char* pair : {"", "btc", "btc/", "/usd", "btc/usd/x", "b c/usd", "btc/btc"}) {
    EXPECT_FALSE(find_series({}, "binance", pair)) << pair;
  }
  EXPECT_FALSE(find_series({}, "", "btc/usdt")) << "the composite is in usd";
  EXPECT_FALSE(find_series({}, "a b", "btc/usd"));
}

}  // namespace
}  // namespace tickspan::history
