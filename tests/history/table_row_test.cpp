#include "history/table_row.hpp"

#include <gmock/gmock.h>

namespace tickspan::history {
namespace {

using testing::HasSubstr;

struct Fault {
  std::string line;
  std::size_t column;
  std::string what;
};

TEST(TableRow, DigitsComeBackAsTheyWere) {
  for (const std::string line :
       {"1570752011620,13519807,sell,0.00141342,23.0", "1570752011620.123456,,buy,61837.63000000,0",
        "1570752011620.500000,9223372036854775807,,100,1.50"}) {
    const auto row = parse_trade(TableForm::csv, line);
    ASSERT_TRUE(row) << line << ": " << row.error().what;
    std::string out;
    append_row(TableForm::csv, *row, out);
    EXPECT_EQ(out, line + "\n");
    std::string object;
    append_row(TableForm::ndjson, *row, object);
    object.pop_back();
    const auto again = parse_trade(TableForm::ndjson, object);
    ASSERT_TRUE(again) << object << ": " << again.error().what;
    std::string back;
    append_row(TableForm::csv, *again, back);
    EXPECT_EQ(back, line + "\n") << object;
  }
  const std::string candle = "1570752000000,0.00141342,0.00141557,0.00141266,0.00141418,1482.0";
  const auto row = parse_candle(TableForm::csv, core::Interval::m1, candle);
  ASSERT_TRUE(row);
  EXPECT_TRUE(row->final);
  EXPECT_FALSE(row->flat);
  std::string out;
  append_row(TableForm::csv, *row, out);
  EXPECT_EQ(out, candle + "\n");
  out.clear();
  append_row(TableForm::ndjson, *row, out);
  EXPECT_EQ(out,
            "{\"ts_ms\":1570752000000,\"open\":\"0.00141342\",\"high\":\"0.00141557\",\"low\":\"0.00141266\","
            "\"close\":\"0.00141418\",\"volume\":\"1482.0\",\"trades\":0}\n");
}

TEST(TableRow, ObjectsMayBeInAnyOrderWithOtherNames) {
  const auto row = parse_trade(
      TableForm::ndjson,
      R"( { "other":"\"x\\", "amount":1.50 , "price":"2e3","side":null,"trade_id":null,"ts_ms":"2019-10-11T00:00:11Z"} )");
  ASSERT_TRUE(row) << row.error().what;
  EXPECT_EQ(row->at.ms(), 1'570'752'011'000);
  EXPECT_EQ(row->amount.to_string(), "1.50");
  EXPECT_EQ(row->price.to_string(), "2000");
  EXPECT_EQ(row->trade_id, 0U);
  const auto candle = parse_candle(TableForm::ndjson, core::Interval::h1,
                                   R"({"ts_ms":"2019-10-11","open":1,"high":2,"low":1,"close":2,"volume":3,"trades":7,)"
                                   R"("incomplete":true})");
  ASSERT_TRUE(candle) << candle.error().what;
  EXPECT_EQ(candle->trades, 7U);
  EXPECT_TRUE(candle->incomplete);
}

TEST(TableRow, ABadTradeNamesItsColumn) {
  const std::vector<Fault> faults = {
      {"", 1, "fewer than the 5 fields"},
      {"1570752011620,1,sell,2", 23, "fewer than the 5 fields"},
      {"1570752011620,1,sell,2,3,4", 25, "more than the 5 fields"},
      {"yesterday,1,sell,2,3", 1, "ts_ms cannot be \"yesterday\""},
      {"1570752011,1,sell,2,3", 1, "a time from 2000 to 2100, in milliseconds"},
      {"1570752011620000,1,sell,2,3", 1, "ts_ms"},
      {"-5,1,sell,2,3", 1, "ts_ms"},
      {"1570752011620,x1,sell,2,3", 15, "trade_id cannot be \"x1\""},
      {"1570752011620,-1,sell,2,3", 15, "trade_id"},
      {"1570752011620,9223372036854775808,sell,2,3", 15, "trade_id"},
      {"1570752011620,1,SELL,2,3", 17, "side cannot be \"SELL\"; allowed: buy, sell"},
      {"1570752011620,1,sell,0,3", 22, "price cannot be \"0\""},
      {"1570752011620,1,sell,-2,3", 22, "price"},
      {"1570752011620,1,sell,NaN,3", 22, "price"},
      {"1570752011620,1,sell,1234567890123456789.5,3", 22, "up to 18 digits"},
      {"1570752011620,1,sell,2,", 24, "amount cannot be \"\""},
      {"1570752011620,1,sell,2,-3", 24, "amount"},
      {"1570752011620,1,sell,2,3 ", 24, "amount"},
  };
  for (const Fault& fault : faults) {
    const auto row = parse_trade(TableForm::csv, fault.line);
    ASSERT_FALSE(row) << fault.line;
    EXPECT_EQ(row.error().column, fault.column) << fault.line;
    EXPECT_THAT(row.error().what, HasSubstr(fault.what)) << fault.line;
  }
}

TEST(TableRow, ABadObjectNamesItsColumn) {
  const std::vector<Fault> faults = {
      {"", 1, "an object"},
      {"[1]", 1, "an object"},
      {"{}", 1, "has no \"ts_ms\""},
      {R"({"ts_ms":1570752011620,"trade_id":1,"side":"buy","price":"1"})", 1, "has no \"amount\""},
      {R"({"ts_ms":1570752011620,"ts_ms":1})", 32, "comes twice"},
      {R"({"ts_ms":"15\u0037"})", 10, "escapes"},
      {R"({"ts_ms":{}})", 10, "a text, a number"},
      {R"({"ts_ms":1)", 11, "a comma or the end"},
      {R"({"ts_ms":1,)", 12, "a name in quotes"},
      {R"({"ts_ms" 1})", 10, "a colon"},
      {R"({"ts_ms":"1)", 12, "does not end"},
      {R"({"ts_ms":1} x)", 13, "more after the object"},
      {R"({"ts_ms":1570752011620,"trade_id":1,"side":"buy","price":"x","amount":1})", 58, "price cannot be"},
  };
  for (const Fault& fault : faults) {
    const auto row = parse_trade(TableForm::ndjson, fault.line);
    ASSERT_FALSE(row) << fault.line;
    EXPECT_EQ(row.error().column, fault.column) << fault.line << ": " << row.error().what;
    EXPECT_THAT(row.error().what, HasSubstr(fault.what)) << fault.line;
  }
}

TEST(TableRow, ABadCandleNamesItsColumn) {
  const std::vector<Fault> faults = {
      {"1570752000001,1,2,1,2,3", 1, "the start of an interval of 1m"},
      {"1570752000000,1,2,1,2", 22, "fewer than the 6 fields"},
      {"1570752000000,1,0.5,0.4,0.6,3", 17, "high is below open or close"},
      {"1570752000000,1,2,1.5,2,3", 19, "low is above open or close"},
      {"1570752000000,1,2,1,2,-1", 23, "volume cannot be \"-1\""},
      {"1570752000000,0,2,1,2,1", 15, "open cannot be \"0\""},
  };
  for (const Fault& fault : faults) {
    const auto row = parse_candle(TableForm::csv, core::Interval::m1, fault.line);
    ASSERT_FALSE(row) << fault.line;
    EXPECT_EQ(row.error().column, fault.column) << fault.line;
    EXPECT_THAT(row.error().what, HasSubstr(fault.what)) << fault.line;
  }
}

TEST(TableRow, TimesInTheirForms) {
  EXPECT_EQ(parse_time("2021-01-01")->ms(), 1'609'459'200'000);
  EXPECT_EQ(parse_time("2021-01-01T00:00:00.5Z")->ms(), 1'609'459'200'500);
  EXPECT_EQ(parse_time("2021-01-01T01:00:00+01:00")->ms(), 1'609'459'200'000);
  EXPECT_EQ(parse_time("1609459200000.25")->ns, 1'609'459'200'000'250'000);
  for (const char* text : {"", "2021", "x", "2021-13-01", "1609459200000.", "1609459200000.1234567", "1.x"}) {
    if (std::string(text) == "2021") continue;  // milliseconds, and refused by the row for what they mean
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

}  // namespace
}  // namespace tickspan::history
