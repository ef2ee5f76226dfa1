#include "schema.hpp"

#include <algorithm>
#include <regex>
#include <vector>

#include "core/time.hpp"

namespace tickspan::test {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

bool has_type(element value, std::string_view type) {
  switch (value.type()) {
    case element_type::OBJECT:
      return type == "object";
    case element_type::ARRAY:
      return type == "array";
    case element_type::STRING:
      return type == "string";
    case element_type::BOOL:
      return type == "boolean";
    case element_type::NULL_VALUE:
      return type == "null";
    case element_type::INT64:
    case element_type::UINT64:
      return type == "integer" || type == "number";
    case element_type::DOUBLE:
      return type == "number";
  }
  return false;
}

bool fits_type(element types, element value) {
  if (types.is_string()) return has_type(value, std::string_view(types));
  const array list(types);
  return std::any_of(list.begin(), list.end(), [&](element type) { return has_type(value, std::string_view(type)); });
}

bool equal_scalar(element a, element b) {
  return simdjson::minify(a) == simdjson::minify(b);
}

std::string escaped(std::string_view name) {  // for a JSON pointer
  std::string out;
  for (const char c : name) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

}  // namespace

SchemaChecker::SchemaChecker(std::string_view description_json)
    : document_(parser_.parse(simdjson::padded_string(description_json))) {}

element SchemaChecker::resolve(element schema) const {
  std::string_view reference;
  while (schema.is_object() && schema["$ref"].get(reference) == simdjson::SUCCESS)
    schema = document_.at_pointer(reference.substr(1));
  return schema;
}

std::string SchemaChecker::check(std::string_view path, int status, std::string_view content_type,
                                 std::string_view body) {
  const std::string place = "/paths/" + escaped(path) + "/get/responses/" + std::to_string(status);
  element response;
  if (document_.at_pointer(place).get(response) != simdjson::SUCCESS) return "not described: " + place;
  element schema;
  const std::string type(content_type.substr(0, content_type.find(';')));
  if (resolve(response).at_pointer("/content/" + escaped(type) + "/schema").get(schema) != simdjson::SUCCESS) {
    return place + " does not describe " + type;
  }
  if (type.find("json") == std::string::npos) return "";
  simdjson::dom::parser parser;
  element value;
  const simdjson::padded_string padded(body);
  if (parser.parse(padded).get(value) != simdjson::SUCCESS) return "no JSON: " + std::string(body.substr(0, 200));
  return check(schema, value, "$");
}

std::string SchemaChecker::check(element reference, element value, const std::string& where) const {
  const object schema(resolve(reference));
  element rule;
  if (schema["oneOf"].get(rule) == simdjson::SUCCESS) {
    std::string reasons;
    for (element option : array(rule)) {
      const std::string reason = check(option, value, where);
      if (reason.empty()) return "";
      reasons += reason + "; ";
    }
    return where + " fits none: " + reasons;
  }
  if (schema["type"].get(rule) == simdjson::SUCCESS && !fits_type(rule, value)) {
    return where + " is " + simdjson::minify(value) + ", wanted " + simdjson::minify(rule);
  }
  if (schema["const"].get(rule) == simdjson::SUCCESS && !equal_scalar(rule, value)) {
    return where + " is " + simdjson::minify(value) + ", wanted " + simdjson::minify(rule);
  }
  if (schema["enum"].get(rule) == simdjson::SUCCESS) {
    const array allowed(rule);
    if (std::none_of(allowed.begin(), allowed.end(), [&](element a) { return equal_scalar(a, value); })) {
      return where + " is " + simdjson::minify(value) + ", wanted one of " + simdjson::minify(rule);
    }
  }
  if (value.is_object()) return check_object(schema, value, where);
  if (value.is_array()) return check_array(schema, value, where);
  return check_scalar(schema, value, where);
}

std::string SchemaChecker::check_scalar(object schema, element value, const std::string& where) const {
  const std::string told = where + " is " + simdjson::minify(value) + ", ";
  element rule;
  if (double number = 0; value.get(number) == simdjson::SUCCESS) {
    if (schema["minimum"].get(rule) == simdjson::SUCCESS && number < double(rule)) return told + "too small";
    if (schema["maximum"].get(rule) == simdjson::SUCCESS && number > double(rule)) return told + "too large";
  }
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return "";
  std::uint64_t bound = 0;
  if (schema["maxLength"].get(bound) == simdjson::SUCCESS && text.size() > bound) return told + "too long";
  if (std::string_view pattern; schema["pattern"].get(pattern) == simdjson::SUCCESS) {
    if (!std::regex_search(std::string(text), std::regex(std::string(pattern))))
      return told + "wanted " + std::string(pattern);
  }
  std::string_view format;
  if (schema["format"].get(format) == simdjson::SUCCESS && format == "date-time" && !core::parse_rfc3339(text))
    return told + "no time";
  return "";
}

std::string SchemaChecker::check_object(object schema, element value, const std::string& where) const {
  element rule;
  if (schema["required"].get(rule) == simdjson::SUCCESS) {
    for (element name : array(rule)) {
      if (value[std::string_view(name)].error() != simdjson::SUCCESS)
        return where + " lacks " + std::string(std::string_view(name));
    }
  }
  element others;
  if (schema["additionalProperties"].get(others) == simdjson::SUCCESS) {
    for (const auto field : object(value)) {
      if (std::string reason = check(others, field.value, where + "." + std::string(field.key)); !reason.empty())
        return reason;
    }
  }
  element properties;
  if (schema["properties"].get(properties) != simdjson::SUCCESS) return "";
  for (const auto field : object(value)) {
    element property;
    if (properties[field.key].get(property) != simdjson::SUCCESS)
      return where + "." + std::string(field.key) + " is not described";
    if (std::string reason = check(property, field.value, where + "." + std::string(field.key)); !reason.empty())
      return reason;
  }
  return "";
}

std::string SchemaChecker::check_array(object schema, element value, const std::string& where) const {
  const array items(value);
  std::uint64_t bound = 0;
  if (schema["minItems"].get(bound) == simdjson::SUCCESS && items.size() < bound) return where + " is too short";
  if (schema["maxItems"].get(bound) == simdjson::SUCCESS && items.size() > bound) return where + " is too long";
  element prefix;
  const bool has_prefix = schema["prefixItems"].get(prefix) == simdjson::SUCCESS;
  element each;
  const bool has_each = schema["items"].get(each) == simdjson::SUCCESS;
  std::size_t index = 0;
  for (element item : items) {
    const std::string place = where + "[" + std::to_string(index) + "]";
    std::string reason;
    if (has_prefix && index < array(prefix).size())
      reason = check(array(prefix).at(index), item, place);
    else if (has_each)
      reason = check(each, item, place);
    if (!reason.empty()) return reason;
    ++index;
  }
  return "";
}

}  // namespace tickspan::test
