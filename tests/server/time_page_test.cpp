// Lists in the order of time, page by page, while they grow.
#include <gmock/gmock.h>

#include "server_fixture.hpp"

namespace tickspan::server {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

class TimePages : public test::ServerTest {
 protected:
  /// The text of a member after `from`, which it moves behind it; empty where there is none.
  static std::string member(const std::string& json, const std::string& name, std::size_t& from) {
    const std::string head = '"' + name + "\":\"";
    const auto at = json.find(head, from);
    if (at == std::string::npos) return "";
    const auto end = json.find('"', at + head.size());
    from = end;
    return json.substr(at + head.size(), end - at - head.size());
  }
  /// What tells the rows of an answer apart.
  static std::vector<std::string> rows(const std::string& json, const std::string& name, const std::string& time) {
    std::vector<std::string> out;
    for (std::size_t at = json.find("\"data\"");;) {
      const std::string found = member(json, name, at);
      if (found.empty()) return out;
      out.push_back(found + ' ' + member(json, time, at));
    }
  }
  static std::string next(const std::string& json) {
    std::size_t at = 0;
    return member(json, "next_cursor", at);
  }
};

TEST_F(TimePages, TakeoversPageBackInTime) {
  start_all();
  core::WriteBatch batch;
  for (const char* asset : {"bitcoin", "ethereum", "tether"}) {
    for (int i = 1; i <= 3; ++i) {
      batch.takeovers.push_back(
          {asset, market.minute() - i * 10min, "composite", "coingecko", core::TakeoverCause::silent});
    }
  }
  store(batch);
  const std::string path = "/api/v1/takeovers";
  const auto whole = rows(body(path, path), "asset", "at");
  ASSERT_EQ(whole.size(), 9U);
  EXPECT_EQ(whole[0], "tether 2026-06-01T11:50:00.000Z");
  EXPECT_EQ(whole[8], "bitcoin 2026-06-01T11:30:00.000Z");
  std::vector<std::string> paged;
  int pages = 0;
  for (std::string page = body(path + "?limit=2", path);; page = body(path + "?limit=2&cursor=" + next(page), path)) {
    for (auto& row : rows(page, "asset", "at")) paged.push_back(std::move(row));
    if (++pages == 10 || next(page).empty()) break;
  }
  EXPECT_EQ(paged, whole);
  EXPECT_EQ(pages, 5);
  const std::string first = body(path + "?asset=bitcoin&start=2026-06-01T11:35:00Z&limit=1", path);
  const std::string second =
      body(path + "?asset=bitcoin&start=2026-06-01T11:35:00Z&limit=1&cursor=" + next(first), path);
  EXPECT_THAT(second,
              AllOf(HasSubstr("11:40:00"), HasSubstr(R"("before":"composite")"), HasSubstr(R"("next_cursor":null)")))
      << "the one before the range is no row";
  EXPECT_THAT(error(path + "?asset=ethereum&cursor=" + next(first), 400, path), HasSubstr(R"("parameter":"cursor")"));
}

TEST_F(TimePages, GapsPageBackInTimeWhileTheyGrow) {
  start_all();
  core::WriteBatch batch;
  for (int i = 0; i < 9; ++i) {
    batch.gaps.push_back({"kraken", "P/\n-" + std::to_string(i), market.minute() - (1 + i / 4) * 10min,
                          market.minute() - 5min, core::GapCause::mute});
  }
  store(batch);
  const std::string path = "/api/v1/gaps";
  const auto whole = rows(body(path, path), "symbol", "start");
  ASSERT_EQ(whole.size(), 9U);
  EXPECT_EQ(whole[0], R"(P/\n-3 2026-06-01T11:50:00.000Z)") << "the newest first, equal times by their names";
  std::vector<std::string> paged, ranges;
  for (std::string page = body(path + "?limit=2", path);; page = body(path + "?limit=2&cursor=" + next(page), path)) {
    for (auto& row : rows(page, "symbol", "start")) paged.push_back(std::move(row));
    ranges.push_back(page.substr(0, page.find("\"data\"")));
    if (ranges.size() == 10 || next(page).empty()) break;
    core::WriteBatch more;
    for (core::Gap& gap : batch.gaps) gap.end = gap.end + 1s;
    more.gaps = batch.gaps;  // they go on, and another begins
    more.gaps.push_back({"kraken", "new", market.minute() - 1min, market.minute(), core::GapCause::mute});
    store(more);
    market.clock.advance(1min);
  }
  EXPECT_EQ(paged, whole) << "each once";
  EXPECT_EQ(ranges, std::vector<std::string>(5, ranges[0])) << "all pages are of one range";
  const std::string cursor = "&cursor=" + next(body(path + "?limit=2", path));
  for (const char* other : {"?state=open", "?venue=kraken", "?end=2026-06-01T12:00:00Z"})
    EXPECT_THAT(error(path + other + cursor, 400, path), HasSubstr(R"("parameter":"cursor")")) << other;
  EXPECT_EQ(get(path + "?cursor=61-1").status, 400);
}

}  // namespace
}  // namespace tickspan::server
