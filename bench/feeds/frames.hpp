#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "feeds/venue_protocol.hpp"

namespace tickspan::bench {

/// The recorded frames of one venue that carry ticks, and the symbols in them.
struct VenueFrames {
  std::string name;
  std::function<std::unique_ptr<feeds::VenueProtocol>()> make;
  std::shared_ptr<core::SymbolTable> symbols;
  std::string bytes;               ///< frame behind frame, readable feeds::kFramePadding bytes past the end
  std::vector<std::size_t> ends;   ///< of each frame in `bytes`
  std::string wire;                ///< the same as a server sends them
  std::vector<std::size_t> marks;  ///< of each frame's end in `wire`
  std::size_t ticks = 0;

  std::size_t size() const { return ends.size(); }
  std::string_view at(std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends[i - 1];
    return std::string_view(bytes).substr(begin, ends[i] - begin);
  }
};

/// Eight sources: of each venue the recordings under `folder`, or made-up frames of the same shape where there are
/// none.
std::vector<VenueFrames> load_venues(const std::string& folder);

/// Reads every key and value of a document with the bare parser; returns something that depends on them all.
class BareParser {
 public:
  BareParser();
  ~BareParser();
  std::size_t touch(std::string_view frame);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tickspan::bench
