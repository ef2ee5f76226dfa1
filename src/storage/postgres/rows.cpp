// Values to and from the server: results in binary, parameters as text.

#include <fmt/format.h>
#include <libpq-fe.h>

#include <bit>
#include <cstdlib>
#include <limits>

#include "core/assert.hpp"
#include "storage/postgres/connection.hpp"
#include "storage/postgres/wire.hpp"

namespace tickspan::storage::postgres {

Rows::~Rows() {
  PQclear(result_);
}
Rows& Rows::operator=(Rows&& other) noexcept {
  std::swap(result_, other.result_);
  return *this;
}

int Rows::size() const {
  return PQntuples(result_);
}
bool Rows::is_null(int row, int column) const {
  return PQgetisnull(result_, row, column) != 0;
}
std::string_view Rows::bytes(int row, int column) const {
  return {PQgetvalue(result_, row, column), static_cast<std::size_t>(PQgetlength(result_, row, column))};
}
std::string Rows::text(int row, int column) const {
  return std::string(bytes(row, column));
}
std::int64_t Rows::integer(int row, int column) const {
  const std::string_view value = bytes(row, column);
  switch (value.size()) {
    case 2:
      return static_cast<std::int16_t>(read_be<std::uint16_t>(value.data()));
    case 4:
      return static_cast<std::int32_t>(read_be<std::uint32_t>(value.data()));
    default:
      TS_ASSERT(value.size() == 8, "an integer column");
      return static_cast<std::int64_t>(read_be<std::uint64_t>(value.data()));
  }
}
bool Rows::boolean(int row, int column) const {
  const std::string_view value = bytes(row, column);
  return !value.empty() && value.front() != 0;
}
double Rows::real(int row, int column) const {
  const std::string_view value = bytes(row, column);
  TS_ASSERT(value.size() == 8, "a column of doubles");
  return std::bit_cast<double>(read_be<std::uint64_t>(value.data()));
}
std::optional<double> Rows::real_or_null(int row, int column) const {
  if (is_null(row, column)) return {};
  return real(row, column);
}
core::Timestamp Rows::time(int row, int column) const {
  return time_of_us(integer(row, column));
}
std::uint64_t Rows::affected() const {
  return std::strtoull(PQcmdTuples(result_), nullptr, 10);
}

Params& Params::integer(std::int64_t value) {
  values_.emplace_back(fmt::format("{}", value));
  return *this;
}
Params& Params::real(const std::optional<double>& value) {
  if (!value) return null();
  values_.emplace_back(fmt::format("{}", *value));  // the shortest form that reads back the same
  return *this;
}
Params& Params::text(std::string_view value) {
  values_.emplace_back(std::string(value));
  return *this;
}
Params& Params::time(core::Timestamp value) {
  constexpr auto kExtremes = std::numeric_limits<std::int64_t>{};
  if (value.ns == kExtremes.max()) return text("infinity");
  if (value.ns == kExtremes.min()) return text("-infinity");
  const std::int64_t up = value.ns % 1000 > 0 ? 1 : 0;
  const core::Timestamp us{(value.ns / 1000 + up) * 1000};
  // RFC 3339 has milliseconds only; the rest goes behind them.
  const std::int64_t ms = us.ms(), rest = (us.ns - ms * 1'000'000) / 1000;
  std::string text = core::to_rfc3339(core::Timestamp::from_ms(ms));
  text.insert(text.size() - 1, fmt::format("{:03}", rest));
  values_.emplace_back(std::move(text));
  return *this;
}
Params& Params::null() {
  values_.emplace_back(std::nullopt);
  return *this;
}
Params& Params::integers(const std::vector<std::int64_t>& values) {
  values_.emplace_back(fmt::format("{{{}}}", fmt::join(values, ",")));
  return *this;
}
Params& Params::texts(const std::vector<std::string>& values) {
  return array({values.begin(), values.end()});
}
Params& Params::array(const std::vector<std::optional<std::string>>& values) {
  std::string out = "{";
  for (const auto& value : values) {
    if (out.size() > 1) out += ',';
    if (!value) {
      out += "NULL";
      continue;
    }
    out += '"';
    for (const char c : *value) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  values_.emplace_back(out + "}");
  return *this;
}

}  // namespace tickspan::storage::postgres
