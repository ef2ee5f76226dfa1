#include "sim/replay.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "../support/support.hpp"
#include "feeds/binance/binance.hpp"
#include "feeds/bitstamp/bitstamp.hpp"
#include "feeds/bybit/bybit.hpp"
#include "feeds/coinbase/coinbase.hpp"
#include "feeds/kraken/kraken.hpp"
#include "feeds/okx/okx.hpp"
#include "market/pair_state.hpp"
#include "sim/recording.hpp"

namespace tickspan::sim {
namespace {

using core::Tick;

std::vector<std::unique_ptr<feeds::VenueProtocol>> all_decoders() {
  std::vector<std::unique_ptr<feeds::VenueProtocol>> decoders;
  decoders.push_back(feeds::make_binance());
  decoders.push_back(feeds::make_coinbase());
  decoders.push_back(feeds::make_kraken());
  decoders.push_back(feeds::make_okx());
  decoders.push_back(feeds::make_bybit());
  decoders.push_back(feeds::make_bitstamp());
  return decoders;
}

std::string trade(const char* symbol, int id, std::int64_t ms = 1'780'000'000'000) {
  return std::string(R"({"e":"trade","E":1,"s":")") + symbol + R"(","t":)" + std::to_string(id) +
         R"(,"p":"2.5","q":"1","T":)" + std::to_string(ms) + R"(,"m":true})";
}

class ReplayTest : public ::testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(dir_.file(name)) << text;
    return dir_.file(name);
  }
  ReplayResult run(const std::string& path, ReplayHooks hooks = {}, ReplayOptions options = {}) {
    Replayer replayer(all_decoders(), std::move(hooks), options, clock_);
    auto result = replayer.run(path);
    if (!result) ADD_FAILURE() << result.error().context;
    return result ? *result : ReplayResult{};
  }
  test::TempDir dir_;
  runtime::ManualClock clock_;
};

TEST_F(ReplayTest, CountsAndNamesWhatAFileHolds) {
  const auto path = file(
      "a.rec",
      "1780000000000000000\topen\twss://stream.binance.com:9443/stream?streams=kraken@trade\n"
      "1780000000000000001\tsend\t{}\n"
      "1780000000000000002\trecv\t{\"result\":null,\"id\":1}\n"
      "1780000000000000003\trecv\t" +
          trade("BTCUSDT", 1) + "\n" +
          "1780000000000000004\trecv\t{\"broken\n"
          "1780000000000000005\trest\thttps://x\t{}\n"
          "1780000000000000006\trecv\t{\"u\":1,\"s\":\"BTCUSDT\",\"b\":\"1\",\"B\":\"1\",\"a\":\"2\",\"A\":\"1\"}\n");
  const auto result = run(path);
  EXPECT_EQ(result.venue, "binance");
  EXPECT_EQ(result.frames, 4u);
  EXPECT_FALSE(result.first_undecodable.empty());
  std::string json = to_json(result);
  const auto detail = json.find(",\"first_undecodable\"");
  ASSERT_NE(detail, std::string::npos);
  EXPECT_EQ(
      json.substr(0, detail),
      "{\"file\":\"" + path +
          R"(","venue":"binance","protocol":"spot","frames":4,"data":{"bookTicker":1,"trade":1},"trades":1,"quotes":1,"control":1,"undecodable":1)");
}

TEST_F(ReplayTest, TheVenueIsThatOfTheAddressElseOfThePath) {
  EXPECT_EQ(run(file("kraken.rec", "5\topen\tws://127.0.0.1:4000/coinbase/\n")).venue, "coinbase");
  EXPECT_EQ(run(file("my-kraken_2.rec", "")).venue, "kraken");
  EXPECT_EQ(run(file("x.jsonl", "{}\n")).venue, "");
  EXPECT_EQ(run(file("c.rec", "5\topen\twss://ws.okex.com:8443/ws/v5/public\n")).venue, "okx") << "its former name";
  const auto foreign = run(file("b.rec", "5\topen\twss://ws.gemini.com:8443/v2\n6\trecv\t{}\n"));
  EXPECT_EQ(foreign.venue, "gemini");
  EXPECT_EQ(foreign.not_decoded, 1u);
  EXPECT_EQ(foreign.undecodable, 0u);
  EXPECT_EQ(foreign.note, "no decoder for gemini");
  EXPECT_NE(to_json(foreign).find(R"("not_decoded":1,"note":"no decoder for gemini")"), std::string::npos);
}

TEST_F(ReplayTest, TheProtocolOfThePastIsNamedAndNotGuessedAt) {
  const auto result =
      run(file("a.rec",
               "5\topen\twss://"
               "ws.kraken.com\n6\trecv\t{\"event\":\"heartbeat\"}\n7\trecv\t[1,{\"a\":[]},\"book-10\",\"XBT/USD\"]\n"));
  EXPECT_EQ(result.venue, "kraken");
  EXPECT_EQ(result.protocol, "v1");
  EXPECT_EQ(result.not_decoded, 2u);
  EXPECT_EQ(result.undecodable, 0u);
  EXPECT_NE(result.note.find("v1"), std::string::npos);
}

TEST_F(ReplayTest, SymbolsAreLearnedOnceAndKeptOverFiles) {
  std::vector<std::string> learned;
  std::vector<std::uint32_t> seen;
  ReplayHooks hooks;
  hooks.learn = [&](const core::Venue& venue, std::string_view symbol) {
    learned.push_back(venue.id + ":" + std::string(symbol));
    return symbol == "NOUSDT" ? core::InstrumentId{}
                              : core::InstrumentId{static_cast<std::uint32_t>(10 + learned.size())};
  };
  hooks.on_ticks = [&](std::span<const Tick> ticks) {
    for (const auto& tick : ticks) seen.push_back(tick.instrument().value);
    return true;
  };
  Replayer replayer(all_decoders(), hooks, {}, clock_);
  const auto one =
      file("binance1.jsonl", trade("AUSDT", 1) + "\n" + trade("BUSDT", 2) + "\n" + trade("AUSDT", 3) + "\n");
  const auto two = file("binance2.jsonl", trade("BUSDT", 4) + "\n" + trade("NOUSDT", 5) + "\n");
  ASSERT_TRUE(replayer.run(one));
  const auto last = replayer.run(two);
  ASSERT_TRUE(last);
  EXPECT_EQ(learned, (std::vector<std::string>{"binance:AUSDT", "binance:BUSDT", "binance:NOUSDT"}));
  EXPECT_EQ(seen, (std::vector<std::uint32_t>{11, 12, 11, 12}));
  EXPECT_EQ(last->trades, 1u);
  EXPECT_EQ(last->data.at("trade"), 2u) << "a frame whose ticks nobody wants is data all the same";
}

TEST_F(ReplayTest, AllSymbolsOfABatchAreLearned) {
  const auto path = file(
      "kraken.jsonl",
      R"({"channel":"trade","type":"update","data":[{"symbol":"A/USD","side":"buy","price":1,"qty":1,"trade_id":1,"timestamp":"2026-05-28T20:26:40Z"},{"symbol":"B/USD","side":"buy","price":1,"qty":1,"trade_id":2,"timestamp":"2026-05-28T20:26:40Z"},{"symbol":"C/USD","side":"buy","price":1,"qty":1,"trade_id":3,"timestamp":"2026-05-28T20:26:40Z"}]})"
      "\n");
  EXPECT_EQ(run(path).trades, 3u);
}

TEST_F(ReplayTest, WithoutReceiveTimesTheVenuesOwnStandIn) {
  std::vector<core::Timestamp> times;
  ReplayHooks hooks;
  hooks.on_ticks = [&](std::span<const Tick> ticks) {
    times.push_back(ticks[0].received_at());
    return true;
  };
  run(file("binance.jsonl", trade("AUSDT", 1) + "\n"), hooks);
  run(file("binance.rec", "1780000000500000000\trecv\t" + trade("AUSDT", 1) + "\n"), hooks);
  EXPECT_EQ(times, (std::vector<core::Timestamp>{core::Timestamp::from_s(1'780'000'000),
                                                 core::Timestamp::from_ms(1'780'000'000'500)}));
}

TEST_F(ReplayTest, PacesByReceiveTimeWithoutDrift) {
  const auto path =
      file("binance.rec", "1780000000000000000\trecv\t" + trade("AUSDT", 1) + "\n1780000001000000000\trecv\t" +
                              trade("AUSDT", 2) + "\n1780000003000000000\trecv\t" + trade("AUSDT", 3) + "\n");
  std::vector<core::Duration> waits;
  ReplayHooks hooks;
  hooks.wait = [&](core::Duration d) {
    waits.push_back(d);
    clock_.advance(d + std::chrono::milliseconds(50));  // woken late
    return true;
  };
  run(path, hooks, {2.0});
  EXPECT_EQ(waits, (std::vector<core::Duration>{std::chrono::milliseconds(500), std::chrono::milliseconds(950)}));
  waits.clear();
  run(path, hooks, {0});
  EXPECT_TRUE(waits.empty()) << "as fast as possible";
}

TEST_F(ReplayTest, CallbacksCanStopIt) {
  const auto path = file("binance.rec", "1780000000000000000\trecv\t" + trade("AUSDT", 1) +
                                            "\n1780000009000000000\trecv\t" + trade("AUSDT", 2) + "\n");
  ReplayHooks hooks;
  hooks.wait = [](core::Duration) { return false; };
  auto result = run(path, hooks, {1.0});
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.trades, 1u);
  hooks.on_ticks = [](std::span<const Tick>) { return false; };
  result = run(path, hooks);
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.frames, 1u);
}

TEST_F(ReplayTest, ABrokenFileKeepsItsCountsAndNamesTheLine) {
  const auto result = run(file("binance.rec", "1780000000000000000\trecv\t" + trade("AUSDT", 1) + "\nrubbish\n"));
  EXPECT_EQ(result.trades, 1u);
  ASSERT_TRUE(result.error);
  EXPECT_NE(to_json(result).find("binance.rec:2: "), std::string::npos);
  Replayer replayer(all_decoders(), {}, {}, clock_);
  EXPECT_FALSE(replayer.run(dir_.file("missing.rec")));
}

struct Expected {
  const char* file;
  const char* protocol;
  std::uint64_t frames;
  std::map<std::string, std::uint64_t, std::less<>> data;
  std::uint64_t trades, quotes, control;
};

/// Counted from the files by other means; see the notes beside the recordings.
const Expected kRecorded[] = {
    {"binance/ws_10pairs_20210417.rec.gz",
     "spot",
     1228,
     {{"aggTrade", 24}, {"bookTicker", 570}, {"depthUpdate", 614}, {"kline", 20}},
     24,
     570,
     0},
    {"binance/ws_4pairs_20211012.rec",
     "spot",
     265,
     {{"aggTrade", 2}, {"bookTicker", 84}, {"depthUpdate", 177}, {"kline", 2}},
     2,
     84,
     0},
    {"binance/ws_btc_eth_dot_20210404.rec.gz",
     "spot",
     4716,
     {{"aggTrade", 1910}, {"depthUpdate", 2688}, {"kline", 118}},
     1910,
     0,
     0},
    {"binance/ws_btcusdt_20240808.rec.gz",
     "spot",
     41248,
     {{"bookTicker", 28040}, {"depthUpdate", 3451}, {"trade", 9757}},
     9757,
     28040,
     0},
    {"binance/ws_ethusdt_20240808.rec.gz",
     "spot",
     33617,
     {{"bookTicker", 24077}, {"depthUpdate", 3434}, {"trade", 6106}},
     6106,
     24077,
     0},
    {"coinbase/ws_exchange_20210417_a.rec.gz",
     "exchange",
     4641,
     {{"l2update", 4509}, {"match", 57}, {"snapshot", 5}, {"ticker", 62}},
     57,
     62,
     8},
    {"coinbase/ws_advanced_20260809_a.rec.gz",
     "advanced",
     526,
     {{"candles", 4}, {"l2_data", 378}, {"market_trades", 38}, {"ticker", 87}},
     55,
     87,
     19},
    {"kraken/ws_v2_book10_btcusd_20230730_a.jsonl", "v2", 251, {{"book", 251}}, 0, 0, 0},
    {"kraken/ws_v2_doc_samples.jsonl", "v2", 7, {{"book", 2}, {"ohlc", 1}, {"ticker", 1}, {"trade", 1}}, 2, 1, 2},
    {"okx/ws_v5_20210722_conn1.rec.gz",
     "v5",
     1616,
     {{"books-l2-tbt", 1504}, {"tickers", 46}, {"trades", 36}},
     36,
     46,
     30},
    {"okx/ws_v5_20210722_conn2.rec.gz",
     "v5",
     1559,
     {{"books-l2-tbt", 1446}, {"tickers", 47}, {"trades", 36}},
     36,
     47,
     30},
    {"okx/ws_v5_20220513.rec.gz", "v5", 410, {{"books", 290}, {"tickers", 28}, {"trades", 74}}, 74, 28, 18},
    {"bybit/ws_v5_spot_btc_20260809.rec",
     "v5",
     371,
     {{"kline.1", 15}, {"orderbook.200", 300}, {"publicTrade", 11}, {"tickers", 41}},
     11,
     0,
     4},
    {"bybit/ws_v5_linear_bbo_20250613.rec", "v5", 202, {{"orderbook.1", 198}}, 0, 198, 4},
    // Quotes: the tickers that say something of the best prices, put together.
    {"bybit/ws_v5_linear_btc_sol_20260809.rec.gz",
     "v5",
     1304,
     {{"kline.1", 47}, {"orderbook.200", 797}, {"publicTrade", 73}, {"tickers", 378}},
     221,
     287,
     9},
    {"bitstamp/ws_10pairs_20210417.rec.gz", "v2", 677, {{"diff_order_book", 641}, {"live_trades", 16}}, 16, 0, 20},
    {"bitstamp/ws_10pairs_20220105.rec.gz", "v2", 747, {{"diff_order_book", 717}, {"live_trades", 10}}, 10, 0, 20},
};

TEST_F(ReplayTest, EveryRecordingGivesExactlyItsTradesAndQuotes) {
  const auto dir = test::recordings_dir();
  if (!dir) GTEST_SKIP() << "no recordings (../shared is not there)";
  for (const auto& expected : kRecorded) {
    const auto result = run(*dir + "/" + expected.file);
    EXPECT_EQ(result.protocol, expected.protocol) << expected.file;
    EXPECT_EQ(result.frames, expected.frames) << expected.file;
    EXPECT_EQ(result.data, expected.data) << expected.file;
    EXPECT_EQ(result.trades, expected.trades) << expected.file;
    EXPECT_EQ(result.quotes, expected.quotes) << expected.file;
    EXPECT_EQ(result.control, expected.control) << expected.file;
    EXPECT_EQ(result.undecodable, 0u) << expected.file << ": " << result.first_undecodable;
    EXPECT_EQ(result.not_decoded, 0u) << expected.file;
    EXPECT_FALSE(result.error) << expected.file;
  }
}

TEST_F(ReplayTest, RecordedTradesHaveNoGapAndQuotesNeverCross) {
  const auto dir = test::recordings_dir();
  if (!dir) GTEST_SKIP() << "no recordings (../shared is not there)";
  std::uint64_t last = 0, gaps = 0, crossed = 0, backwards = 0, ahead = 0;
  core::Timestamp received;
  ReplayHooks hooks;
  hooks.on_ticks = [&](std::span<const Tick> ticks) {
    for (const auto& tick : ticks) {
      backwards += tick.received_at() < received ? 1 : 0;
      received = tick.received_at();
      if (tick.kind() == core::TickKind::quote) {
        crossed += tick.bid() >= tick.ask() ? 1 : 0;
        continue;
      }
      ahead += tick.event_time() > tick.received_at() ? 1 : 0;
      gaps += last != 0 && tick.trade_id() != last + 1 ? 1 : 0;
      last = tick.trade_id();
    }
    return true;
  };
  run(*dir + "/binance/ws_btcusdt_20240808.rec.gz", hooks);
  EXPECT_EQ(last, 3735683259u + 9756);
  EXPECT_EQ(gaps, 0u);
  EXPECT_EQ(crossed, 0u);
  EXPECT_EQ(backwards, 0u);
  EXPECT_GT(ahead, 9700u) << "the recorder's clock was behind the venue's: received before they happened, and taken";
}

TEST_F(ReplayTest, RecordingsOfThePastAreNamed) {
  const auto dir = test::recordings_dir();
  if (!dir) GTEST_SKIP() << "no recordings (../shared is not there)";
  const std::pair<const char*, std::uint64_t> old[] = {
      {"book_20210417.rec.gz", 4321}, {"ticker_20210417.rec", 60}, {"trade_20210417.rec", 49}};
  for (const auto& [name, frames] : old) {
    const auto result = run(*dir + "/kraken/ws_v1_" + name);
    EXPECT_EQ(result.protocol, "v1") << name;
    EXPECT_EQ(result.not_decoded, frames) << name;
    EXPECT_EQ(result.trades + result.quotes + result.undecodable + result.control, 0u) << name;
  }
}

TEST_F(ReplayTest, TheSameMessagesOnTwoConnectionsAreTheSameTrades) {
  const auto dir = test::recordings_dir();
  if (!dir) GTEST_SKIP() << "no recordings (../shared is not there)";
  std::set<std::pair<std::uint32_t, std::uint64_t>> known;
  std::map<std::uint32_t, market::PairState> pairs;
  std::size_t seen = 0, counted = 0;
  std::uint32_t connection = 1;
  ReplayHooks hooks;
  hooks.on_ticks = [&](std::span<const Tick> ticks) {
    for (const Tick& tick : ticks) {
      if (tick.kind() != core::TickKind::trade) continue;
      ++seen;
      known.emplace(tick.instrument().value, tick.trade_id());
      counted += pairs[tick.instrument().value].on_trade(tick, connection) ? 1 : 0;
    }
    return true;
  };
  Replayer replayer(all_decoders(), std::move(hooks), {}, clock_);
  ASSERT_TRUE(replayer.run(*dir + "/okx/ws_v5_20210722_conn1.rec.gz"));
  EXPECT_EQ(known.size(), 36u);
  EXPECT_EQ(counted, 36u);
  connection = 2;
  ASSERT_TRUE(replayer.run(*dir + "/okx/ws_v5_20210722_conn2.rec.gz"));
  EXPECT_EQ(seen, 72u);
  EXPECT_EQ(known.size(), 36u) << "the second connection's trades have the first one's ids";
  EXPECT_EQ(counted, 36u) << "and count once";
}

TEST_F(ReplayTest, RecordingsHoldTheAnswersAndTheGiantsTheirNotesTellOf) {
  const auto dir = test::recordings_dir();
  if (!dir) GTEST_SKIP() << "no recordings (../shared is not there)";
  const std::map<std::string, int> answers = {
      {"binance/ws_10pairs_20210417.rec.gz", 10},    {"binance/ws_4pairs_20211012.rec", 4},
      {"binance/ws_btc_eth_dot_20210404.rec.gz", 3}, {"binance/ws_btcusdt_20240808.rec.gz", 1},
      {"binance/ws_ethusdt_20240808.rec.gz", 1},     {"bitstamp/ws_10pairs_20210417.rec.gz", 10},
      {"bitstamp/ws_10pairs_20220105.rec.gz", 10},   {"coinbase/ws_advanced_20260809_a.rec.gz", 0}};
  std::vector<std::size_t> sizes;
  for (const auto& [name, expected] : answers) {
    const auto reader = RecordingReader::open(*dir + "/" + name);
    ASSERT_TRUE(reader) << name;
    RecordedFrame frame;
    int found = 0;
    for (auto more = (*reader)->next(frame); more && *more; more = (*reader)->next(frame)) {
      found += frame.kind == "rest" ? 1 : 0;
      if (frame.kind == "recv") sizes.push_back(frame.payload.size());
    }
    EXPECT_EQ(found, expected) << name;
  }
  std::sort(sizes.rbegin(), sizes.rend());
  EXPECT_EQ(sizes.at(0), 5'079'379u) << "Advanced Trade's book in one message";
  EXPECT_EQ(sizes.at(1), 2'531'647u);
}

}  // namespace
}  // namespace tickspan::sim
