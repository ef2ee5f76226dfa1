#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace tickspan::server {

/// One file of the dashboard.
struct UiFile {
  std::string_view content_type;
  std::string_view etag;
  std::string_view plain;
  std::string_view gzipped;  ///< empty where compression gains nothing
};

/// The dashboard and the viewers of the documentation, embedded in the program by ui_bundle.S as one blob that
/// tools/pack_ui makes from web/dist. Empty when built without it.
/// **Threading**: any, after construction.
class UiBundle {
 public:
  /// Reads a blob; what is not one gives an empty bundle. The views point into it.
  explicit UiBundle(std::string_view blob);
  static const UiBundle& embedded();

  bool empty() const { return files_.empty(); }
  /// `index.html`, `assets/index-1a2b3c4d.js`: no leading slash. Null when there is no such file.
  const UiFile* find(std::string_view path) const;
  /// A body that answers can share; made when first asked for.
  std::shared_ptr<const std::string> shared(std::string_view bytes) const;

 private:
  std::map<std::string_view, UiFile> files_;
  mutable std::mutex mutex_;
  mutable std::map<const char*, std::shared_ptr<const std::string>> shared_;  // guarded by mutex_
};

/// api/openapi.yaml as JSON, embedded.
std::string_view openapi_json();

}  // namespace tickspan::server
