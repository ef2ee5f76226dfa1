#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "history/gap_repairer.hpp"
#include "repair_fixture.hpp"

namespace tickspan::history::test {

using core::Decimal;
using core::GapState;

/// A repairer beside RepairTest's store and venue.
class GapRepairerTest : public RepairTest {
 protected:
  GapRepairerTest() {
    options_.tick = 5ms;
    options_.look_every = 0s;
    options_.first_retry = 0s;
    options_.tell_engine = [this](core::RepairedCandles& what) {
      const std::lock_guard lock(mutex_);
      if (what.series.venue.valid() && !what.minutes.empty()) told_.push_back(what);
      return runtime::PushResult::ok;
    };
  }
  ~GapRepairerTest() override {
    loop_.run([this] { repairer_.reset(); });
  }

  void start() {
    loop_.run([this] {
      repairer_ = std::make_unique<GapRepairer>(
          loop_.get(), store_, clock_, metrics_, [this] { return snapshot(); }, options_);
      repairer_->add_source("kraken", past_);
      repairer_->set_symbols("kraken", symbols_);
      repairer_->start();
    });
  }
  void record(const core::Gap& gap) { record_all({gap}); }
  void record_all(std::vector<core::Gap> gaps) {
    core::WriteBatch batch;
    batch.catalogue = catalogue_;
    batch.gaps = std::move(gaps);
    ASSERT_EQ(store_.push(batch), runtime::PushResult::ok);
    store_.flush();
  }
  std::vector<core::Gap> gaps() {
    return ask<std::vector<core::Gap>>(
        [](storage::StoreReader& reader) { return reader.gaps("", {}, kStart + 24h, 100); });
  }
  std::vector<core::Candle> minutes(const std::string& base) {
    return candles(base, core::Interval::m1, kStart - 1h, kStart + 1h);
  }
  bool becomes(GapState state) {
    return eventually([&] {
      const auto all = gaps();
      return std::any_of(all.begin(), all.end(), [&](const core::Gap& gap) { return gap.state == state; });
    });
  }

  std::vector<core::RepairedCandles> told() {
    const std::lock_guard lock(mutex_);
    return told_;
  }
  /// As the engine writes it.
  void write_minute(std::string_view symbol, Timestamp start, Decimal close, bool flat) {
    core::WriteBatch batch;
    batch.catalogue = catalogue_;
    core::Candle c;
    c.start = start;
    c.open = c.high = c.low = c.close = close;
    c.final = true;
    c.flat = flat;
    c.trades = flat ? 0 : 1;
    batch.candles.push_back({series(symbol), core::Interval::m1, c});
    ASSERT_EQ(store_.push(batch), runtime::PushResult::ok);
    store_.flush();
  }

  std::vector<core::RepairedCandles> told_;  // guarded by mutex_
  GapRepairerOptions options_;
  std::unique_ptr<GapRepairer> repairer_;
};

}  // namespace tickspan::history::test
