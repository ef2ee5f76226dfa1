#include "sim/client_message.hpp"

#include <gtest/gtest.h>

namespace tickspan::sim {
namespace {

TEST(ClientMessage, ReadsBinanceRequests) {
  const auto request = parse_binance_request(R"({"method":"SUBSCRIBE","params":["a@trade","b@trade"],"id":"x\"y"})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, "SUBSCRIBE");
  EXPECT_EQ(request->params.size(), 2U);
  EXPECT_EQ(request->id, R"("x\"y")");
  EXPECT_EQ(parse_binance_request(R"({"id":18446744073709551615})")->id, "18446744073709551615");
  EXPECT_EQ(parse_binance_request(R"({"id":[1]})")->id, "null");
  EXPECT_EQ(parse_binance_request(R"({"params":["combined",true]})")->flag, true);
  EXPECT_EQ(parse_binance_request("[1]").error().code, core::ErrorCode::invalid_argument);
  EXPECT_EQ(parse_binance_request("{").error().code, core::ErrorCode::parse_error);
  EXPECT_EQ(parse_binance_request("").error().code, core::ErrorCode::parse_error);
}

TEST(ClientMessage, ReadsCoinbaseRequests) {
  const auto request = parse_coinbase_request(
      R"({"type":"subscribe","product_ids":["A-B"],"channels":["ticker",{"name":"matches","product_ids":["C-D"]},5]})");
  ASSERT_TRUE(request);
  ASSERT_EQ(request->channels.size(), 3U);
  EXPECT_EQ(request->channels[0].product_ids, std::vector<std::string>{"A-B"});
  EXPECT_EQ(request->channels[1].product_ids, (std::vector<std::string>{"A-B", "C-D"}));
  EXPECT_EQ(request->channels[2].name, "");
}

TEST(ClientMessage, ReadsKrakenRequests) {
  const auto request = parse_kraken_request(
      R"({"method":"subscribe","params":{"channel":"ticker","symbol":["BTC/USD"],"event_trigger":"bbo","snapshot":false,"interval":5},"req_id":3})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->channel, "ticker");
  EXPECT_EQ(request->event_trigger, "bbo");
  EXPECT_EQ(request->snapshot, false);
  EXPECT_EQ(request->interval, 5);
  EXPECT_EQ(request->req_id, "3");
  EXPECT_EQ(parse_kraken_request(R"({"method":"ping"})")->req_id, "");
}

}  // namespace
}  // namespace tickspan::sim
