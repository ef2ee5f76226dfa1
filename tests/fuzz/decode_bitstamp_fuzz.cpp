#include "feeds/bitstamp/bitstamp.hpp"
#include "venue_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickspan;
  static const auto protocol = feeds::make_bitstamp();
  static const core::SymbolTable symbols = [] {
    core::SymbolTable table;
    table.add("btcusd", core::InstrumentId{0});
    table.add("ethusd", core::InstrumentId{1});
    return table;
  }();
  fuzz::decode_once(*protocol, symbols, {reinterpret_cast<const char*>(data), size});
  return 0;
}
