#include "net/http_message.hpp"

#include <gmock/gmock.h>

namespace tickspan::net {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(Headers, NamesCompareWithoutCaseAndTheFirstWins) {
  Headers headers;
  headers.add("Content-Type", "text/plain");
  headers.add("content-type", "text/html");
  EXPECT_EQ(headers.find("CONTENT-TYPE"), "text/plain");
  EXPECT_FALSE(headers.find("content-typ").has_value());
  headers.set("CONTENT-type", "x");
  EXPECT_THAT(headers.fields(), ElementsAre(Pair("CONTENT-type", "x")));
}

TEST(HttpRequest, SplitsTheTarget) {
  HttpRequest request;
  request.target = "/price/bitcoin?currency=usd&x=1#part";
  EXPECT_EQ(request.path(), "/price/bitcoin");
  EXPECT_EQ(request.query(), "currency=usd&x=1");
  request.target = "/price";
  EXPECT_EQ(request.path(), "/price");
  EXPECT_EQ(request.query(), "");
}

TEST(PercentCoding, DecodesAndKeepsBrokenEscapes) {
  EXPECT_EQ(percent_decode("a%20b%2Fc", false), "a b/c");
  EXPECT_EQ(percent_decode("a+b", false), "a+b");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  EXPECT_EQ(percent_decode("100%", true), "100%");
  EXPECT_EQ(percent_decode("%4", true), "%4");
  EXPECT_EQ(percent_decode("%zz%41", true), "%zzA");
}

TEST(PercentCoding, RoundTripsEveryByte) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  EXPECT_EQ(percent_decode(percent_encode(bytes), true), bytes);
  EXPECT_EQ(percent_encode("a~b c"), "a~b%20c");
}

TEST(ParseQuery, KeepsOrderRepeatsAndEmptyValues) {
  EXPECT_THAT(parse_query("a=1&b=x%3Dy&&a=2&flag&c="),
              ElementsAre(Pair("a", "1"), Pair("b", "x=y"), Pair("a", "2"), Pair("flag", ""), Pair("c", "")));
  EXPECT_TRUE(parse_query("").empty());
}

TEST(ReasonPhrase, KnowsWhatTheServerSends) {
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(599), "Unknown");
}

}  // namespace
}  // namespace tickspan::net
