#include "server/ui_bundle.hpp"

#include <array>
#include <optional>

extern "C" {
extern const char tickspan_ui_begin[];
extern const char tickspan_ui_end[];
extern const char tickspan_openapi_begin[];
extern const char tickspan_openapi_end[];
}

namespace tickspan::server {
namespace {

constexpr std::string_view kMagic = "TICKSPAN-UI-1\n";

// Reads "<length> <bytes>\n" records, the form that tools/pack_ui.cpp writes.
class BlobReader {
 public:
  explicit BlobReader(std::string_view blob) : rest_(blob) {}
  bool at_end() const { return rest_.empty(); }
  std::optional<std::string_view> next() {
    std::size_t length = 0;
    std::size_t i = 0;
    for (; i < rest_.size() && rest_[i] >= '0' && rest_[i] <= '9' && i < 12; ++i) {
      length = length * 10 + static_cast<std::size_t>(rest_[i] - '0');
    }
    if (i == 0 || i >= rest_.size() || rest_[i] != ' ' || rest_.size() - i - 1 <= length) return {};
    const std::string_view record = rest_.substr(i + 1, length);
    rest_.remove_prefix(i + 1 + length + 1);
    return record;
  }

 private:
  std::string_view rest_;
};

}  // namespace

UiBundle::UiBundle(std::string_view blob) {
  if (!blob.starts_with(kMagic)) return;
  BlobReader reader(blob.substr(kMagic.size()));
  while (!reader.at_end()) {
    std::array<std::string_view, 5> fields;  // path, type, etag, plain, gzipped
    for (std::string_view& field : fields) {
      const auto record = reader.next();
      if (!record) {
        files_.clear();
        return;
      }
      field = *record;
    }
    files_[fields[0]] = {fields[1], fields[2], fields[3], fields[4]};
  }
}

const UiBundle& UiBundle::embedded() {
  static const UiBundle bundle({tickspan_ui_begin, static_cast<std::size_t>(tickspan_ui_end - tickspan_ui_begin)});
  return bundle;
}

const UiFile* UiBundle::find(std::string_view path) const {
  const auto it = files_.find(path);
  return it == files_.end() ? nullptr : &it->second;
}

std::shared_ptr<const std::string> UiBundle::shared(std::string_view bytes) const {
  const std::lock_guard lock(mutex_);
  auto& entry = shared_[bytes.data()];
  if (!entry) entry = std::make_shared<const std::string>(bytes);
  return entry;
}

std::string_view openapi_json() {
  return {tickspan_openapi_begin, static_cast<std::size_t>(tickspan_openapi_end - tickspan_openapi_begin)};
}

}  // namespace tickspan::server
