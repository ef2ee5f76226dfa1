#include "server/ui_pages.hpp"

#include <algorithm>
#include <array>

namespace tickspan::server {
namespace {

constexpr std::string_view kHint =
    "Tickspan serves its API here: /docs describes it, /openapi.json is the description for machines,\n"
    "/api/v1/status says what the server is doing. This server runs without the dashboard.\n";

// Paths of the API and the streams: a typing error there is an error, not a page.
constexpr std::array<std::string_view, 7> kApiPrefixes = {"api",       "ws",  "price",      "history",
                                                          "top-coins", "udf", "docs-assets"};

bool of_api(std::string_view path) {
  const std::string_view first = path.substr(0, path.find('/'));
  return std::find(kApiPrefixes.begin(), kApiPrefixes.end(), first) != kApiPrefixes.end();
}

bool wants_html(const net::HttpRequest& request) {
  const auto accept = request.headers.find("Accept");
  return accept && accept->find("text/html") != std::string_view::npos;
}

// Vite puts 8 characters of a hash before the extension: `assets/index-BfX1a2_c.js`.
bool named_by_content(std::string_view path) {
  constexpr std::size_t kHashLength = 8;
  if (!path.starts_with("assets/")) return false;
  const std::size_t dot = path.rfind('.');
  return dot != std::string_view::npos && dot > kHashLength && path[dot - kHashLength - 1] == '-';
}

}  // namespace

std::optional<Answer> ui_file(const UiBundle& ui, std::string_view path) {
  const UiFile* file = ui.find(path);
  if (file == nullptr) return {};
  return Answer{.shared_body = ui.shared(file->plain),
                .gzipped = file->gzipped.empty() ? nullptr : ui.shared(file->gzipped),
                .content_type = std::string(file->content_type),
                .cache_control = named_by_content(path) ? "public, max-age=31536000, immutable" : "no-cache",
                .etag = std::string(file->etag)};
}

std::optional<Answer> ui_page(const UiBundle& ui, bool serve_ui, const net::HttpRequest& request) {
  std::string path = net::percent_decode(request.path(), false);
  path.erase(0, std::min(path.find_first_not_of('/'), path.size()));
  if (path.starts_with("docs-assets/")) return ui_file(ui, path);
  if (!serve_ui || ui.empty()) {
    if (!path.empty()) return {};
    return Answer{.body = std::string(kHint), .content_type = "text/plain; charset=utf-8"};
  }
  if (path.empty()) return ui_file(ui, "index.html");
  if (auto file = ui_file(ui, path)) return file;
  const bool has_extension =
      path.find('.', path.rfind('/') == std::string::npos ? 0 : path.rfind('/')) != std::string::npos;
  if (has_extension || of_api(path) || !wants_html(request)) return {};
  return ui_file(ui, "index.html");
}

}  // namespace tickspan::server
