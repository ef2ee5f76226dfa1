#include "core/time.hpp"

namespace tickspan::core {
namespace {

struct Civil {
  std::int64_t year;
  unsigned month, day;
};

// Days since 1970-01-01 to and from the proleptic Gregorian calendar, via the standard library's tables.
Civil civil_from_days(std::int64_t days) {
  const std::chrono::year_month_day ymd{std::chrono::sys_days{std::chrono::days{days}}};
  return {static_cast<int>(ymd.year()), static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day())};
}

void write_digits(char* out, std::int64_t value, int width) {
  for (int i = width - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool digits(int count, int& value) {
    value = 0;
    for (int i = 0; i < count; ++i) {
      if (pos_ >= text_.size() || text_[pos_] < '0' || text_[pos_] > '9') return false;
      value = value * 10 + (text_[pos_++] - '0');
    }
    return true;
  }
  bool one_of(std::string_view set) {
    if (pos_ >= text_.size() || set.find(text_[pos_]) == std::string_view::npos) return false;
    ++pos_;
    return true;
  }
  char peek() const { return pos_ < text_.size() ? text_[pos_] : '\0'; }
  bool done() const { return pos_ == text_.size(); }

 private:
  std::string_view text_;
  std::size_t pos_ = 0;
};

bool read_fraction(Reader& in, std::int64_t& ns) {
  std::int64_t scale = 100'000'000;
  int count = 0;
  for (int digit = 0; in.peek() >= '0' && in.peek() <= '9'; ++count, scale /= 10) {
    if (count == 9 || !in.digits(1, digit)) return false;
    ns += digit * scale;
  }
  return count > 0;
}

}  // namespace

char* write_rfc3339(char* out, Timestamp t) noexcept {
  constexpr std::int64_t kDayMs = 86'400'000;
  const std::int64_t ms = t.ms();
  const std::int64_t days = ms / kDayMs - (ms % kDayMs < 0 ? 1 : 0);
  const std::int64_t of_day = ms - days * kDayMs;
  const Civil date = civil_from_days(days);
  write_digits(out, date.year, 4);
  out[4] = '-';
  write_digits(out + 5, date.month, 2);
  out[7] = '-';
  write_digits(out + 8, date.day, 2);
  out[10] = 'T';
  write_digits(out + 11, of_day / 3'600'000, 2);
  out[13] = ':';
  write_digits(out + 14, of_day / 60'000 % 60, 2);
  out[16] = ':';
  write_digits(out + 17, of_day / 1000 % 60, 2);
  out[19] = '.';
  write_digits(out + 20, of_day % 1000, 3);
  out[23] = 'Z';
  return out + 24;
}

std::string to_rfc3339(Timestamp t) {
  std::string text(24, '\0');
  write_rfc3339(text.data(), t);
  return text;
}

std::optional<Timestamp> parse_rfc3339(std::string_view text) noexcept {
  Reader in(text);
  int year, month, day, hour, minute, second;
  if (!in.digits(4, year) || !in.one_of("-") || !in.digits(2, month) || !in.one_of("-") || !in.digits(2, day))
    return {};
  if (!in.one_of("Tt ") || !in.digits(2, hour) || !in.one_of(":") || !in.digits(2, minute) || !in.one_of(":"))
    return {};
  if (!in.digits(2, second)) return {};
  std::int64_t ns = 0;
  if (in.peek() == '.' && (!in.one_of(".") || !read_fraction(in, ns))) return {};
  int offset_minutes = 0;
  if (in.peek() == '+' || in.peek() == '-') {
    const int sign = in.peek() == '-' ? -1 : 1;
    int oh, om;
    if (!in.one_of("+-") || !in.digits(2, oh) || !in.one_of(":") || !in.digits(2, om) || oh > 23 || om > 59) return {};
    offset_minutes = sign * (oh * 60 + om);
  } else if (!in.one_of("Zz")) {
    return {};
  }
  const std::chrono::year_month_day ymd{std::chrono::year{year}, std::chrono::month(static_cast<unsigned>(month)),
                                        std::chrono::day(static_cast<unsigned>(day))};
  if (!in.done() || !ymd.ok() || hour > 23 || minute > 59 || second > 60 || year < 1678 || year > 2261) return {};
  const std::int64_t days = std::chrono::sys_days{ymd}.time_since_epoch().count();
  const std::int64_t s = days * 86'400 + hour * 3600 + (minute - offset_minutes) * 60 + second;
  return Timestamp{s * 1'000'000'000 + ns};
}

}  // namespace tickspan::core
