#include "app/replay_market.hpp"

#include <fmt/format.h>

#include <array>

#include "app/server_options.hpp"
#include "storage/memory_store.hpp"

namespace tickspan::app {
namespace {

// Pairs the engine does not track: decoded and counted like all others, and left out of the market.
constexpr core::InstrumentId kUntracked{core::InstrumentId::kNone - 1};

}  // namespace

core::ListedPair guess_pair(std::string_view symbol) {
  core::ListedPair pair;
  pair.venue_symbol = std::string(symbol);
  const std::string lower = core::to_lower(symbol);
  if (const auto at = lower.find_first_of("-/"); at != std::string::npos) {
    pair.base = lower.substr(0, at);
    pair.quote = lower.substr(at + 1);
    return pair;
  }
  // Longest first, so that fdusd is not taken for usd.
  static constexpr std::array<std::string_view, 12> kQuotes = {"fdusd", "usdt", "usdc", "busd", "tusd", "usd",
                                                               "eur",   "gbp",  "try",  "btc",  "eth",  "bnb"};
  for (const std::string_view quote : kQuotes) {
    if (!lower.ends_with(quote) || lower.size() == quote.size()) continue;
    pair.base = lower.substr(0, lower.size() - quote.size());
    pair.quote = std::string(quote);
    return pair;
  }
  return pair;
}

ReplayMarket::ReplayMarket(const Config& config) : config_(config), server_(server_options(config), clock_, metrics_) {}
ReplayMarket::~ReplayMarket() {
  stop();
}

core::Status ReplayMarket::start() {
  auto store = storage::make_memory_store();
  if (auto opened = store->open(); !opened) return opened;
  auto reader = store->reader();
  if (!reader) return tl::unexpected(reader.error());
  auto info = (*reader)->info();
  if (!info) return tl::unexpected(info.error());
  reader->reset();
  history_ =
      std::make_unique<storage::HistoryService>(std::move(store), storage::HistoryServiceOptions{}, metrics_, clock_);
  if (auto started = history_->start(); !started) return started;

  engine::EngineOutputs outputs;
  outputs.frames = &server_.frames();
  outputs.interest = &server_.interest();
  outputs.store = [this](core::WriteBatch& batch) { return history_->push(batch); };
  outputs.set_symbols = [this](core::VenueId venue, std::shared_ptr<const core::SymbolTable> symbols) {
    for (auto& [name, source] : sources_) {
      if (source.id == venue) source.symbols = symbols;
    }
  };
  engine::EngineOptions options;
  options.origin = core::Origin::replay;
  options.tracked_assets = static_cast<std::size_t>(config_.tracked_assets);
  options.outlier = static_cast<double>(config_.outlier_percent) / 100;
  engine_ = std::make_unique<engine::Engine>(options, std::move(outputs), clock_, metrics_);
  port_ = &engine_->add_port();
  if (auto started = server_.start(); !started) return started;
  say_when_fewer_connections(config_);

  auto backend = std::make_shared<server::Backend>();
  backend->origin = core::Origin::replay;
  backend->notice = "These prices are a replay of recorded data. They are not current.";
  backend->snapshot = [this] { return engine_->snapshot(); };
  backend->history = history_.get();
  backend->store_info = *info;
  server_.set_backend(std::move(backend));
  return {};
}

std::string ReplayMarket::address() const {
  return open_address(config_, server_.port());
}

ReplayMarket::Source& ReplayMarket::source_of(const core::Venue& venue) {
  const auto [it, added] = sources_.try_emplace(venue.id);
  if (added) {
    it->second.id = engine_->add_source(venue);
    port_->push_event(core::FeedStatus{it->second.id, core::FeedState::live, "recording", "", clock_.now()});
  }
  return it->second;
}

core::InstrumentId ReplayMarket::learn(const core::Venue& venue, std::string_view symbol) {
  Source& source = source_of(venue);
  const core::ListedPair pair = guess_pair(symbol);
  if (pair.base.empty()) return kUntracked;
  source.pairs.push_back(pair);
  port_->push_event(core::SymbolList{source.id, source.pairs});
  run_turns();
  const core::InstrumentId id = source.symbols->find(symbol);
  return id.valid() ? id : kUntracked;
}

void ReplayMarket::run_turns() {
  while (engine_->turn() > 0) {
  }
}

void ReplayMarket::take(std::span<const core::Tick> ticks) {
  for (const core::Tick& tick : ticks) {
    if (tick.instrument() == kUntracked) continue;
    advance_to(tick.received_at());
    port_->push(tick);
  }
  run_turns();
}

// Silence is an input, too: minutes close and prices age while nothing is recorded. Only the time between two
// recordings is skipped.
void ReplayMarket::advance_to(core::Timestamp time) {
  if (time - clock_.now() > std::chrono::minutes(10)) clock_.set(time);
  while (time - clock_.now() > std::chrono::seconds(1)) {
    clock_.advance(std::chrono::seconds(1));
    run_turns();
  }
  if (time > clock_.now()) clock_.set(time);
}

void ReplayMarket::finish() {
  clock_.advance(std::chrono::milliseconds(20));
  run_turns();
  history_->flush();
}

void ReplayMarket::stop() {
  server_.stop(std::chrono::seconds(3));
  if (history_) history_->stop();
}

}  // namespace tickspan::app
