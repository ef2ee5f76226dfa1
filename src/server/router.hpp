#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/route.hpp"

namespace tickspan::server {

/// Finds the route of a path. Immutable after construction.
/// **Threading**: any.
class Router {
 public:
  explicit Router(std::vector<Route> routes);

  struct Match {
    const Route* route = nullptr;  ///< null: no such path
    std::vector<std::string> path_values;
  };
  /// `path` without the query, as sent.
  Match match(std::string_view path) const;
  /// Up to three paths that look like it.
  std::vector<std::string> near(std::string_view path) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
  std::vector<std::vector<std::string_view>> segments_;  // by route
};

}  // namespace tickspan::server
