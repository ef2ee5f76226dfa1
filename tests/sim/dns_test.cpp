#include "sim/dns.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tickspan::sim {
namespace {

constexpr unsigned kA = 1, kAaaa = 28, kTxt = 16;
const std::string kQuery = std::string("\x12\x34\x01\x00\x00\x01", 6) + std::string(6, '\0');  // recursion is desired

std::string packed(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const auto label = name.substr(0, name.find('.'));
    out += static_cast<char>(label.size());
    out += label;
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  return out + '\0';
}

std::string question(std::string_view name, unsigned type, char network = 1) {
  return packed(name) + std::string(1, '\0') + static_cast<char>(type) + '\0' + network;
}

std::optional<DnsFault> faults(std::string_view name) {
  if (name == "kraken.tickspan.test") return DnsFault::none;
  if (name == "servfail.tickspan.test") return DnsFault::servfail;
  if (name == "refused.tickspan.test") return DnsFault::refused;
  if (name == "gone.tickspan.test") return DnsFault::nxdomain;
  if (name == "mute.tickspan.test") return DnsFault::mute;
  return {};
}

std::string answer(const std::string& query, const char* address = "127.0.0.1") {
  return answer_dns(query, *net::parse_ip(address), faults);
}

unsigned code(const std::string& packet) {
  return packet.size() < 12 ? 99U : static_cast<unsigned char>(packet[3]) & 0xfU;
}

TEST(Dns, TellsAVenuesAddress) {
  const std::string asked = question("Kraken.TICKSPAN.test", kA);
  const std::string head("\x12\x34\x85\x80\x00\x01\x00\x01\x00\x00\x00\x00", 12);
  const std::string record("\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04\x7f\x00\x00\x01", 16);
  EXPECT_EQ(answer(kQuery + asked), head + asked + record) << "the question as it was written, kept for no time";
  const std::string with_edns = kQuery.substr(0, 11) + '\1' + asked + std::string("\0\0\x29\x04\xd0\0\0\0\0\0\0", 11);
  EXPECT_EQ(answer(with_edns), head + asked + record);
}

TEST(Dns, ANameHasOneKindOfAddress) {
  const std::string none("\x12\x34\x85\x80\x00\x01\x00\x00\x00\x00\x00\x00", 12);
  for (const unsigned type : {kAaaa, kTxt}) {
    const std::string asked = question("kraken.tickspan.test", type);
    EXPECT_EQ(answer(kQuery + asked), none + asked);
  }
  const std::string six = question("kraken.tickspan.test", kAaaa), four = question("kraken.tickspan.test", kA);
  EXPECT_EQ(answer(kQuery + six, "::1").substr(12 + six.size() + 10),
            std::string("\0\x10", 2) + std::string(15, '\0') + '\1');
  EXPECT_EQ(answer(kQuery + four, "::1"), none + four);
  const std::string other_network = question("kraken.tickspan.test", kA, 3);
  EXPECT_EQ(answer(kQuery + other_network), none + other_network);
}

TEST(Dns, OtherNamesAreUnknownAndFaultsAreAnsweredAsSuch) {
  for (const char* name : {"venue.invalid", "tickspan.test", "kraken", "x.kraken.tickspan.test", "gone.tickspan.test"})
    EXPECT_EQ(code(answer(kQuery + question(name, kA))), 3U) << name;
  EXPECT_EQ(code(answer(kQuery + question("", kA))), 3U) << "the root";
  EXPECT_EQ(code(answer(kQuery + question("servfail.tickspan.test", kA))), 2U);
  EXPECT_EQ(code(answer(kQuery + question("refused.tickspan.test", kAaaa))), 5U);
  EXPECT_EQ(answer(kQuery + question("mute.tickspan.test", kA)), "");
}

TEST(Dns, WhatIsNoQuestionIsRefused) {
  const std::string good = kQuery + question("kraken.tickspan.test", kA);
  for (std::size_t size = 0; size < good.size(); ++size) {
    const std::string cut = answer(good.substr(0, size));
    if (size < 12)
      EXPECT_EQ(cut, "");
    else
      EXPECT_EQ(code(cut), 1U) << size;
  }
  std::string two = good + question("kraken.tickspan.test", kAaaa);
  two[5] = 2;
  EXPECT_EQ(code(answer(two)), 1U);
  two[5] = 0;
  EXPECT_EQ(code(answer(two)), 1U);
  EXPECT_EQ(code(answer(kQuery + std::string("\xc0\x0c\0\1\0\1", 6))), 1U) << "compressed, into itself";
  EXPECT_EQ(code(answer(kQuery + std::string("\x40", 1) + std::string(64, 'x') + std::string("\0\0\1\0\1", 5))), 1U);
  std::string long_name;
  for (int i = 0; i < 5; ++i) long_name += std::string(60, 'x') + ".";
  EXPECT_EQ(code(answer(kQuery + question(long_name, kA))), 1U);
  std::string status = good;
  status[2] = 0x11;
  EXPECT_EQ(code(answer(status)), 4U) << "another kind of request";
  EXPECT_EQ(answer(answer(good)), "") << "an answer";
}

TEST(Dns, NamesAreThoseThatCertificatesCover) {
  EXPECT_EQ(dns_name("kraken"), "kraken.tickspan.test");
  EXPECT_EQ(dns_name("coinbase_advanced"), "coinbase-advanced.tickspan.test");
}

}  // namespace
}  // namespace tickspan::sim
