#include "net/ws_extensions.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "net/ws_deflate.hpp"

namespace tickspan::net {
namespace {

constexpr std::string_view kHeader = "sec-websocket-extensions";

bool token_character(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kMarks.find(c) != std::string_view::npos;
}

bool is_extensions(std::string_view name) {
  return std::equal(name.begin(), name.end(), kHeader.begin(), kHeader.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

// Walks along one field's value.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool at_end() {
    skip_space();
    return rest_.empty();
  }
  bool take(char c) {
    skip_space();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Empty where none begins.
  std::string_view token() {
    skip_space();
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), token_character);
    const auto out = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(out.size());
    return out;
  }
  /// A token as it is or in quotes; empty where neither is.
  std::string value() {
    if (!take('"')) return std::string(token());
    std::string out;
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\') rest_.remove_prefix(1);
      if (rest_.empty() || !token_character(rest_.front())) return {};
      out += rest_.front();
      rest_.remove_prefix(1);
    }
    if (rest_.empty()) return {};
    rest_.remove_prefix(1);
    return out;
  }

 private:
  void skip_space() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) rest_.remove_prefix(1);
  }
  std::string_view rest_;
};

// 8 to 15 without leading zeros; 0 for anything else.
int window_bits(std::string_view text) {
  if (text == "8" || text == "9") return text[0] - '0';
  if (text.size() == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5') return 10 + text[1] - '0';
  return 0;
}

// One offer of permessage-deflate as its parameters come by.
class DeflateOffer {
 public:
  void parameter(std::string_view name, const std::optional<std::string>& value) {
    if (name == "server_no_context_takeover") return once(server_no_takeover_, !value);
    if (name == "client_no_context_takeover") return once(client_no_takeover_, !value);
    if (name == "client_max_window_bits") return once(client_bits_, !value || window_bits(*value) != 0);
    // Our one stream serves all: it cannot keep to a smaller window than its own. (Nor can zlib to one of 8 bits.)
    if (name == "server_max_window_bits")
      return once(server_bits_, value && window_bits(*value) >= MessageDeflater::kWindowBits);
    acceptable_ = false;
  }
  bool acceptable() const { return acceptable_; }
  // The client's window may have any size, so nothing is said about it.
  std::string answer() const {
    std::string out = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    if (server_bits_) out += "; server_max_window_bits=" + std::to_string(MessageDeflater::kWindowBits);
    return out;
  }

 private:
  void once(bool& seen, bool valid) {
    if (seen || !valid) acceptable_ = false;
    seen = true;
  }
  bool acceptable_ = true, server_no_takeover_ = false, client_no_takeover_ = false, client_bits_ = false,
       server_bits_ = false;
};

// extension-token *( ";" extension-param ); false when it isn't one. `agreed` is set by the first that can be taken.
bool read_extension(Cursor& cursor, bool allow_deflate, std::string& agreed) {
  const auto name = cursor.token();
  if (name.empty()) return false;
  DeflateOffer offer;
  while (cursor.take(';')) {
    const auto parameter = cursor.token();
    if (parameter.empty()) return false;
    std::optional<std::string> value;
    if (cursor.take('=')) {
      value = cursor.value();
      if (value->empty()) return false;
    }
    offer.parameter(parameter, value);
  }
  if (allow_deflate && agreed.empty() && name == "permessage-deflate" && offer.acceptable()) agreed = offer.answer();
  return true;
}

}  // namespace

ExtensionAnswer negotiate_extensions(const Headers& headers, bool allow_deflate) {
  ExtensionAnswer answer;
  for (const auto& [name, value] : headers.fields()) {
    if (!is_extensions(name)) continue;
    Cursor cursor(value);
    // A list's elements may be empty (RFC 9110, 5.6.1).
    while (!cursor.at_end()) {
      if (cursor.take(',')) continue;
      if (!read_extension(cursor, allow_deflate, answer.agreed) || (!cursor.at_end() && !cursor.take(','))) {
        return {true, {}};
      }
    }
  }
  return answer;
}

}  // namespace tickspan::net
