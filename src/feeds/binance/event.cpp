#include "feeds/binance/event.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

namespace tickspan::feeds::binance {
namespace {

using std::string_view;

/// Distance from `p` to the first byte that cannot stand inside a plain text: a quote, a backslash, a control character
/// or anything but ASCII; at least 8 when there is none among the next 8 bytes.
inline int plain_prefix(const char* p) {
  if constexpr (std::endian::native == std::endian::little) {
    constexpr std::uint64_t kOnes = 0x0101010101010101U, kHighs = 0x8080808080808080U;
    std::uint64_t word;
    std::memcpy(&word, p, sizeof word);
    const auto below = [](std::uint64_t w, std::uint64_t n) { return (w - kOnes * n) & ~w & kHighs; };
    const std::uint64_t ends =
        below(word ^ kOnes * '"', 1) | below(word ^ kOnes * '\\', 1) | below(word, 0x20) | (word & kHighs);
    return std::countr_zero(ends) / 8;
  } else {
    int n = 0;
    while (n < 8 && p[n] >= 0x20 && p[n] < 0x7F && p[n] != '"' && p[n] != '\\') ++n;
    return n;
  }
}

/// Steps through a frame; every member returns false where the frame is not as expected. Reads up to 8 bytes past the
/// end.
class Cursor {
 public:
  explicit Cursor(string_view frame) : p_(frame.data()), end_(p_ + frame.size()) {}

  template <std::size_t N>
  bool literal(const char (&text)[N]) {
    if (static_cast<std::size_t>(end_ - p_) < N - 1 || std::memcmp(p_, text, N - 1) != 0) return false;
    p_ += N - 1;
    return true;
  }
  /// A text with its quotes.
  bool text(string_view& token) {
    const char* const begin = p_;
    if (p_ >= end_ || *p_ != '"') return false;
    for (++p_; p_ < end_;) {
      const int step = plain_prefix(p_);
      p_ += step;
      if (step == 8) continue;
      if (p_ >= end_ || *p_ != '"') return false;
      token = {begin, static_cast<std::size_t>(++p_ - begin)};
      return true;
    }
    return false;
  }
  bool digits(string_view& token) {
    const char* const begin = p_;
    while (p_ < end_ && static_cast<unsigned char>(*p_ - '0') <= 9) ++p_;
    token = {begin, static_cast<std::size_t>(p_ - begin)};
    return p_ != begin;
  }
  bool boolean(string_view& token) {
    const char* const begin = p_;
    if (!literal("true") && !literal("false")) return false;
    token = {begin, static_cast<std::size_t>(p_ - begin)};
    return true;
  }
  bool at_end() const { return p_ == end_; }

 private:
  const char* p_;
  const char* end_;
};

bool read_trade(Cursor& cursor, Event& event) {
  string_view ignored;
  if (!cursor.literal("{\"e\":\"trade\",\"E\":") || !cursor.digits(event.event_time)) return false;
  event.type = "trade";
  return cursor.literal(",\"s\":") && cursor.text(event.symbol) && cursor.literal(",\"t\":") &&
         cursor.digits(event.trade_id) && cursor.literal(",\"p\":") && cursor.text(event.price) &&
         cursor.literal(",\"q\":") && cursor.text(event.amount) && cursor.literal(",\"T\":") &&
         cursor.digits(event.trade_time) && cursor.literal(",\"m\":") && cursor.boolean(event.buyer_is_maker) &&
         cursor.literal(",\"M\":") && cursor.boolean(ignored) && cursor.literal("}");
}

bool read_book_ticker(Cursor& cursor, Event& event) {
  return cursor.literal("{\"u\":") && cursor.digits(event.update_id) && cursor.literal(",\"s\":") &&
         cursor.text(event.symbol) && cursor.literal(",\"b\":") && cursor.text(event.bid) &&
         cursor.literal(",\"B\":") && cursor.text(event.bid_size) && cursor.literal(",\"a\":") &&
         cursor.text(event.ask) && cursor.literal(",\"A\":") && cursor.text(event.ask_size) && cursor.literal("}");
}

}  // namespace

bool read_wire_order(string_view frame, Event& event) {
  Cursor cursor(frame);
  string_view stream;
  const bool wrapped = cursor.literal("{\"stream\":");
  if (wrapped) {
    if (!cursor.text(stream) || !cursor.literal(",\"data\":")) return false;
    event.stream = stream.substr(1, stream.size() - 2);
  }
  const Cursor start = cursor;
  bool known = read_book_ticker(cursor, event);
  if (!known) {
    cursor = start;
    known = read_trade(cursor, event);
  }
  return known && (!wrapped || cursor.literal("}")) && cursor.at_end();
}

}  // namespace tickspan::feeds::binance
