#include "feeds/binance/binance.hpp"
#include "venue_fuzz.hpp"

namespace {

using namespace tickspan;

/// A blank behind the first brace changes nothing in JSON, but has the frame read the general way.
void check_both_ways_agree(feeds::VenueProtocol& protocol, const core::SymbolTable& symbols, std::string_view input) {
  if (input.empty() || input.front() != '{') return;
  const auto read = [&](std::string text) {
    const std::size_t size = text.size();
    text.append(feeds::kFramePadding, '\0');
    feeds::Decoded out;
    const auto status =
        protocol.decode(std::string_view(text).substr(0, size), core::Timestamp::from_s(1'780'000'000), symbols, out);
    std::string summary =
        status ? std::string(out.type) + "|" + std::string(out.unknown_symbol) : std::string("refused");
    for (const auto& tick : out.ticks) {
      summary +=
          "|" + tick.bid().to_string() + "|" + tick.ask().to_string() + "|" + std::to_string(tick.event_time().ns);
    }
    return summary;
  };
  const std::string exact = read(std::string(input));
  const std::string general = read("{ " + std::string(input.substr(1)));
  TS_ASSERT(exact == general, "both ways of reading agree");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto protocol = feeds::make_binance();
  static const core::SymbolTable symbols = [] {
    core::SymbolTable table;
    table.add("BTCUSDT", core::InstrumentId{0});
    table.add("ETHUSDT", core::InstrumentId{1});
    return table;
  }();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  fuzz::decode_once(*protocol, symbols, input);
  check_both_ways_agree(*protocol, symbols, input);
  return 0;
}
