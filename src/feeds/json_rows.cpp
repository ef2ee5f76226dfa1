#include "feeds/json_rows.hpp"

#include <array>

#include "core/catalogue.hpp"
#include "feeds/decode_support.hpp"
#include "feeds/json_walk.hpp"

namespace tickspan::feeds {
namespace {

namespace ondemand = simdjson::ondemand;
using std::string_view;

core::Status broken(string_view what, string_view why) {
  return core::fail(core::ErrorCode::parse_error, std::string(what).append(": ").append(why));
}

simdjson::error_code read_object(ondemand::value& row, std::span<const string_view> keys, const RowVisitor& visit,
                                 const char*& why) {
  ondemand::object object;
  SIMDJSON_TRY(row.get_object().get(object));
  std::array<string_view, kMostColumns> tokens;
  for (auto item : object) {
    ondemand::field field;
    SIMDJSON_TRY(std::move(item).get(field));
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (key_is(field.key().raw(), keys[i])) tokens[i] = field.value().raw_json_token();
    }
  }
  why = visit(std::span(tokens.data(), keys.size()));
  return simdjson::SUCCESS;
}

/// One body at work: finds the array, gives its rows to `read`, remembers the body's own verdict.
template <typename ReadRow>
class Walk {
 public:
  Walk(const RowPlace& place, const char*& why, ReadRow read) : place_(place), why_(why), read_(read) {}

  simdjson::error_code body(ondemand::document& document) {
    if (place_.path.empty()) {
      ondemand::array array;
      SIMDJSON_TRY(document.get_array().get(array));
      return rows(array);
    }
    ondemand::object object;
    SIMDJSON_TRY(document.get_object().get(object));
    return level(object, 0);
  }
  bool found() const { return found_; }
  bool refused() const { return !code_.empty() && code_ != place_.success; }
  string_view code() const { return code_; }
  string_view message() const { return message_; }

 private:
  simdjson::error_code rows(ondemand::array& array) {
    found_ = true;
    return each_element(array, why_, read_);
  }

  void take_verdict(const char* key, ondemand::value& value) {
    if (!place_.code_key.empty() && key_is(key, place_.code_key)) {
      code_ = trim_token(value.raw_json_token());
      if (!code_.empty() && code_.front() == '"') code_ = token_text(code_);
    }
    if (!place_.message_key.empty() && key_is(key, place_.message_key)) message_ = token_text(value.raw_json_token());
  }

  simdjson::error_code level(ondemand::object& object, std::size_t depth) {
    for (auto item : object) {
      ondemand::field field;
      SIMDJSON_TRY(std::move(item).get(field));
      const char* key = field.key().raw();
      if (depth == 0) take_verdict(key, field.value());
      if (!key_is(key, place_.path[depth])) continue;
      if (depth + 1 == place_.path.size()) {
        ondemand::array array;
        SIMDJSON_TRY(field.value().get_array().get(array));
        SIMDJSON_TRY(rows(array));
      } else {
        ondemand::object inner;
        SIMDJSON_TRY(field.value().get_object().get(inner));
        SIMDJSON_TRY(level(inner, depth + 1));
      }
      if (why_ != nullptr) break;
    }
    return simdjson::SUCCESS;
  }

  const RowPlace& place_;
  const char*& why_;
  ReadRow read_;
  string_view code_, message_;
  bool found_ = false;
};

core::Status refusal(string_view what, const RowPlace& place, string_view code, string_view message) {
  const auto meaning = place.meaning == nullptr ? core::ErrorCode::unavailable : place.meaning(code);
  std::string text = std::string(what).append(": ").append(code);
  if (!message.empty()) text.append(" ").append(message);
  return core::fail(meaning, std::move(text), meaning != core::ErrorCode::not_found);
}

template <typename ReadRow>
core::Status read_body(string_view body, string_view what, const RowPlace& place, const char*& why, ReadRow read) {
  ondemand::parser parser;
  const simdjson::padded_string padded(body);
  ondemand::document document;
  Walk<ReadRow> walk(place, why, read);
  auto error = parser.iterate(padded).get(document);
  if (error == simdjson::SUCCESS) error = walk.body(document);
  // A refusal may well have no rows where they belong.
  const bool shape = error == simdjson::SUCCESS || error == simdjson::INCORRECT_TYPE;
  if (shape && walk.refused()) return refusal(what, place, walk.code(), walk.message());
  if (error != simdjson::SUCCESS) return broken(what, simdjson::error_message(error));
  if (why != nullptr) return broken(what, why);
  return walk.found() ? core::Status{} : broken(what, "no rows");
}

}  // namespace

core::Status read_rows(string_view body, string_view what, const RowPlace& place, const RowVisitor& visit) {
  const char* why = nullptr;
  return read_body(body, what, place, why, [&](ondemand::value& row) { return read_cells(row, visit, why); });
}

core::Status read_rows(string_view body, string_view what, const RowVisitor& visit) {
  return read_rows(body, what, RowPlace{}, visit);
}

core::Status read_objects(string_view body, string_view what, const RowPlace& place, std::span<const string_view> keys,
                          const RowVisitor& visit) {
  const char* why = nullptr;
  return read_body(body, what, place, why, [&](ondemand::value& row) { return read_object(row, keys, visit, why); });
}

core::Status read_objects(string_view body, string_view what, std::span<const string_view> keys,
                          const RowVisitor& visit) {
  return read_objects(body, what, RowPlace{}, keys, visit);
}

std::string plain_text(string_view token) {
  const string_view text = token_text(token);
  if (text.find('\\') == string_view::npos) return std::string(text);
  ondemand::parser parser;
  const simdjson::padded_string padded(std::string("[").append(trim_token(token)).append("]"));
  ondemand::document document;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS) return {};
  for (auto element : document.get_array()) {
    string_view resolved;
    if (element.get_string().get(resolved) != simdjson::SUCCESS) return {};
    return std::string(resolved);
  }
  return {};
}

void add_pair(string_view symbol, string_view base, string_view quote, bool trading,
              std::vector<core::ListedPair>& pairs) {
  core::ListedPair pair{plain_text(symbol), core::to_lower(plain_text(base)), core::to_lower(plain_text(quote)),
                        trading};
  if (!pair.venue_symbol.empty() && !pair.base.empty() && !pair.quote.empty()) pairs.push_back(std::move(pair));
}

}  // namespace tickspan::feeds
