#include <gmock/gmock.h>

#include "stream/history.hpp"
#include "stream/inbox.hpp"
#include "stream/request.hpp"
#include "stream/state.hpp"

namespace tickspan::stream {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

wire::Frame frame(std::uint32_t base, std::uint64_t seq, wire::TopicKind kind = wire::TopicKind::trades) {
  wire::Topic topic;
  topic.kind = kind;
  topic.base = {base};
  topic.quote = {0};
  topic.venue = {0};
  return {topic, seq, std::make_shared<const std::string>("0123456789")};
}

std::vector<std::uint64_t> seqs(const std::vector<wire::Frame>& frames) {
  std::vector<std::uint64_t> out;
  for (const auto& f : frames) out.push_back(f.seq);
  return out;
}

TEST(History, GivesWhatIsMissingOrNothing) {
  History history(1000, 60s);
  const auto generation = history.clear();
  const SteadyTime now{};
  const auto key = frame(1, 1).topic.key();
  history.hold(key, generation);
  for (std::uint64_t seq = 1; seq <= 5; ++seq) history.append(frame(1, seq), now);
  history.append(frame(2, 99), now);
  EXPECT_THAT(seqs(*history.after(key, 2, generation)), ElementsAre(3, 4, 5));
  EXPECT_THAT(seqs(*history.after(key, 5, generation)), ElementsAre());
  EXPECT_FALSE(history.after(key, 6, generation));
  EXPECT_FALSE(history.after(12345, 1, generation));
  EXPECT_THAT(seqs(history.recent(key, 4, 2, generation)), ElementsAre(3, 4));
  EXPECT_EQ(history.place(key, generation)->seq, 5U);
}

TEST(History, DropsTheOldestBySizeAndByAge) {
  History history(100, 60s);
  const auto generation = history.clear();
  const SteadyTime now{};
  const auto key = frame(1, 1).topic.key();
  for (std::uint64_t seq = 1; seq <= 20; ++seq) history.append(frame(1, seq), now);
  EXPECT_EQ(history.bytes(), 100U);
  EXPECT_FALSE(history.after(key, 9, generation));
  EXPECT_THAT(seqs(*history.after(key, 10, generation)).size(), 10U);
  history.append(frame(2, 1), now + 61s);
  EXPECT_EQ(history.bytes(), 10U);
  EXPECT_FALSE(history.after(key, 19, generation));
  EXPECT_TRUE(history.after(key, 20, generation));  // nothing is missing there
}

TEST(History, RefusesAcrossAHoleAndAPause) {
  History history(1000, 60s);
  const auto generation = history.clear();
  const SteadyTime now{};
  const auto key = frame(1, 1).topic.key();
  const auto hold = history.hold(key, generation);
  history.append(frame(1, 1), now);
  history.append(frame(1, 3), now);
  EXPECT_FALSE(history.after(key, 1, generation));
  EXPECT_TRUE(history.after(key, 2, generation));
  EXPECT_THAT(seqs(history.recent(key, 3, 10, generation)), ElementsAre(3));
  history.release(key, hold);
  EXPECT_FALSE(history.after(key, 3, generation));
  EXPECT_FALSE(history.place(key, generation)->certain);
  history.hold(key, generation);
  EXPECT_FALSE(history.after(key, 3, generation));
  history.append(frame(1, 5), now);
  EXPECT_TRUE(history.place(key, generation)->certain);
  EXPECT_FALSE(history.after(key, 3, generation));
  EXPECT_TRUE(history.after(key, 4, generation));
}

TEST(History, AReleaseFromBeforeAClearMeansNothing) {
  History history(1000, 60s);
  const SteadyTime now{};
  const auto before = history.clear();
  const auto key = frame(1, 1).topic.key();
  const auto old = history.hold(key, before);
  history.append(frame(1, 1), now);
  const auto generation = history.clear();
  EXPECT_FALSE(history.place(key, before));
  EXPECT_FALSE(history.after(key, 0, before));
  history.append(frame(1, 1), now);
  EXPECT_TRUE(history.recent(key, 1, 10, before).empty());
  history.hold(key, generation);
  history.release(key, history.hold(key, before));
  history.release(key, old);
  EXPECT_TRUE(history.place(key, generation)->certain);
}

TEST(Inbox, ParksTheNewestAndRemembersWhatWasMissed) {
  Inbox inbox(2);
  int woken = 0;
  const auto wake = [&] { ++woken; };
  const std::vector<wire::Frame> frames = {frame(1, 1),
                                           frame(1, 2),
                                           frame(1, 3),
                                           frame(1, 4),
                                           frame(2, 5, wire::TopicKind::price),
                                           frame(2, 6, wire::TopicKind::price)};
  EXPECT_EQ(inbox.put(frames, wake), 4U);
  EXPECT_EQ(inbox.put(frames, wake), 6U);
  EXPECT_EQ(woken, 1);
  auto content = inbox.take();
  EXPECT_THAT(seqs(content.frames), ElementsAre(1, 2, 6));
  ASSERT_EQ(content.missed.size(), 1U);
  EXPECT_EQ(content.missed[0].seq, 4U);
  EXPECT_TRUE(inbox.take().empty());
  EXPECT_EQ(inbox.put({frames.data(), 1}, wake), 0U);
  EXPECT_EQ(woken, 2);
  inbox.reset([] { return core::SnapshotPtr(); }, 7, wake);
  content = inbox.take();
  EXPECT_TRUE(content.pipeline);
  EXPECT_EQ(content.generation, 7U);
  EXPECT_TRUE(content.frames.empty());
  inbox.close();
  inbox.put(frames, wake);
  EXPECT_TRUE(inbox.take().empty());
}

TEST(RequestReader, ReadsRequests) {
  RequestReader reader;
  const auto request = reader.read(
      R"({"params":{"since":{"a":{"seq":7,"epoch":"e"}},"max_rate_ms":100,"channels":["a","b"]},"method":"subscribe","id":-3})",
      10);
  EXPECT_EQ(request.problem, "");
  EXPECT_EQ(request.method, Method::subscribe);
  EXPECT_EQ(request.id, "-3");
  EXPECT_THAT(request.channels, ElementsAre("a", "b"));
  ASSERT_EQ(request.since.size(), 1U);
  EXPECT_EQ(request.since[0].epoch, "e");
  EXPECT_EQ(request.since[0].seq, 7U);
  EXPECT_EQ(request.max_rate_ms, 100U);
  EXPECT_EQ(reader.read(R"({"method":"ping","id":"x\ny"})", 10).id, R"("x\ny")");
  EXPECT_EQ(reader.read(R"({"method":"ping"})", 10).id, "null");
}

TEST(RequestReader, SaysWhatIsWrong) {
  RequestReader reader;
  const auto problem = [&](std::string_view text) { return reader.read(text, 2).problem; };
  EXPECT_THAT(problem(""), HasSubstr("not JSON"));
  EXPECT_THAT(problem("\xFF"), HasSubstr("not JSON"));
  EXPECT_THAT(problem(std::string(5000, '[')), HasSubstr("not JSON"));
  EXPECT_THAT(problem("7"), HasSubstr("must be an object"));
  EXPECT_THAT(problem("{}"), HasSubstr("method is missing"));
  EXPECT_THAT(problem(R"({"method":7})"), HasSubstr("method is missing"));
  EXPECT_THAT(problem(R"({"method":"subscribe"})"), HasSubstr("params is missing"));
  EXPECT_THAT(problem(R"({"method":"subscribe","params":{"channels":[]}})"), HasSubstr("params.channels"));
  EXPECT_THAT(problem(R"({"method":"subscribe","params":{"channels":["a",1]}})"), HasSubstr("strings only"));
  EXPECT_THAT(problem(R"({"method":"subscribe","params":{"channels":["a","b","c"]}})"), HasSubstr("at most 2"));
  EXPECT_THAT(problem(R"({"method":"subscribe","params":{"channels":["a"],"since":{"a":1}}})"),
              HasSubstr("params.since"));
  EXPECT_THAT(problem(R"({"method":"subscribe","params":{"channels":["a"],"max_rate_ms":-1}})"),
              HasSubstr("max_rate_ms"));
  EXPECT_THAT(problem(R"({"method":"ping","id":[1]})"), HasSubstr("id must be"));
}

TEST(State, TakesTheDataOutOfAMessage) {
  EXPECT_EQ(data_of(R"({"channel":"c","type":"update","seq":1,"epoch":"e","data":{"a":",\"data\":"}})"),
            R"({"a":",\"data\":"})");
  EXPECT_EQ(data_of("{}"), "null");
}

}  // namespace
}  // namespace tickspan::stream
