#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace tickspan::core {

/// A dense index that cannot be mixed up with another kind of index. Valid only inside one running process: what is
/// stored or sent names things by their text ids.
template <typename Tag, typename Rep = std::uint32_t>
struct Id {
  static constexpr Rep kNone = static_cast<Rep>(-1);
  Rep value = kNone;

  constexpr bool valid() const { return value != kNone; }
  constexpr std::size_t index() const { return value; }
  friend constexpr auto operator<=>(Id, Id) = default;
};

using AssetId = Id<struct AssetTag>;                 ///< index into Catalogue::assets()
using InstrumentId = Id<struct InstrumentTag>;       ///< one pair on one venue
using VenueId = Id<struct VenueTag, std::uint16_t>;  ///< a source: exchange or aggregator

}  // namespace tickspan::core

template <typename Tag, typename Rep>
struct std::hash<tickspan::core::Id<Tag, Rep>> {
  std::size_t operator()(tickspan::core::Id<Tag, Rep> id) const noexcept { return std::hash<Rep>{}(id.value); }
};
