// A line of a table as a file may hold it, in all four forms. What is read is written as a line that reads the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "history/table_row.hpp"

namespace {

using namespace tickspan;
using history::TableForm;

void require(bool condition) {
  if (!condition) std::abort();
}

template <typename Row, typename Parse>
void round_trip(const history::ParsedRow<Row>& row, std::string_view line, Parse parse) {
  if (!row) {
    require(row.error().column >= 1 && row.error().column <= line.size() + 1 && !row.error().what.empty());
    return;
  }
  for (const TableForm form : {TableForm::csv, TableForm::ndjson}) {
    std::string first, second;
    history::append_row(form, *row, first);
    require(first.ends_with('\n') && first.find('\n') == first.size() - 1);
    const auto again = parse(form, std::string_view(first).substr(0, first.size() - 1));
    require(again.has_value());
    history::append_row(form, *again, second);
    require(first == second);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto trade = [](TableForm form, std::string_view text) { return history::parse_trade(form, text); };
  const auto candle = [](TableForm form, std::string_view text) {
    return history::parse_candle(form, core::Interval::m1, text);
  };
  for (const TableForm form : {TableForm::csv, TableForm::ndjson}) {
    round_trip(trade(form, line), line, trade);
    round_trip(candle(form, line), line, candle);
  }
  return 0;
}
