#pragma once

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <string>

#include "../support/support.hpp"
#include "schema.hpp"

namespace tickspan::test {

/// api/asyncapi.yaml, and which of its messages and error codes have been seen.
class DescribedStreams {
 public:
  explicit DescribedStreams(const std::string& json_file) : checker_(read_file(json_file)) {
    for (const auto operation : simdjson::dom::object(checker_.document()["operations"])) {
      const bool to_server = std::string_view(operation.value["action"]) == "receive";
      note(operation.value["messages"], to_server ? requests_ : pushes_);
      simdjson::dom::element reply;
      if (operation.value["reply"].get(reply) == simdjson::SUCCESS) note(reply["messages"], pushes_);
    }
  }

  /// What the server sent on a channel: the one message of the description that it is, else what is wrong.
  std::string push(const std::string& channel, std::string_view json, std::string_view headers = "") {
    collect_codes(json);
    return only(pushes_[channel], channel, json, headers);
  }
  /// The same for what a client sends.
  std::string request(const std::string& channel, std::string_view json) {
    return only(requests_[channel], channel, json, "");
  }

  std::set<std::string> seen() const { return seen_; }
  std::set<std::string> codes() const { return codes_; }
  std::set<std::string> all() const {
    std::set<std::string> out;
    for (const auto channel : simdjson::dom::object(checker_.document()["channels"])) {
      for (const auto message : simdjson::dom::object(channel.value["messages"]))
        out.insert(std::string(channel.key) + "/" + std::string(message.key));
    }
    return out;
  }
  std::set<std::string> of_operations() const {
    std::set<std::string> out;
    for (const auto* direction : {&requests_, &pushes_}) {
      for (const auto& [channel, names] : *direction) {
        for (const auto& name : names) out.insert(channel + "/" + name);
      }
    }
    return out;
  }
  std::set<std::string> words(const std::string& pointer) const {
    std::set<std::string> out;
    for (const simdjson::dom::element word : simdjson::dom::array(checker_.document().at_pointer(pointer)))
      out.insert(word.is_string() ? std::string(std::string_view(word)) : simdjson::minify(word));
    return out;
  }
  const SchemaChecker& checker() const { return checker_; }

 private:
  using ByChannel = std::map<std::string, std::set<std::string>>;

  static void note(simdjson::dom::array references, ByChannel& into) {
    for (const simdjson::dom::element reference : references) {
      const std::string pointer{std::string_view(reference["$ref"])};
      static const std::regex kPlace("#/channels/([^/]+)/messages/([^/]+)");
      std::smatch parts;
      ASSERT_TRUE(std::regex_match(pointer, parts, kPlace)) << pointer;
      into[parts[1]].insert(parts[2]);
    }
  }

  // Empty when it fits.
  std::string fits(const std::string& place, simdjson::dom::element value, std::string_view headers) const {
    const simdjson::dom::element message = checker_.resolve(checker_.document().at_pointer(place));
    simdjson::dom::element schema;
    if (message["headers"].get(schema) == simdjson::SUCCESS) {
      simdjson::dom::parser parser;
      const auto wrong = checker_.check(schema, parser.parse(simdjson::padded_string(headers)));
      if (!wrong.empty()) return "headers: " + wrong;
    }
    return checker_.check(message["payload"], value);
  }

  std::string only(const std::set<std::string>& names, const std::string& channel, std::string_view json,
                   std::string_view headers) {
    simdjson::dom::parser parser;
    simdjson::dom::element value;
    const simdjson::padded_string padded(json);
    if (parser.parse(padded).get(value) != simdjson::SUCCESS) return "no JSON: " + std::string(json);
    std::string found;
    std::string reasons;
    for (const auto& name : names) {
      const auto wrong = fits("/channels/" + channel + "/messages/" + name, value, headers);
      if (wrong.empty()) {
        found += (found.empty() ? "" : " and ") + name;
      } else {
        reasons += "\n  " + name + ": " + wrong;
      }
    }
    if (found.empty()) return "not described: " + std::string(json.substr(0, 500)) + reasons;
    seen_.insert(channel + "/" + found);
    return found;
  }

  void collect_codes(std::string_view json) {
    static const std::regex kCode("\"code\":\"([a-z_]+)\"");
    const std::string text(json);
    for (std::sregex_iterator it(text.begin(), text.end(), kCode), end; it != end; ++it) codes_.insert((*it)[1]);
  }

  SchemaChecker checker_;
  ByChannel requests_, pushes_;
  std::set<std::string> seen_, codes_;
};

}  // namespace tickspan::test
