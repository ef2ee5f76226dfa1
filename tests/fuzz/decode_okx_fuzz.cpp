#include "feeds/okx/okx.hpp"
#include "venue_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickspan;
  static const auto protocol = feeds::make_okx();
  static const core::SymbolTable symbols = [] {
    core::SymbolTable table;
    table.add("BTC-USDT", core::InstrumentId{0});
    table.add("ETH-BTC", core::InstrumentId{1});
    return table;
  }();
  fuzz::decode_once(*protocol, symbols, {reinterpret_cast<const char*>(data), size});
  return 0;
}
