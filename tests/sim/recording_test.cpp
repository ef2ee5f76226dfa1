#include "sim/recording.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "../support/support.hpp"

namespace tickspan::sim {
namespace {

using core::Timestamp;

struct Line {
  std::int64_t ns;
  std::string kind, payload;
  bool operator==(const Line&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Line& line) {
  return out << line.ns << '|' << line.kind << '|' << line.payload;
}

struct Lines {
  std::vector<Line> lines;
  std::string error;
};

Lines read_all(const std::string& path) {
  Lines result;
  auto reader = RecordingReader::open(path);
  if (!reader) return {{}, reader.error().context};
  RecordedFrame frame;
  for (;;) {
    const auto more = (*reader)->next(frame);
    if (!more) result.error = more.error().context;
    if (!more || !*more) return result;
    // The decoders rely on being able to read this far.
    std::string spare(64, ' ');
    std::copy_n(frame.payload.data() + frame.payload.size(), spare.size(), spare.begin());
    result.lines.push_back({frame.at.ns, std::string(frame.kind), std::string(frame.payload)});
  }
}

void write_text(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

class RecordingTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return dir_.file(name); }
  test::TempDir dir_;
};

TEST_F(RecordingTest, WhatIsWrittenIsReadBack) {
  for (const char* name : {"a.rec", "a.rec.gz"}) {
    auto writer = RecordingWriter::create(path(name));
    ASSERT_TRUE(writer);
    std::vector<Line> expected;
    const auto write = [&](std::int64_t ns, const std::string& kind, const std::string& payload) {
      ASSERT_TRUE((*writer)->write(Timestamp{ns}, kind, payload));
      expected.push_back({ns, kind, payload});
    };
    write(1'618'677'371'364'407'000, "open", "wss://stream.binance.com:9443/stream");
    write(1'618'677'371'364'407'001, "send", R"({"method":"SUBSCRIBE"})");
    write(1'618'677'372'176'869'900, "recv", R"({"x":"é"})");
    write(1'618'677'372'508'967'000, "rest", "https://api.binance.com/api/v3/depth\t{\"bids\":[]}");
    for (int i = 0; i < 2000; ++i)
      write(1'618'677'373'000'000'000 + i * 1'000'000, "recv", std::string(static_cast<std::size_t>(i), 'x'));
    ASSERT_TRUE((*writer)->close());
    const auto read = read_all(path(name));
    EXPECT_EQ(read.error, "");
    EXPECT_EQ(read.lines, expected) << name;
  }
  const std::string packed = test::read_file(path("a.rec.gz"));
  EXPECT_EQ(packed, test::read_file(path("a.rec"))) << ".gz is the same file, compressed";
  EXPECT_LT(std::filesystem::file_size(path("a.rec.gz")), std::filesystem::file_size(path("a.rec")) / 10);
}

TEST_F(RecordingTest, PlainFilesAreByteForByteTheForm) {
  auto writer = RecordingWriter::create(path("a.rec"));
  ASSERT_TRUE((*writer)->write(Timestamp{5}, "recv", "{\"a\":1}"));
  ASSERT_TRUE((*writer)->close());
  EXPECT_EQ(test::read_file(path("a.rec")), "5\trecv\t{\"a\":1}\n");
  EXPECT_TRUE((*writer)->close()) << "closing twice is harmless";
  EXPECT_FALSE((*writer)->write(Timestamp{6}, "recv", "late"));
}

TEST_F(RecordingTest, BreaksInsideAPayloadCannotBreakTheForm) {
  auto writer = RecordingWriter::create(path("a.rec"));
  ASSERT_TRUE((*writer)->write(Timestamp{5}, "recv", "{\r\n\t\"a\": 1\n}"));
  ASSERT_TRUE((*writer)->write(Timestamp{6}, "rest", "https://x/y\t{\n\t\"b\":2}"));
  ASSERT_TRUE((*writer)->close());
  EXPECT_EQ(read_all(path("a.rec")).lines,
            (std::vector<Line>{{5, "recv", "{   \"a\": 1 }"}, {6, "rest", "https://x/y\t{  \"b\":2}"}}));
}

TEST_F(RecordingTest, LinesOfTheLastSecondSurviveACrash) {
  for (const char* name : {"a.rec", "a.rec.gz"}) {
    auto writer = RecordingWriter::create(path(name));
    for (int second = 1; second <= 3; ++second) {
      ASSERT_TRUE((*writer)->write(Timestamp::from_s(second), "recv", "{}"));
    }
    // Not closed: what a crash would leave.
    const auto read = read_all(path(name));
    EXPECT_EQ(read.lines.size(), 3u) << name << ": " << read.error;
  }
}

TEST_F(RecordingTest, LongLinesWithinTheLimit) {
  const std::string big(5'100'000, 'y');
  auto writer = RecordingWriter::create(path("a.rec.gz"));
  ASSERT_TRUE((*writer)->write(Timestamp{5}, "recv", big));
  ASSERT_TRUE((*writer)->write(Timestamp{6}, "recv", "small"));
  ASSERT_TRUE((*writer)->close());
  EXPECT_EQ(read_all(path("a.rec.gz")).lines, (std::vector<Line>{{5, "recv", big}, {6, "recv", "small"}}));
}

TEST_F(RecordingTest, ALineWithoutEndIsAnErrorThatNamesIt) {
  gzFile file = gzopen(path("a.rec.gz").c_str(), "wb1");
  ASSERT_NE(file, nullptr);
  gzputs(file, "5\trecv\tfirst\n6\trecv\t");
  const std::string chunk(1024 * 1024, 'z');
  for (int i = 0; i < 66; ++i) gzwrite(file, chunk.data(), static_cast<unsigned>(chunk.size()));
  gzclose(file);
  const auto read = read_all(path("a.rec.gz"));
  EXPECT_EQ(read.lines.size(), 1u);
  EXPECT_NE(read.error.find("a.rec.gz:2: the line is longer than 64 MiB"), std::string::npos) << read.error;
}

TEST_F(RecordingTest, BrokenLinesAreNamed) {
  for (const char* bad : {"hello", "5 recv x", "5\trecv", "x\trecv\t{}", "-5\trecv\t{}", "0\trecv\t{}", "5\tsaid\t{}",
                          "5\t\t{}", "99999999999999999999\trecv\t{}"}) {
    write_text(path("a.rec"), std::string("1\trecv\t{}\n") + bad + "\n");
    const auto read = read_all(path("a.rec"));
    EXPECT_EQ(read.lines.size(), 1u) << bad;
    EXPECT_NE(read.error.find("a.rec:2: "), std::string::npos) << bad << ": " << read.error;
  }
}

TEST_F(RecordingTest, OddButWholeFiles) {
  write_text(path("a.rec"), "\n1\trecv\tone\r\n\n2\trecv\ttwo\twith tab");
  EXPECT_EQ(read_all(path("a.rec")).lines, (std::vector<Line>{{1, "recv", "one"}, {2, "recv", "two\twith tab"}}));
  write_text(path("empty.rec"), "");
  EXPECT_TRUE(read_all(path("empty.rec")).lines.empty());
  EXPECT_EQ(read_all(path("empty.rec")).error, "");
}

TEST_F(RecordingTest, ACompressedFileThatBreaksOffGivesWhatItHasAndSaysSo) {
  auto writer = RecordingWriter::create(path("a.rec.gz"));
  for (int i = 1; i < 5000; ++i) ASSERT_TRUE((*writer)->write(Timestamp{i}, "recv", std::to_string(i * 7919)));
  ASSERT_TRUE((*writer)->close());
  std::filesystem::resize_file(path("a.rec.gz"), std::filesystem::file_size(path("a.rec.gz")) / 2);
  const auto read = read_all(path("a.rec.gz"));
  EXPECT_FALSE(read.lines.empty());
  EXPECT_NE(read.error, "");
}

TEST_F(RecordingTest, JsonLinesHaveNoTimes) {
  write_text(path("a.jsonl"), "{\"a\":1}\n\n{\"b\":2}\n");
  EXPECT_EQ(read_all(path("a.jsonl")).lines, (std::vector<Line>{{0, "recv", "{\"a\":1}"}, {0, "recv", "{\"b\":2}"}}));
}

TEST_F(RecordingTest, WrappedLinesAreUnwrapped) {
  write_text(path("a.ndjson"),
             "{\"recorder\":\"x\"}\n{\"rx_ns\":5,\"frame\":{\"a\":[1,2]}}\n{\"dir\":\"tx\",\"rx_ns\":6,\"frame\":{"
             "\"op\":\"subscribe\"}}\n"
             "{\"rx_ns\":7,\"frame\":\"{\\\"b\\\":1}\"}\n");
  EXPECT_EQ(read_all(path("a.ndjson")).lines,
            (std::vector<Line>{
                {0, "recv", "{\"a\":[1,2]}"}, {0, "send", "{\"op\":\"subscribe\"}"}, {0, "recv", "{\"b\":1}"}}));
  for (const char* bad : {"{}", "5", "{\"rx_ns\":5}", "{\"frame\":"}) {
    write_text(path("b.ndjson"), std::string("header\n") + bad + "\n");
    EXPECT_NE(read_all(path("b.ndjson")).error.find("b.ndjson:2: "), std::string::npos) << bad;
  }
}

TEST_F(RecordingTest, WhatCannotBeOpenedIsNamed) {
  const auto missing = RecordingReader::open(path("missing.rec"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, core::ErrorCode::not_found);
  EXPECT_NE(missing.error().context.find("missing.rec"), std::string::npos);
  const auto other = RecordingReader::open(path("a.csv"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, core::ErrorCode::invalid_argument);
  EXPECT_FALSE(RecordingWriter::create(path("no/such/folder/a.rec")));
  std::filesystem::create_directory(path("d.rec"));
  EXPECT_NE(read_all(path("d.rec")).error, "") << "a folder is no recording";
}

}  // namespace
}  // namespace tickspan::sim
