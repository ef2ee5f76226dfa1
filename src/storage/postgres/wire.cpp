#include "storage/postgres/wire.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace tickspan::storage::postgres {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint16_t kPositive = 0x0000, kNegative = 0x4000;
constexpr int kMaxShift = 38;

constexpr std::array<Wide, kMaxShift + 1> kPow10 = [] {
  std::array<Wide, kMaxShift + 1> table{};
  Wide power = 1;
  for (std::size_t i = 0; i < table.size(); ++i) {
    table[i] = power;
    if (i + 1 < table.size()) power *= 10;
  }
  return table;
}();

std::uint64_t magnitude(std::int64_t value) {
  return value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
}

int floor_div(int a, int b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

int trailing_zeros(Wide value) {
  int zeros = 0;
  for (; value != 0 && value % 10 == 0; value /= 10) ++zeros;
  return zeros;
}

struct Header {
  int digits, weight;
  std::uint16_t sign;
  int scale;
};

/// value * 10^shift, nothing where digits would be lost or do not fit.
std::optional<Wide> shifted(Wide value, int shift) {
  if (value == 0) return value;
  if (shift > kMaxShift || shift < -kMaxShift) return {};
  const Wide power = kPow10[static_cast<std::size_t>(shift < 0 ? -shift : shift)];
  if (shift < 0) {
    if (value % power != 0) return {};
    return value / power;
  }
  if (value > ~Wide{0} / power) return {};
  return value * power;
}

std::optional<core::Decimal> make(Wide digits, int power, const Header& header, int shape) {
  int exponent = -header.scale;
  if (shape > 0 && digits != 0) {  // all its zeros, less those that were the mantissa's own
    exponent = power + trailing_zeros(digits) - (shape - 1);
    if (exponent <= 0) return {};
  }
  const auto mantissa = shifted(digits, power - exponent);
  if (!mantissa || *mantissa > static_cast<Wide>(std::numeric_limits<std::int64_t>::max())) return {};
  if (exponent < std::numeric_limits<std::int8_t>::min() || exponent > std::numeric_limits<std::int8_t>::max())
    return {};
  const auto value = static_cast<std::int64_t>(*mantissa);
  return core::Decimal{header.sign == kNegative ? -value : value, static_cast<std::int8_t>(exponent)};
}

/// Digits of 10,000, least first: 19 digits and three zeros make six.
using Groups = std::array<std::uint16_t, 8>;

template <typename Whole>
std::size_t split(Whole value, Groups& groups) {
  std::size_t count = 0;
  for (; value != 0; value /= 10'000) groups[count++] = static_cast<std::uint16_t>(value % 10'000);
  return count;
}

}  // namespace

core::Timestamp time_of_us(std::int64_t us) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max() / 1000;
  if (us > kMax - kEpoch2000Us) return {std::numeric_limits<std::int64_t>::max()};
  if (us < -kMax - kEpoch2000Us) return {std::numeric_limits<std::int64_t>::min()};
  return core::Timestamp::from_us(us + kEpoch2000Us);
}

int Numeric::shape(const core::Decimal& value) {
  if (value.exponent <= 0 || value.mantissa == 0) return 0;
  return 1 + trailing_zeros(magnitude(value.mantissa));
}

char* Numeric::write(char* out, const core::Decimal& value) {
  // Digits of 10,000 stand at powers that are multiples of four.
  const int group = floor_div(value.exponent, 4);
  const Wide digits = Wide{magnitude(value.mantissa)} * kPow10[static_cast<std::size_t>(value.exponent - 4 * group)];
  const auto short_digits = static_cast<std::uint64_t>(digits);  // nearly always all: divisions of 128 bits are slow
  Groups groups{};
  const std::size_t count = digits == short_digits ? split(short_digits, groups) : split(digits, groups);
  std::size_t low = 0;
  while (low < count && groups[low] == 0) ++low;
  const int weight = count == 0 ? 0 : group + static_cast<int>(count) - 1;
  out = write_be(out, static_cast<std::uint16_t>(count - low));
  out = write_be(out, static_cast<std::uint16_t>(static_cast<std::int16_t>(weight)));
  out = write_be(out, value.mantissa < 0 ? kNegative : kPositive);
  out = write_be(out, static_cast<std::uint16_t>(std::max(0, -int{value.exponent})));
  for (std::size_t i = count; i-- > low;) out = write_be(out, groups[i]);
  return out;
}

std::optional<core::Decimal> Numeric::read(std::string_view bytes, int shape) {
  if (bytes.size() < 8 || shape < 0) return {};
  const Header header{read_be<std::uint16_t>(bytes.data()),
                      static_cast<std::int16_t>(read_be<std::uint16_t>(bytes.data() + 2)),
                      read_be<std::uint16_t>(bytes.data() + 4), read_be<std::uint16_t>(bytes.data() + 6)};
  if (header.sign != kPositive && header.sign != kNegative) return {};
  if (bytes.size() != 8 + 2 * static_cast<std::size_t>(header.digits) || header.digits > 8) return {};
  Wide digits = 0;
  for (int i = 0; i < header.digits; ++i) {
    const auto group = read_be<std::uint16_t>(bytes.data() + 8 + 2 * i);
    if (group > 9'999) return {};
    digits = digits * 10'000 + group;
  }
  return make(digits, 4 * (header.weight - header.digits + 1), header, shape);
}

CopyStream::CopyStream() {
  clear();
}

void CopyStream::clear() {
  data_.assign("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
}

CopyStream& CopyStream::numeric(const core::Decimal& value) {
  char bytes[64];
  char* const end = Numeric::write(bytes + 4, value);
  write_be<std::uint32_t>(bytes, static_cast<std::uint32_t>(end - bytes - 4));
  data_.append(bytes, static_cast<std::size_t>(end - bytes));
  return *this;
}

std::string_view CopyStream::finish() {
  put<std::uint16_t>(0xffff);
  return data_;
}

}  // namespace tickspan::storage::postgres
