#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace tickspan::net {

/// Unpacks a gzip or zlib body. too_large when it would exceed `max_size` bytes, so that a small body can't fill the
/// memory; parse_error when it is broken or ends early.
core::Result<std::string> inflate_body(std::string_view packed, std::size_t max_size);

}  // namespace tickspan::net
