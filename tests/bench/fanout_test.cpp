#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <string_view>

#include "fanout/frame_reader.hpp"
#include "fanout/histogram.hpp"
#include "fanout/message.hpp"
#include "net/ws_codec.hpp"

namespace tickspan::bench {
namespace {

constexpr std::int64_t kSent = 5'000'000'000;

std::string update(std::uint64_t seq, const std::string& channel = "bench:0") {
  static MessageMaker maker("b1", 120);
  return maker.make(channel, seq, kSent);
}

void append_update(std::string& out, std::uint64_t seq, const std::string& channel = "bench:0") {
  net::append_text_frame(out, update(seq, channel));
}

TEST(FanoutMessage, IsAsLongAsAskedForWhateverItsNumbers) {
  for (const std::uint64_t seq : {1ULL, 99ULL, 1'234'567ULL}) EXPECT_EQ(update(seq).size(), 120U);
  EXPECT_EQ(update(7, "bench:499").size(), 120U);
  EXPECT_EQ(update(7).substr(0, 68), R"({"channel":"bench:0","type":"update","seq":7,"epoch":"b1","data":{"t)");
  EXPECT_GT(MessageMaker("b1", 10).make("bench:0", 1, 1).size(), 10U);
}

TEST(FanoutPacer, GivesExactlyItsRateInTurnsOfAMillisecond) {
  Pacer pacer(2'500, 0);
  std::uint64_t taken = 0;
  std::int64_t now = 0;
  while (now < 1'000'000'000) {
    const std::int64_t next = pacer.next_ns();
    ASSERT_GE(next, now + 1'000'000);
    now = next;
    taken += pacer.take(now);
  }
  EXPECT_NEAR(static_cast<double>(taken), 2'500, 3);
}

TEST(FanoutPacer, WaitsForTheNextOneAtALowRate) {
  Pacer pacer(10, 0);
  EXPECT_NEAR(static_cast<double>(pacer.next_ns()), 1e8, 10);
  EXPECT_EQ(pacer.take(99'000'000), 0U);
  EXPECT_EQ(pacer.take(350'000'000), 3U);
  EXPECT_EQ(Pacer(0, 0).take(1'000'000'000), 0U);
}

TEST(FanoutHistogram, QuantilesAreWithinTwoPerCent) {
  Histogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.add(i * 100'000);
  EXPECT_NEAR(histogram.quantile_ms(0.5), 50, 1);
  EXPECT_NEAR(histogram.quantile_ms(0.99), 99, 2);
  EXPECT_DOUBLE_EQ(histogram.quantile_ms(1), 100);
  EXPECT_DOUBLE_EQ(histogram.max_ms(), 100);
  EXPECT_EQ(histogram.count(), 1000U);
}

class FanoutReader : public testing::TestWithParam<FrameReader::Depth> {
 protected:
  FanoutReader() {
    reader.look(GetParam());
    seen.measuring = true;
  }
  // Hands the bytes over in pieces, as a socket would.
  FrameReader::Result feed(const std::string& bytes, std::size_t piece) {
    FrameReader::Result all;
    std::string rest;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      rest += bytes.substr(at, piece);
      std::string_view view(rest);
      const auto result = reader.feed(view, kSent + 3'000'000, seen);
      all.answered |= result.answered;
      all.broken |= result.broken;
      all.closed |= result.closed;
      all.pings += result.pings;
      if (result.close_code > 0) all.close_code = result.close_code;
      rest = std::string(view);
    }
    EXPECT_TRUE(rest.empty());
    return all;
  }
  FrameReader reader;
  Observation seen;
};

TEST_P(FanoutReader, CountsUpdatesAndNothingElseAsUpdates) {
  std::string bytes;
  net::append_text_frame(bytes, R"({"type":"hello","server":"tickspan"})");
  net::append_text_frame(bytes, R"({"id":1,"results":[]})");
  net::append_text_frame(bytes, R"({"channel":"bench:0","type":"snapshot","seq":41,"epoch":"b1","data":[]})");
  for (std::uint64_t seq = 42; seq < 142; ++seq) append_update(bytes, seq);
  net::append_text_frame(bytes, R"({"type":"heartbeat","time":"2026-01-01T00:00:00.000Z"})");
  net::append_frame(bytes, net::WsOpcode::ping, "");
  append_update(bytes, 142);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000}, bytes.size()}) {
    seen.tally = {};
    reader.look(GetParam());
    const auto result = feed(bytes, piece);
    EXPECT_EQ(seen.tally.updates, 101U) << piece;
    EXPECT_EQ(seen.tally.snapshots, 1U);
    EXPECT_EQ(seen.tally.heartbeats, 1U);
    EXPECT_EQ(seen.tally.others, 2U);
    EXPECT_EQ(seen.tally.lost + seen.tally.repeated + seen.tally.broken, 0U);
    EXPECT_TRUE(result.answered);
    EXPECT_EQ(result.pings, 1U);
    EXPECT_FALSE(result.broken);
  }
}

TEST_P(FanoutReader, TellsHowTheServerSaidGoodbye) {
  std::string bytes;
  append_update(bytes, 1);
  net::append_frame(bytes, net::WsOpcode::close, net::close_payload(4008, "slow"));
  const auto result = feed(bytes, bytes.size());
  EXPECT_TRUE(result.closed);
  EXPECT_EQ(result.close_code, 4008);
  EXPECT_EQ(seen.tally.updates, 1U);
}

TEST_P(FanoutReader, KeepsToFramesThatAreWholeAndPlain) {
  EXPECT_TRUE(feed(std::string("\x01\x02{}", 4), 4).broken);  // not the last of its message
  EXPECT_TRUE(feed(std::string("\x83\x02{}", 4), 4).broken);  // an opcode that there isn't
}

INSTANTIATE_TEST_SUITE_P(AllDepths, FanoutReader,
                         testing::Values(FrameReader::Depth::count, FrameReader::Depth::order,
                                         FrameReader::Depth::full));

TEST(FanoutCheckedReader, FindsWhatIsLostAndWhatComesTwice) {
  FrameReader reader;
  reader.look(FrameReader::Depth::full);
  Observation seen;
  seen.measuring = true;
  std::string bytes;
  for (const std::uint64_t seq : {10, 11, 14, 14, 15}) append_update(bytes, seq);
  for (const std::uint64_t seq : {3, 4}) append_update(bytes, seq, "bench:17");
  std::string_view view(bytes);
  reader.feed(view, kSent + 2'000'000, seen);
  EXPECT_EQ(seen.tally.lost, 2U);
  EXPECT_EQ(seen.tally.repeated, 1U);
  EXPECT_EQ(seen.tally.checked_updates, 7U);
  EXPECT_EQ(seen.window.count(), 7U);
  EXPECT_NEAR(seen.window.quantile_ms(0.5), 2, 0.05);
}

TEST(FanoutCheckedReader, AGapThatIsToldIsNotALoss) {
  FrameReader reader;
  reader.look(FrameReader::Depth::order);
  Observation seen;
  std::string bytes;
  append_update(bytes, 10);
  net::append_text_frame(bytes, R"({"channel":"bench:0","type":"gap","seq":20,"epoch":"b1","data":null})");
  append_update(bytes, 21);
  std::string_view view(bytes);
  reader.feed(view, kSent, seen);
  EXPECT_EQ(seen.tally.lost, 0U);
  EXPECT_EQ(seen.tally.gaps, 1U);
}

TEST(FanoutCheckedReader, ReadsCompressedMessages) {
  std::string bytes;
  for (const std::string& message : {update(1), update(3)}) {
    z_stream stream{};
    ASSERT_EQ(deflateInit2(&stream, 1, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string packed(300, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(message.data()));
    stream.avail_in = static_cast<uInt>(message.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    ASSERT_EQ(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
    packed.resize(packed.size() - stream.avail_out - 4);
    deflateEnd(&stream);
    bytes += '\xC1';
    bytes += static_cast<char>(packed.size());
    bytes += packed;
  }
  for (const auto depth : {FrameReader::Depth::full, FrameReader::Depth::count}) {
    FrameReader reader;
    reader.look(depth);
    Observation seen;
    std::string_view view(bytes);
    reader.feed(view, kSent, seen);
    EXPECT_EQ(seen.tally.updates, 2U);
    EXPECT_EQ(seen.tally.lost, depth == FrameReader::Depth::full ? 1U : 0U);
    EXPECT_EQ(seen.tally.broken, 0U);
  }
}

}  // namespace
}  // namespace tickspan::bench
