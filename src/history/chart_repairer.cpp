#include "history/chart_repairer.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <set>
#include <utility>

#include "history/hole.hpp"
#include "history/store_link.hpp"
#include "runtime/log.hpp"

namespace tickspan::history {
namespace {

using core::Timestamp;

constexpr runtime::Log kLog{"history"};
constexpr core::Duration kMinute = std::chrono::minutes(1);
constexpr core::Duration kDay = std::chrono::hours(24);
constexpr core::Duration kOutdated = std::chrono::minutes(6);  // by then an answer kept in memory is a new one

using Points = core::Result<std::vector<core::MarketPoint>>;

/// The points that lie in the hole.
std::vector<core::MarketPoint> inside(const std::vector<core::MarketPoint>& points, const core::Gap& gap) {
  std::vector<core::MarketPoint> out;
  std::copy_if(points.begin(), points.end(), std::back_inserter(out),
               [&](const core::MarketPoint& p) { return p.at >= gap.start && p.at < gap.end; });
  return out;
}

/// A minute of one price, where the hole holds all of it.
std::vector<core::Candle> minutes_of(const std::vector<core::MarketPoint>& points, const core::Gap& gap) {
  std::vector<core::Candle> out;
  for (const core::MarketPoint& point : points) {
    core::Candle c;
    c.start = point.at.floor_to(kMinute);
    const auto price = core::Decimal::from_double(point.price);
    if (c.start < gap.start || c.start + kMinute > gap.end || !price || !price->is_positive()) continue;
    c.open = c.high = c.low = c.close = *price;
    c.trades = 1;
    c.final = c.incomplete = true;
    if (out.empty() || out.back().start < c.start) out.push_back(c);
  }
  return out;
}

}  // namespace

struct ChartRepairer::Impl : std::enable_shared_from_this<ChartRepairer::Impl> {
  Impl(runtime::EventLoop& l, storage::HistoryService& s, const runtime::Clock& c, runtime::Metrics& metrics,
       std::function<core::SnapshotPtr()> snap, std::string name, feeds::ChartSource& source, ChartRepairerOptions o)
      : link(l, s),
        clock(c),
        snapshot(std::move(snap)),
        venue(std::move(name)),
        charts(source),
        options(o),
        timer(l.context()),
        points(metrics.counter("tickspan_history_points_recovered_total", "Points of charts that filled holes")) {}

  void tick();
  void look();
  void take(const FoundHoles& found);
  void step();
  Hole* newest();
  void begin(Hole& hole);
  void ask(Hole& hole);
  void take_chart(const std::string& asset, const Points& chart);
  void fill(const std::string& asset, std::vector<core::MarketPoint> found, std::vector<core::Candle> minutes);
  void fail(const std::string& asset);
  void done_with(const std::string& asset);
  void finish(Hole& hole);
  bool live() const;

  StoreLink link;
  const runtime::Clock& clock;
  const std::function<core::SnapshotPtr()> snapshot;
  const std::string venue;
  feeds::ChartSource& charts;
  const ChartRepairerOptions options;
  boost::asio::steady_timer timer;
  runtime::Counter& points;
  std::map<Timestamp, Hole> holes;  ///< by their start
  Timestamp under_repair;           ///< of the hole that is worked at
  Timestamp next_look, next_ask;
  bool looking = false;
  HoleSight sight;
  bool busy = false;
  bool stopped = false;
};

void ChartRepairer::Impl::tick() {
  if (stopped) return;
  link.offer();
  if (clock.now() >= next_look) look();
  step();
  timer.expires_after(options.tick);
  timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!error && self) self->tick();
  });
}

void ChartRepairer::Impl::look() {
  if (looking) return;
  const Timestamp now = clock.now();
  next_look = now + options.look_every;
  const auto job = [query = HoleQuery{now - options.horizon, now + kDay, venue}](storage::StoreReader& reader) {
    return find_holes(reader, query);
  };
  looking = link.read<FoundHoles>(job, [weak = weak_from_this()](const FoundHoles& found) {
    const auto self = weak.lock();
    if (!self || self->stopped) return;
    self->looking = false;
    self->take(found);
  });
}

void ChartRepairer::Impl::take(const FoundHoles& found) {
  if (!sight.clear(found, kLog)) return;
  std::set<Timestamp> present;
  for (const core::Gap& gap : *found.open) {
    present.insert(gap.start);
    Hole& hole = holes[gap.start];
    if (!hole.begun) hole.gap() = gap;
  }
  // One that is done stays until the store says so, too.
  std::erase_if(holes, [&](const auto& item) {
    return !present.contains(item.first) && (item.second.done || !item.second.begun);
  });
}

bool ChartRepairer::Impl::live() const {
  const auto now = snapshot();
  if (!now || !now->sources || !now->catalogue || !now->by_rank) return false;
  const core::VenueId id = now->catalogue->find_venue(venue);
  return std::any_of(now->sources->begin(), now->sources->end(),
                     [&](const core::SourceRow& row) { return row.venue == id && row.feed == core::FeedState::live; });
}

Hole* ChartRepairer::Impl::newest() {
  const Timestamp now = clock.now();
  for (auto it = holes.rbegin(); it != holes.rend(); ++it) {
    const Hole& hole = it->second;
    if (!hole.done && now >= hole.not_before && now >= hole.gap().end + options.settle) return &it->second;
  }
  return nullptr;
}

void ChartRepairer::Impl::step() {
  if (busy || link.busy() || clock.now() < next_ask || !live()) return;
  Hole* const hole = newest();
  if (hole == nullptr) return;
  if (!hole->begun) begin(*hole);
  if (!hole->todo.empty()) return ask(*hole);
  if (hole->end_round(clock.now(), options.rounds, options.first_retry, options.patience)) finish(*hole);
}

// From the back: the larger coins first.
void ChartRepairer::Impl::begin(Hole& hole) {
  hole.begun = true;
  hole.own().counted = false;
  const auto now = snapshot();
  const core::VenueId id = now->catalogue->find_venue(venue);
  for (auto it = now->by_rank->rbegin(); it != now->by_rank->rend(); ++it) {
    const core::AssetRow* row = now->row(*it);
    if (row != nullptr && row->source == id) hole.todo.push_back(now->catalogue->asset(*it).id);
  }
  hole.own().counted = hole.todo.empty();
}

void ChartRepairer::Impl::ask(Hole& hole) {
  busy = true;
  under_repair = hole.gap().start;
  const auto days = (clock.now() - hole.gap().start) / kDay + 1;
  const std::string asset = hole.todo.back();
  charts.fetch_chart(asset, static_cast<int>(days), [weak = weak_from_this(), asset](const Points& chart) {
    const auto self = weak.lock();
    if (self && !self->stopped) self->take_chart(asset, chart);
  });
}

void ChartRepairer::Impl::take_chart(const std::string& asset, const Points& chart) {
  Hole& hole = holes[under_repair];
  if (!chart && chart.error().code == core::ErrorCode::rate_limited) {
    // It is not refused, only not now.
    busy = false;
    next_ask =
        clock.now() + std::max(options.tick, core::Duration(std::chrono::milliseconds(chart.error().retry_after_ms)));
    return;
  }
  if (!chart) {
    kLog.debug("{} {}: {}", venue, asset, chart.error().context);
    (chart.error().retryable ? hole.failed : hole.lost).push_back(asset);
    return done_with(asset);
  }
  if (chart->empty() || chart->back().at < std::min(hole.gap().end, clock.now() - kOutdated)) {
    return fail(asset);  // an answer from before the hole's end
  }
  auto found = inside(*chart, hole.gap());
  auto minutes = minutes_of(found, hole.gap());
  if (found.empty()) {
    hole.lost.push_back(asset);
    return done_with(asset);
  }
  const storage::CandleQuery query{
      .base = asset, .quote = "usd", .start = hole.gap().start - kMinute, .end = hole.gap().end};
  using Stored = core::Result<std::vector<core::Candle>>;
  const auto then = [weak = weak_from_this(), asset, found, minutes](const Stored& stored) mutable {
    const auto self = weak.lock();
    if (!self || self->stopped) return;
    if (!stored) return self->fail(asset);
    // What was heard stays.
    std::erase_if(minutes, [&](const core::Candle& made) {
      return std::any_of(stored->begin(), stored->end(), [&](const core::Candle& c) { return c.start == made.start; });
    });
    self->fill(asset, std::move(found), std::move(minutes));
  };
  if (!link.read<Stored>([query](storage::StoreReader& reader) { return reader.candles(query); }, then)) fail(asset);
}

// The asset is tried again with the next round.
void ChartRepairer::Impl::fail(const std::string& asset) {
  holes[under_repair].failed.push_back(asset);
  done_with(asset);
}

void ChartRepairer::Impl::fill(const std::string& asset, std::vector<core::MarketPoint> found,
                               std::vector<core::Candle> minutes) {
  Hole& hole = holes[under_repair];
  const auto now = snapshot();
  const core::AssetId id = now ? now->catalogue->find_id(asset) : core::AssetId{};
  if (!id.valid()) {
    hole.lost.push_back(asset);
    return done_with(asset);
  }
  ++hole.repaired;
  hole.own().recovered += static_cast<std::int64_t>(found.size());
  points.add(found.size());
  core::WriteBatch batch;
  batch.catalogue = now->catalogue;
  for (const core::Candle& minute : minutes) batch.candles.push_back({{id, now->usd, {}}, core::Interval::m1, minute});
  if (!minutes.empty()) link.write(std::move(batch));
  done_with(asset);
}

void ChartRepairer::Impl::done_with(const std::string& asset) {
  busy = false;
  auto& todo = holes[under_repair].todo;
  if (!todo.empty() && todo.back() == asset) todo.pop_back();
}

void ChartRepairer::Impl::finish(Hole& hole) {
  core::WriteBatch batch;
  batch.gaps = hole.result();
  if (const auto now = snapshot()) batch.catalogue = now->catalogue;
  kLog.info("{}: the hole from {} to {} is {}: {} assets that it alone knows repaired, {} lost", venue,
            core::to_rfc3339(hole.gap().start), core::to_rfc3339(hole.gap().end),
            core::to_string(batch.gaps.front().state), hole.repaired, hole.lost.size());
  link.write(std::move(batch));
}

ChartRepairer::ChartRepairer(runtime::EventLoop& loop, storage::HistoryService& store, const runtime::Clock& clock,
                             runtime::Metrics& metrics, std::function<core::SnapshotPtr()> snapshot, std::string venue,
                             feeds::ChartSource& charts, ChartRepairerOptions options)
    : impl_(std::make_shared<Impl>(loop, store, clock, metrics, std::move(snapshot), std::move(venue), charts,
                                   options)) {}

ChartRepairer::~ChartRepairer() {
  impl_->stopped = true;
  impl_->timer.cancel();
}

void ChartRepairer::start() {
  impl_->tick();
}

}  // namespace tickspan::history
