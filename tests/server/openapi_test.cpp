// The table of routes and api/openapi.yaml say the same.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "schema.hpp"
#include "server/error_table.hpp"
#include "server/handlers/routes.hpp"
#include "server/problem.hpp"
#include "server/ui_bundle.hpp"

namespace tickspan::server {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

std::string text(element value) {
  return value.is_string() ? std::string(std::string_view(value)) : simdjson::minify(value);
}

class OpenApi : public ::testing::Test {
 protected:
  OpenApi() : schema(openapi_json()) {}
  test::SchemaChecker schema;
};

TEST_F(OpenApi, EveryRouteIsDescribedAndEveryDescriptionIsARoute) {
  std::set<std::string> routes;
  for (const Route& route : all_routes()) routes.emplace(route.path);
  std::set<std::string> described;
  for (const auto path : object(schema.document()["paths"])) described.emplace(path.key);
  EXPECT_EQ(routes, described);
  EXPECT_EQ(routes.size(), all_routes().size()) << "a path twice";
}

TEST_F(OpenApi, EveryParameterIsDescribedAsItIsDeclared) {
  for (const Route& route : all_routes()) {
    std::map<std::string, element> described;
    element parameters;
    const element operation = object(schema.document()["paths"])[route.path]["get"];
    if (operation["parameters"].get(parameters) == simdjson::SUCCESS) {
      for (element reference : array(parameters)) {
        const element parameter = schema.resolve(reference);
        const std::string name = text(parameter["name"]);
        const std::string in = text(parameter["in"]);
        if (in == "path")
          EXPECT_NE(route.path.find('{' + name + '}'), std::string_view::npos) << route.path << ' ' << name;
        else
          described.emplace(name, parameter["schema"]);
      }
    }
    std::set<std::string> declared;
    for (const Parameter& parameter : route.parameters) {
      const std::string where = std::string(route.path) + ' ' + std::string(parameter.name);
      declared.emplace(parameter.name);
      ASSERT_TRUE(described.contains(std::string(parameter.name))) << where;
      const element described_as = described.at(std::string(parameter.name));
      element rule;
      const std::string fallback = described_as["default"].get(rule) == simdjson::SUCCESS ? text(rule) : "";
      EXPECT_EQ(fallback, parameter.fallback) << where;
      if (parameter.type == ParameterType::integer) {
        EXPECT_EQ(text(described_as["minimum"]), std::to_string(parameter.min)) << where;
        EXPECT_EQ(text(described_as["maximum"]), std::to_string(parameter.max)) << where;
      }
      if (parameter.type == ParameterType::choice) {
        std::vector<std::string> choices;
        for (element choice : array(described_as["enum"])) choices.push_back(text(choice));
        EXPECT_EQ(choices, std::vector<std::string>(parameter.choices.begin(), parameter.choices.end())) << where;
      }
    }
    if (route.formatted) declared.insert({"time_format", "number_format"});
    for (const auto& [name, ignored] : described)
      EXPECT_TRUE(declared.contains(name)) << route.path << ' ' << name << " is not declared";
    for (const auto& name : declared)
      EXPECT_TRUE(described.contains(name)) << route.path << ' ' << name << " is not described";
  }
}

TEST_F(OpenApi, EveryProblemIsDescribed) {
  std::set<std::string> described;
  for (element word : array(schema.document().at_pointer("/components/schemas/Problem/properties/code/enum")))
    described.insert(text(word));
  std::set<std::string> known;
  for (const ProblemKind& kind : problem_kinds()) known.emplace(kind.word);
  EXPECT_EQ(described, known);
}

TEST_F(OpenApi, TheExamplesFitTheirSchemas) {
  std::size_t examples = 0;
  for (const auto path : object(schema.document()["paths"])) {
    for (const auto response : object(path.value["get"]["responses"])) {
      element content;
      if (schema.resolve(response.value)["content"].get(content) != simdjson::SUCCESS) continue;
      for (const auto type : object(content)) {
        element example;
        if (type.value["example"].get(example) != simdjson::SUCCESS) continue;
        ++examples;
        const std::string wrong =
            schema.check(path.key, std::stoi(std::string(response.key)), type.key, simdjson::minify(example));
        EXPECT_EQ(wrong, "") << path.key;
      }
    }
  }
  EXPECT_GT(examples, 10U);
}

}  // namespace
}  // namespace tickspan::server
