// Decoding recorded Binance frames to ticks, beside simdjson's bare parse of the same bytes.
//
// "Bare parse" is simdjson's on-demand parser walking a frame and reading every key and every value in it as what it is
// (text, number, boolean), which is the least that somebody who wants the whole frame must do. The parse into
// simdjson's document tree is printed as well, for reference. All three take the same frames, in turns, in one run.
//
//   decode_bench [FILE.rec[.gz]...]     default: the two full-rate recordings of ../shared, else made-up frames

#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "feeds/binance/binance.hpp"
#include "sim/recording.hpp"

namespace {

using namespace tickspan;
namespace ondemand = simdjson::ondemand;
using Clock = std::chrono::steady_clock;

constexpr int kRounds = 15;
constexpr auto kRoundTime = std::chrono::milliseconds(60);

/// Frames one behind the other, each readable kFramePadding bytes past its end.
struct Frames {
  std::string bytes;
  std::vector<std::pair<std::size_t, std::size_t>> spans;
  core::Timestamp newest;

  void add(std::string_view frame) {
    spans.emplace_back(bytes.size(), frame.size());
    bytes += frame;
  }
  void finish() { bytes.append(feeds::kFramePadding, ' '); }
  std::string_view at(std::size_t i) const { return std::string_view(bytes).substr(spans[i].first, spans[i].second); }
  std::size_t size() const { return spans.size(); }
};

simdjson::padded_string_view padded(std::string_view frame) {
  return simdjson::padded_string_view(frame.data(), frame.size(), frame.size() + feeds::kFramePadding);
}

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "decode_bench: %s\n", what.c_str());
  std::exit(1);
}

void load(const std::string& path, Frames& frames) {
  auto reader = sim::RecordingReader::open(path);
  if (!reader) die(reader.error().context);
  sim::RecordedFrame frame;
  for (;;) {
    const auto more = (*reader)->next(frame);
    if (!more) die(more.error().context);
    if (!*more) return;
    if (frame.kind != "recv") continue;
    frames.add(frame.payload);
    frames.newest = std::max(frames.newest, frame.at);
  }
}

/// The mix of the recordings: seven quotes, two trades, one book update of 20 levels.
void make_up(Frames& frames) {
  std::string levels;
  for (int i = 0; i < 20; ++i) levels += std::string(i == 0 ? "" : ",") + R"(["61837.63000000","0.32329000"])";
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = std::to_string(50'093'239'212 + i);
    if (i % 10 == 0) {
      frames.add(R"({"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":)" +
                 id + R"(,"u":)" + id + R"(,"b":[)" + levels + R"(],"a":[]}})");
    } else if (i % 10 < 3) {
      frames.add(R"({"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":)" + id +
                 R"(,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}})");
    } else {
      frames.add(R"({"stream":"btcusdt@bookTicker","data":{"u":)" + id +
                 R"(,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}})");
    }
  }
  frames.newest = core::Timestamp::from_ms(1723161255343);
}

/// Reads every key and value below `value`; returns something that depends on them all.
std::uint64_t touch(ondemand::value value);

std::uint64_t touch_object(ondemand::object object) {
  std::uint64_t sum = 0;
  for (auto field : object) {
    sum += std::string_view(field.unescaped_key()).size();
    sum += touch(field.value());
  }
  return sum;
}

std::uint64_t touch(ondemand::value value) {
  switch (value.type().value()) {
    case ondemand::json_type::object:
      return touch_object(value.get_object());
    case ondemand::json_type::array: {
      std::uint64_t sum = 0;
      for (auto element : value.get_array()) sum += touch(element.value());
      return sum;
    }
    case ondemand::json_type::string:
      return std::string_view(value.get_string()).size();
    case ondemand::json_type::number:
      return value.get_uint64();
    case ondemand::json_type::boolean:
      return value.get_bool() ? 1 : 0;
    case ondemand::json_type::null:
      return 0;
  }
  return 0;
}

/// One contender: what it does with one frame, and its rate in each round.
struct Contender {
  const char* name;
  std::function<std::uint64_t(std::string_view)> work;
  std::vector<double> rates;

  /// Goes through all frames until the round's time is over.
  std::uint64_t round(const Frames& frames) {
    std::uint64_t sum = 0, done = 0;
    const auto begin = Clock::now();
    auto end = begin;
    do {
      for (std::size_t i = 0; i < frames.size(); ++i) sum += work(frames.at(i));
      done += frames.size();
      end = Clock::now();
    } while (end - begin < kRoundTime);
    rates.push_back(static_cast<double>(done) / std::chrono::duration<double>(end - begin).count());
    return sum;
  }
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

/// Median over the rounds of one rate by the other of the same round.
double median_ratio(const Contender& a, const Contender& b) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < a.rates.size(); ++i) ratios.push_back(a.rates[i] / b.rates[i]);
  return median(std::move(ratios));
}

void compare(const char* title, const Frames& frames, const core::SymbolTable& symbols) {
  if (frames.size() == 0) return;
  const auto decoder = feeds::make_binance();
  feeds::Decoded decoded;
  ondemand::parser walker;
  simdjson::dom::parser builder;
  std::uint64_t ticks = 0, undecodable = 0;
  Contender contenders[] = {
      {"decode to ticks",
       [&](std::string_view frame) {
         if (!decoder->decode(frame, frames.newest, symbols, decoded)) ++undecodable;
         ticks += decoded.ticks.size();
         return decoded.ticks.size();
       },
       {}},
      {"simdjson on-demand, all values (bare parse)",
       [&](std::string_view frame) {
         ondemand::document document = walker.iterate(padded(frame));
         return touch_object(document.get_object());
       },
       {}},
      {"simdjson document tree",
       [&](std::string_view frame) -> std::uint64_t {
         simdjson::dom::element root = builder.parse(frame.data(), frame.size(), false);
         return root.is_object() ? 1U : 0U;
       },
       {}},
  };
  std::uint64_t sum = 0;
  for (auto& contender : contenders) sum += contender.round(frames);  // warms up
  for (auto& contender : contenders) contender.rates.clear();
  const auto ticks_before = ticks;
  for (int i = 0; i < kRounds; ++i) {
    for (auto& contender : contenders) sum += contender.round(frames);
  }
  std::printf("%s: %zu frames, %.0f bytes on average%s\n", title, frames.size(),
              static_cast<double>(frames.bytes.size()) / static_cast<double>(frames.size()),
              sum == 0 ? " (nothing read)" : "");
  for (const auto& contender : contenders) {
    std::printf("  %-46s %11.0f messages/s  %7.1f ns each\n", contender.name, median(contender.rates),
                1e9 / median(contender.rates));
  }
  std::printf("  ratio to the bare parse %.2f, to the tree %.2f (medians of %d rounds in turns)\n",
              median_ratio(contenders[0], contenders[1]), median_ratio(contenders[0], contenders[2]), kRounds);
  if (undecodable != 0 || ticks == ticks_before)
    std::printf("  note: %llu undecodable, %s ticks\n", static_cast<unsigned long long>(undecodable),
                ticks == ticks_before ? "no" : "some");
}

std::vector<std::string> default_files() {
  const char* shared = std::getenv("TICKSPAN_SHARED");
  const std::string dir = std::string(shared != nullptr ? shared : "../shared") + "/recordings/binance/";
  std::vector<std::string> files;
  for (const char* name : {"ws_btcusdt_20240808.rec.gz", "ws_ethusdt_20240808.rec.gz"}) {
    if (std::filesystem::exists(dir + name)) files.push_back(dir + name);
  }
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> files(argv + 1, argv + argc);
  if (files.empty()) files = default_files();
  Frames all;
  for (const auto& file : files) load(file, all);
  if (files.empty()) {
    std::printf("no recordings here: made-up frames in the mix of the recorded ones\n");
    make_up(all);
  }
  all.finish();

  // As many symbols as a feed listens to, so that looking one up costs what it costs in service.
  core::SymbolTable symbols;
  for (std::uint32_t i = 0; i < 300; ++i) symbols.add("SYM" + std::to_string(i) + "USDT", core::InstrumentId{i});
  std::map<std::string, Frames> by_type;
  const auto decoder = feeds::make_binance();
  feeds::Decoded decoded;
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto status = decoder->decode(all.at(i), all.newest, symbols, decoded);
    if (status && !decoded.unknown_symbol.empty()) {
      symbols.add(std::string(decoded.unknown_symbol), core::InstrumentId{static_cast<std::uint32_t>(symbols.size())});
    }
    if (status) by_type[std::string(decoded.type)].add(all.at(i));
  }
  std::printf("simdjson %s, %s kernels\n", SIMDJSON_STRINGIFY(SIMDJSON_VERSION),
              simdjson::get_active_implementation()->name().c_str());
  compare("all frames", all, symbols);
  for (auto& [type, frames] : by_type) {
    frames.finish();
    frames.newest = all.newest;
    compare(type.c_str(), frames, symbols);
  }
  return 0;
}
