#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

namespace tickspan::test {

/// Holds JSON to the schemas of an OpenAPI or AsyncAPI description: the part of JSON Schema that api/*.yaml use (type,
/// const, enum, pattern, format date-time, minimum, maximum, maxLength, required, properties, additionalProperties,
/// items, prefixItems, minItems, maxItems, oneOf, $ref). A property that the schema does not name is an error, too: the
/// description must be whole.
class SchemaChecker {
 public:
  explicit SchemaChecker(std::string_view description_json);

  /// Empty when the body fits the schema of `GET path` with that status and content type; else what is wrong, and
  /// where.
  std::string check(std::string_view path, int status, std::string_view content_type, std::string_view body);
  /// The same for any schema of the document; `$ref` is followed.
  std::string check(simdjson::dom::element schema, simdjson::dom::element value) const {
    return check(schema, value, "$");
  }
  simdjson::dom::element document() const { return document_; }
  /// Follows a `$ref` if there is one.
  simdjson::dom::element resolve(simdjson::dom::element schema) const;

 private:
  std::string check(simdjson::dom::element schema, simdjson::dom::element value, const std::string& where) const;
  std::string check_scalar(simdjson::dom::object schema, simdjson::dom::element value, const std::string& where) const;
  std::string check_object(simdjson::dom::object schema, simdjson::dom::element value, const std::string& where) const;
  std::string check_array(simdjson::dom::object schema, simdjson::dom::element value, const std::string& where) const;

  simdjson::dom::parser parser_;
  simdjson::dom::element document_;
};

}  // namespace tickspan::test
