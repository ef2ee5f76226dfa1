#include "feeds/binance/binance.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "venue_fixture.hpp"

namespace tickspan::feeds {
namespace {

using core::Decimal;
using test_venues::with;

const std::string kTrade =
    R"({"stream":"btcusdt@trade","data":{"e":"trade","E":1780000000123,"s":"BTCUSDT","t":5000000001,"p":"64321.50000000","q":"0.01200000","T":1780000000121,"m":false,"M":true}})";
const std::string kQuote =
    R"({"stream":"btcusdt@bookTicker","data":{"u":400900217,"s":"BTCUSDT","b":"64321.49000000","B":"31.21000000","a":"64321.50000000","A":"40.66000000"}})";

class BinanceTest : public ::testing::Test, protected test_venues::Venue {
 protected:
  BinanceTest() : Venue(make_binance()) {
    know("ETHUSDT");
    know("BTCUSDT");
  }

  /// Decodes the frame as it is, and once more with a blank after the first brace: what is not exactly in the venue's
  /// own form is read the general way, and both ways must agree on everything.
  std::string why(std::string_view text) {
    const auto brace = text.find('{');
    if (brace == std::string_view::npos) return Venue::why(text);
    const std::string general = Venue::why(std::string(text).insert(brace + 1, " "));
    const auto summary = [this] {
      std::string result = std::string(out.type) + "|" + std::string(out.unknown_symbol) + "|" + out.detail;
      for (const auto& t : out.ticks) {
        result += "|" + t.bid().to_string() + "|" + t.ask().to_string();
        if (t.kind() == core::TickKind::quote)
          result += "|" + t.bid_size().to_string() + "|" + t.ask_size().to_string();
        result += "|" + std::to_string(t.event_time().ns) + "|" + std::to_string(static_cast<int>(t.side()));
        result += "|" + std::to_string(t.instrument().value) + "|" +
                  std::to_string(t.kind() == core::TickKind::trade ? t.trade_id() : 0);
      }
      return result + std::to_string(static_cast<int>(out.kind));
    };
    const std::string expected = summary();
    const std::string exact = Venue::why(text);
    EXPECT_EQ(exact.empty(), general.empty()) << text << ": " << exact << " / " << general;
    if (exact.empty() && general.empty()) {
      EXPECT_EQ(summary(), expected) << text;
    }
    return exact;
  }
};

TEST_F(BinanceTest, BothWaysOfReadingAgreeOnEveryRecordedFrame) {
  const auto dir = test::recordings_dir();
  if (!dir) GTEST_SKIP() << "no recordings (../shared is not there)";
  const std::string all = test::read_file(*dir + "/binance/ws_ethusdt_20240808.rec.gz");
  now = core::Timestamp::from_s(1'723'161'600);
  std::size_t frames = 0, ticks = 0;
  for (std::size_t at = 0; at < all.size() && frames < 5000; at = all.find('\n', at) + 1) {
    const auto line = std::string_view(all).substr(at, all.find('\n', at) - at);
    const auto mark = line.find("\trecv\t");
    if (mark == std::string_view::npos) continue;
    ASSERT_EQ(why(line.substr(mark + 6)), "");
    ticks += out.ticks.size();
    ++frames;
  }
  EXPECT_EQ(frames, 5000u);
  EXPECT_GT(ticks, 4000u);
}

TEST_F(BinanceTest, TradeBecomesATick) {
  ASSERT_EQ(why(kTrade), "");
  EXPECT_EQ(out.kind, FrameKind::data);
  EXPECT_EQ(out.type, "trade");
  EXPECT_EQ(out.protocol, "spot");
  ASSERT_EQ(out.ticks.size(), 1u);
  const auto& tick = out.ticks[0];
  EXPECT_EQ(tick.kind(), core::TickKind::trade);
  EXPECT_EQ(tick.instrument().value, 1u);
  EXPECT_EQ(tick.price().mantissa, 6432150000000);
  EXPECT_EQ(tick.price().exponent, -8);
  EXPECT_EQ(tick.amount(), *Decimal::parse("0.012"));
  EXPECT_EQ(tick.trade_id(), 5000000001u);
  EXPECT_EQ(tick.event_time(), core::Timestamp::from_ms(1780000000121));
  EXPECT_EQ(tick.received_at(), now);
  EXPECT_EQ(tick.side(), core::Side::buy);
}

TEST_F(BinanceTest, BuyerIsMakerMeansTheTakerSold) {
  ASSERT_EQ(why(with(kTrade, R"("m":false)", R"("m":true)")), "");
  EXPECT_EQ(out.ticks.at(0).side(), core::Side::sell);
}

TEST_F(BinanceTest, BookTickerBecomesAQuote) {
  ASSERT_EQ(why(kQuote), "");
  EXPECT_EQ(out.type, "bookTicker");
  ASSERT_EQ(out.ticks.size(), 1u);
  const auto& tick = out.ticks[0];
  EXPECT_EQ(tick.kind(), core::TickKind::quote);
  EXPECT_EQ(tick.bid(), *Decimal::parse("64321.49"));
  EXPECT_EQ(tick.ask(), *Decimal::parse("64321.50"));
  EXPECT_EQ(tick.bid_size(), *Decimal::parse("31.21"));
  EXPECT_EQ(tick.ask_size(), *Decimal::parse("40.66"));
  EXPECT_FALSE(tick.event_time().is_set());
}

TEST_F(BinanceTest, BareFramesDecodeLikeWrappedOnes) {
  for (const auto& [wrapped, kind] :
       {std::pair{kTrade, core::TickKind::trade}, std::pair{kQuote, core::TickKind::quote}}) {
    const auto begin = wrapped.find(R"("data":)") + 7;
    ASSERT_EQ(why(wrapped.substr(begin, wrapped.size() - begin - 1)), "");
    ASSERT_EQ(out.ticks.size(), 1u);
    EXPECT_EQ(out.ticks[0].kind(), kind);
  }
}

TEST_F(BinanceTest, KeyOrderDoesNotMatter) {
  ASSERT_EQ(
      why(R"( { "data" : {"M":true,"m":true,"T":1780000000121,"q":"2","p":"3.5","t":7,"s":"BTCUSDT","E":1,"e":"trade"} , "stream":"btcusdt@trade" } )"),
      "");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.ticks[0].price(), *Decimal::parse("3.5"));
  ASSERT_EQ(why(R"({"data":{"A":"1","a":"3","B":"1","b":"2","s":"BTCUSDT","u":1},"stream":"btcusdt@bookTicker"})"), "");
  EXPECT_EQ(out.ticks.at(0).bid(), *Decimal::parse("2"));
  ASSERT_EQ(
      why(R"({"data":{"a":[["1","2"]],"b":[],"u":3,"U":2,"s":"BTCUSDT","E":1,"e":"depthUpdate"},"stream":"btcusdt@depth"})"),
      "");
  EXPECT_EQ(out.type, "depthUpdate");
  EXPECT_TRUE(out.ticks.empty());
}

TEST_F(BinanceTest, AggregatedTradesAreTrades) {
  ASSERT_EQ(
      why(R"({"e":"aggTrade","E":1780000000001,"s":"ETHUSDT","a":749094,"p":"2.276","q":"21.963","f":1135632,"l":1135640,"T":1780000000000,"m":false,"M":true})"),
      "");
  ASSERT_EQ(out.ticks.size(), 1u);
  EXPECT_EQ(out.type, "aggTrade");
  EXPECT_EQ(out.ticks[0].trade_id(), 749094u);
  EXPECT_EQ(out.ticks[0].instrument().value, 0u);
}

TEST_F(BinanceTest, OtherStreamsAreDataWithoutTicks) {
  const std::pair<const char*, const char*> frames[] = {
      {R"({"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":2,"b":[["1","0"]],"a":[]}})",
       "depthUpdate"},
      {R"({"stream":"btcusdt@kline_1m","data":{"e":"kline","E":1,"s":"BTCUSDT","k":{"t":1,"o":"1"}}})", "kline"},
      {R"({"e":"24hrTicker","E":1,"s":"BTCUSDT","p":"-3","b":"1","B":"1","a":"2","A":"2","q":"1","u":5})",
       "24hrTicker"},
      {R"({"stream":"!miniTicker@arr","data":[{"e":"24hrMiniTicker","E":1,"s":"BTCUSDT","c":"1"}]})", "24hrMiniTicker"},
      {R"([{"e":"24hrMiniTicker","E":1,"s":"BTCUSDT","c":"1"}])", "24hrMiniTicker"},
      {R"({"stream":"!miniTicker@arr","data":[]})", "miniTicker"},
      {R"({"stream":"btcusdt@depth5@100ms","data":{"lastUpdateId":1,"bids":[],"asks":[]}})", "depth5"},
      {R"({"e":"somethingNew","E":1,"s":"BTCUSDT"})", "somethingNew"},
  };
  for (const auto& [frame_text, type] : frames) {
    EXPECT_EQ(why(frame_text), "") << frame_text;
    EXPECT_EQ(out.kind, FrameKind::data) << frame_text;
    EXPECT_EQ(out.type, type);
    EXPECT_TRUE(out.ticks.empty()) << frame_text;
  }
}

TEST_F(BinanceTest, ShutdownAsksForAReconnect) {
  for (const char* text : {R"({"e":"serverShutdown","E":1770000000000})",
                           R"({"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770000000000}})"}) {
    ASSERT_EQ(why(text), "");
    EXPECT_EQ(out.kind, FrameKind::reconnect);
  }
}

TEST_F(BinanceTest, AnswersAreControlAndErrorsRefusals) {
  for (const char* text :
       {R"({"result":null,"id":1})", R"({"result":["btcusdt@trade"],"id":"a"})", R"({"result":true,"id":9})"}) {
    ASSERT_EQ(why(text), "") << text;
    EXPECT_EQ(out.kind, FrameKind::control);
  }
  for (const char* text : {R"({"code":2,"msg":"Invalid request: unknown field"})",
                           R"({"error":{"code":2,"msg":"Invalid request: unknown field"},"id":1})"}) {
    ASSERT_EQ(why(text), "") << text;
    EXPECT_EQ(out.kind, FrameKind::refusal);
    EXPECT_EQ(out.detail, "2 Invalid request: unknown field");
  }
}

TEST_F(BinanceTest, UnknownSymbolIsNamedAndGivesNoTick) {
  ASSERT_EQ(why(with(kTrade, R"("s":"BTCUSDT")", R"("s":"NEWUSDT")")), "");
  EXPECT_EQ(out.unknown_symbol, "NEWUSDT");
  EXPECT_EQ(out.kind, FrameKind::data);
  EXPECT_TRUE(out.ticks.empty());
  ASSERT_EQ(why(kQuote), "");
  EXPECT_TRUE(out.unknown_symbol.empty()) << "cleared by the next decode";
}

TEST_F(BinanceTest, AnEmptySideOfTheBookIsNoQuote) {
  ASSERT_EQ(why(with(kQuote, R"("b":"64321.49000000")", R"("b":"0.00000000")")), "");
  EXPECT_TRUE(out.ticks.empty());
  EXPECT_EQ(out.type, "bookTicker");
}

TEST_F(BinanceTest, ValuesOutOfRangeAreRefused) {
  const std::pair<const char*, const char*> changes[] = {
      {R"("p":"64321.50000000")", R"("p":"-64321.5")"},
      {R"("p":"64321.50000000")", R"("p":"0")"},
      {R"("p":"64321.50000000")", R"("p":"NaN")"},
      {R"("p":"64321.50000000")", R"("p":"1e31")"},
      {R"("p":"64321.50000000")", R"("p":"1e-31")"},
      {R"("p":"64321.50000000")", R"("p":"1e99999")"},
      {R"("p":"64321.50000000")", R"("p":"")"},
      {R"("p":"64321.50000000")", R"("p":"12.")"},
      {R"("p":"64321.50000000")", R"("p":"1 ")"},
      {R"("p":"64321.50000000")", R"("p":null)"},
      {R"("p":"64321.50000000")", R"("p":{"x":1})"},
      {R"("p":"64321.50000000")", R"("P":"1")"},
      {R"("q":"0.01200000")", R"("q":"0.00000000")"},
      {R"("q":"0.01200000")", R"("q":[])"},
      {R"("t":5000000001)", R"("t":"abc")"},
      {R"("t":5000000001)", R"("t":-1)"},
      {R"("t":5000000001)", R"("t":99999999999999999999)"},
      {R"("t":5000000001)", R"("t":1.5)"},
      {R"("T":1780000000121)", R"("T":1)"},
      {R"("T":1780000000121)", R"("T":1780086400001)"},
      {R"("T":1780000000121)", R"("T":9223372036854775807)"},
      {R"("T":1780000000121,)", ""},
      {R"("m":false)", R"("m":"no")"},
      {R"("m":false,)", ""},
      {R"("s":"BTCUSDT",)", ""},
      {R"("s":"BTCUSDT")", R"("s":5)"},
  };
  for (const auto& [from, to] : changes) {
    const std::string text = with(kTrade, from, to);
    ASSERT_NE(text, "") << from;
    EXPECT_NE(why(text), "") << text;
    EXPECT_TRUE(out.ticks.empty()) << text;
  }
  EXPECT_NE(why(with(kQuote, R"("b":"64321.49000000")", R"("b":"-1")")), "");
  EXPECT_NE(why(with(kQuote, R"("A":"40.66000000")", R"("A":"x")")), "");
  EXPECT_NE(why(with(kQuote, R"("s":"BTCUSDT",)", "")), "");
}

TEST_F(BinanceTest, TimesUpToADayAheadAndInMicrosecondsAreTaken) {
  // Recorders were seen 1.27 s behind the venue.
  ASSERT_EQ(why(with(kTrade, R"("T":1780000000121)", R"("T":1780086399000)")), "");
  ASSERT_EQ(why(with(kTrade, R"("T":1780000000121)", R"("T":1780000000121456)")), "");
  EXPECT_EQ(out.ticks.at(0).event_time(), core::Timestamp::from_us(1780000000121456));
  now = {};
  EXPECT_EQ(why(kTrade), "") << "without a receive time there is nothing to compare with";
}

TEST_F(BinanceTest, UnusualNumbersKeepTheirValue) {
  const std::pair<const char*, const char*> numbers[] = {{"0.00000001", "0.00000001"},
                                                         {"123456789012345678.00000000", "123456789012345678"},
                                                         {"1e-7", "0.0000001"},
                                                         {"1", "1"},
                                                         {"0000000000000000000000012.5", "12.5"},
                                                         {"12345678901234567891.5", "12345678901234567900"},
                                                         {"1.123456789012345678", "1.12345678901234568"}};
  for (const auto& [text, value] : numbers) {
    ASSERT_EQ(why(with(kTrade, "64321.50000000", text)), "") << text;
    EXPECT_EQ(out.ticks.at(0).price(), *Decimal::parse(value)) << text;
  }
}

TEST_F(BinanceTest, TruncatedFramesAreRefused) {
  for (const auto& text : {kTrade, kQuote}) {
    for (const auto& part : test_venues::prefixes(text)) EXPECT_NE(why(part), "") << part;
  }
}

TEST_F(BinanceTest, OtherJsonAndNoJsonAreRefused) {
  for (const char* text : {"", " ", "null", "5", "\"x\"", "{}", "[]garbage", "hello", "{\"a\":1}", "[1]",
                           "{\"stream\":\"btcusdt@trade\",\"data\":{}}", "{\"e\":5}", "\xff\xfe", "{\"id\":1}"}) {
    EXPECT_NE(why(text), "") << text;
  }
}

TEST_F(BinanceTest, DeepNestingIsNoDanger) {
  const std::string deep = std::string(5000, '[') + std::string(5000, ']');
  EXPECT_NE(why(R"({"e":"trade","x":)" + deep + "}"), "");
}

TEST_F(BinanceTest, SubscribesBothStreamsInLowerCaseWithinTheLimit) {
  const std::vector<std::string> two = {"BTCUSDT", "ETHUSDT"};
  EXPECT_EQ(
      protocol->subscribe(two, 4),
      (std::vector<std::string>{
          R"({"method":"SUBSCRIBE","params":["btcusdt@trade","btcusdt@bookTicker","ethusdt@trade","ethusdt@bookTicker"],"id":4})"}));
  EXPECT_EQ(
      protocol->unsubscribe(std::span(two).first(1), 5),
      (std::vector<std::string>{R"({"method":"UNSUBSCRIBE","params":["btcusdt@trade","btcusdt@bookTicker"],"id":5})"}));
  const auto& limits = protocol->limits();
  const std::vector<std::string> many(limits.symbols_per_message * 2 + 1, "A");
  const auto messages = protocol->subscribe(many, 10);
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_TRUE(messages[2].ends_with("\"id\":12}"));
  EXPECT_TRUE(protocol->subscribe({}, 1).empty());
  EXPECT_LE(limits.symbols_per_connection * 2, 1024u);
  EXPECT_EQ(limits.max_connection_age, std::chrono::hours(24));
  EXPECT_GE(limits.control_spacing, std::chrono::milliseconds(200));
}

TEST_F(BinanceTest, SymbolListFlagsWhatTrades) {
  const auto pairs = protocol->decode_symbols(
      R"({"symbols":[{"symbol":"ETHBTC","status":"TRADING","baseAsset":"ETH","quoteAsset":"BTC","isSpotTradingAllowed":true},
          {"baseAsset":"LTC","quoteAsset":"BTC","symbol":"LTCBTC","status":"BREAK"},
          {"symbol":"UPUSDT","status":"TRADING","baseAsset":"UP","quoteAsset":"USDT","isSpotTradingAllowed":false},
          {"symbol":"","status":"TRADING"},{"symbol":"X","status":5,"baseAsset":null}]})");
  ASSERT_TRUE(pairs);
  ASSERT_EQ(pairs->size(), 3u);
  EXPECT_EQ((*pairs)[0].venue_symbol, "ETHBTC");
  EXPECT_EQ((*pairs)[0].base, "eth");
  EXPECT_EQ((*pairs)[0].quote, "btc");
  EXPECT_TRUE((*pairs)[0].trading);
  EXPECT_FALSE((*pairs)[1].trading);
  EXPECT_FALSE((*pairs)[2].trading);
  for (const char* text : {"", "{}", "<html>", R"({"symbols":5})", R"({"symbols":[{"symbol":"A")"})
    EXPECT_FALSE(protocol->decode_symbols(text)) << text;
}

TEST_F(BinanceTest, RecordedSymbolList) {
  const auto dir = test::recordings_dir();
  if (!dir) GTEST_SKIP() << "no recordings (../shared is not there)";
  const auto pairs = protocol->decode_symbols(test::read_file(*dir + "/binance/rest/exchangeInfo_20211012.json.gz"));
  ASSERT_TRUE(pairs);
  EXPECT_EQ(pairs->size(), 1695u);
  EXPECT_EQ(std::count_if(pairs->begin(), pairs->end(), [](const auto& pair) { return pair.trading; }), 1222);
}

}  // namespace
}  // namespace tickspan::feeds
