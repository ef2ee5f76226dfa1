#include "server/router.hpp"

#include <algorithm>

namespace tickspan::server {
namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0 || end < path.size()) parts.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return parts;
}

bool is_variable(std::string_view segment) {
  return segment.starts_with('{');
}

}  // namespace

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {
  for (const Route& route : routes_) segments_.push_back(split(route.path));
}

Router::Match Router::match(std::string_view path) const {
  if (!path.starts_with('/')) return {};
  const auto parts = split(path);
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    const auto& wanted = segments_[i];
    const auto same = [](std::string_view segment, std::string_view part) {
      return is_variable(segment) ? !part.empty() : segment == part;
    };
    if (!std::equal(wanted.begin(), wanted.end(), parts.begin(), parts.end(), same)) continue;
    Match match{&routes_[i], {}};
    for (std::size_t k = 0; k < wanted.size(); ++k) {
      if (is_variable(wanted[k])) match.path_values.push_back(net::percent_decode(parts[k], false));
    }
    return match;
  }
  return {};
}

std::vector<std::string> Router::near(std::string_view path) const {
  const std::string wanted = core::to_lower(path.substr(0, 80));
  std::vector<std::pair<std::size_t, std::string_view>> scored;
  for (const Route& route : routes_) {
    const std::size_t distance = core::edit_distance(wanted, route.path);
    if (distance <= std::max<std::size_t>(3, route.path.size() / 2)) scored.emplace_back(distance, route.path);
  }
  std::sort(scored.begin(), scored.end());
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, scored.size()); ++i) out.emplace_back(scored[i].second);
  return out;
}

}  // namespace tickspan::server
