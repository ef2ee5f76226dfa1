#include "feeds/coinbase/coinbase.hpp"
#include "venue_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickspan;
  static const auto protocol = feeds::make_coinbase();
  static const core::SymbolTable symbols = [] {
    core::SymbolTable table;
    table.add("BTC-USD", core::InstrumentId{0});
    table.add("SKL-USD", core::InstrumentId{1});
    return table;
  }();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  fuzz::decode_once(*protocol, symbols, input);
  fuzz::check_symbols(protocol->dialect("advanced"), input);
  return 0;
}
