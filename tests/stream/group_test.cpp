#include "stream/group.hpp"

#include <gmock/gmock.h>

#include "fixture.hpp"
#include "net/ws_codec.hpp"
#include "stream/batch.hpp"

namespace tickspan::stream {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

wire::Topic bench(std::uint32_t number) {
  wire::Topic topic;
  topic.kind = wire::TopicKind::bench;
  topic.base = {number};
  return topic;
}

std::vector<wire::Frame> frames(std::size_t count) {
  std::vector<wire::Frame> out;
  for (std::uint32_t i = 0; i < count; ++i)
    out.push_back({bench(i), 1, std::make_shared<const std::string>("frame " + std::to_string(i))});
  return out;
}

TEST(SubscriptionSet, IsOrderedAndHoldsATopicOnce) {
  SubscriptionSet set;
  for (const std::uint32_t number : {3U, 1U, 2U, 1U}) add_subscribed(set, {bench(number), number == 1 ? 100U : 0U});
  ASSERT_EQ(set.size(), 3U);
  EXPECT_EQ(set[0].topic, bench(1));
  EXPECT_EQ(find_subscribed(set, bench(1).key())->rate_ms, 100U);
  EXPECT_EQ(find_subscribed(set, bench(4).key()), nullptr);
  EXPECT_TRUE(remove_subscribed(set, bench(2).key()));
  EXPECT_FALSE(remove_subscribed(set, bench(2).key()));
  EXPECT_EQ(set.size(), 2U);
}

TEST(GroupTable, TheSameSubscriptionsAreTheSameGroup) {
  GroupTable table;
  bool created = false;
  Group& first = table.find_or_create({{bench(1), 0}, {bench(2), 0}}, created);
  EXPECT_TRUE(created);
  EXPECT_EQ(&table.find_or_create({{bench(1), 0}, {bench(2), 0}}, created), &first);
  EXPECT_FALSE(created);
  Group& paced = table.find_or_create({{bench(1), 50}, {bench(2), 0}}, created);
  EXPECT_TRUE(created);
  EXPECT_TRUE(paced.paced);
  EXPECT_FALSE(first.paced);
  table.erase(first);
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(table.take_all().size(), 1U);
  EXPECT_EQ(table.size(), 0U);
}

TEST(Batch, NeighboursAreOnePieceOfTheLog) {
  net::MessageDeflater deflater;
  Batch batch(deflater);
  batch.start(frames(5));
  for (const std::uint32_t index : {0U, 1U, 3U, 4U}) batch.encode(index);  // nobody listens to 2
  const std::vector<std::uint32_t> together{1, 3, 4}, apart{0, 3};
  std::string expected, gathered;
  for (const std::uint32_t index : together) net::append_text_frame(expected, "frame " + std::to_string(index));
  EXPECT_EQ(batch.whole(together), expected);
  batch.append(gathered, together);
  EXPECT_EQ(gathered, expected);
  EXPECT_TRUE(batch.whole(apart).empty());
  Arena arena;
  char* const place = arena.take(batch.bytes_of(apart));
  batch.copy(place, apart);
  gathered.clear();
  batch.append(gathered, apart);
  EXPECT_EQ(std::string_view(place, batch.bytes_of(apart)), gathered);
}

TEST(Arena, WhatItGaveStays) {
  Arena arena;
  std::vector<std::pair<char*, std::size_t>> taken;
  for (std::size_t i = 0; i < 2000; ++i) {
    const std::size_t size = 1 + i * 97 % 5000 + (i % 500 == 0 ? 300'000 : 0);
    taken.emplace_back(arena.take(size), size);
    std::fill_n(taken.back().first, size, static_cast<char>(i));
  }
  for (std::size_t i = 0; i < taken.size(); ++i) {
    EXPECT_EQ(taken[i].first[0], static_cast<char>(i));
    EXPECT_EQ(taken[i].first[taken[i].second - 1], static_cast<char>(i));
  }
  arena.reset();
  EXPECT_NE(arena.take(1), nullptr);
}

using GroupedTest = StreamTest;

TEST_F(GroupedTest, AWildcardAndAChannelOfItBringOneMessage) {
  start();
  const auto client = subscriber(R"("price:*","price:btc/usd")");
  client->read_text();
  client->read_text();
  engine.set_price(*hub, "btc", "1");
  engine.set_price(*hub, "btc", "2");
  EXPECT_THAT(client->read_text(), HasSubstr("\"price\":1,"));
  EXPECT_THAT(client->read_text(), HasSubstr("\"price\":2,"));
}

// Who comes or goes while a turn is being written out to hundreds neither disturbs them nor gets what is not its own.
TEST_F(GroupedTest, ComingAndGoingBetweenTheChunksOfATurn) {
  start();
  std::vector<std::unique_ptr<test::WsTestClient>> clients;
  for (int i = 0; i < 300; ++i) {
    clients.push_back(subscriber(R"("price:btc/usd")"));
    clients.back()->read_text();
  }
  engine.set_price(*hub, "btc", "11");
  for (int i = 0; i < 300; i += 3) clients[static_cast<std::size_t>(i)].reset();
  const auto late = subscriber(R"("price:btc/usd")");
  std::string first = late->read_text();
  EXPECT_THAT(first, HasSubstr("\"snapshot\""));
  engine.set_price(*hub, "btc", "12");
  for (const auto& client : clients) {
    if (!client) continue;
    EXPECT_THAT(client->read_text(), HasSubstr("\"price\":11,"));
    EXPECT_THAT(client->read_text(), HasSubstr("\"price\":12,"));
  }
  EXPECT_THAT(late->read_text(), HasSubstr("\"price\":12,"));
  ASSERT_TRUE(test::eventually([&] { return hub->figures().subscriptions == 201; }));
}

TEST_F(GroupedTest, LeavingAWildcardKeepsWhatWaitsForItsChannel) {
  start();
  const auto client = subscriber(R"("price:*","price:btc/usd")", R"(,"max_rate_ms":200)");
  client->read_text();
  client->read_text();
  engine.set_price(*hub, "btc", "1");
  EXPECT_THAT(client->read_text(), HasSubstr("\"price\":1,"));
  engine.set_price(*hub, "btc", "2");  // waits for its time
  client->send_text(R"({"id":2,"method":"unsubscribe","params":{"channels":["price:*"]}})");
  client->read_text_with("\"results\"");
  EXPECT_THAT(client->read_text(), HasSubstr("\"price\":2,"));
}

}  // namespace
}  // namespace tickspan::stream
