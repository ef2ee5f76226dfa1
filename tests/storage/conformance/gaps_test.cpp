// Times that are marked: gaps, and when an asset's price changed hands.
#include <functional>

#include "conformance.hpp"

namespace tickspan::storage::test {
namespace {

using std::chrono::nanoseconds;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(HistoryStoreConformance, GapsThatTouchTheRange) {
  core::WriteBatch batch;
  batch.gaps = {{"binance", "", minute(0), minute(2), core::GapCause::disconnect},
                {"kraken", "BTC/USD", minute(1), minute(9), core::GapCause::mute},
                {"binance", "BTCUSDT", minute(5), minute(6), core::GapCause::disk_full}};
  ASSERT_TRUE(write(batch));
  const auto starts = [&](const std::string& venue, int from, int to, std::size_t limit) {
    std::vector<Timestamp> out;
    const auto found = reader_->gaps(venue, minute(from), minute(to), limit);
    EXPECT_TRUE(found);
    for (const auto& gap : *found) out.push_back(gap.start);
    return out;
  };
  EXPECT_THAT(starts("", 0, 10, 10), ElementsAre(minute(0), minute(1), minute(5)));
  EXPECT_THAT(starts("", 2, 5, 10), ElementsAre(minute(1)));  // half-open at both ends
  EXPECT_THAT(starts("binance", 0, 10, 10), ElementsAre(minute(0), minute(5)));
  EXPECT_THAT(starts("", 0, 10, 2), ElementsAre(minute(1), minute(5)));
  const auto mute = reader_->gaps("kraken", minute(0), minute(10), 10)->at(0);
  EXPECT_EQ(mute.instrument_symbol, "BTC/USD");
  EXPECT_EQ(mute.end, minute(9));
  EXPECT_EQ(mute.cause, core::GapCause::mute);
  batch.gaps = {{"binance", "", minute(0), minute(4), core::GapCause::maintenance}};  // it went on
  ASSERT_TRUE(write(batch));
  const auto longer = reader_->gaps("binance", minute(3), minute(4), 10)->at(0);
  EXPECT_EQ(longer.cause, core::GapCause::maintenance);
  EXPECT_EQ(longer.state, core::GapState::open);
  EXPECT_EQ(longer.expected, core::Gap::kUnknown);
  batch.gaps[0].state = core::GapState::repaired;
  batch.gaps[0].expected = 500;
  batch.gaps[0].recovered = 498;
  ASSERT_TRUE(write(batch));
  const auto repaired = reader_->gaps("binance", minute(3), minute(4), 10)->at(0);
  EXPECT_EQ(repaired.state, core::GapState::repaired);
  EXPECT_EQ(repaired.expected, 500);
  EXPECT_EQ(repaired.recovered, 498);
}

TEST_P(HistoryStoreConformance, WhatBecameOfAPartOfAGapIsNotWhatBecameOfIt) {
  const auto row = [](int start, int end, core::GapState state) {
    core::WriteBatch batch;
    batch.gaps = {{"okx", "", minute(start), minute(end), core::GapCause::disconnect, state}};
    return batch;
  };
  // It was read before its last word was written, and filled as far as it went then.
  ASSERT_TRUE(write(row(0, 4, core::GapState::open)));
  ASSERT_TRUE(write(row(0, 2, core::GapState::repaired)));
  ASSERT_TRUE(writer_->write({row(10, 14, core::GapState::open), row(10, 12, core::GapState::lost)}));
  for (const int start : {0, 10}) {
    const auto gap = reader_->gaps("okx", minute(start), minute(start + 1), 10)->at(0);
    EXPECT_EQ(gap.state, core::GapState::open);
    EXPECT_EQ(gap.end, minute(start + 4));
  }
  ASSERT_TRUE(writer_->write({row(0, 4, core::GapState::repaired), row(10, 12, core::GapState::open)}));
  EXPECT_EQ(reader_->gaps("okx", minute(0), minute(1), 10)->at(0).state, core::GapState::repaired);
  EXPECT_EQ(reader_->gaps("okx", minute(10), minute(11), 10)->at(0).end, minute(12)) << "as its source says";
}

TEST_P(HistoryStoreConformance, GapsOfAStateOrAPairAreFoundUnderAnyNumberOfOthers) {
  constexpr int kOthers = 24'000;
  core::WriteBatch batch;
  batch.gaps = {{"binance", "", minute(0), minute(2), core::GapCause::restart},
                {"okx", "BTC-USDT", minute(1), minute(3), core::GapCause::mute},
                {"okx", "ETH-\"USDT\\", minute(1), minute(3), core::GapCause::mute},
                {"okx", "", minute(2), minute(4), core::GapCause::disconnect, core::GapState::lost}};
  for (int i = 0; i < kOthers; ++i) {
    const auto start = minute(10 + i / 300);
    batch.gaps.push_back({i % 2 == 0 ? "okx" : "bybit", "P" + std::to_string(i % 300), start,
                          start + nanoseconds(1 + i % 7), core::GapCause::disconnect, core::GapState::repaired});
  }
  ASSERT_TRUE(write(batch));
  using Found = std::vector<std::pair<std::string, std::string>>;
  const auto found = [&](const GapQuery& query) {
    Found out;
    const auto gaps = reader_->gaps(query);
    EXPECT_TRUE(gaps) << gaps.error().context;
    if (!gaps) return out;
    for (const auto& gap : *gaps) out.emplace_back(gap.venue, gap.instrument_symbol);
    return out;
  };
  const GapQuery all{minute(0), minute(1'000), 3};
  EXPECT_EQ(found(all).size(), 3u) << "the newest, of those that are repaired";
  GapQuery open = all;
  open.state = core::GapState::open;
  EXPECT_EQ(found(open), (Found{{"binance", ""}, {"okx", "BTC-USDT"}, {"okx", "ETH-\"USDT\\"}}));
  open.venue = "okx";
  open.limit = 1;
  EXPECT_EQ(found(open), (Found{{"okx", "ETH-\"USDT\\"}})) << "the limit counts what was chosen alone";
  GapQuery pair = all;
  pair.of = GapScopes{{"okx", ""}, {"okx", "BTC-USDT"}, {"kraken", "BTC/USD"}, {"binance", "BTCUSDT"}};
  EXPECT_EQ(found(pair), (Found{{"okx", "BTC-USDT"}, {"okx", ""}}));
  pair.state = core::GapState::lost;
  EXPECT_EQ(found(pair), (Found{{"okx", ""}}));
  pair.state = {};
  pair.of = GapScopes{{"okx", "ETH-\"USDT\\"}, {"bybit", "P0"}};
  EXPECT_EQ(found(pair), (Found{{"okx", "ETH-\"USDT\\"}})) << "a pair is one of its own venue's";
  pair.of = GapScopes{{"okx", "P2"}};
  pair.limit = 1'000;
  EXPECT_EQ(found(pair).size(), static_cast<std::size_t>(kOthers / 300));
  pair.venue = "bybit";
  EXPECT_EQ(found(pair), Found{}) << "all that is asked for must fit";
  pair = all;
  pair.of.emplace();
  EXPECT_EQ(found(pair), Found{}) << "of none";
}

/// Asks for two more until there are none, each time before the oldest that came; `meanwhile` runs in between.
std::vector<core::Gap> by_twos(StoreReader& reader, GapQuery query, const std::function<void()>& meanwhile) {
  std::vector<core::Gap> out;
  query.limit = 2;
  for (int page = 0; page < 100; ++page) {
    auto gaps = reader.gaps(query);
    EXPECT_TRUE(gaps);
    if (!gaps || gaps->empty()) break;
    query.before = key_of(gaps->front());
    out.insert(out.end(), gaps->rbegin(), gaps->rend());
    meanwhile();
  }
  std::reverse(out.begin(), out.end());
  return out;
}

TEST_P(HistoryStoreConformance, GapsBeforeAGapWhateverBeginsAtItsTimeOrGrows) {
  core::WriteBatch batch;
  for (const char* venue : {"okx", "Kraken", "binance_us", "binance"}) {
    for (const char* symbol : {"", "b-c", "BC", "bd", "\xC3\xA4"}) {
      batch.gaps.push_back({venue, symbol, minute(5), minute(6), core::GapCause::mute});
    }
    batch.gaps.push_back({venue, "", minute(4), minute(6), core::GapCause::mute});
    batch.gaps.push_back({venue, "", minute(5) + nanoseconds(1), minute(6), core::GapCause::mute});
  }
  ASSERT_TRUE(write(batch));
  const auto keys = [](const std::vector<core::Gap>& gaps) {
    std::vector<GapKey> out;
    for (const core::Gap& gap : gaps) out.push_back(key_of(gap));
    return out;
  };
  const GapQuery all{minute(0), minute(100)};
  const auto whole = keys(*reader_->gaps(all));
  ASSERT_EQ(whole.size(), batch.gaps.size());
  EXPECT_TRUE(std::is_sorted(whole.begin(), whole.end())) << "names by their bytes";
  int pages = 0;
  const auto grow = [&] {
    ++pages;
    for (core::Gap& gap : batch.gaps) gap.end = minute(6 + pages);
    ASSERT_TRUE(write(batch));
  };
  EXPECT_EQ(keys(by_twos(*reader_, all, grow)), whole) << "none twice, none left out";
  EXPECT_EQ(pages, 14);
  GapQuery one = all;
  one.venue = "okx";
  EXPECT_EQ(by_twos(*reader_, one, [] {}).size(), 7U);
  one.of = GapScopes{{"okx", "BC"}, {"okx", ""}, {"binance", ""}};
  EXPECT_EQ(keys(by_twos(*reader_, one, [] {})), (std::vector<GapKey>{{minute(4), "okx", ""},
                                                                      {minute(5), "okx", ""},
                                                                      {minute(5), "okx", "BC"},
                                                                      {minute(5) + nanoseconds(1), "okx", ""}}));
}

TEST_P(HistoryStoreConformance, TakeoversBeforeOneWhateverHappensAtItsTime) {
  core::WriteBatch batch;
  for (const char* asset : {"bitcoin", "Bitcoin", "bit-coin", "usd-coin", "usdcoin"}) {
    for (int i = 0; i < 3; ++i) {
      batch.takeovers.push_back({asset, minute(i), "composite", "coingecko", core::TakeoverCause::silent});
    }
  }
  ASSERT_TRUE(write(batch));
  const auto by_twos = [&](TakeoverQuery query) {
    std::vector<TakeoverKey> out;
    query.limit = 2;
    for (int page = 0; page < 100; ++page) {
      const auto found = reader_->takeovers(query);
      EXPECT_TRUE(found);
      if (!found || found->empty()) break;
      query.before = key_of(found->front());
      for (auto t = found->rbegin(); t != found->rend(); ++t) out.push_back(key_of(*t));
    }
    std::reverse(out.begin(), out.end());
    return out;
  };
  std::vector<TakeoverKey> all;
  for (const core::Takeover& takeover : batch.takeovers) all.push_back(key_of(takeover));
  std::sort(all.begin(), all.end());
  EXPECT_EQ(by_twos({minute(0), minute(9)}), all);
  TakeoverQuery one{minute(0), minute(9)};
  one.asset = "bit-coin";
  EXPECT_EQ(by_twos(one),
            (std::vector<TakeoverKey>{{minute(0), "bit-coin"}, {minute(1), "bit-coin"}, {minute(2), "bit-coin"}}));
  one.before = {minute(1), "bitcoin"};
  EXPECT_EQ(reader_->takeovers(one)->size(), 2U) << "of its own place, whoever is named";
}

TEST_P(HistoryStoreConformance, TakeoversInTheRange) {
  using core::TakeoverCause;
  core::WriteBatch batch;
  batch.takeovers = {{"bitcoin", minute(0), "", "composite", TakeoverCause::first},
                     {"bitcoin", minute(2), "composite", "coingecko", TakeoverCause::silent},
                     {"ethereum", minute(2), "composite", "coingecko", TakeoverCause::disbelieved},
                     {"bitcoin", minute(3) + nanoseconds(7), "coingecko", "composite", TakeoverCause::preferred}};
  ASSERT_TRUE(write(batch));
  const auto list = [&](const std::string& asset, int from, int to, std::size_t limit) {
    std::vector<std::string> out;
    const auto found = reader_->takeovers(asset, minute(from), minute(to), limit);
    EXPECT_TRUE(found);
    for (const auto& t : *found) {
      out.push_back(t.asset + ":" + t.from + ">" + t.to + ":" + std::string(core::to_string(t.cause)) + "@" +
                    std::to_string((t.at - minute(0)).count()));
    }
    return out;
  };
  constexpr const char *kFirst = "bitcoin:>composite:first@0",
                       *kSilent = "bitcoin:composite>coingecko:silent@120000000000",
                       *kOther = "ethereum:composite>coingecko:disbelieved@120000000000",
                       *kBack = "bitcoin:coingecko>composite:preferred@180000000007";
  EXPECT_THAT(list("", 0, 4, 10), ElementsAre(kFirst, kSilent, kOther, kBack));
  EXPECT_THAT(list("bitcoin", 0, 4, 10), ElementsAre(kFirst, kSilent, kBack));
  EXPECT_THAT(list("bitcoin", 2, 3, 10), ElementsAre(kSilent));
  EXPECT_THAT(list("bitcoin", 0, 2, 10), ElementsAre(kFirst));  // half-open
  EXPECT_THAT(list("", 0, 4, 2), ElementsAre(kOther, kBack));
  EXPECT_THAT(list("dogecoin", 0, 4, 10), IsEmpty());
  ASSERT_TRUE(write(batch));  // again changes nothing
  batch.takeovers = {{"bitcoin", minute(2), "composite", "coinapi", TakeoverCause::silent}};
  ASSERT_TRUE(write(batch));
  EXPECT_THAT(list("bitcoin", 1, 3, 10), ElementsAre("bitcoin:composite>coinapi:silent@120000000000"));
}

}  // namespace
}  // namespace tickspan::storage::test
