#include "stored_truth.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <regex>
#include <stdexcept>

namespace tickspan::test {
namespace {

using core::Decimal;
using core::Timestamp;

constexpr Timestamp kEver{std::numeric_limits<std::int64_t>::max() / 2};
constexpr std::size_t kAll = 10'000'000;

}  // namespace

StoredTruth::StoredTruth(const SimulatedVenues& venues, storage::HistoryStore& store) : venues_(venues) {
  reader_ = std::move(*store.reader());
  const auto state = store.restore(kEver);
  if (!state) throw std::runtime_error(state.error().context);
  for (const core::Asset& asset : state->assets) {
    std::string symbol = asset.symbol;
    std::transform(symbol.begin(), symbol.end(), symbol.begin(), [](unsigned char c) { return std::toupper(c); });
    symbols_[asset.id] = symbol;
  }
  const auto series = reader_->series();
  if (!series) throw std::runtime_error(series.error().context);
  for (const storage::SeriesName& name : *series) {
    if (!name.venue.empty()) series_.push_back(name);
  }
  gaps_ = *reader_->gaps("", Timestamp{1}, kEver, kAll);
}

bool StoredTruth::in_gap(const storage::SeriesName& series, Timestamp at) const {
  return std::any_of(gaps_.begin(), gaps_.end(), [&](const core::Gap& gap) {
    return gap.venue == series.venue && gap.start <= at && at < gap.end &&
           (gap.instrument_symbol.empty() || names(gap.instrument_symbol, series));
  });
}

// Venues differ in what they put between the codes, and in their case.
bool StoredTruth::names(const std::string& symbol, const storage::SeriesName& series) const {
  if (symbol == series.base + "/" + series.quote) return true;
  std::string letters;
  for (const unsigned char c : symbol) {
    if (std::isalnum(c) != 0) letters += static_cast<char>(std::toupper(c));
  }
  return letters == symbols_.at(series.base) + symbols_.at(series.quote);
}

StoredTruth::Trades StoredTruth::truth(const storage::SeriesName& series, Timestamp from, Timestamp to) const {
  const std::string body =
      get(venues_.port(), "/control/trades?venue=" + series.venue + "&pair=" + symbols_.at(series.base) + "/" +
                              symbols_.at(series.quote) + "&from=" + std::to_string(from.ms()) +
                              "&to=" + std::to_string(to.ms()))
          .body;
  static const std::regex kTrade(R"re("id":(\d+),"time_ns":(\d+),"price":"([\d.]+)","amount":"([\d.]+)")re");
  Trades out;
  for (std::sregex_iterator it(body.begin(), body.end(), kTrade), end; it != end; ++it) {
    out[std::stoull((*it)[1])] = {Timestamp{std::stoll((*it)[2])}, *Decimal::parse((*it)[3].str()),
                                  *Decimal::parse((*it)[4].str())};
  }
  return out;
}

StoredTruth::Counts StoredTruth::check(Timestamp until, const Excuses& excuses) {
  Counts counts;
  for (const storage::SeriesName& series : series_) {
    const auto stored = reader_->trades({series.base, series.quote, series.venue, Timestamp{1}, kEver, kAll});
    EXPECT_TRUE(stored);
    if (!stored || stored->empty()) continue;
    const std::string name = series.venue + " " + series.base + "/" + series.quote;
    auto left =
        truth(series, stored->front().at - std::chrono::seconds(60), stored->back().at + std::chrono::seconds(60));
    // When it happened, whatever its venue's clock said.
    const auto first = left.find(stored->front().trade_id);
    const Timestamp from = first == left.end() ? stored->front().at : first->second.at;
    for (const storage::StoredTrade& trade : *stored) {
      const auto happened = left.find(trade.trade_id);
      if (happened == left.end()) {
        ADD_FAILURE() << name << ": trade " << trade.trade_id << " never happened, or is stored twice";
        continue;
      }
      if (!excuses.distorted || !excuses.distorted(series.venue, happened->second.at)) {
        EXPECT_EQ(happened->second.price, trade.price) << name << ' ' << trade.trade_id;
        EXPECT_EQ(happened->second.amount, trade.amount) << name << ' ' << trade.trade_id;
      }
      left.erase(happened);
      ++counts.stored;
    }
    std::size_t silent = 0;
    for (const auto& [id, trade] : left) {
      if (trade.at < from || trade.at >= until) continue;
      if (in_gap(series, trade.at)) {
        ++counts.in_gaps;
      } else if (excuses.lost && excuses.lost(series.venue)) {
        ++counts.excused;
      } else if (++silent <= 3) {
        ADD_FAILURE() << name << ": trade " << id << " of " << core::to_rfc3339(trade.at)
                      << " is neither stored nor in a recorded gap";
      }
    }
  }
  return counts;
}

std::size_t StoredTruth::check_minutes(Timestamp until) {
  constexpr auto kMinute = std::chrono::minutes(1);
  std::size_t whole = 0;
  for (const storage::SeriesName& series : series_) {
    const auto candles =
        reader_->candles({series.base, series.quote, series.venue, core::Interval::m1, Timestamp{1}, until, kAll});
    EXPECT_TRUE(candles);
    for (const core::Candle& candle : *candles) {
      if (!candle.final || candle.incomplete) continue;
      ++whole;
      core::DecimalSum volume;
      const Trades trades = truth(series, candle.start, candle.start + kMinute);
      for (const auto& [id, trade] : trades) volume.add(trade.amount);
      const std::string name =
          series.venue + " " + series.base + "/" + series.quote + " " + core::to_rfc3339(candle.start);
      EXPECT_EQ(candle.trades, trades.size()) << name;
      EXPECT_EQ(candle.volume, volume.total()) << name;
    }
  }
  return whole;
}

}  // namespace tickspan::test
