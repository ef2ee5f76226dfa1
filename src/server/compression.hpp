#pragma once

#include <string>
#include <string_view>

namespace tickspan::server {

/// `bytes` as a gzip stream, at a level that costs little more than sending them would.
std::string gzip(std::string_view bytes);

/// Whether an Accept-Encoding value takes gzip: named, or by `*`, and not with q=0.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace tickspan::server
