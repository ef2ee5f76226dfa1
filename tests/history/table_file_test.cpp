#include "history/table_file.hpp"

#include <gmock/gmock.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>

#include "../support/support.hpp"

namespace tickspan::history {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> lines_of(const std::string& path, std::string* checksum = nullptr) {
  auto reader = TableReader::open(path);
  EXPECT_TRUE(reader);
  std::vector<std::string> out;
  std::string_view line;
  for (;;) {
    const auto more = (*reader)->next(line);
    EXPECT_TRUE(more) << more.error().context;
    if (!more || !*more) break;
    out.emplace_back(line);
    EXPECT_EQ((*reader)->line_number(), out.size());
  }
  if (checksum != nullptr) *checksum = (*reader)->checksum();
  return out;
}

TEST(TableFile, LinesEndAsTheyLike) {
  const test::TempDir dir;
  std::ofstream(dir.file("a")) << "one\r\n\ntwo\nthree";
  std::string checksum;
  EXPECT_THAT(lines_of(dir.file("a"), &checksum), ElementsAre("one", "", "two", "three"));
  EXPECT_EQ(checksum, "1f0be19f5daeca03b4e66c72149425288f8f5a5ac5aff0a413d7f0f1719a722e") << "of all bytes";
  std::ofstream(dir.file("b")).close();
  EXPECT_THAT(lines_of(dir.file("b")), ElementsAre());
  EXPECT_FALSE(TableReader::open(dir.file("absent")));
  EXPECT_FALSE(TableReader::open(dir.path()));
}

TEST(TableFile, WhatIsWrittenIsRead) {
  const test::TempDir dir;
  std::string first;
  for (const bool gzip : {false, true}) {
    const std::string path = dir.file(gzip ? "t.csv.gz" : "t.csv");
    auto writer = TableWriter::create(path, gzip, false);
    ASSERT_TRUE(writer);
    std::string all;
    for (int i = 0; i < 50'000; ++i) all += std::to_string(i) + "\n";
    ASSERT_TRUE((*writer)->write(std::string_view(all).substr(0, 1000)));
    ASSERT_TRUE((*writer)->write(std::string_view(all).substr(1000)));
    EXPECT_FALSE(std::filesystem::exists(path)) << "not before it is whole";
    ASSERT_TRUE((*writer)->finish());
    EXPECT_EQ((*writer)->bytes(), all.size());
    EXPECT_EQ(test::read_file(path), all);
    EXPECT_EQ(std::filesystem::file_size(path) < all.size(), gzip);
    std::string checksum;
    EXPECT_EQ(lines_of(path, &checksum).size(), 50'000U);
    EXPECT_EQ(checksum, (*writer)->checksum());
    if (first.empty()) first = checksum;
    EXPECT_EQ(checksum, first) << "of the bytes before compression";
  }
}

TEST(TableFile, NothingStaysOfWhatWasNotFinished) {
  const test::TempDir dir;
  {
    auto writer = TableWriter::create(dir.file("t.csv"), true, false);
    ASSERT_TRUE(writer && (*writer)->write("half"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
  std::ofstream(dir.file("t.csv")) << "precious";
  const auto refused = TableWriter::create(dir.file("t.csv"), false, false);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().context, HasSubstr("--force"));
  auto forced = TableWriter::create(dir.file("t.csv"), false, true);
  ASSERT_TRUE(forced && (*forced)->write("new") && (*forced)->finish());
  EXPECT_EQ(test::read_file(dir.file("t.csv")), "new");
}

TEST(TableFile, DamagedOrCutGzipIsToldNotBelieved) {
  const test::TempDir dir;
  {
    auto writer = TableWriter::create(dir.file("t.gz"), true, false);
    std::string all;
    for (int i = 0; i < 50'000; ++i) all += std::to_string(i * 7919) + "\n";
    ASSERT_TRUE(writer && (*writer)->write(all) && (*writer)->finish());
  }
  const auto end_of = [](const std::string& path) {
    auto reader = TableReader::open(path);
    std::string_view line;
    for (;;) {
      const auto more = (*reader)->next(line);
      if (!more) return more.error().context;
      if (!*more) return std::string("the end");
    }
  };
  ASSERT_EQ(end_of(dir.file("t.gz")), "the end");
  std::filesystem::copy_file(dir.file("t.gz"), dir.file("cut.gz"));
  std::filesystem::resize_file(dir.file("cut.gz"), std::filesystem::file_size(dir.file("t.gz")) - 20);
  EXPECT_THAT(end_of(dir.file("cut.gz")), HasSubstr("cut off"));
  std::filesystem::copy_file(dir.file("t.gz"), dir.file("bad.gz"));
  std::fstream(dir.file("bad.gz"), std::ios::in | std::ios::out | std::ios::binary).seekp(20'000).write("damage!", 7);
  EXPECT_THAT(end_of(dir.file("bad.gz")), HasSubstr("damaged"));
  std::ofstream(dir.file("long")) << "short\n" << std::string(70'000, 'x') << "\n";
  EXPECT_THAT(end_of(dir.file("long")), HasSubstr("line 2: longer than"));
}

TEST(TableFile, NamesSayTheForm) {
  EXPECT_EQ(read_table_name("a.csv")->form, TableForm::csv);
  EXPECT_FALSE(read_table_name("a.csv")->gzip);
  EXPECT_TRUE(read_table_name("a.b.csv.gz")->gzip);
  EXPECT_EQ(read_table_name("a.jsonl")->form, TableForm::ndjson);
  EXPECT_EQ(read_table_name("/x/a.ndjson.gz")->form, TableForm::ndjson);
  for (const char* name : {"a", "a.gz", "a.txt", "csv", ""}) EXPECT_FALSE(read_table_name(name)) << name;
}

}  // namespace
}  // namespace tickspan::history
