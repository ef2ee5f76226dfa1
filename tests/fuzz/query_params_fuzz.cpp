// A request target as a client may send it: path to route, query to parameters, cursors, and the problem that refuses
// them.
#include <simdjson.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "server/compression.hpp"
#include "server/handlers/routes.hpp"
#include "server/parameters.hpp"
#include "server/router.hpp"
#include "server/time_page.hpp"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_problem(const tickspan::server::Problem& problem, std::string_view path) {
  const std::string body = problem.encode(path);
  simdjson::dom::parser parser;
  require(parser.parse(simdjson::padded_string(body)).error() == simdjson::SUCCESS);
  require(problem.status() == 400 && !problem.errors.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickspan;
  static const server::Router router(server::all_routes());
  const std::string_view target(reinterpret_cast<const char*>(data), size);
  const std::string_view path = target.substr(0, target.find('?'));
  const std::string_view query = path.size() == target.size() ? std::string_view() : target.substr(path.size() + 1);

  const auto match = router.match(path);
  if (match.route == nullptr) router.near(path);
  for (const server::Route& route : router.routes()) {
    if (match.route != nullptr && match.route != &route) continue;
    const auto values = server::parse_parameters(route.parameters, query);
    if (!values) {
      check_problem(values.error(), path);
      continue;
    }
    for (const server::Parameter& parameter : route.parameters) {
      if (parameter.type != server::ParameterType::integer) continue;
      const auto value = values->integer(parameter.name);
      require(value >= parameter.min && value <= parameter.max);
    }
  }
  if (const auto offset = server::read_cursor(query, path)) require(server::make_cursor(*offset, path) == query);
  if (const auto place = server::read_place_cursor(query, path)) {
    require(server::make_place_cursor(*place, path) == query);
  }
  server::TimePage page, again;
  if (server::read_place(query, page)) {
    require(server::read_place(server::place_text(page, *page.before), again));
    require(again.start == page.start && again.end == page.end && again.before == page.before);
  }
  server::accepts_gzip(query);
  return 0;
}
