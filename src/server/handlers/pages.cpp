#include "server/handlers/routes.hpp"
#include "server/services.hpp"
#include "server/ui_pages.hpp"

namespace tickspan::server {
namespace {

constexpr std::string_view kHtml = "text/html; charset=utf-8";

constexpr std::string_view kSwaggerPage = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tickspan API</title>
<link rel="stylesheet" href="/docs-assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs-assets/swagger-ui-bundle.js"></script>
<script>
window.ui = SwaggerUIBundle({
  url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis], tryItOutEnabled: true
});
</script>
</body>
</html>
)";

constexpr std::string_view kRedocPage = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tickspan API</title>
<style>body { margin: 0 }</style>
</head>
<body>
<div id="redoc"></div>
<script src="/docs-assets/redoc.standalone.js"></script>
<script>
Redoc.init('/openapi.json', { disableSearch: false, hideDownloadButton: false }, document.getElementById('redoc'));
</script>
</body>
</html>
)";

constexpr std::string_view kNoViewer = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Tickspan API</title></head>
<body><p>The viewer of the documentation is not part of this build.
The description itself is <a href="/openapi.json">/openapi.json</a>.</p></body></html>
)";

Outcome viewer(const Call& call, std::string_view page, std::string_view script) {
  const bool there = call.services->ui.find(script) != nullptr;
  return Answer{.body = std::string(there ? page : kNoViewer), .content_type = std::string(kHtml)};
}

Outcome cryptos(const Call& call) {
  if (call.services->serve_ui) {
    if (auto page = ui_file(call.services->ui, "cryptos/index.html")) return std::move(*page);
  }
  return Answer{.body = "This server runs without the dashboard; /top-coins/?limit=10 has the same figures.\n",
                .content_type = "text/plain; charset=utf-8"};
}

Outcome openapi(const Call&) {
  static const auto kBody = std::make_shared<const std::string>(openapi_json());
  return Answer{.shared_body = kBody};
}

Route page(std::string_view path, std::string_view summary, std::function<Outcome(const Call&)> answer) {
  return {.path = path, .summary = summary, .needs = Needs::nothing, .formatted = false, .answer = std::move(answer)};
}

}  // namespace

Route cryptos_route() {
  return page("/cryptos/", "A page with the top 10 coins, live", cryptos);
}
Route openapi_route() {
  return page("/openapi.json", "This description", openapi);
}
Route docs_route() {
  return page("/docs", "Interactive documentation (Swagger UI)",
              [](const Call& call) { return viewer(call, kSwaggerPage, "docs-assets/swagger-ui-bundle.js"); });
}
Route redoc_route() {
  return page("/redoc", "Documentation to read (Redoc)",
              [](const Call& call) { return viewer(call, kRedocPage, "docs-assets/redoc.standalone.js"); });
}

}  // namespace tickspan::server
