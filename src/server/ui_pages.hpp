#pragma once

#include <optional>
#include <string_view>

#include "server/route.hpp"
#include "server/ui_bundle.hpp"

namespace tickspan::server {

/// A file of the bundle as an answer: for ever where its name carries a hash of its content, else asked for again by
/// ETag.
std::optional<Answer> ui_file(const UiBundle& ui, std::string_view path);

/// What a browser gets at a path that is no route of the API: a file of the bundle, or the dashboard's page where the
/// path is one of its own (no extension, and the client wants HTML). Nothing else: the caller answers 404.
std::optional<Answer> ui_page(const UiBundle& ui, bool serve_ui, const net::HttpRequest& request);

}  // namespace tickspan::server
