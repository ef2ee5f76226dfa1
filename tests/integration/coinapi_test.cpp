// CoinAPI in the whole program: its prices take over and give way again, its quota is kept to, its key is told nobody.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "../support/scripted_server.hpp"
#include "core/time.hpp"
#include "served.hpp"

namespace tickspan::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kKey = "5F3CE0A1-92D4-4B7E-8C11-0D9A6B2E7F44";

std::string coinapi_at(const std::string& url) {
  return fmt::format("[[sources]]\nname = \"coinapi\"\nenabled = true\nrest_url = \"{}\"\nkey = \"{}\"\nperiod_s = 1\n",
                     url, kKey);
}
constexpr const char* kNoCoinGecko = "[[sources]]\nname = \"coingecko\"\nenabled = false\n";

/// What /api/v1/sources says of CoinAPI.
std::string row_of(const Served& served) {
  const std::string body = served.get("/api/v1/sources").body;
  return body.substr(std::min(body.size(), body.find("\"id\":\"coinapi\"")));
}

/// All that the program answers, in one text.
std::string everything_told(const Served& served) {
  std::string all;
  for (const char* target : {"/api/v1/sources", "/api/v1/status", "/api/v1/markets", "/api/v1/prices?detail=sources",
                             "/api/v1/takeovers", "/api/v1/gaps", "/api/v1/prices/nonsense", "/price/bitcoin",
                             "/price/nonsense", "/readyz", "/metrics", "/cryptos/", "/nonsense"}) {
    const Answer answer = served.get(target);
    EXPECT_GE(answer.status, 200) << target;
    all += answer.head + answer.body;
  }
  return all;
}

bool holds_key(const std::string& text) {
  return text.find(kKey) != std::string::npos;
}

/// Ends the program and looks through its log and all that it wrote.
void expect_no_key_left_by(Served& served, const std::string& data) {
  served.process().kill(SIGTERM);
  EXPECT_EQ(served.process().wait(), 0) << served.process().err();
  EXPECT_FALSE(holds_key(served.process().out() + served.process().err()));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data)) {
    if (!entry.is_regular_file()) continue;
    EXPECT_FALSE(holds_key(read_file(entry.path()))) << entry.path();
  }
}

TEST(CoinApi, TakesOverForItsAssetsWhereTheExchangesFallSilentAndBack) {
  const TempDir dir;
  const SimulatedVenues venues(dir.file("c.toml"), 0, {"--assets", "60"});
  const std::string url = fmt::format("http://127.0.0.1:{}/coinapi", venues.port());
  std::ofstream(dir.file("c.toml"), std::ios::app) << kNoCoinGecko << coinapi_at(url);
  Served served(dir.file("data"), {"--config", dir.file("c.toml"), "--log-level", "debug"});
  const auto field = [&](const std::string& coin, const char* name) {
    return json_field(served.get("/price/" + coin).body, name);
  };
  const std::vector<std::string> assets = {"bitcoin",  "ethereum",  "ripple",  "bitcoin-cash", "cardano",
                                           "litecoin", "chainlink", "stellar", "polkadot",     "solana"};
  const auto all_from = [&](const std::string& source) {
    return std::all_of(assets.begin(), assets.end(), [&](const auto& coin) {
      return field(coin, "source") == source && field(coin, "state") == "live";
    });
  };
  ASSERT_TRUE(eventually([&] { return json_field(row_of(served), "feed") == "live"; }, 60s)) << row_of(served);
  ASSERT_TRUE(eventually([&] { return field("bitcoin", "source") == "composite"; }, 60s));
  EXPECT_TRUE(eventually([&] { return row_of(served).find("\"quota_limit\":1000000") != std::string::npos; }, 30s))
      << row_of(served);
  const auto marks = [&] { return served.get("/api/v1/takeovers?asset=btc").body; };
  ASSERT_TRUE(eventually([&] { return marks().find(R"("to":"composite")") != std::string::npos; }, 30s)) << marks();
  const std::string since = field("bitcoin", "source_since");

  for (const std::string& venue : venues.exchanges()) venues.control(venue + "?maintenance=true");
  ASSERT_TRUE(eventually([&] { return all_from("coinapi"); }, 60s)) << served.get("/price/bitcoin").body;
  EXPECT_GT(field("bitcoin", "source_since"), since);
  for (const std::string& coin : assets) {
    const double truth = std::atof(json_field(get(venues.port(), "/control/price?asset=" + coin).body, "usd").c_str());
    EXPECT_LT(std::fabs(std::atof(field(coin, "price").c_str()) / truth - 1), 0.005) << coin;
  }
  EXPECT_TRUE(eventually(
      [&] { return marks().find(R"("from":"composite","to":"coinapi","cause":"silent"})") != std::string::npos; }, 30s))
      << marks();
  EXPECT_FALSE(holds_key(everything_told(served)));

  for (const std::string& venue : venues.exchanges()) venues.control(venue + "/reset");
  EXPECT_TRUE(eventually([&] { return field("bitcoin", "source") == "composite"; }, 90s))
      << served.get("/price/bitcoin").body;
  EXPECT_TRUE(eventually(
      [&] { return marks().find(R"("from":"coinapi","to":"composite","cause":"preferred"})") != std::string::npos; },
      30s))
      << marks();
  EXPECT_FALSE(holds_key(everything_told(served)));
  expect_no_key_left_by(served, dir.file("data"));
}

/// CoinAPI by a script, and nothing else to ask.
class ScriptedCoinApi : public testing::Test {
 protected:
  void start(std::function<void(Peer&, int call)> script) {
    server_ = std::make_unique<ScriptedServer>([this, script](Peer& peer) {
      if (peer.call().header("x-coinapi-key") == kKey && peer.call().target.find(kKey) == std::string::npos) ++keyed_;
      script(peer, ++calls_);
    });
    dead_venues(dir_.file("c.toml"));
    std::ofstream(dir_.file("c.toml"), std::ios::app) << kNoCoinGecko << coinapi_at(server_->url("http"));
    served_.emplace(dir_.file("data"),
                    std::vector<std::string>{"--config", dir_.file("c.toml"), "--log-level", "debug"});
  }
  static void answer_well(Peer& peer, const std::vector<std::string>& headers = {}) {
    if (peer.call().target.find("/v1/assets") != std::string::npos)
      return (void)peer.answer(200, R"([{"asset_id":"BTC","name":"Bitcoin","type_is_crypto":1}])", headers);
    peer.answer(
        200,
        fmt::format(R"({{"asset_id_base":"USD","rates":[{{"time":"{}","asset_id_quote":"BTC","rate":64000.5}}]}})",
                    core::to_rfc3339(now())),
        headers);
  }
  static core::Timestamp now() {
    return core::Timestamp{
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count()};
  }
  bool source_says(const std::string& what) {
    return eventually([&] { return row_of(*served_).find(what) != std::string::npos; }, 60s);
  }

  const TempDir dir_;
  std::atomic<int> calls_{0}, keyed_{0};
  std::unique_ptr<ScriptedServer> server_;
  std::optional<Served> served_;
};

TEST_F(ScriptedCoinApi, ItsKeyIsInNoLogMetricAnswerOrFileWhateverTheServiceSays) {
  start([](Peer& peer, int call) {
    const std::string says = fmt::format(R"({{"error":"the key {} is not to your liking"}})", kKey);
    if (call == 1) return (void)peer.answer(500, says, {std::string("X-Key: ") + kKey});
    if (call == 2) return (void)peer.answer(429, says, {"Retry-After: 1"});
    if (call <= 4) return answer_well(peer);
    peer.answer(401, says);
  });
  std::string told;
  for (const char* what : {"HTTP 500", "HTTP 429"}) {
    ASSERT_TRUE(source_says(what)) << row_of(*served_) << served_->process().err();
    EXPECT_TRUE(source_says("the key *** is not to your liking"));
    told += everything_told(*served_);
  }
  ASSERT_TRUE(eventually([&] { return json_field(served_->get("/price/bitcoin").body, "source") == "coinapi"; }, 60s));
  EXPECT_EQ(json_field(served_->get("/price/bitcoin").body, "price"), "64000.5");
  ASSERT_TRUE(source_says("HTTP 401")) << row_of(*served_);
  EXPECT_EQ(json_field(row_of(*served_), "feed"), "stopped");
  told += everything_told(*served_);
  EXPECT_EQ(keyed_, calls_) << "in the header of each call, and not in its address";
  EXPECT_EQ(calls_, 5) << "a key that is refused is left alone for half an hour";
  EXPECT_FALSE(holds_key(told));
  EXPECT_NE(told.find("tickspan_net_"), std::string::npos) << "the metrics are among it";
  expect_no_key_left_by(*served_, dir_.file("data"));
}

TEST_F(ScriptedCoinApi, AQuotaThatIsSpentIsNotAskedFor) {
  start([](Peer& peer, int call) {
    answer_well(peer, {"X-RateLimit-Limit: 100", fmt::format("X-RateLimit-Remaining: {}", call == 1 ? 1 : 0)});
  });
  ASSERT_TRUE(source_says("\"quota_remaining\":0")) << row_of(*served_);
  const auto asked = now();
  EXPECT_TRUE(eventually([&] { return now() > asked + 6s; })) << "six of its periods";
  EXPECT_EQ(calls_, 2);
}

}  // namespace
}  // namespace tickspan::test
