#include "server/problem.hpp"

#include <algorithm>

#include "server/error_table.hpp"
#include "wire/json_writer.hpp"

namespace tickspan::server {
namespace {

constexpr std::size_t kMaxEchoed = 120;  // bytes of a client's own text that an error repeats

std::string echoed(std::string_view text) {
  return text.size() <= kMaxEchoed ? std::string(text) : std::string(text.substr(0, kMaxEchoed)) + "…";
}

std::string near_text(const std::vector<std::string>& near) {
  std::string out;
  for (const std::string& name : near) out += (out.empty() ? "; near: " : ", ") + name;
  return out;
}

}  // namespace

int Problem::status() const {
  return problem_kind(code).status;
}

std::string Problem::encode(std::string_view instance) const {
  std::string out;
  wire::JsonWriter json(out);
  const ProblemKind& kind = problem_kind(code);
  json.begin_object()
      .field("type", "about:blank")
      .field("title", kind.title)
      .field("status", kind.status)
      .field("detail", detail)
      .field("instance", echoed(instance))
      .field("code", kind.word)
      .field("temporary", temporary);
  if (!errors.empty()) {
    json.key("errors").begin_array();
    for (const ParameterError& error : errors) {
      json.begin_object()
          .field("parameter", error.parameter)
          .field("value", error.value)
          .field("allowed", error.allowed);
      if (!error.near.empty()) {
        json.key("near").begin_array();
        for (const std::string& name : error.near) json.value(name);
        json.end_array();
      }
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
  return out;
}

Problem invalid_parameters(std::vector<ParameterError> errors) {
  std::string detail;
  for (ParameterError& error : errors) {
    error.value = echoed(error.value);
    if (!detail.empty()) detail += "; ";
    detail += error.parameter + " is '" + error.value + "', allowed: " + error.allowed + near_text(error.near);
  }
  return {.code = "invalid_parameter", .detail = std::move(detail), .errors = std::move(errors)};
}

Problem unknown_asset(const core::Catalogue& catalogue, std::string_view parameter, std::string_view value) {
  auto near = catalogue.near_matches(value);
  return {.code = "unknown_asset",
          .detail = "unknown asset '" + echoed(value) + "'" + near_text(near),
          .errors = {{std::string(parameter), echoed(value), "an asset id or symbol", std::move(near)}}};
}

Problem unknown_currency(const core::Catalogue& catalogue, std::string_view parameter, std::string_view value) {
  return invalid_parameters({{std::string(parameter), std::string(value), "a currency or asset that has a price",
                              catalogue.near_matches(value)}});
}

Problem unknown_pair(std::string detail, ParameterError error) {
  error.value = echoed(error.value);
  return {.code = "unknown_pair", .detail = std::move(detail) + near_text(error.near), .errors = {std::move(error)}};
}

Problem unknown_path(std::string_view path, std::vector<std::string> near) {
  return {.code = "unknown_path",
          .detail = "nothing is served at '" + echoed(path) + "'" + near_text(near),
          .errors = {{"path", echoed(path), "a path of /openapi.json", std::move(near)}}};
}

Problem method_not_allowed(std::string_view method, std::string_view allow) {
  return {.code = "method_not_allowed",
          .detail = "method " + echoed(method) + " is not allowed here; allowed: " + std::string(allow),
          .allow = std::string(allow)};
}

Problem uri_too_long(std::size_t limit) {
  return {.code = "uri_too_long", .detail = "path and query may have " + std::to_string(limit) + " bytes"};
}

Problem rate_limited(int retry_after_s) {
  return {.code = "rate_limited",
          .detail = "too many requests from this address; try again in " + std::to_string(retry_after_s) + " s",
          .temporary = true,
          .retry_after_s = retry_after_s};
}

Problem starting() {
  return {.code = "starting",
          .detail = "the market is being started; no price is known yet",
          .temporary = true,
          .retry_after_s = 1};
}

Problem overloaded(std::string detail) {
  return {.code = "overloaded", .detail = std::move(detail), .temporary = true, .retry_after_s = 1};
}

Problem no_price_yet(std::string_view asset, std::string_view currency) {
  return {.code = "upstream_unavailable",
          .detail = "no source has given a price of " + std::string(asset) + " in " + std::string(currency) + " yet",
          .temporary = true,
          .retry_after_s = 5};
}

Problem internal_error() {
  return {.code = "internal", .detail = "the request could not be answered; the log of the server says more"};
}

Problem from_error(const core::Error& error) {
  const ErrorRow& row = error_row(error.code);
  if (row.word == "internal") return internal_error();
  const auto retry_s = static_cast<int>(std::clamp<std::int64_t>((error.retry_after_ms + 999) / 1000, 1, 3600));
  return {.code = std::string(row.word),
          .detail = error.context,
          .temporary = row.temporary,
          .retry_after_s = row.temporary ? retry_s : 0};
}

}  // namespace tickspan::server
