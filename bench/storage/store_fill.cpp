// store_fill FILE [TRADES [SERIES [DAYS]]]: a database such as a program leaves that has run for DAYS (30) and stored
// TRADES (100,000,000) of SERIES (300) pairs: their trades up to now, minutes of the last two days, hours and days.

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "market_data.hpp"
#include "runtime/clock.hpp"
#include "storage/sqlite/sqlite_store.hpp"

namespace {

using namespace tickspan;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kBatchRows = 50'000;

class Filler {
 public:
  Filler(const std::string& path, int series, core::Timestamp now)
      : now_(now), world_(series), market_(static_cast<std::size_t>(series)), path_(path) {
    open();
    groups_.push_back(world_.batch());
    groups_[0].catalogue_changed = true;
  }

  void trades(std::int64_t count, int days) {
    const core::Duration span = std::chrono::hours(24) * days;
    market_.start_at(now_ - span);
    const auto begin = Steady::now();
    for (std::int64_t i = 0; i < count; ++i) {
      groups_[0].ticks.push_back(market_.trade(world_, core::Duration(span.count() / count)));
      write_when(kBatchRows);
    }
    write_when(1);
    const double seconds = std::chrono::duration<double>(Steady::now() - begin).count();
    open();  // the log is folded in: the file has all
    fmt::print("{} trades in {:.0f} s, {:.2f} bytes each\n", count, seconds,
               static_cast<double>(std::filesystem::file_size(path_)) / static_cast<double>(count));
  }

  void candles(int days) {
    level(core::Interval::m1, std::chrono::hours(48));
    level(core::Interval::h1, std::chrono::hours(24) * days);
    level(core::Interval::d1, std::chrono::hours(24) * days);
    for (std::size_t s = 0; s < market_.series(); ++s)
      groups_[0].prices.push_back({world_.assets[s], market_.candle(s, now_).close, now_, "composite"});
    write_when(1);
  }

 private:
  void open() {
    writer_.reset();
    store_.reset();
    store_ = storage::sqlite::make_sqlite_store(path_);
    if (const auto opened = store_->open(); !opened) throw std::runtime_error(opened.error().context);
    auto writer = store_->writer();
    if (!writer) throw std::runtime_error(writer.error().context);
    writer_ = std::move(*writer);
  }
  void level(core::Interval interval, core::Duration span) {
    const auto width = core::width(interval);
    for (auto at = (now_ - span).floor_to(width); at + width <= now_; at = at + width) {
      for (std::size_t s = 0; s < market_.series(); ++s) {
        const core::Candle candle = market_.candle(s, at);
        groups_[0].candles.push_back({{world_.assets[s], world_.usd, {}}, interval, candle});
        groups_[0].candles.push_back({{world_.assets[s], world_.usd, world_.venue}, interval, candle});
      }
      write_when(kBatchRows);
    }
    write_when(1);
  }
  void write_when(std::size_t rows) {
    if (groups_[0].rows() < rows) return;
    if (const auto written = writer_->write(groups_); !written) throw std::runtime_error(written.error().context);
    groups_[0] = world_.batch();
  }

  core::Timestamp now_;
  bench::World world_;
  bench::Market market_;
  std::string path_;
  std::unique_ptr<storage::HistoryStore> store_;
  std::unique_ptr<storage::StoreWriter> writer_;
  std::vector<core::WriteBatch> groups_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto number = [&](int i, std::int64_t otherwise) { return argc > i ? std::atoll(argv[i]) : otherwise; };
    const auto count = number(2, 100'000'000), series = number(3, 300), days = number(4, 30);
    if (argc < 2 || argc > 5 || count < 1 || series < 1 || series > 100'000 || days < 1 || days > 3'650) {
      fmt::print(stderr, "usage: store_fill FILE [TRADES [SERIES [DAYS]]]\n");
      return 2;
    }
    if (std::filesystem::exists(argv[1])) throw std::runtime_error(fmt::format("'{}' exists", argv[1]));
    Filler filler(argv[1], static_cast<int>(series), runtime::SystemClock().now());
    filler.trades(count, static_cast<int>(days));
    filler.candles(static_cast<int>(days));
    return EXIT_SUCCESS;
  } catch (const std::exception& e) {
    fmt::print(stderr, "store_fill: {}\n", e.what());
    return EXIT_FAILURE;
  }
}
