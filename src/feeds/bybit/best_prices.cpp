#include "feeds/bybit/best_prices.hpp"

#include "feeds/decode_support.hpp"

namespace tickspan::feeds::bybit {
namespace {

/// Empty text is how a contract without orders is shown.
bool read(std::string_view token, core::Decimal& out) {
  if (token.empty()) return true;
  if (token_text(token).empty() && trim_token(token) == R"("")") {
    out = {};
    return true;
  }
  return read_number(token, out) != NumberKind::invalid;
}

}  // namespace

const char* BestPrices::apply(core::InstrumentId instrument, const PriceChange& change,
                              std::optional<core::Tick::Quote>& quote) {
  if (instrument.value >= tops_.size()) tops_.resize(instrument.value + 1);
  Top top = change.snapshot ? Top{} : tops_[instrument.value];
  if (!read(change.bid, top.bid)) return "bad bid";
  if (!read(change.ask, top.ask)) return "bad ask";
  if (!read(change.bid_size, top.bid_size)) return "bad bid size";
  if (!read(change.ask_size, top.ask_size)) return "bad ask size";
  if (change.bid_gone) top.bid = {};
  if (change.ask_gone) top.ask = {};
  tops_[instrument.value] = top;
  if (top.bid.is_zero() || top.ask.is_zero()) return nullptr;
  quote.emplace();
  quote->instrument = instrument;
  quote->bid = top.bid;
  quote->ask = top.ask;
  quote->bid_size = top.bid_size;
  quote->ask_size = top.ask_size;
  return nullptr;
}

}  // namespace tickspan::feeds::bybit
