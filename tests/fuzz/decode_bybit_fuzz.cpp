#include "feeds/bybit/bybit.hpp"
#include "venue_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickspan;
  static const auto protocol = feeds::make_bybit();
  static const core::SymbolTable symbols = [] {
    core::SymbolTable table;
    table.add("BTCUSDT", core::InstrumentId{0});
    table.add("ETHUSDT", core::InstrumentId{1});
    return table;
  }();
  fuzz::decode_once(*protocol, symbols, {reinterpret_cast<const char*>(data), size});
  return 0;
}
