#include "history/pair_repair.hpp"

#include "repair_fixture.hpp"
#include "storage/sqlite/sqlite_store.hpp"

namespace tickspan::history::test {
namespace {

/// Beside a store on disk: one in memory knows a trade by its id alone.
class PairRepairTest : public RepairTest {
 protected:
  PairRepairTest() {
    auto store = storage::sqlite::make_sqlite_store(dir_.path() + "/t.db");
    EXPECT_TRUE(store->open());
    disk_.emplace(std::move(store), storage::HistoryServiceOptions{.batch_time = 1ms}, metrics_, clock_);
    EXPECT_TRUE(disk_->start());
    link_.emplace(loop_.get(), *disk_);
    repair_ = std::make_shared<PairRepair>(*link_, clock_, true);
  }
  ~PairRepairTest() override {
    loop_.run([this] { repair_->stop(); });
    disk_->stop();
  }
  void push(std::vector<core::Tick> ticks) {
    core::WriteBatch batch;
    batch.catalogue = catalogue_;
    batch.ticks = std::move(ticks);
    ASSERT_EQ(disk_->push(batch), runtime::PushResult::ok);
    disk_->flush();
  }
  core::Tick heard(Timestamp at, std::uint64_t id) const {
    return core::Tick(core::Tick::Trade{pair_, at, at, {static_cast<std::int64_t>(id), 0}, {1, 0}, id, {}});
  }
  PairTask task() const {
    PairTask out;
    out.symbol = "BTC/USD";
    out.base = "bitcoin";
    out.quote = "usd";
    out.venue = "kraken";
    out.series = series("BTC/USD");
    out.instrument = pair_;
    out.from = kStart;
    out.to = kStart + 2min;
    out.query = {feeds::HistoryKind::trades, out.symbol, out.from - 1min, out.to + 1min};
    return out;
  }
  std::optional<PairFill> run() {
    std::optional<PairFill> out;
    std::atomic<bool> done{false};
    loop_.run([&] {
      repair_->run(past_, task(), [&](const PairTask&, core::Result<PairFill> made) {
        if (made) out = std::move(*made);
        done = true;
      });
    });
    EXPECT_TRUE(eventually([&] { return done.load(); }));
    return out;
  }

  const core::InstrumentId pair_ = catalogue_->find_instrument(venue_, "BTC/USD");
  tickspan::test::TempDir dir_;
  std::optional<storage::HistoryService> disk_;
  std::optional<StoreLink> link_;
  std::shared_ptr<PairRepair> repair_;
};

TEST_F(PairRepairTest, ATradeThatWasToldWithAnotherTimeIsNotStoredTwice) {
  // The venue's clock was 5 s ahead: 108 was at 25 s. 109 is rounded otherwise, 112 will be heard after the hole.
  push({heard(kStart + 30s, 108), heard(kStart + 35s + 100ms, 109), heard(kStart + 75s, 113)});
  auto fill = run();
  ASSERT_TRUE(fill);
  EXPECT_EQ(fill->dated_otherwise, std::set<std::uint64_t>{108});
  Hole hole;
  hole.gap() = {"kraken", "BTC/USD", kStart + 20s, kStart + 70s};
  push(ticks_of(hole, task(), *fill, clock_.now()));
  std::promise<std::vector<std::uint64_t>> found;
  ASSERT_TRUE(disk_->read([&](storage::StoreReader& reader) {
    std::vector<std::uint64_t> ids;
    const auto trades = reader.trades({"bitcoin", "usd", "kraken", kStart, kStart + 1h});
    for (const auto& trade : *trades) ids.push_back(trade.trade_id);
    std::sort(ids.begin(), ids.end());
    found.set_value(std::move(ids));
  }));
  EXPECT_EQ(found.get_future().get(), (std::vector<std::uint64_t>{108, 109, 110, 111, 112, 113}));
}

}  // namespace
}  // namespace tickspan::history::test
