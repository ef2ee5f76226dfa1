// yaml_to_json INPUT OUTPUT: turns the API's description into JSON. It reads the part of YAML 1.2 that such
// descriptions are written in: block maps and lists, flow maps and lists on one line, plain and quoted scalars, block
// scalars (| and >). Anything else (anchors, tags, scalars over several lines) is an error that names the line: better
// no build than a description that says something else than its source.
#include <cctype>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Line {
  std::size_t number;
  std::size_t indent;
  std::string text;  ///< without indent, comment and trailing spaces; empty: blank
  std::string raw;
};

[[noreturn]] void fail(std::size_t line, const std::string& what) {
  throw std::runtime_error("line " + std::to_string(line) + ": " + what);
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
      out += code;
    } else {
      out += c;
    }
  }
  return out + '"';
}

bool is_json_number(std::string_view t) {
  std::size_t i = t.starts_with('-') ? 1 : 0;
  const auto digits = [&] {
    const std::size_t begin = i;
    while (i < t.size() && std::isdigit(static_cast<unsigned char>(t[i]))) ++i;
    return i - begin;
  };
  const std::size_t first = i;
  const std::size_t whole = digits();
  if (whole == 0 || (whole > 1 && t[first] == '0')) return false;
  if (i < t.size() && t[i] == '.') {
    ++i;
    if (digits() == 0) return false;
  }
  return i == t.size();
}

// A scalar or a flow collection on one line.
class Flow {
 public:
  Flow(std::string_view text, std::size_t line) : text_(text), line_(line) {}
  std::string parse_all() {
    const std::string out = value(false);
    skip();
    if (at_ != text_.size()) fail(line_, "unexpected text after a value: " + std::string(text_.substr(at_)));
    return out;
  }

 private:
  void skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  std::string value(bool inside) {
    skip();
    switch (peek()) {
      case '[':
        return collection('[', ']');
      case '{':
        return collection('{', '}');
      case '"':
      case '\'':
        return json_string(quoted());
      case '&':
      case '*':
      case '!':
      case '@':
      case '`':
      case '%':
        fail(line_, "this part of YAML is not supported; quote the text");
      default:
        return plain(inside);
    }
  }

  std::string collection(char open, char close) {
    std::string out(1, open);
    ++at_;
    for (skip(); peek() != close; skip()) {
      if (at_ >= text_.size()) fail(line_, "a flow collection does not end on its line");
      if (out.size() > 1) out += ',';
      if (open == '{') {
        const char quote = peek();
        std::string key;
        if (quote == '"' || quote == '\'') {
          key = quoted();
        } else {
          while (at_ < text_.size() && text_[at_] != ':' && text_[at_] != ',' && text_[at_] != '}') key += text_[at_++];
        }
        if (peek() != ':') fail(line_, "a key without a value");
        ++at_;
        out += json_string(key) + ':';
      }
      out += value(true);
      skip();
      if (peek() == ',')
        ++at_;
      else if (peek() != close)
        fail(line_, "expected ',' or the end of a flow collection");
    }
    ++at_;
    return out + close;
  }

  std::string quoted() {
    const char quote = text_[at_++];
    std::string out;
    for (;; ++at_) {
      if (at_ >= text_.size()) fail(line_, "a quoted text does not end on its line");
      const char c = text_[at_];
      if (c == quote) {
        if (quote == '\'' && at_ + 1 < text_.size() && text_[at_ + 1] == '\'') {
          out += text_[at_++];
          continue;
        }
        ++at_;
        return out;
      }
      if (quote == '"' && c == '\\') {
        const char next = ++at_ < text_.size() ? text_[at_] : '\0';
        if (next == 'n')
          out += '\n';
        else if (next == '"' || next == '\\')
          out += next;
        else
          fail(line_, "an escape that is not supported");
        continue;
      }
      out += c;
    }
  }

  std::string plain(bool inside) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && !(inside && std::string_view(",]}").find(text_[at_]) != std::string_view::npos)) {
      if (text_[at_] == ':' && (at_ + 1 == text_.size() || text_[at_ + 1] == ' '))
        fail(line_, "': ' inside a plain text; quote it");
      ++at_;
    }
    std::string_view t = text_.substr(begin, at_ - begin);
    while (t.ends_with(' ')) t.remove_suffix(1);
    if (t.empty() || t == "null" || t == "~") return "null";
    if (t == "true" || t == "false" || is_json_number(t)) return std::string(t);
    return json_string(t);
  }

  std::string_view text_;
  std::size_t line_;
  std::size_t at_ = 0;
};

// Where a comment begins outside of quotes; the whole length when there is none.
std::size_t comment_start(std::string_view text) {
  char quote = '\0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\0') {
      if (c == '\\' && quote == '"')
        ++i;
      else if (c == quote)
        quote = '\0';
    } else if ((c == '"' || c == '\'') &&
               (i == 0 || std::string_view(" [{,:").find(text[i - 1]) != std::string_view::npos)) {
      quote = c;
    } else if (c == '#' && (i == 0 || text[i - 1] == ' ')) {
      return i;
    }
  }
  return text.size();
}

// Where a block map's key ends: the colon; npos when the line is no map entry.
std::size_t key_end(std::string_view text) {
  if (text.starts_with('"') || text.starts_with('\'')) {
    const std::size_t close = text.find(text[0], 1);
    if (close == std::string_view::npos || close + 1 >= text.size() || text[close + 1] != ':')
      return std::string_view::npos;
    return close + 1;
  }
  if (text.starts_with('[') || text.starts_with('{')) return std::string_view::npos;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ':' && (i + 1 == text.size() || text[i + 1] == ' ')) return i;
  }
  return std::string_view::npos;
}

class Blocks {
 public:
  explicit Blocks(std::vector<Line> lines) : lines_(std::move(lines)) {}

  std::string document() {
    skip_blank();
    const std::string out = at_end() ? "null" : block(lines_[at_].indent);
    skip_blank();
    if (!at_end()) fail(lines_[at_].number, "indentation that fits nothing above");
    return out;
  }

 private:
  bool at_end() const { return at_ >= lines_.size(); }
  void skip_blank() {
    while (!at_end() && lines_[at_].text.empty()) ++at_;
  }
  static bool is_item(const std::string& text) { return text == "-" || text.starts_with("- "); }

  std::string block(std::size_t indent) { return is_item(lines_[at_].text) ? list(indent) : map(indent); }

  std::string list(std::size_t indent) {
    std::string out = "[";
    for (skip_blank(); !at_end() && lines_[at_].indent == indent && is_item(lines_[at_].text); skip_blank()) {
      if (out.size() > 1) out += ',';
      Line& line = lines_[at_];
      std::size_t skip = 1;
      while (skip < line.text.size() && line.text[skip] == ' ') ++skip;
      const std::string rest = line.text.substr(skip);
      if (rest.empty()) {
        ++at_;
        out += nested(indent + 1, line.number);
      } else if (key_end(rest) != std::string::npos || is_item(rest)) {
        line.indent += skip;  // the item's map begins on the line of the dash
        line.text = rest;
        out += block(line.indent);
      } else {
        out += scalar(rest, indent);
      }
    }
    return out + ']';
  }

  std::string map(std::size_t indent) {
    std::string out = "{";
    std::vector<std::string> keys;
    for (skip_blank(); !at_end() && lines_[at_].indent == indent && !is_item(lines_[at_].text); skip_blank()) {
      const Line line = lines_[at_];
      const std::size_t colon = key_end(line.text);
      if (colon == std::string::npos) fail(line.number, "expected 'key: value', found: " + line.text);
      std::string key = line.text.substr(0, colon);
      if (key.starts_with('"') || key.starts_with('\'')) key = key.substr(1, key.size() - 2);
      for (const std::string& known : keys) {
        if (known == key) fail(line.number, "the key '" + key + "' is there twice");
      }
      keys.push_back(key);
      if (out.size() > 1) out += ',';
      out += json_string(key) + ':';
      const std::size_t value = line.text.find_first_not_of(' ', colon + 1);
      if (value == std::string::npos) {
        ++at_;
        out += nested(indent, line.number);
      } else {
        out += scalar(line.text.substr(value), indent);
      }
    }
    return out + '}';
  }

  // What stands indented below a key or a dash; a list may stand at its key's own indentation.
  std::string nested(std::size_t indent, std::size_t line) {
    skip_blank();
    if (at_end()) return "null";
    if (lines_[at_].indent > indent || (lines_[at_].indent == indent && is_item(lines_[at_].text)))
      return block(lines_[at_].indent);
    static_cast<void>(line);
    return "null";
  }

  std::string scalar(const std::string& text, std::size_t indent) {
    const std::size_t number = lines_[at_].number;
    ++at_;
    if (text[0] == '|' || text[0] == '>') return block_scalar(text, indent, number);
    if (!at_end() && !lines_[at_].text.empty() && lines_[at_].indent > indent && !is_item(lines_[at_].text) &&
        key_end(lines_[at_].text) == std::string::npos) {
      fail(lines_[at_].number, "a scalar over several lines; use >");
    }
    return Flow(text, number).parse_all();
  }

  std::string block_scalar(const std::string& style, std::size_t indent, std::size_t number) {
    if (style != "|" && style != ">" && style != "|-" && style != ">-")
      fail(number, "a block scalar style that is not supported");
    const bool folded = style[0] == '>';
    std::string out;
    std::size_t depth = 0;
    std::size_t blank = 0;
    for (; !at_end(); ++at_) {
      const std::string& raw = lines_[at_].raw;
      const std::size_t begin = raw.find_first_not_of(' ');
      if (begin == std::string::npos) {
        ++blank;
        continue;
      }
      if (begin <= indent) break;
      if (depth == 0) depth = begin;
      if (begin < depth) fail(lines_[at_].number, "a block scalar's line begins too far left");
      if (folded && begin > depth) fail(lines_[at_].number, "an indented line in folded text; use |");
      if (!out.empty()) out += folded && blank == 0 ? std::string(" ") : std::string(folded ? blank : blank + 1, '\n');
      blank = 0;
      out += raw.substr(depth);
    }
    if (!style.ends_with('-')) out += '\n';
    return json_string(out);
  }

  std::vector<Line> lines_;
  std::size_t at_ = 0;
};

std::vector<Line> read_lines(std::istream& in) {
  std::vector<Line> lines;
  std::string raw;
  for (std::size_t number = 1; std::getline(in, raw); ++number) {
    while (raw.ends_with('\r') || raw.ends_with(' ')) raw.pop_back();
    if (raw.find('\t') != std::string::npos) fail(number, "a tab");
    const std::size_t indent = raw.find_first_not_of(' ');
    if (indent == std::string::npos) {
      lines.push_back({number, 0, "", raw});
      continue;
    }
    std::string text = raw.substr(indent);
    text.resize(comment_start(text));
    while (text.ends_with(' ')) text.pop_back();
    if (text == "---") text.clear();
    lines.push_back({number, indent, text, raw});
  }
  return lines;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: yaml_to_json INPUT OUTPUT\n");
    return 2;
  }
  try {
    std::ifstream in(argv[1]);
    if (!in) throw std::runtime_error("cannot be read");
    const std::string json = Blocks(read_lines(in)).document();
    std::ofstream out(argv[2], std::ios::binary);
    out << json << '\n';
    out.close();
    if (!out) throw std::runtime_error("cannot write " + std::string(argv[2]));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "yaml_to_json: %s: %s\n", argv[1], error.what());
    return 1;
  }
}
