#include "sim/message_faults.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

constexpr auto kStart = core::Timestamp::from_s(1'795'000'020);

class MessageFaultsTest : public ::testing::Test {
 protected:
  std::vector<std::string> pass(int count, bool market_data = true) {
    sent.clear();
    for (int i = 1; i <= count; ++i) messages.pass(std::to_string(i), market_data, faults, now, send);
    return sent;
  }
  using Texts = std::vector<std::string>;

  VenueFaults faults;
  MessageFaults messages;
  core::Timestamp now = kStart;
  std::vector<std::string> sent;
  MessageFaults::Send send = [this](std::string_view text) { sent.emplace_back(text); };
};

TEST_F(MessageFaultsTest, WithoutFaultsEverythingPasses) {
  EXPECT_EQ(pass(3), (Texts{"1", "2", "3"}));
}

TEST_F(MessageFaultsTest, SilenceIsOfMarketDataOrOfEverything) {
  faults.no_data = true;
  EXPECT_EQ(pass(2), Texts{});
  EXPECT_EQ(pass(2, false), (Texts{"1", "2"})) << "heartbeats go on";
  faults.mute = true;
  EXPECT_EQ(pass(2, false), Texts{});
}

TEST_F(MessageFaultsTest, DropsDoublesAndSwaps) {
  faults.drop_every = 3;
  EXPECT_EQ(pass(7), (Texts{"1", "2", "4", "5", "7"}));
  EXPECT_EQ(pass(4, false).size(), 4u);
  messages = {};
  faults = {.duplicate_every = 2};
  EXPECT_EQ(pass(4), (Texts{"1", "2", "2", "3", "4", "4"}));
  messages = {};
  faults = {.reorder_every = 2};
  EXPECT_EQ(pass(5), (Texts{"1", "3", "2", "5", "4"}));
}

TEST_F(MessageFaultsTest, WhatIsLateKeepsItsOrder) {
  faults.delay_ms = 500;
  EXPECT_EQ(pass(2), Texts{});
  messages.release(now + 499ms, send);
  EXPECT_EQ(sent, Texts{});
  faults.delay_ms = 0;
  messages.pass("3", true, faults, now + 499ms, send);
  EXPECT_EQ(sent, Texts{}) << "those before it are not out yet";
  messages.release(now + 500ms, send);
  EXPECT_EQ(sent, (Texts{"1", "2", "3"}));
  EXPECT_EQ(pass(1), Texts{"1"});
}

TEST_F(MessageFaultsTest, SpoiltMessages) {
  const std::string text = R"({"e":"trade","p":"1.5","t":7})";
  const auto once = [&](VenueFaults with) {
    sent.clear();
    MessageFaults().pass(text, true, with, now, send);
    return sent.at(0);
  };
  EXPECT_EQ(once({.malformed_every = 1}), text.substr(0, text.size() / 2));
  EXPECT_EQ(once({.garbled_every = 1}), R"({"e";"trade","p":"1.5","t":7})");
  EXPECT_EQ(once({.wrong_types_every = 1}), R"({"e":[null],"p":"1.5","t":7})");
  const std::string giant = once({.giant_every = 1});
  EXPECT_GT(giant.size(), 5u << 20);
  EXPECT_TRUE(giant.ends_with(text.substr(1)));
}

TEST(Faults, EveryOneIsSetAndReadByItsName) {
  VenueFaults faults;
  for (const FaultControl& control : fault_controls()) {
    EXPECT_EQ(control.get(faults), control.get(VenueFaults{})) << control.name;
    const bool flag = control.get(faults) == "false";
    const bool word = control.get(faults) == "\"none\"";
    const std::string value = flag ? "true" : word ? "mute" : control.name.ends_with("_status") ? "503" : "5";
    ASSERT_TRUE(set_fault(faults, control.name, value)) << control.name;
    EXPECT_EQ(control.get(faults), word ? "\"mute\"" : value) << control.name << " is not its own field";
    EXPECT_FALSE(set_fault(faults, control.name, "x")) << control.name;
  }
  EXPECT_FALSE(set_fault(faults, "price_shift", "7"));
  EXPECT_TRUE(set_fault(faults, "clock_skew_ms", "-1500"));
  EXPECT_EQ(faults.clock_skew_ms, -1500);
}

}  // namespace
}  // namespace tickspan::sim
