#include "storage/sqlite/trade_codec.hpp"

#include <array>

namespace tickspan::storage::sqlite {
namespace {

constexpr int kSameTime = 3;
constexpr std::array<std::int64_t, 3> kUnits = {1, 1'000, 1'000'000};
constexpr int kNextKey = 0, kKeyDelta = 1, kWholeKey = 2;
constexpr unsigned kExponents = 1U << 6U, kSameReceipt = 1U << 7U;

// Differences wrap around: whatever two numbers stand beside each other, they come back.
std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t times(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

int time_code(std::int64_t since_last) {
  if (since_last == 0) return kSameTime;
  if (since_last % kUnits[1] != 0) return 0;
  return since_last % kUnits[2] != 0 ? 1 : 2;
}

int key_code(std::int64_t key, std::int64_t last) {
  if (key == plus(last, 1)) return kNextKey;
  return key < 0 ? kWholeKey : kKeyDelta;  // hashes are of no order: their differences are no shorter
}

class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}
  bool done() const { return at_ == end_; }

  bool byte(std::uint8_t& out) {
    if (at_ == end_) return false;
    out = static_cast<std::uint8_t>(*at_++);
    return true;
  }
  bool number(std::int64_t& out) {
    std::uint64_t value = 0;
    std::uint8_t next = 0x80;
    for (unsigned shift = 0; (next & 0x80U) != 0; shift += 7) {
      if (shift > 63 || !byte(next)) return false;
      value |= static_cast<std::uint64_t>(next & 0x7fU) << shift;
    }
    out = static_cast<std::int64_t>((value >> 1U) ^ (~(value & 1U) + 1U));
    return true;
  }
  bool whole(std::int64_t& out) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 8) {
      std::uint8_t next = 0;
      if (!byte(next)) return false;
      value |= static_cast<std::uint64_t>(next) << shift;
    }
    out = static_cast<std::int64_t>(value);
    return true;
  }

 private:
  const char* at_;
  const char* end_;
};

bool read_key(Cursor& in, unsigned head, std::int64_t& key) {
  std::int64_t value = 0;
  switch ((head >> 4U) & 3U) {
    case kNextKey:
      key = plus(key, 1);
      return true;
    case kKeyDelta:
      if (!in.number(value)) return false;
      key = plus(key, value);
      return true;
    case kWholeKey:
      return in.whole(key);
    default:
      return false;
  }
}

/// `row` comes in as the one before.
bool read_row(Cursor& in, TradeRow& row) {
  std::uint8_t head = 0, exponent = 0;
  std::int64_t value = 0;
  if (!in.byte(head) || (head & 3U) > static_cast<unsigned>(core::Side::sell)) return false;
  row.side = static_cast<core::Side>(head & 3U);
  const std::int64_t delay = minus(row.received, row.at);
  if (const auto unit = (head >> 2U) & 3U; unit != kSameTime) {
    if (!in.number(value)) return false;
    row.at = plus(row.at, times(value, kUnits[unit]));
  }
  if (!read_key(in, head, row.key)) return false;
  if ((head & kExponents) != 0) {
    for (core::Decimal* decimal : {&row.price, &row.amount}) {
      if (!in.byte(exponent)) return false;
      decimal->exponent = static_cast<std::int8_t>(exponent);
    }
  }
  if ((head & kSameReceipt) == 0) {
    if (!in.number(value)) return false;
    row.received = plus(row.at, plus(delay, value));
  }
  if (!in.number(value)) return false;
  row.price.mantissa = plus(row.price.mantissa, value);
  return in.number(row.amount.mantissa);
}

TradeRow before_first(std::int64_t at, std::int64_t key) {
  TradeRow row;
  row.at = row.received = at;
  row.key = minus(key, 1);
  return row;
}

}  // namespace

bool TradeRow::same_as(const TradeRow& other) const {
  const auto same = [](const core::Decimal& a, const core::Decimal& b) {
    return a.mantissa == b.mantissa && a.exponent == b.exponent;
  };
  return at == other.at && received == other.received && key == other.key && side == other.side &&
         same(price, other.price) && same(amount, other.amount);
}

TradeEncoder::TradeEncoder(std::int64_t first_at, std::int64_t first_key) : last_(before_first(first_at, first_key)) {}

void TradeEncoder::number(std::int64_t value) {
  auto rest = (static_cast<std::uint64_t>(value) << 1U) ^ (~(static_cast<std::uint64_t>(value) >> 63U) + 1U);
  for (; rest > 0x7f; rest >>= 7U) bytes_.push_back(static_cast<char>((rest & 0x7fU) | 0x80U));
  bytes_.push_back(static_cast<char>(rest));
}

bool TradeEncoder::append(const TradeRow& row, std::size_t max_bytes) {
  const std::size_t before = bytes_.size();
  put(row);
  if (bytes_.size() > max_bytes) {
    bytes_.resize(before);
    return false;
  }
  last_ = row;
  return true;
}

void TradeEncoder::put(const TradeRow& row) {
  const std::int64_t since_last = minus(row.at, last_.at);
  const int unit = time_code(since_last), key = key_code(row.key, last_.key);
  const bool together = row.received == last_.received;
  const bool exponents = row.price.exponent != last_.price.exponent || row.amount.exponent != last_.amount.exponent;
  const unsigned head = static_cast<unsigned>(row.side) | static_cast<unsigned>(unit) << 2U |
                        static_cast<unsigned>(key) << 4U | (exponents ? kExponents : 0U) |
                        (together ? kSameReceipt : 0U);
  bytes_.push_back(static_cast<char>(head));
  if (unit != kSameTime) number(since_last / kUnits[static_cast<std::size_t>(unit)]);
  if (key == kKeyDelta) number(minus(row.key, last_.key));
  if (key == kWholeKey) {
    for (unsigned shift = 0; shift < 64; shift += 8)
      bytes_.push_back(static_cast<char>(static_cast<std::uint64_t>(row.key) >> shift));
  }
  if (exponents) {
    bytes_.push_back(static_cast<char>(row.price.exponent));
    bytes_.push_back(static_cast<char>(row.amount.exponent));
  }
  if (!together) number(minus(minus(row.received, row.at), minus(last_.received, last_.at)));
  number(minus(row.price.mantissa, last_.price.mantissa));
  number(row.amount.mantissa);
}

bool decode_trades(std::int64_t first_at, std::int64_t first_key, std::string_view block, std::vector<TradeRow>& out) {
  Cursor in(block);
  TradeRow row = before_first(first_at, first_key);
  if (in.done()) return false;
  while (!in.done()) {
    if (!read_row(in, row)) return false;
    out.push_back(row);
  }
  return true;
}

}  // namespace tickspan::storage::sqlite
