// pack_ui OUTPUT [DIRECTORY]: packs the dashboard's files into the one blob that the program embeds. Without a
// directory, or when it isn't there, the blob is an empty bundle.
//
// Form: a magic line, then for each file five records "<length> <bytes>\n": path, content type, ETag, the file, and the
// file gzipped (empty where that gains nothing). Read by src/server/ui_bundle.cpp.
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kTypes = {{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".woff", "font/woff"},
    {".txt", "text/plain; charset=utf-8"},
    {".md", "text/plain; charset=utf-8"},
    {".xml", "application/xml"},
}};

std::string_view content_type(const std::string& path) {
  const std::string extension = fs::path(path).extension().string();
  for (const auto& [known, type] : kTypes) {
    if (extension == known) return type;
  }
  return "application/octet-stream";
}

std::string etag(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  char text[24];
  std::snprintf(text, sizeof text, "W/\"%016llx\"", static_cast<unsigned long long>(hash));
  return text;
}

// Empty when it gains less than a tenth, or fails.
std::string gzipped(const std::string& bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return done && out.size() < bytes.size() - bytes.size() / 10 ? out : std::string();
}

void append(std::string& blob, std::string_view record) {
  blob += std::to_string(record.size());
  blob += ' ';
  blob += record;
  blob += '\n';
}

std::vector<fs::path> files_of(const fs::path& directory) {
  std::vector<fs::path> files;
  if (!fs::is_directory(directory)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file() && entry.path().extension() != ".map") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());  // the same blob from the same files
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: pack_ui OUTPUT [DIRECTORY]\n");
    return 2;
  }
  std::string blob = "TICKSPAN-UI-1\n";
  const fs::path directory = argc > 2 ? argv[2] : "";
  for (const fs::path& file : files_of(directory)) {
    std::ifstream in(file, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (!in) {
      std::fprintf(stderr, "pack_ui: cannot read %s\n", file.c_str());
      return 1;
    }
    const std::string path = fs::relative(file, directory).generic_string();
    append(blob, path);
    append(blob, content_type(path));
    append(blob, etag(bytes));
    append(blob, bytes);
    append(blob, gzipped(bytes));
  }
  std::ofstream out(argv[1], std::ios::binary);
  out << blob;
  out.close();
  if (!out) {
    std::fprintf(stderr, "pack_ui: cannot write %s\n", argv[1]);
    return 1;
  }
  return 0;
}
