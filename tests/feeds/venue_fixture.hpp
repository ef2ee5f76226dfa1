#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../support/support.hpp"
#include "core/catalogue.hpp"
#include "feeds/venue_protocol.hpp"

namespace tickspan::feeds::test_venues {

/// A protocol, a symbol table, and the buffer of the frame last decoded (what Decoded's views point into).
struct Venue {
  explicit Venue(std::unique_ptr<VenueProtocol> p) : protocol(std::move(p)) {}

  void know(const std::string& symbol) {
    symbols.add(symbol, core::InstrumentId{static_cast<std::uint32_t>(symbols.size())});
  }
  core::Status decode(std::string_view text) {
    frame = std::make_unique<test::Padded>(text);
    return protocol->decode(frame->view(), now, symbols, out);
  }
  /// The error's text, empty when it decoded.
  std::string why(std::string_view text) {
    const auto status = decode(text);
    return status ? std::string() : status.error().context;
  }

  std::unique_ptr<VenueProtocol> protocol;
  core::SymbolTable symbols;
  core::Timestamp now = core::Timestamp::from_s(1'780'000'000);
  std::unique_ptr<test::Padded> frame;
  Decoded out;
};

/// `text` with the first `from` replaced; the test fails loudly (by an empty text) when it is not there.
inline std::string with(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  return at == std::string::npos ? std::string() : text.replace(at, from.size(), to);
}

/// Every proper prefix of a frame must be refused, never accepted and never read past.
inline std::vector<std::string> prefixes(const std::string& text) {
  std::vector<std::string> result;
  for (std::size_t n = 0; n < text.size(); ++n) result.push_back(text.substr(0, n));
  return result;
}

}  // namespace tickspan::feeds::test_venues
