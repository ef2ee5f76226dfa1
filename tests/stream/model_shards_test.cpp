// What a client may expect of several web threads: that it does not notice them.

#include <poll.h>

#include "model_world.hpp"

namespace tickspan::stream::model {
namespace {

using namespace std::chrono_literals;

class ShardsTest : public ::testing::Test {
 protected:
  ShardsTest() {
    scenario.shards = 2;
    scenario.follows_interest = true;
    scenario.ample = true;
    scenario.gaps = scenario.slow = false;
    scenario.padding = 0;
    scenario.options = {};
    scenario.options.timer_step = 1ms;
    scenario.options.history_age = 60s;
    scenario.options.bench_channels = 1;
  }
  void begin() { world.emplace(loops, scenario); }
  std::unique_ptr<ModelClient> connect(std::size_t shard, const std::optional<Place>& since = {}) {
    auto client =
        std::make_unique<ModelClient>(world->book, memory, "client of " + std::to_string(shard), world->port(shard), 0);
    client->subscribe({{kBench, kBench, since, since.has_value()}}, 0);
    up_to_date(*client);
    return client;
  }
  static void up_to_date(ModelClient& client) {
    const auto nothing_missing = [&] {
      client.pump();
      return client.missing().empty();
    };
    ASSERT_TRUE(test::eventually(nothing_missing)) << client.missing();
  }
  bool wanted() {
    return world->hub().interest().current()->contains(world->pipeline().lossless().at(kBench).topic.key());
  }
  bool left(std::size_t clients) {
    return test::eventually([&] { return world->hub().figures().clients == clients; });
  }

  static constexpr const char* kBench = "bench:0";
  Loops loops;
  Dice dice{1};
  Scenario scenario{dice};
  Memory memory;
  std::optional<World> world;
};

TEST_F(ShardsTest, AResumeGoesOnWithAnotherShardThanTheOneLeft) {
  begin();
  for (std::size_t round = 0; round < 20; ++round) {
    const std::optional<Place> since = round == 0 ? std::nullopt : std::optional<Place>(memory.at(kBench));
    const auto client = connect(round % 2, since);  // the model refuses anything but recovered:true and the missed ones
    world->publish(kBench, 3);
    up_to_date(*client);
    client->cut();
    world->publish(kBench, 5);  // while nobody is there
  }
  EXPECT_EQ(world->pipeline().lossless().at(kBench).seq(), 160U);
  EXPECT_EQ(memory.at(kBench).seq, 155U);
}

TEST_F(ShardsTest, BothShardsGetEverything) {
  begin();
  const auto one = connect(0), other = connect(1);
  for (int i = 0; i < 200; ++i) world->publish(kBench, 1 + static_cast<std::size_t>(i % 3));
  up_to_date(*one);
  up_to_date(*other);
}

TEST_F(ShardsTest, AChannelIsWantedAsLongAsAnyShardWantsIt) {
  scenario.options.history_age = 20ms;
  scenario.ample = false;
  begin();
  EXPECT_FALSE(wanted());
  const auto one = connect(0), other = connect(1);
  EXPECT_TRUE(wanted());
  EXPECT_EQ(world->hub().figures().subscriptions, 2U);
  one->cut();
  ASSERT_TRUE(left(1));
  // The first shard lets go of it after history_age; the second one's client must not notice.
  const auto until = std::chrono::steady_clock::now() + 100ms;
  while (std::chrono::steady_clock::now() < until) {
    ASSERT_TRUE(wanted());
    world->publish(kBench, 1);
    up_to_date(*other);
  }
  other->cut();
  ASSERT_TRUE(left(0));
  EXPECT_TRUE(test::eventually([&] { return !wanted(); }));
}

TEST_F(ShardsTest, OneBusyShardDelaysNoOther) {
  begin();
  const auto one = connect(0), other = connect(1);
  world->while_busy(0, [&] {
    world->publish(kBench, 100);
    up_to_date(*other);
  });
  up_to_date(*one);
}

}  // namespace
}  // namespace tickspan::stream::model
