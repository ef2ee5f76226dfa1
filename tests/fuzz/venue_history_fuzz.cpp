// The first byte chooses venue and kind, the rest is the answer.

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "core/assert.hpp"
#include "feeds/binance/history.hpp"
#include "feeds/bitstamp/history.hpp"
#include "feeds/bybit/history.hpp"
#include "feeds/coinbase/advanced_history.hpp"
#include "feeds/coinbase/history.hpp"
#include "feeds/kraken/history.hpp"
#include "feeds/okx/history.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tickspan;
  static const std::unique_ptr<feeds::VenueHistory> venues[] = {
      feeds::make_binance_history(),    feeds::make_coinbase_history(),
      feeds::make_kraken_history(),     feeds::make_okx_history(),
      feeds::make_bybit_history(),      feeds::make_bitstamp_history(),
      feeds::make_binance_us_history(), feeds::coinbase::make_advanced_history()};
  static_assert(std::size(venues) == 8);
  if (size == 0) return 0;
  const auto kind = static_cast<feeds::HistoryKind>(data[0] / 8 % 3);
  const feeds::HistoryQuery query{kind, "BTC/USD", core::Timestamp::from_s(1'780'000'020),
                                  core::Timestamp::from_s(1'780'086'420)};
  const feeds::VenueHistory& venue = *venues[data[0] % 8];
  const auto page = venue.decode(query, "5", {reinterpret_cast<const char*>(data) + 1, size - 1});
  if (!page) return 0;
  const std::string next = page->next.empty() ? std::string("/") : venue.target(query, page->next);
  TS_ASSERT(next.starts_with('/') && next.find_first_of(" \r\n") == std::string::npos, "fits the request line");
  for (const auto& trade : page->trades) {
    TS_ASSERT(trade.at >= query.from && trade.at < query.to, "a trade outside the range");
    TS_ASSERT(trade.price.is_positive() && trade.amount.is_positive(), "a trade of nothing");
    TS_ASSERT(trade.first_id <= trade.last_id, "ids in reverse");
  }
  for (std::size_t i = 0; i < page->candles.size(); ++i) {
    const auto& c = page->candles[i];
    TS_ASSERT(c.start >= query.from && c.start < query.to, "a candle outside the range");
    TS_ASSERT(c.low.is_positive() && c.low <= c.open && c.low <= c.close, "a low that is none");
    TS_ASSERT(c.high >= c.open && c.high >= c.close && c.volume.mantissa >= 0, "a high that is none");
    TS_ASSERT(i == 0 || page->candles[i - 1].start < c.start, "out of order");
  }
  return 0;
}
