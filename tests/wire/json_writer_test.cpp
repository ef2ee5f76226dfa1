#include "wire/json_writer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tickspan::wire {
namespace {

template <typename T>
std::string encode(const T& value, Format format = {}) {
  std::string out;
  JsonWriter(out, format).value(value);
  return out;
}

core::Decimal decimal(std::string_view text) {
  return *core::Decimal::parse(text);
}

TEST(JsonWriter, PutsCommasWhereTheyBelong) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("a", 1).key("b").begin_array().value(1).value("x").begin_object().end_object().end_array();
  json.key("c").begin_object().end_object().key("d").raw("[1,2]").key("e").null().field("f", true).end_object();
  EXPECT_EQ(out, R"({"a":1,"b":[1,"x",{}],"c":{},"d":[1,2],"e":null,"f":true})");
}

TEST(JsonWriter, KeepsTheDigitsOfAPrice) {
  EXPECT_EQ(encode(decimal("64321.50")), "64321.50");
  EXPECT_EQ(encode(decimal("1e-7")), "0.0000001");
  EXPECT_EQ(encode(decimal("12e5")), "1200000");
  EXPECT_EQ(encode(decimal("-0.5")), "-0.5");
  EXPECT_EQ(encode(core::Decimal{1, -100}).size(), 102U);
}

TEST(JsonWriter, NeverWritesScientificNotation) {
  EXPECT_EQ(encode(1e21), "1000000000000000000000");
  EXPECT_EQ(encode(1.5e-9), "0.0000000015");
  EXPECT_EQ(encode(0.1), "0.1");
  EXPECT_EQ(encode(-0.0), "0");
  for (const double extreme : {std::numeric_limits<double>::max(), std::numeric_limits<double>::lowest(),
                               std::numeric_limits<double>::denorm_min(), -2.2250738585072011e-308}) {
    const std::string text = encode(extreme);
    EXPECT_EQ(text.find_first_of("eE"), std::string::npos) << text;
    EXPECT_EQ(std::strtod(text.c_str(), nullptr), extreme);
  }
}

TEST(JsonWriter, WritesNullForWhatIsNoNumber) {
  EXPECT_EQ(encode(std::nan("")), "null");
  EXPECT_EQ(encode(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(encode(std::optional<double>()), "null");
  EXPECT_EQ(encode(core::Timestamp{}), "null");
  EXPECT_EQ(encode(std::optional<double>(2.5)), "2.5");
}

TEST(JsonWriter, WritesNumbersAsStringsWhenAsked) {
  const Format strings{.number_as_string = true};
  EXPECT_EQ(encode(decimal("1.50"), strings), "\"1.50\"");
  EXPECT_EQ(encode(0.25, strings), "\"0.25\"");
  EXPECT_EQ(encode(7, strings), "7");
  EXPECT_EQ(encode(std::nan(""), strings), "null");
}

TEST(JsonWriter, WritesTimesAsTextOrMilliseconds) {
  const auto t = core::Timestamp::from_ms(1'780'315'200'123);
  EXPECT_EQ(encode(t), "\"2026-06-01T12:00:00.123Z\"");
  EXPECT_EQ(encode(t, {.time_as_ms = true}), "1780315200123");
}

TEST(JsonWriter, WritesWholeNumbersToTheirLimits) {
  EXPECT_EQ(encode(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(encode(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
}

TEST(JsonWriter, EscapesText) {
  EXPECT_EQ(encode("a\"b\\c\n\r\t\x01\x7f"), R"("a\"b\\c\n\r\t\u0001\u007f")");
  EXPECT_EQ(encode(std::string_view("\0x", 2)), R"("\u0000x")");
  EXPECT_EQ(encode("€ ü 漢 😀"), "\"€ ü 漢 😀\"");
}

TEST(JsonWriter, ReplacesInvalidUtf8) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(encode("a\x80z"), "\"a" + bad + "z\"");                            // stray continuation
  EXPECT_EQ(encode("\xC0\xAF"), "\"" + bad + bad + "\"");                      // overlong
  EXPECT_EQ(encode("\xE0\x80\x80"), "\"" + bad + bad + bad + "\"");            // overlong
  EXPECT_EQ(encode("\xED\xA0\x80"), "\"" + bad + bad + bad + "\"");            // surrogate
  EXPECT_EQ(encode("\xF5\x80\x80\x80"), "\"" + bad + bad + bad + bad + "\"");  // beyond U+10FFFF
  EXPECT_EQ(encode("\xF4\x90\x80\x80"), "\"" + bad + bad + bad + bad + "\"");
  EXPECT_EQ(encode("x\xE2\x82"), "\"x" + bad + bad + "\"");  // cut off
  EXPECT_EQ(encode("\xFF\""), "\"" + bad + "\\\"\"");
}

}  // namespace
}  // namespace tickspan::wire
