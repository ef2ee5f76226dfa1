#include "engine/turn_loop.hpp"

#include <algorithm>
#include <cmath>

namespace tickspan::engine {
namespace {

constexpr core::Duration kSweepEvery = std::chrono::milliseconds(100);
constexpr core::Duration kGapsEvery = std::chrono::minutes(1);
constexpr std::size_t kRepairsATurn = 4'096;                    // candles: a few milliseconds
constexpr core::Duration kAskEvery = std::chrono::seconds(5);   // for minutes that leave a long window
constexpr core::Duration kAskAgain = std::chrono::seconds(60);  // without an answer

}  // namespace

TurnLoop::TurnLoop(const EngineOptions& options, EngineOutputs outputs, const runtime::Clock& clock,
                   runtime::Metrics& metrics, std::string epoch)
    : options_(options),
      outputs_(std::move(outputs)),
      clock_(clock),
      metrics_(metrics),
      market_(options.tracked_assets, clock.now(), options.outlier),
      sources_(market_),
      publisher_(market_, sources_, options.origin, epoch),
      frames_(outputs_.frames, outputs_.interest, market_, options.origin, epoch),
      outbox_(outputs_.store, market_, options),
      tracked_version_(market_.tracked_version()),
      now_(clock.now()),
      repairs_(options.repair_rows),
      ticks_(metrics.counter("tickspan_engine_ticks_total", "Ticks taken from the rings")),
      turns_(metrics.counter("tickspan_engine_turns_total", "Turns")),
      lost_trades_(metrics.counter("tickspan_engine_lost_trades_total", "Trades that did not fit a ring")),
      published_(metrics.counter("tickspan_engine_published_total", "Snapshots published")),
      turn_seconds_(metrics.gauge("tickspan_engine_turn_seconds", "Longest turn since the last time-driven one")),
      ring_items_(metrics.gauge("tickspan_engine_ring_items", "Items waiting in the rings")),
      store_waiting_(metrics.gauge("tickspan_engine_store_waiting", "Rows the store had no room for yet")),
      repaired_(metrics.counter("tickspan_engine_repaired_candles_total", "Repaired candles taken in")),
      repairs_refused_(metrics.counter("tickspan_engine_repairs_refused_total",
                                       "Times that repaired candles found no room and were to be offered again")) {
  market_.set_symbol_overrides(options.symbols);
  publish(now_);
}

core::VenueId TurnLoop::add_source(core::Venue venue) {
  const core::VenueId id = market_.add_venue(std::move(venue));
  sources_.add(id, clock_.now());
  if (venues_.size() <= id.index()) venues_.resize(id.index() + 1);
  venues_[id.index()].outliers =
      &metrics_.counter("tickspan_market_outliers_total", "Times a venue's price began to be left out as too far off",
                        {{"source", market_.catalogue()->venue(id).id}});
  venues_[id.index()].clock_offset =
      &metrics_.gauge("tickspan_market_clock_offset_seconds",
                      "Our clock less the venue's plus the quickest message's way, of the last minute",
                      {{"source", market_.catalogue()->venue(id).id}});
  publisher_.sources_changed();
  publish(clock_.now());
  return id;
}

void TurnLoop::add_port(runtime::FeedPort& port) {
  ports_.push_back({&port, {}, clock_.now()});
}

void TurnLoop::restore(const core::RestoredState& state) {
  const core::Timestamp now = clock_.now();
  market_.restore(state, now);
  restored_mark_ = std::min(state.last_write, now);  // the clock may have been set back since
  for (const core::AssetFacts& facts : state.facts) {
    if (facts.rank > 0) restored_facts_ = std::max(restored_facts_, facts.received_at);
  }
  if (restored_mark_.is_set()) sources_.on_restart(restored_mark_, now);
  publish(now);
}

std::size_t TurnLoop::turn(std::size_t max_items) {
  now_ = clock_.now();
  frames_.follow_interest();
  const std::size_t taken = drain(max_items);
  if (now_ >= next_sweep_) on_time(now_);
  if (now_ >= next_publish_ && work_waits_) publish(now_);
  turns_.add();
  slowest_turn_ = std::max(slowest_turn_, clock_.now() - now_);
  return taken;
}

std::size_t TurnLoop::drain(std::size_t max_items) {
  std::size_t taken = 0;
  std::size_t ticks = 0;
  // Each turn begins with another port, so that a busy one does not keep the others waiting.
  for (std::size_t i = 0; i < ports_.size() && taken < max_items; ++i) {
    Port& port = ports_[(first_port_ + i) % ports_.size()];
    taken += port.port->drain(max_items - taken, [&](const runtime::FeedPort::Item& item) {
      if (item.event == nullptr) {
        ++ticks;
        port.taken_until = item.tick.received_at();
        on_tick(item.tick);
      } else {
        on_event(port, *item.event);
      }
    });
    if (port.port->empty()) port.taken_until = now_;
  }
  if (!ports_.empty()) first_port_ = (first_port_ + 1) % ports_.size();
  if (taken > 0) work_waits_ = true;
  if (ticks > 0) ticks_.add(ticks);
  return taken;
}

void TurnLoop::on_tick(const core::Tick& tick) {
  if (!market_.on_tick(tick) || tick.kind() != core::TickKind::trade) return;
  if (frames_.wants_trades(tick.instrument())) frames_.on_trade(tick);
  if (options_.store_trades) outbox_.add_tick(tick);
}

void TurnLoop::on_event(Port& port, const core::FeedEvent& event) {
  std::visit([&](const auto& e) { on_event(port, e); }, event);
}

bool TurnLoop::is_source(Port& port, core::VenueId venue) {
  if (!venue.valid() || venue.index() >= venues_.size()) return false;
  if (std::find(port.venues.begin(), port.venues.end(), venue) == port.venues.end()) port.venues.push_back(venue);
  return true;
}

void TurnLoop::on_event(Port& port, const core::FeedStatus& status) {
  if (!is_source(port, status.venue)) return;
  sources_.on_status(status);
  market_.on_status(status);
  publisher_.sources_changed();
}

void TurnLoop::on_event(Port& port, const core::FeedAlive& alive) {
  if (is_source(port, alive.venue)) market_.on_alive(alive.venue, alive.at);
}

void TurnLoop::on_event(Port& port, const core::SymbolList& list) {
  if (!is_source(port, list.venue)) return;
  venues_[list.venue.index()].list = list;
  venues_[list.venue.index()].listed = true;
  choose_symbols(list.venue);
}

void TurnLoop::choose_symbols(core::VenueId id) {
  const auto table = market_.choose_symbols(venues_[id.index()].list, now_);
  if (table && outputs_.set_symbols) outputs_.set_symbols(id, table);
}

void TurnLoop::on_event(Port& port, const core::AggregatorRows& rows) {
  if (!is_source(port, rows.venue)) return;
  record_restart(rows);
  sources_.on_polled(rows.venue, rows.received_at, rows.period, rows.rows.size());
  market_.on_rows(rows);
  outbox_.add_facts(rows);
  if (tracked_version_ == market_.tracked_version()) return;
  tracked_version_ = market_.tracked_version();
  for (std::size_t i = 0; i < venues_.size(); ++i) {
    if (venues_[i].listed) choose_symbols({static_cast<std::uint16_t>(i)});
  }
}

// Whoever is polled was unheard from its last answer to the run before until its first to this one: only then its
// period is known, and a short pause between two answers is no hole.
void TurnLoop::record_restart(const core::AggregatorRows& rows) {
  if (market_.venues()[rows.venue.index()].as_of.is_set()) return;
  const bool ranks = std::any_of(rows.rows.begin(), rows.rows.end(), [](const auto& row) { return row.rank > 0; });
  const core::Timestamp since = ranks && restored_facts_.is_set() ? restored_facts_ : restored_mark_;
  if (!since.is_set() || rows.received_at - since <= 2 * rows.period) return;
  sources_.on_loss(rows.venue, {{}, {}, since, rows.received_at, core::GapCause::restart});
}

void TurnLoop::on_event(Port& port, const core::AggregatorRates& rates) {
  if (is_source(port, rates.venue)) market_.on_rates(rates);
}

void TurnLoop::on_event(Port&, const core::ChartPoints& points) {
  outbox_.add_points(points);
}

void TurnLoop::on_event(Port& port, const core::FeedLoss& loss) {
  lost_trades_.add(loss.lost_trades);
  std::vector<core::VenueId> venues;
  // A full ring does not know whose trades it lost: everyone's who uses it.
  if (loss.gap.venue.empty())
    venues = port.venues;
  else if (const auto id = market_.catalogue()->find_venue(loss.gap.venue); id.valid())
    venues.push_back(id);
  for (const core::VenueId id : venues) {
    if (market_.venues()[id.index()].polled) continue;
    sources_.on_loss(id, loss.gap);
    market_.on_loss(id, loss.gap.instrument_symbol, loss.gap.start, loss.gap.end,
                    loss.lost_trades > 0 || loss.gap.expected > 0);
  }
}

void TurnLoop::on_event(Port& port, const core::LinkHeard& link) {
  if (!is_source(port, link.venue)) return;
  sources_.on_link(link);
  market_.on_link(link);
  publisher_.sources_changed();
}

void TurnLoop::on_time(core::Timestamp now) {
  next_sweep_ = now + kSweepEvery;
  work_waits_ = true;
  take_repairs(now);
  market_.sweep(now);
  sources_.on_time(now);
  frames_.on_time(now);
  // A hole that grows must reach as far as what was heard, or a crash would leave a time that neither tells of.
  if (now >= next_gaps_ || outbox_.open_candles_due(now)) {
    sources_.extend_gaps(now);
    next_gaps_ = now + kGapsEvery;
  }
  load_minutes(now);
  outbox_.collect(now, heard_until(now));
  turn_seconds_.set(std::chrono::duration<double>(std::exchange(slowest_turn_, {})).count());
  std::size_t items = 0;
  for (const Port& port : ports_) items += port.port->size();
  ring_items_.set(static_cast<double>(items));
  store_waiting_.set(static_cast<double>(outbox_.waiting()));
  for (std::size_t i = 0; i < venues_.size(); ++i) {
    const Venue& told = venues_[i];
    if (told.outliers == nullptr) continue;
    const auto& venue = market_.venues()[i];
    told.outliers->add(venue.outliers - told.outliers->value());
    const auto offset = venue.clock.value(now);
    told.clock_offset->set(offset ? std::chrono::duration<double>(*offset).count() : std::nan(""));
  }
}

// What waits in a ring or before it was received, but is in nothing that is stored yet.
core::Timestamp TurnLoop::heard_until(core::Timestamp now) const {
  core::Timestamp heard = now;
  for (const Port& port : ports_) {
    // Before the look into the ring: what is pushed after it is none of what the word is of.
    if (const core::Timestamp said = port.port->caught_up_until(); said.is_set()) heard = std::min(heard, said);
    if (!port.port->empty()) heard = std::min(heard, port.taken_until);
  }
  return heard;
}

void TurnLoop::give(core::OldMinutes minutes) {
  const std::lock_guard lock(given_mutex_);
  given_ = std::move(minutes);
}

runtime::PushResult TurnLoop::repair(core::RepairedCandles& repaired) {
  const auto result = repairs_.push(repaired, std::max<std::size_t>(1, repaired.rows()));
  if (result == runtime::PushResult::full) repairs_refused_.add();
  return result;
}

void TurnLoop::take_repairs(core::Timestamp now) {
  for (std::size_t rows = 0; rows < kRepairsATurn;) {
    const auto repair = repairs_.pop(core::Duration{0});
    if (!repair) return;
    market_.on_repair(*repair, now);
    rows += repair->rows();
    repaired_.add(repair->rows());
  }
}

void TurnLoop::load_minutes(core::Timestamp now) {
  std::optional<core::OldMinutes> given;
  {
    const std::lock_guard lock(given_mutex_);
    given = std::exchange(given_, std::nullopt);
  }
  if (given) {
    market_.on_old_minutes(*given);
    next_load_ = now;
  }
  if (!outputs_.load_minutes || now < next_load_) return;
  next_load_ = now + kAskEvery;
  std::vector<std::pair<core::AssetId, std::string>> of;
  const auto hour = market_.wanted_hour(of);
  if (hour && outputs_.load_minutes(*hour, std::move(of))) next_load_ = now + kAskAgain;
}

// That a trade came too late for its candle is a loss like any other.
void TurnLoop::tell_short_minutes() {
  for (const market::Market::ShortMinute& minute : market_.take_short_minutes()) {
    const core::Instrument& pair = market_.catalogue()->instrument(minute.pair);
    sources_.on_loss(
        pair.venue,
        {{}, pair.venue_symbol, minute.start, minute.start + market::CandleBuilder::kMinute, core::GapCause::overflow});
  }
}

void TurnLoop::publish(core::Timestamp now) {
  next_publish_ = now + options_.publish_interval;
  work_waits_ = false;
  market_.refresh(now);
  market_.take_candles(
      [&](core::InstrumentId id, core::Interval interval, const core::Candle& candle) {
        const auto& pair = market_.pairs()[id.index()];
        outbox_.add_candle({pair.base, pair.quote, pair.venue}, interval, candle);
      },
      [&](core::AssetId id, core::Interval interval, const core::Candle& candle) {
        outbox_.add_candle({id, market_.usd(), {}}, interval, candle);
        frames_.on_candle(id, interval, candle);
      });
  market_.take_repaired(
      [&](core::AssetId id, const core::Candle& candle) { frames_.on_candle(id, core::Interval::m1, candle); });
  market_.take_changed(changed_);
  for (const core::AssetId id : changed_) outbox_.price_changed(id);
  if (market_.take_catalogue_changed()) outbox_.set_catalogue_changed();
  if (const core::SnapshotPtr snapshot = publisher_.publish(now, changed_)) {
    published_.add();
    // Who begins to listen takes the state after that: either it is this one, or its messages are wanted here.
    frames_.follow_interest();
    frames_.on_changed(*snapshot, changed_, now);
  } else if (frames_.has_waiting() && publisher_.current() != nullptr) {
    frames_.on_changed(*publisher_.current(), {}, now);
  }
  frames_.post();
  tell_short_minutes();
  outbox_.add_gaps(sources_.take_gaps());
  outbox_.add_takeovers(take_takeovers());
  outbox_.flush(now);
}

std::vector<core::Takeover> TurnLoop::take_takeovers() {
  auto takeovers = market_.take_takeovers();
  for (const core::Takeover& takeover : takeovers) {
    metrics_
        .counter("tickspan_market_takeovers_total", "Times a source began to give the price of an asset",
                 {{"source", takeover.to}, {"cause", std::string(core::to_string(takeover.cause))}})
        .add();
  }
  return takeovers;
}

core::Duration TurnLoop::until_due() const {
  const core::Timestamp due = work_waits_ ? std::min(next_publish_, next_sweep_) : next_sweep_;
  return std::clamp(due - clock_.now(), core::Duration{0}, kSweepEvery);
}

bool TurnLoop::finish() {
  if (!finished_) {
    now_ = clock_.now();
    market_.sweep(now_);
    publish(now_);
    sources_.extend_gaps(now_);
    outbox_.add_gaps(sources_.take_gaps());
    outbox_.collect_all(now_, heard_until(now_));
    finished_ = true;
  }
  return outbox_.flush(now_, true);
}

}  // namespace tickspan::engine
