#include "server/parameters.hpp"

#include <gmock/gmock.h>

namespace tickspan::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<Parameter> kDeclared = {
    {"limit", ParameterType::integer, "20", 1, 250},
    {"order", ParameterType::choice, "desc", 0, 0, {"desc", "asc"}},
    {"sort", ParameterType::choice, "", 0, 0, {"rank", "price"}},
    {"currency", ParameterType::text, "usd", 0, 8},
    {"ids", ParameterType::names, "", 0, 3},
    {"start", ParameterType::time},
};

Values parse(std::string_view query) {
  auto values = parse_parameters(kDeclared, query);
  EXPECT_TRUE(values) << values.error().detail;
  return values ? *values : Values{};
}

Problem refusal(std::string_view query) {
  const auto values = parse_parameters(kDeclared, query);
  EXPECT_FALSE(values) << query;
  return values ? Problem{} : values.error();
}

TEST(Parameters, AbsentOnesHaveTheirDefaults) {
  const Values v = parse("");
  EXPECT_EQ(v.integer("limit"), 20);
  EXPECT_EQ(v.text("order"), "desc");
  EXPECT_EQ(v.text("sort"), "");
  EXPECT_EQ(v.text("currency"), "usd");
  EXPECT_TRUE(v.names("ids").empty());
  EXPECT_FALSE(v.time("start"));
}

TEST(Parameters, GivenOnesCount) {
  const Values v = parse("limit=250&order=ASC&currency=EUR&ids=btc,%20eth%20,,&start=2026-06-01T12:00:00Z&unknown=1");
  EXPECT_EQ(v.integer("limit"), 250);
  EXPECT_EQ(v.text("order"), "asc");
  EXPECT_EQ(v.text("currency"), "EUR");
  EXPECT_THAT(v.names("ids"), ElementsAre("btc", "eth"));
  EXPECT_EQ(v.time("start"), core::Timestamp::from_ms(1'780'315'200'000));
  EXPECT_EQ(parse("start=1780315200000").time("start"), core::Timestamp::from_ms(1'780'315'200'000));
  EXPECT_EQ(parse("limit=3&limit=4").integer("limit"), 3);
  EXPECT_EQ(parse("currency=").text("currency"), "usd");
}

TEST(Parameters, RefusalsNameParameterValueAndWhatIsAllowed) {
  for (const char* bad : {"limit=abc", "limit=-1", "limit=0", "limit=251", "limit=", "limit=1.5",
                          "limit=99999999999999999999", "limit= 1"}) {
    const Problem p = refusal(bad);
    ASSERT_EQ(p.errors.size(), 1U);
    EXPECT_EQ(p.code, "invalid_parameter");
    EXPECT_EQ(p.errors[0].parameter, "limit");
    EXPECT_EQ(p.errors[0].allowed, "a whole number from 1 to 250");
  }
  EXPECT_THAT(refusal("order=dsc").errors[0].near, ElementsAre("desc", "asc"));
  EXPECT_EQ(refusal("order=up").errors[0].allowed, "desc, asc");
  EXPECT_EQ(refusal("currency=123456789").errors[0].parameter, "currency");
  EXPECT_EQ(refusal("ids=a,b,c,d").errors[0].value, "4 names");
  for (const char* bad : {"start=yesterday", "start=-5", "start=99999999999999999", "start=2026-13-01T00:00:00Z"}) {
    EXPECT_EQ(refusal(bad).errors[0].parameter, "start") << bad;
  }
}

TEST(Parameters, AllThatAreWrongAreNamedAtOnce) {
  const Problem p = refusal("limit=abc&order=up");
  EXPECT_EQ(p.errors.size(), 2U);
  EXPECT_THAT(p.detail, HasSubstr("limit is 'abc'"));
  EXPECT_THAT(p.detail, HasSubstr("order is 'up'"));
}

TEST(Parameters, LongValuesAreNotEchoedWhole) {
  EXPECT_LT(refusal("limit=" + std::string(5000, '9')).errors[0].value.size(), 150U);
}

TEST(Cursors, ReadBackOnlyInTheirOwnList) {
  const std::string cursor = make_cursor(100, "prices:rank");
  EXPECT_EQ(read_cursor(cursor, "prices:rank"), 100U);
  EXPECT_FALSE(read_cursor(cursor, "prices:price"));
  EXPECT_FALSE(read_cursor("", "prices:rank"));
  EXPECT_FALSE(read_cursor("zzz", "prices:rank"));
  EXPECT_FALSE(read_cursor(cursor + "x", "prices:rank"));
}

TEST(Cursors, OfAPlaceHoldAnyText) {
  const std::string place("1\n\0BTC/\xC3\xA4-\"", 13);
  const std::string cursor = make_place_cursor(place, "gaps");
  EXPECT_EQ(cursor.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz-"), std::string::npos) << "fits in a URL";
  EXPECT_EQ(read_place_cursor(cursor, "gaps"), place);
  EXPECT_FALSE(read_place_cursor(cursor, "takeovers"));
  EXPECT_FALSE(read_place_cursor(cursor + "x", "gaps"));
  EXPECT_FALSE(read_place_cursor("0" + cursor, "gaps"));
  EXPECT_FALSE(read_place_cursor("", "gaps"));
  EXPECT_FALSE(read_place_cursor("zz", "gaps"));
}

TEST(ParametersDeathTest, AskingForWhatWasNotDeclaredIsAProgrammerError) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(parse("").text("nope"), "did not declare");
}

}  // namespace
}  // namespace tickspan::server
