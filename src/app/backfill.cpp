#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <future>

#include "app/commands.hpp"
#include "app/progress.hpp"
#include "app/signals.hpp"
#include "app/sources.hpp"
#include "app/store_access.hpp"
#include "feeds/host_ring.hpp"
#include "history/composite_past.hpp"
#include "history/past_filler.hpp"
#include "market/instrument_mapper.hpp"
#include "market/seed_catalogue.hpp"
#include "net/http_status.hpp"
#include "storage/sqlite/file_lock.hpp"

namespace tickspan::app {
namespace {

using namespace std::chrono_literals;
using core::ErrorCode;
using core::Result;
using core::Timestamp;
using Pairs = std::vector<core::ListedPair>;
using Steady = std::chrono::steady_clock;

constexpr int kWriteTries = 20;
constexpr std::size_t kMaxListBody = 64 << 20;

/// Wrong arguments, as the command line's own parser tells them.
int usage(const std::string& text) {
  std::fprintf(stderr, "tickspan: %s\n", text.c_str());
  return 2;
}

std::string duration_text(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  if (seconds < 90 * 60) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

/// With a bar on a terminal.
std::string progress_text(const std::string& what, const history::PastProgress& p, double left_s, bool bar) {
  std::string line = fmt::format("{} {}", what, p.level);
  if (bar) line += fmt::format(" [{:-<24}]", std::string(static_cast<std::size_t>(p.share * 24), '#'));
  line += fmt::format(" {:.0f} %, up to {}, {} candles written", p.share * 100, core::to_rfc3339(p.at).substr(0, 10),
                      p.candles);
  if (p.share < 1 && p.requests_left > 0)
    line += fmt::format("; at most {:.0f} requests, {} left", p.requests_left, duration_text(left_s));
  return line;
}

/// Whatever takes long, waited for on the main thread, which also hears the signals.
class Patience {
 public:
  explicit Patience(Signals& signals) : signals_(signals) {}
  bool interrupted(std::chrono::milliseconds wait = 0ms) {
    const int signal = stopped_ ? 0 : signals_.wait(wait);
    stopped_ = stopped_ || signal == SIGINT || signal == SIGTERM;
    return stopped_;
  }
  template <typename Value>
  Result<Value> get(std::future<Result<Value>> future) {
    while (future.wait_for(10ms) != std::future_status::ready) {
      if (interrupted()) return core::fail(ErrorCode::cancelled, "interrupted");
    }
    return future.get();
  }

 private:
  Signals& signals_;
  bool stopped_ = false;
};

/// The venues' REST services, asked on a loop of its own.
class Venues {
 public:
  Venues(const Config& config, double share, const runtime::Clock& clock, Patience& patience)
      : client_(client_options(config)),
        share_(share),
        clock_(clock),
        patience_(patience),
        upstreams_(clock),
        loop_("past") {
    loop_.start();
  }
  ~Venues() {
    loop_.run_and_wait([this] {
      past_.reset();
      http_.reset();
    });
    loop_.stop();
  }

  Result<Pairs> pairs(const SourceConfig& source) {
    const auto protocol = make_protocol(source.name);
    Result<Pairs> out = core::fail(ErrorCode::unavailable, "it has no address");
    for (const feeds::VenueHost& host : hosts_of(*protocol, source)) {
      const feeds::VenueProtocol& spoken = protocol->dialect(host.dialect);
      auto body = patience_.get(get(feeds::join_url(host.rest_url, spoken.symbols_target())));
      if (!body && body.error().code == ErrorCode::cancelled) return tl::unexpected(body.error());
      if (body) return spoken.decode_symbols(*body);
      out = core::fail(body.error().code, "its list of pairs cannot be had: " + body.error().context);
    }
    return out;
  }

  /// From now on it is this venue that is asked.
  void choose(const SourceConfig& source) {
    loop_.run_and_wait([&] { past_ = make_past({loop_, clock_, client_, {}, upstreams_, share_}, source); });
  }
  const feeds::HistoryLimits& limits() const { return past_->history->limits(); }
  std::uint64_t requests() const { return past_->fetcher->counters().requests.load(std::memory_order_relaxed); }
  Result<feeds::HistoryPage> fetch(const feeds::HistoryQuery& query) {
    auto promise = std::make_shared<std::promise<Result<feeds::HistoryPage>>>();
    auto future = promise->get_future();
    loop_.post([this, promise, query = query]() mutable {
      query.may_wait = true;
      past_->fetcher->fetch(query, [promise](Result<feeds::HistoryPage> page) { promise->set_value(std::move(page)); });
    });
    return patience_.get(std::move(future));
  }

 private:
  std::future<Result<std::string>> get(const std::string& url) {
    auto promise = std::make_shared<std::promise<Result<std::string>>>();
    loop_.post([this, promise, url] {
      if (!http_) http_ = std::make_unique<net::HttpClient>(loop_, client_);
      const auto done = [this, promise](Result<net::HttpResponse> response) {
        if (!response) return promise->set_value(tl::unexpected(response.error()));
        if (response->status == 200) return promise->set_value(std::move(response->body));
        promise->set_value(tl::unexpected(
            net::error_of_status(response->status, response->headers, "the list of pairs", clock_.now())));
      };
      http_->get(url, {}, 30s, done, kMaxListBody);
    });
    return promise->get_future();
  }

  const net::ClientOptions client_;
  const double share_;
  const runtime::Clock& clock_;
  Patience& patience_;
  net::UpstreamDesk upstreams_;
  runtime::EventLoop loop_;
  std::unique_ptr<net::HttpClient> http_;
  std::optional<PastOfVenue> past_;
};

struct Store {
  std::unique_ptr<storage::HistoryStore> store;
  std::unique_ptr<storage::StoreReader> reader;
  std::unique_ptr<storage::StoreWriter> writer;
  core::Catalogue catalogue;
  std::vector<core::Asset> assets;
  bool server_beside = true;  ///< or it cannot be told
};

Result<Store> open_store(const Config& config) {
  Store out;
  const auto place = store_place(config);
  if (!place) return tl::unexpected(place.error());
  out.server_beside =
      place->postgres || !storage::sqlite::FileLock::acquire(place->database + ".lock", place->database);
  out.store = make_store(config, *place, Access::beside);
  if (auto opened = out.store->open(); !opened) return tl::unexpected(opened.error());
  auto reader = out.store->reader();
  if (!reader) return tl::unexpected(reader.error());
  auto writer = out.store->writer();
  if (!writer) return tl::unexpected(writer.error());
  const auto known = out.store->restore(Timestamp::from_s(4'102'444'800));  // the catalogue, and no minutes
  if (!known) return tl::unexpected(known.error());
  out.reader = std::move(*reader);
  out.writer = std::move(*writer);
  out.assets = known->assets;
  out.catalogue = market::seed_catalogue();
  for (const core::Asset& asset : known->assets) out.catalogue.upsert_asset(asset);
  return out;
}

/// The pair as the venue lists it; of several the one that trades. Nothing where it has none.
const core::ListedPair* find_pair(const core::Catalogue& catalogue, const Pairs& pairs, const std::string& base,
                                  const std::string& quote) {
  const auto is = [&](const std::string& code, const std::string& id) {
    const core::AssetId asset = market::resolve_venue_symbol(catalogue, core::to_lower(code));
    return asset.valid() ? catalogue.asset(asset).id == id : core::to_lower(code) == id;
  };
  const core::ListedPair* found = nullptr;
  for (const core::ListedPair& pair : pairs) {
    if (!is(pair.quote, quote) || !is(pair.base, base)) continue;
    if (pair.trading) return &pair;
    found = &pair;
  }
  return found;
}

class Backfill {
 public:
  Backfill(const CommandLine& command, Store store, Signals& signals)
      : command_(command),
        store_(std::move(store)),
        patience_(signals),
        venues_(command.config, store_.server_beside ? 0.5 : 1.0, clock_, patience_) {}

  int run(const std::vector<SourceConfig>& sources) {
    const Timestamp now = clock_.now();
    const Timestamp to = command_.table.end.is_set() ? std::min(command_.table.end, now) : now;
    std::vector<std::string> asked;
    bool all_answered = true;
    core::AssetId base;
    for (const SourceConfig& source : sources) {
      const auto series = history::find_series(store_.assets, source.name, command_.table.pair);
      if (!series) return cannot(series.error());
      const auto found = fill_from(source, *series, to);
      progress_.clear();
      if (!found && !venue_failed_) return failed(found.error());
      if (!found) {  // one venue that cannot be asked takes nothing from the others
        cannot({found.error().code, fmt::format("{}: {}", source.name, found.error().context)});
        all_answered = false;
        continue;
      }
      asked.push_back(source.name);
      if (!*found || base.valid()) continue;
      store_.catalogue.upsert_asset(series->catalogue->asset(series->key.quote));
      base = store_.catalogue.upsert_asset(series->catalogue->asset(series->key.base));
    }
    if (base.valid()) {
      const int rebuilt = rebuild(base, to);
      return all_answered ? rebuilt : 1;
    }
    if (asked.empty()) return 1;
    return cannot({ErrorCode::not_found,
                   fmt::format("{} is traded at none of: {}{}", command_.table.pair, fmt::join(asked, ", "), near())});
  }

 private:
  /// Whether the venue has the pair. `venue_failed_` says whether an error is the venue's own.
  Result<bool> fill_from(const SourceConfig& source, const history::Series& series, Timestamp to) {
    const auto pairs = of_venue(venues_.pairs(source));
    if (!pairs) return tl::unexpected(pairs.error());
    const auto* const pair = find_pair(store_.catalogue, *pairs, series.name.base, series.name.quote);
    if (pair == nullptr) return false;
    venues_.choose(source);
    const bool minutes = command_.table.interval == "1m";
    const auto result =
        fill(series, source.name, {pair->venue_symbol, command_.table.start, to, minutes, pair->trading});
    if (!result) return tl::unexpected(result.error());
    progress_.clear();
    tell(source.name, *result);
    return true;
  }

  template <typename Value>
  Result<Value> of_venue(Result<Value> answer) {
    venue_failed_ = !answer && answer.error().code != ErrorCode::cancelled;
    return answer;
  }

  Result<history::PastResult> fill(const history::Series& series, const std::string& venue,
                                   const history::PastRequest& request) {
    history::PastFiller filler(
        *store_.reader, [this](core::WriteBatch batch) { return write(std::move(batch)); },
        [this](const feeds::HistoryQuery& query) { return of_venue(venues_.fetch(query)); }, venues_.limits(), series,
        [this, what = fmt::format("{} {}", venue, command_.table.pair)](const history::PastProgress& p) {
          show(what, p);
        });
    return filler.run(request, clock_.now());
  }

  /// The composites above what the store has of the asset's pairs, whoever brought it.
  int rebuild(core::AssetId base, Timestamp to) {
    const auto stored = store_.reader->series();
    if (!stored) return failed(stored.error());
    const std::string what = "composite of " + store_.catalogue.asset(base).symbol;
    history::CompositeFiller filler(
        *store_.reader, [this](core::WriteBatch batch) { return write(std::move(batch)); },
        [this, what](const history::PastProgress& p) { show(what, p); },
        [this]() -> core::Status {
          if (patience_.interrupted()) return core::fail(ErrorCode::cancelled, "interrupted");
          return {};
        });
    const auto written =
        filler.run({history::with_pairs(store_.catalogue, *stored), base, command_.table.start, to,
                    command_.table.interval == "1m", static_cast<double>(command_.config.outlier_percent) / 100},
                   clock_.now());
    progress_.clear();
    if (!written) return failed(written.error());
    std::fputs(fmt::format("{}: {} candles rebuilt from its pairs\n", what, *written).c_str(), stdout);
    return 0;
  }

  void show(const std::string& what, const history::PastProgress& p) {
    progress_.at(progress_text(what, p, seconds_left(p), progress_.terminal()), p.share >= 1);
  }

  /// By the venue's budget, or by how long the requests took so far.
  double seconds_left(const history::PastProgress& p) const {
    const double elapsed = std::chrono::duration<double>(Steady::now() - begin_).count();
    const auto requests = static_cast<double>(venues_.requests());
    const double measured = requests > 0 ? p.requests_left * elapsed / requests : 0;
    return std::max(measured, std::chrono::duration<double>(p.at_least_left).count());
  }

  core::Status write(core::WriteBatch batch) {
    const std::vector<core::WriteBatch> batches{std::move(batch)};
    core::Status written = store_.writer->write(batches);
    for (int i = 1; i < kWriteTries && !written && written.error().retryable; ++i) {
      if (patience_.interrupted(250ms)) return core::fail(ErrorCode::cancelled, "interrupted");
      written = store_.writer->write(batches);
    }
    if (written && patience_.interrupted()) return core::fail(ErrorCode::cancelled, "interrupted");
    return written;
  }

  int failed(const core::Error& error) {
    progress_.clear();
    if (error.code == ErrorCode::cancelled) {
      std::fputs("tickspan: interrupted; what was fetched is kept, the same command goes on from there\n", stderr);
      return 1;
    }
    return cannot({error.code, error.context + "; what was fetched is kept, the same command goes on from there"});
  }

  void tell(const std::string& venue, const history::PastResult& result) const {
    const std::string what = fmt::format("{} {}", venue, command_.table.pair);
    if (!result.earliest.is_set()) {
      std::fputs(fmt::format("{}: it has nothing of this range\n", what).c_str(), stdout);
      return;
    }
    std::string line = fmt::format("{}: {} candles written, {} pieces were in the store already", what, result.written,
                                   result.skipped);
    if (result.earliest > command_.table.start + 1h)
      line += fmt::format("; the earliest that it has is of {}", core::to_rfc3339(result.earliest));
    if (result.not_whole > 0) line += fmt::format("; {} minutes lack trades and are marked", result.not_whole);
    std::fputs((line + "\n").c_str(), stdout);
  }

  /// What the user may have meant, where an asset is known nowhere.
  std::string near() const {
    const std::string pair = core::to_lower(command_.table.pair);
    const auto slash = pair.find('/');
    for (const std::string& name : {pair.substr(0, slash), pair.substr(std::min(pair.size(), slash + 1))}) {
      if (store_.catalogue.resolve(name).valid()) continue;
      const auto matches = store_.catalogue.near_matches(name);
      return fmt::format("; {} is not known{}{}", name, matches.empty() ? "" : ", near it: ", fmt::join(matches, ", "));
    }
    return {};
  }

  const CommandLine& command_;
  runtime::SystemClock clock_;
  Store store_;
  Patience patience_;
  Venues venues_;
  Progress progress_;
  bool venue_failed_ = false;
  const Steady::time_point begin_ = Steady::now();
};

bool has_past(const std::string& name) {
  const auto& all = exchange_sources();
  return std::any_of(all.begin(), all.end(), [&](const ExchangeSource& s) { return s.name == name && s.make_history; });
}

}  // namespace

int run_backfill(const CommandLine& command) {
  const std::string& venue = command.table.venue;
  std::vector<SourceConfig> sources;
  std::vector<std::string> names;
  for (const SourceConfig& source : command.config.sources) {
    if (!has_past(source.name)) continue;
    names.push_back(source.name);
    if (venue.empty() ? source.enabled : source.name == venue) sources.push_back(source);
  }
  if (!venue.empty() && sources.empty())
    return usage(fmt::format("--venue {} has no history to ask for; allowed: {}", venue, fmt::join(names, ", ")));
  if (sources.empty()) return usage("no enabled source has a history to ask for; see [[sources]] in the configuration");
  if (command.table.start >= runtime::SystemClock().now())
    return usage(fmt::format("--from {} is in the future", core::to_rfc3339(command.table.start)));
  if (auto valid = history::find_series({}, sources.front().name, command.table.pair); !valid)
    return usage(valid.error().context);

  Signals signals;
  auto store = open_store(command.config);
  if (!store) return cannot(store.error());
  return Backfill(command, std::move(*store), signals).run(sources);
}

}  // namespace tickspan::app
