// Reads every include of src/ against the table of ARCHITECTURE.md, and holds files and style to the house rules.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace tickspan {
namespace {

namespace fs = std::filesystem;
using Modules = std::set<std::string>;

// Anything not listed is forbidden; nothing includes app. A module may always include itself.
const std::map<std::string, Modules> kAllowed = {
    {"core", {}},
    {"runtime", {"core"}},
    {"wire", {"core"}},
    {"market", {"core"}},
    {"analytics", {"core"}},
    {"net", {"core", "runtime"}},
    {"engine", {"core", "runtime", "wire", "market", "analytics"}},
    {"feeds", {"core", "runtime", "net"}},
    {"storage", {"core", "runtime"}},
    {"history", {"core", "runtime", "wire", "market", "storage", "feeds"}},
    {"stream", {"core", "runtime", "wire", "net"}},
    {"server", {"core", "runtime", "wire", "net", "stream", "analytics", "storage"}},
    {"sim", {"core", "runtime", "net", "wire", "feeds"}},
    {"app",
     {"core", "runtime", "wire", "market", "analytics", "net", "engine", "feeds", "storage", "history", "stream",
      "server", "sim"}},
};
// Of these modules others see the contract only: the folder's own top level, never a backend or a venue.
const Modules kContractOnly = {"storage", "feeds"};

fs::path source_root() {
  const char* root = std::getenv("TICKSPAN_SOURCE");
  return root == nullptr ? fs::current_path() : fs::path(root);
}

struct Include {
  std::string file, module, sub, target_module, target_sub, target;
};

struct Place {
  std::string module, sub;
};

// "feeds/binance/binance.hpp" lies in module feeds, folder binance.
Place place_of(const std::string& path) {
  Place place;
  const auto slash = path.find('/');
  place.module = path.substr(0, slash);
  const auto next = path.find('/', slash + 1);
  if (next != std::string::npos) place.sub = path.substr(slash + 1, next - slash - 1);
  return place;
}

std::vector<fs::path> sources(const fs::path& root) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".hpp" || entry.path().extension() == ".cpp") out.push_back(entry.path());
  }
  return out;
}

std::vector<Include> includes() {
  static const std::regex pattern("^\\s*#\\s*include\\s+\"([^\"]+)\"");
  const fs::path root = source_root() / "src";
  std::vector<Include> out;
  for (const fs::path& path : sources(root)) {
    std::ifstream in(path);
    const std::string file = fs::relative(path, root).string();
    for (std::string line; std::getline(in, line);) {
      std::smatch match;
      if (!std::regex_search(line, match, pattern)) continue;
      const Place from = place_of(file), to = place_of(match[1].str());
      out.push_back({file, from.module, from.sub, to.module, to.sub, match[1].str()});
    }
  }
  return out;
}

TEST(Layers, EveryIncludeIsAllowed) {
  const auto all = includes();
  ASSERT_GT(all.size(), 100u) << "no sources found below " << source_root();
  for (const Include& i : all) {
    ASSERT_TRUE(kAllowed.contains(i.module)) << i.file << ": unknown module";
    EXPECT_TRUE(kAllowed.contains(i.target_module))
        << i.file << " includes " << i.target << ": write the path from src/";
    if (i.module != i.target_module) {
      EXPECT_TRUE(kAllowed.at(i.module).contains(i.target_module)) << i.file << " includes " << i.target;
    }
  }
}

TEST(Layers, BackendsAndVenuesAreNamedByAppOnly) {
  for (const Include& i : includes()) {
    if (!kContractOnly.contains(i.target_module) || i.target_sub.empty() || i.module == "app") continue;
    EXPECT_TRUE(i.module == i.target_module && (i.sub == i.target_sub))
        << i.file << " includes " << i.target << ": only app and the folder itself may";
  }
}

TEST(Layers, NoCycleBetweenFiles) {
  std::map<std::string, std::vector<std::string>> graph;
  for (const Include& i : includes()) graph[i.file].push_back(i.target);
  std::set<std::string> done, open;
  std::vector<std::string> cycle;
  const std::function<bool(const std::string&)> visit = [&](const std::string& file) {
    if (done.contains(file)) return true;
    if (!open.insert(file).second) return cycle.push_back(file), false;
    for (const std::string& next : graph[file]) {
      if (!visit(next)) return cycle.push_back(file), false;
    }
    open.erase(file);
    done.insert(file);
    return true;
  };
  std::vector<std::string> files;
  for (const auto& [file, targets] : graph) files.push_back(file);
  for (const std::string& file : files) {
    ASSERT_TRUE(visit(file)) << "cycle through " << cycle.front();
  }
}

TEST(Style, FilesStaySmall) {
  for (const char* folder : {"src", "tests", "bench"}) {
    for (const fs::path& path : sources(source_root() / folder)) {
      std::ifstream in(path);
      int lines = 0;
      for (std::string line; std::getline(in, line);) ++lines;
      EXPECT_LE(lines, 500) << path << ": is it still one thing?";
    }
  }
}

TEST(Style, NothingIsLeftForLaterAndNoTestSleeps) {
  static const std::regex later("\\b(TODO|FIXME|XXX|HACK)\\b");
  static const std::regex sleeps("sleep_for|usleep\\(|sleep_until");
  for (const char* folder : {"src", "tests", "bench"}) {
    for (const fs::path& path : sources(source_root() / folder)) {
      if (path.filename() == "layers_test.cpp") continue;
      std::ifstream in(path);
      for (std::string line; std::getline(in, line);) {
        EXPECT_FALSE(std::regex_search(line, later)) << path << ": " << line;
        EXPECT_FALSE(std::string(folder) == "tests" && std::regex_search(line, sleeps)) << path << ": " << line;
      }
    }
  }
}

TEST(Style, HeadersBeginWithPragmaOnce) {
  for (const fs::path& path : sources(source_root() / "src")) {
    if (path.extension() != ".hpp") continue;
    std::ifstream in(path);
    std::string first;
    std::getline(in, first);
    EXPECT_EQ(first, "#pragma once") << path;
  }
}

}  // namespace
}  // namespace tickspan
