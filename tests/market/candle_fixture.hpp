#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "../support/support.hpp"
#include "core/candle.hpp"

// Candles said plainly, from all raw trades at once, and the recorded tables to hold them against.

namespace tickspan::market {

inline core::Decimal number(std::string_view text) {
  return *core::Decimal::parse(text);
}

struct RawTrade {
  core::Timestamp at;
  std::uint64_t id = 0;
  core::Decimal price, amount;
};
using ByStart = std::map<core::Timestamp, core::Candle>;

/// Every candle of [start of the first trade's bucket, end) that is over: flat at the last close where nothing traded.
inline ByStart recount(std::vector<RawTrade> trades, core::Interval interval, core::Timestamp end) {
  std::sort(trades.begin(), trades.end(),
            [](const RawTrade& a, const RawTrade& b) { return std::pair(a.at, a.id) < std::pair(b.at, b.id); });
  ByStart out;
  const core::Duration width = core::width(interval);
  auto next = trades.begin();
  core::Decimal close;
  for (core::Timestamp t = trades.front().at.floor_to(width); t + width <= end; t = t + width) {
    core::Candle c{.start = t, .final = true};
    core::DecimalSum volume;
    for (; next != trades.end() && next->at < t + width; ++next) {
      if (c.trades++ == 0) c.open = c.high = c.low = next->price;
      c.high = std::max(c.high, next->price);
      c.low = std::min(c.low, next->price);
      c.close = close = next->price;
      volume.add(next->amount);
    }
    c.flat = c.trades == 0;
    if (c.flat) c.open = c.high = c.low = c.close = close;
    c.volume = volume.total();
    out[t] = c;
  }
  return out;
}

/// The figures without the marks: what trades alone decide.
inline std::string figures(const core::Candle& c) {
  std::string out = core::to_rfc3339(c.start);
  for (const core::Decimal& d : {c.open, c.high, c.low, c.close, c.volume}) out += ' ' + d.normalized().to_string();
  return out + " t" + std::to_string(c.trades) + (c.flat ? " flat" : "");
}

inline std::vector<std::vector<std::string>> read_csv(const std::string& path) {
  std::istringstream in(test::read_file(path));
  std::vector<std::vector<std::string>> rows;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::vector<std::string> fields;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) fields.push_back(cell);
    rows.push_back(std::move(fields));
  }
  return rows;
}

/// `ts_ms,trade_id,side,price,amount`
inline std::vector<RawTrade> recorded_trades(const std::string& path) {
  std::vector<RawTrade> out;
  for (const auto& f : read_csv(path)) {
    out.push_back({core::Timestamp::from_ms(std::stoll(f[0])), std::stoull(f[1]), number(f[3]), number(f[4])});
  }
  return out;
}

/// `ts_ms,open,high,low,close,volume`; trade counts are not in such tables.
inline ByStart recorded_candles(const std::string& path) {
  ByStart out;
  for (const auto& f : read_csv(path)) {
    core::Candle c{.start = core::Timestamp::from_ms(std::stoll(f[0])), .final = true};
    c.open = number(f[1]);
    c.high = number(f[2]);
    c.low = number(f[3]);
    c.close = number(f[4]);
    c.volume = number(f[5]);
    c.flat = c.volume.is_zero();
    out[c.start] = c;
  }
  return out;
}

inline bool same_prices_and_volume(const core::Candle& a, const core::Candle& b) {
  return a.open == b.open && a.high == b.high && a.low == b.low && a.close == b.close && a.volume == b.volume;
}

}  // namespace tickspan::market
