// A client that knows the protocol by heart, against the hub: thousands of random schedules, each from its seed.
// TICKSPAN_SEEDS: how many; TICKSPAN_FIRST_SEED: from which on; TICKSPAN_SEED: that one alone.

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cstdlib>

#include "model_world.hpp"

namespace tickspan::stream::model {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t kSeeds = 300;
constexpr auto kPatience = 60s;
#else
constexpr std::uint64_t kSeeds = 2000;
constexpr auto kPatience = 5s;
#endif
constexpr int kFailuresShown = 3;

const std::vector<std::string> kLossless = {"bench:0", "bench:1", "trades:kraken:btc/usd", "candles:btc/usd:1m"};
const std::vector<std::string> kLatest = {"price:btc/usd",  "price:eth/usd",  "price:*",
                                          "ticker:btc/usd", "ticker:eth/usd", "ticker:*"};
const std::vector<std::string> kAssets = {"btc", "eth"};

std::uint64_t number_of(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// One seed: what happens to a world and its clients, and whether each of them could make sense of it.
class Schedule {
 public:
  Schedule(Loops& loops, std::uint64_t seed) : dice_(seed), scenario_(dice_), world_(loops, scenario_) {
    slots_.resize(scenario_.clients);
  }
  std::string describe() const { return scenario_.describe(); }
  void run();

 private:
  struct Slot {
    std::unique_ptr<ModelClient> client;
    Memory memory;
    int lives = 0;
  };
  void step();
  void act(std::uint64_t what);
  void connect(Slot& slot);
  void leave(Slot& slot);
  void subscribe(ModelClient& client);
  void unsubscribe(ModelClient& client);
  void publish();
  void publish_many();
  void request(ModelClient& client);
  void restart();
  void pump_all(bool stalled_too);
  void finish();
  void check_figures();
  void wait_for_all(const std::function<std::string(ModelClient&)>& what);
  std::vector<std::string> some_channels();
  bool crowded() const { return slots_.size() > 10; }
  std::optional<Place> place(const Memory& memory, const std::string& channel, bool& is_true);
  ModelClient* some_client();

  Dice dice_;
  const Scenario scenario_;
  World world_;
  std::vector<Slot> slots_;
};

ModelClient* Schedule::some_client() {
  Slot& slot = slots_[dice_.below(slots_.size())];
  if (!slot.client) connect(slot);
  return slot.client.get();
}

void Schedule::connect(Slot& slot) {
  const std::size_t number = static_cast<std::size_t>(&slot - slots_.data());
  const bool slow = scenario_.padding > 0 && dice_.one_in(2);
  slot.client =
      std::make_unique<ModelClient>(world_.book, slot.memory, fmt::format("client {}.{}", number, slot.lives++),
                                    world_.port(dice_.below(scenario_.shards)), slow ? 4096 : 0);
  // Most come to stay; those that come back ask for where they were.
  if (!dice_.one_in(4)) subscribe(*slot.client);
}

void Schedule::leave(Slot& slot) {
  if (!slot.client) return;
  if (dice_.one_in(2)) {
    slot.client->cut();
    slot.client.reset();
  } else {
    slot.client->say_goodbye();
    slot.client->stalled = false;
  }
}

std::vector<std::string> Schedule::some_channels() {
  if (crowded() && dice_.one_in(2)) return {kLossless[0], kLatest[2]};  // so that many listen to the same
  std::vector<std::string> out;
  const std::size_t count = 1 + dice_.below(4);
  while (out.size() < count) {
    const std::string& one = dice_.one_in(2) ? dice_.pick(kLossless) : dice_.pick(kLatest);
    if (std::find(out.begin(), out.end(), one) == out.end()) out.push_back(one);
  }
  return out;
}

std::optional<Place> Schedule::place(const Memory& memory, const std::string& channel, bool& is_true) {
  const auto known = memory.find(channel);
  if (!is_lossless(channel) || known == memory.end() || dice_.one_in(4)) return {};
  Place place = known->second;
  is_true = true;
  if (dice_.one_in(4)) place.seq -= std::min<std::uint64_t>(place.seq, dice_.below(20));
  if (dice_.one_in(8)) {
    place.seq += 1 + dice_.below(100);
    is_true = false;
  }
  if (dice_.one_in(8)) {
    place.epoch = "e0";
    is_true = false;
  }
  return place;
}

void Schedule::subscribe(ModelClient& client) {
  Memory& memory =
      std::find_if(slots_.begin(), slots_.end(), [&](const Slot& s) { return s.client.get() == &client; })->memory;
  std::vector<ModelClient::Asked> asked;
  for (const std::string& channel : some_channels()) {
    ModelClient::Asked one{channel, channel, {}, false};
    if (dice_.one_in(4)) {
      if (const auto at = one.spelling.find("btc"); at != std::string::npos) one.spelling.replace(at, 3, "bitcoin");
    }
    one.since = place(memory, channel, one.since_is_true);
    asked.push_back(std::move(one));
  }
  client.subscribe(asked, dice_.one_in(4) ? static_cast<std::uint32_t>(1 + dice_.below(30)) : 0);
}

void Schedule::unsubscribe(ModelClient& client) {
  std::vector<ModelClient::Asked> asked;
  const auto subscribed = client.channels();
  for (const std::string& channel : some_channels()) {
    const std::string& one = subscribed.empty() || dice_.one_in(4) ? channel : dice_.pick(subscribed);
    if (std::none_of(asked.begin(), asked.end(), [&](const auto& a) { return a.channel == one; }))
      asked.push_back({one, one, {}, false});
  }
  client.unsubscribe(asked);
}

void Schedule::publish() {
  if (dice_.one_in(2)) {
    world_.publish(dice_.pick(kLossless), 1 + dice_.below(dice_.one_in(5) ? 80 : 4));
  } else {
    std::vector<std::string> assets;
    for (std::size_t i = 1 + dice_.below(3); i > 0; --i) assets.push_back(dice_.pick(kAssets));
    world_.set_prices(assets);
  }
}

void Schedule::publish_many() {
  for (std::size_t i = 1 + dice_.below(12); i > 0; --i) publish();
}

void Schedule::request(ModelClient& client) {
  switch (dice_.below(8)) {
    case 0:
      return client.ping();
    case 1:
    case 2:
    case 3:
      return unsubscribe(client);
    default:
      return subscribe(client);
  }
}

void Schedule::restart() {
  const bool quiet = dice_.one_in(2);
  if (quiet) {
    pump_all(true);
    world_.settle();
    pump_all(true);
  }
  for (Slot& slot : slots_) {
    if (slot.client) slot.client->expect_end(quiet && scenario_.padding == 0);
  }
  world_.stop();
  wait_for_all([](ModelClient& client) { return client.closed() ? "" : "the end"; });
  world_.start();
}

void Schedule::pump_all(bool stalled_too) {
  for (Slot& slot : slots_) {
    if (!slot.client || (slot.client->stalled && !stalled_too)) continue;
    slot.client->pump(dice_.one_in(4) ? 1 + dice_.below(2000) : std::size_t{1} << 30);
    if (slot.client->closed()) slot.client.reset();
  }
}

void Schedule::act(std::uint64_t what) {
  ModelClient* const client = some_client();
  if (what < 30) return publish_many();
  if (what < 55) return request(*client);
  if (what < 60) return leave(slots_[dice_.below(slots_.size())]);
  if (what < 66) {
    client->stalled = !client->stalled;
    client->ever_slow = true;
    return;
  }
  if (what < 80) {
    return world_.while_busy(dice_.below(scenario_.shards), [&] {
      if (dice_.one_in(2)) request(*client);
      publish_many();
      // Of a crowd many, so that some speak while a turn is still being written out.
      for (std::size_t i = dice_.below(2 + (crowded() ? slots_.size() / 4 : 0)); i > 0; --i) request(*some_client());
    });
  }
  if (what < 86) return world_.between_looks([&] { request(*client); }, [&] { publish_many(); });
  if (what < 90) return world_.settle();
  if (what < 95 && scenario_.resets) return world_.reset(!dice_.one_in(3), dice_.one_in(4));
  if (what < 97 && scenario_.restarts) return restart();
  world_.market_comes();
}

void Schedule::step() {
  act(dice_.below(100));
  if (dice_.one_in(3)) world_.settle();
  if (!dice_.one_in(3)) pump_all(false);
}

void Schedule::run() {
  for (Slot& slot : slots_) {
    if (crowded()) connect(slot);
  }
  for (std::size_t i = 0; i < scenario_.steps; ++i) step();
  finish();
}

// Until `what` says nothing more of any client.
void Schedule::wait_for_all(const std::function<std::string(ModelClient&)>& what) {
  const auto deadline = steady_clock::now() + kPatience;
  for (;;) {
    std::vector<pollfd> waiting;
    std::string missing;
    for (Slot& slot : slots_) {
      if (!slot.client) continue;
      slot.client->pump();
      const std::string lacks = what(*slot.client);
      if (slot.client->closed()) {
        slot.client.reset();
        continue;
      }
      if (lacks.empty()) continue;
      waiting.push_back({slot.client->descriptor(), POLLIN, 0});
      missing = slot.client->name() + " waits in vain for " + lacks + "\n" + slot.client->trace();
    }
    if (waiting.empty()) return;
    if (steady_clock::now() > deadline) throw Violation(missing);
    ::poll(waiting.data(), waiting.size(), 5);
  }
}

void Schedule::finish() {
  world_.market_comes();
  for (Slot& slot : slots_) {
    if (slot.client) slot.client->stalled = false;
  }
  wait_for_all([](ModelClient& client) { return client.missing(); });
  // Nothing may come on top of what was due.
  for (Slot& slot : slots_) {
    if (slot.client) slot.client->ping();
  }
  wait_for_all([](ModelClient& client) { return client.answered() ? "" : "the last answer"; });
  check_figures();
}

void Schedule::check_figures() {
  std::size_t clients = 0, subscriptions = 0;
  for (const Slot& slot : slots_) {
    clients += slot.client ? 1 : 0;
    subscriptions += slot.client ? slot.client->channels().size() : 0;
  }
  Hub& hub = world_.hub();
  const auto counts = [&](std::size_t c, std::size_t s) {
    return test::eventually([&] { return hub.figures().clients == c && hub.figures().subscriptions == s; }, kPatience);
  };
  if (!counts(clients, subscriptions))
    throw Violation(fmt::format("{} clients with {} subscriptions, counted are {} with {}", clients, subscriptions,
                                hub.figures().clients, hub.figures().subscriptions));
  for (Slot& slot : slots_) leave(slot);
  wait_for_all([](ModelClient& client) { return client.closed() ? "" : "the end"; });
  if (!counts(0, 0)) throw Violation("clients or subscriptions are still counted after all have left");
  const auto nobody_listens = [&] {
    const auto interest = hub.interest().current();
    const bool forgets = scenario_.options.history_age < 100ms;
    return std::none_of(interest->begin(), interest->end(),
                        [&](const auto& entry) { return forgets || wire::keeps_latest_only(entry.second.kind); });
  };
  if (!test::eventually(nobody_listens, kPatience)) throw Violation("the engine encodes what nobody listens to");
}

TEST(Model, EveryClientCanMakeSenseOfWhatItGets) {
  Loops loops;
  std::uint64_t first = number_of("TICKSPAN_FIRST_SEED", 1), count = number_of("TICKSPAN_SEEDS", kSeeds);
  if (const std::uint64_t only = number_of("TICKSPAN_SEED", 0); only > 0) {
    first = only;
    count = 1;
  }
  int failures = 0;
  for (std::uint64_t seed = first; seed < first + count && failures < kFailuresShown; ++seed) {
    std::string scenario;
    try {
      Schedule schedule(loops, seed);
      scenario = schedule.describe();
      schedule.run();
    } catch (const std::exception& problem) {
      ++failures;
      ADD_FAILURE() << "TICKSPAN_SEED=" << seed << " (" << scenario << ")\n" << problem.what();
    }
  }
}

}  // namespace
}  // namespace tickspan::stream::model
