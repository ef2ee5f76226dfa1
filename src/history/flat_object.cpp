#include "history/flat_object.hpp"

namespace tickspan::history {
namespace {

class Scanner {
 public:
  explicit Scanner(std::string_view line) : line_(line) {}

  std::size_t column() const { return at_ + 1; }
  bool done() const { return at_ == line_.size(); }
  void skip_space() {
    while (at_ < line_.size() && (line_[at_] == ' ' || line_[at_] == '\t' || line_[at_] == '\r')) ++at_;
  }
  bool take(char c) {
    if (at_ == line_.size() || line_[at_] != c) return false;
    ++at_;
    return true;
  }

  /// After the opening quote; takes the closing one. False: it never closes, or has a control character.
  bool string(std::string_view& out, bool& escaped) {
    const std::size_t begin = at_;
    escaped = false;
    for (; at_ < line_.size(); ++at_) {
      const char c = line_[at_];
      if (c == '"') {
        out = line_.substr(begin, at_ - begin);
        ++at_;
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\') {
        escaped = true;
        if (++at_ == line_.size()) return false;
      }
    }
    return false;
  }
  /// A number or a word: whatever it is, it is checked by who reads the field.
  bool token(std::string_view& out) {
    const std::size_t begin = at_;
    while (at_ < line_.size() && is_token(line_[at_])) ++at_;
    out = line_.substr(begin, at_ - begin);
    return !out.empty();
  }

 private:
  static bool is_token(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '+' || c == '-' || c == '.' || c == 'E';
  }
  std::string_view line_;
  std::size_t at_ = 0;
};

std::optional<FlatFault> read_member(Scanner& scanner, std::span<const std::string_view> names,
                                     std::span<FlatValue> values) {
  const auto fault = [&](std::string what) { return FlatFault{scanner.column(), std::move(what)}; };
  if (!scanner.take('"')) return fault("a name in quotes is expected");
  std::string_view name;
  bool escaped = false;
  if (!scanner.string(name, escaped)) return fault("a name that does not end");
  scanner.skip_space();
  if (!scanner.take(':')) return fault("a colon is expected");
  scanner.skip_space();
  FlatValue value{true, {}, scanner.column()};
  if (scanner.take('"')) {
    if (!scanner.string(value.text, escaped)) return fault("a text that does not end");
  } else if (!scanner.token(value.text)) {
    return fault("a text, a number, true, false or null is expected");
  } else {
    escaped = false;
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] != name) continue;
    if (values[i].present) return FlatFault{value.column, "\"" + std::string(name) + "\" comes twice"};
    if (escaped) return FlatFault{value.column, "\"" + std::string(name) + "\" has escapes"};
    values[i] = value;
  }
  return {};
}

}  // namespace

std::optional<FlatFault> read_flat_object(std::string_view line, std::span<const std::string_view> names,
                                          std::span<FlatValue> values) {
  Scanner scanner(line);
  scanner.skip_space();
  if (!scanner.take('{')) return FlatFault{scanner.column(), "an object, {…}, is expected"};
  scanner.skip_space();
  if (!scanner.take('}')) {
    for (;;) {
      scanner.skip_space();
      if (auto fault = read_member(scanner, names, values)) return fault;
      scanner.skip_space();
      if (scanner.take('}')) break;
      if (!scanner.take(',')) return FlatFault{scanner.column(), "a comma or the end of the object is expected"};
    }
  }
  scanner.skip_space();
  if (!scanner.done()) return FlatFault{scanner.column(), "more after the object"};
  return {};
}

}  // namespace tickspan::history
