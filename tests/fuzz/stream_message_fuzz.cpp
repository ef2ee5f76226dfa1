#include <cstdint>
#include <string>
#include <string_view>

#include "core/assert.hpp"
#include "core/catalogue.hpp"
#include "stream/request.hpp"
#include "wire/json_writer.hpp"
#include "wire/topic.hpp"

// After a first byte `*`: a channel's name that is asked for 10,000 times in one message. Else: a message.

namespace {

using namespace tickspan;

constexpr std::size_t kMaxChannels = 50, kCrowd = 10'000;

const core::Catalogue& catalogue() {
  static const core::Catalogue it = [] {
    core::Catalogue c;
    c.upsert_asset({"usd", "usd", "US Dollar", core::AssetKind::fiat, 0});
    c.upsert_asset({"bitcoin", "btc", "Bitcoin", core::AssetKind::coin, 1});
    c.upsert_venue({"kraken", "Kraken", false, "", ""});
    return c;
  }();
  return it;
}

void check_channel(const std::string& channel) {
  const auto topic = wire::resolve_topic(channel, catalogue(), 100);
  if (!topic) {
    TS_ASSERT(!topic.error().code.empty() && !topic.error().message.empty(), "refused in words");
    return;
  }
  const auto name = wire::topic_name(*topic, catalogue());
  const auto again = wire::resolve_topic(name, catalogue(), 100);
  TS_ASSERT(again && *again == *topic, "the canonical name means the same");
}

void check(const stream::Request& request) {
  TS_ASSERT(request.channels.size() <= kMaxChannels && request.since.size() <= kMaxChannels, "limits kept");
  TS_ASSERT(request.max_rate_ms <= 60'000, "a rate within bounds");
  TS_ASSERT(!request.id.empty() && request.id.size() < 1024, "an id can always be echoed");
  TS_ASSERT(request.problem.size() < 512, "a complaint is short");
  const bool whole = request.problem.empty();
  const bool has_channels =
      request.method == stream::Method::subscribe || request.method == stream::Method::unsubscribe;
  TS_ASSERT(!whole || request.method != stream::Method::none, "what can be taken has a method");
  TS_ASSERT(!whole || request.channels.empty() != has_channels, "and the channels that go with it");
  for (const auto& channel : request.channels) check_channel(channel);
}

// `item` in JSON, 10,000 times over.
std::string repeated(const std::string& item) {
  std::string out = item;
  out.reserve(kCrowd * (item.size() + 1));
  for (std::size_t i = 1; i < kCrowd; ++i) out.append(",").append(item);
  return out;
}

std::string subscribe(const std::string& channels, const std::string& since) {
  return R"({"id":1,"method":"subscribe","params":{"channels":[)" + channels + R"(],"since":{)" + since + "}}}";
}

void check_refused(const stream::Request& request) {
  TS_ASSERT(!request.problem.empty() && request.id == "1", "a crowd is refused, and told so");
  check(request);
}

void check_crowd(stream::RequestReader& reader, std::string_view name) {
  static const bool once = [&reader] {
    check_refused(reader.read(subscribe(R"("price:btc/usd")", repeated(R"("price:btc/usd":{"epoch":"e","seq":1})")),
                              kMaxChannels));
    return true;
  }();
  std::string item;
  wire::JsonWriter(item).value(name);
  if (once) check_refused(reader.read(subscribe(repeated(item), ""), kMaxChannels));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static stream::RequestReader reader;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!bytes.starts_with('*')) {
    check(reader.read(bytes, kMaxChannels));
  } else if (size <= 33) {
    check_crowd(reader, bytes.substr(1));
  }
  return 0;
}
