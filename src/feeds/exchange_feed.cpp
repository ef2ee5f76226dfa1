#include "feeds/exchange_feed.hpp"

#include <algorithm>
#include <random>
#include <set>

#include "feeds/session_context.hpp"
#include "feeds/state_log.hpp"
#include "feeds/symbol_fetcher.hpp"
#include "feeds/venue_link.hpp"

namespace tickspan::feeds {
namespace {

using core::FeedState;

constexpr core::Duration kFlushPeriod = std::chrono::milliseconds(100);
constexpr core::Duration kAlivePeriod = std::chrono::seconds(1);
// How long the venue has to send data after a refusal before everything else is asked for again.
constexpr core::Duration kRefusalPause = std::chrono::seconds(2);
constexpr std::size_t kNamedSilent = 5;

std::vector<std::string> urls_of(const std::vector<VenueHost>& hosts, std::string VenueHost::*member) {
  std::vector<std::string> urls;
  for (const VenueHost& host : hosts) {
    if (std::find(urls.begin(), urls.end(), host.*member) == urls.end()) urls.push_back(host.*member);
  }
  return urls;
}

net::UpstreamOptions desk_options(const ExchangeFeedOptions& options) {
  net::UpstreamOptions out;
  out.seed = options.seed;
  out.time_scale = options.time_scale;
  out.refused_for = options.all_refused_pause;
  return out;
}

bool part_of_symbol(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '/' || c == '_';
}

// Whether the symbol stands in the text as a word of its own: `BTC-USD`, not the end of `WBTC-USD`.
bool names_symbol(std::string_view text, std::string_view symbol) {
  for (auto at = text.find(symbol); at != std::string_view::npos; at = text.find(symbol, at + 1)) {
    const bool begins = at == 0 || !part_of_symbol(text[at - 1]);
    const auto after = at + symbol.size();
    if (begins && (after == text.size() || !part_of_symbol(text[after]))) return true;
  }
  return false;
}

// In order of how much a reader wants to know it, when no connection is live.
int weight(FeedState state) {
  switch (state) {
    case FeedState::live:
      return 0;
    case FeedState::stale:
      return 1;
    case FeedState::subscribing:
      return 2;
    case FeedState::connecting:
      return 3;
    case FeedState::backing_off:
      return 4;
    case FeedState::stopped:
      return 5;
    case FeedState::idle:
      return 6;
  }
  return 6;
}

}  // namespace

class ExchangeFeed::Impl final : public LinkOwner, public std::enable_shared_from_this<ExchangeFeed::Impl> {
 public:
  Impl(std::unique_ptr<VenueProtocol> protocol, core::VenueId venue, runtime::EventLoop& loop, runtime::FeedPort& port,
       const runtime::Clock& clock, ExchangeFeedOptions options)
      : protocol_(std::move(protocol)),
        options_(std::move(options)),
        own_upstreams_(options_.upstreams == nullptr
                           ? std::make_unique<net::UpstreamDesk>(clock, desk_options(options_))
                           : nullptr),
        intake_(*protocol_, port, counters_, options_.time_scale),
        context_{loop,
                 port,
                 clock,
                 *protocol_,
                 venue,
                 counters_,
                 intake_,
                 options_.client,
                 options_.tap,
                 options_.min_mute_deadline,
                 options_.pair_patience,
                 options_.all_refused_pause,
                 options_.time_scale,
                 own_upstreams_ ? *own_upstreams_ : *options_.upstreams},
        random_(options_.seed != 0 ? options_.seed : std::random_device{}()),
        flush_timer_(loop),
        refusal_timer_(loop) {}

  core::VenueId venue() const { return context_.venue; }
  const core::FeedCounters& counters() const { return counters_; }
  runtime::EventLoop& loop() { return context_.loop; }

  void start();
  void stop();
  void set_symbols(std::shared_ptr<const core::SymbolTable> symbols);
  void know_trade(core::InstrumentId instrument, std::uint64_t id, core::Timestamp at) {
    intake_.know(instrument, id, at);
  }

 private:
  struct Status {
    FeedState state = FeedState::idle;
    std::string host;
    std::string detail;
    bool operator==(const Status&) const = default;
  };

  void on_link_changed(VenueLink&) override { report(); }
  void on_link_alive() override;
  void on_link_refusal(VenueLink& link, const std::string& detail) override;
  bool is_whole_source(const VenueLink&) const override { return links_.size() == 1; }
  bool is_refused(const std::string& symbol) const override { return refused_.contains(symbol); }

  void take_list(std::vector<core::ListedPair> pairs);
  void distribute();
  void forget_refused(const std::function<bool(const std::string&)>& is_over);
  void flush();
  Status status() const;
  Status status_of_links() const;
  void report(std::string note = {});
  void note_heard();

  const std::unique_ptr<VenueProtocol> protocol_;
  const ExchangeFeedOptions options_;
  const std::unique_ptr<net::UpstreamDesk> own_upstreams_;
  core::FeedCounters counters_;
  FrameIntake intake_;
  SessionContext context_;
  std::mt19937_64 random_;
  net::LoopTimer flush_timer_, refusal_timer_;
  StateLog state_log_;
  LogSampler refusal_log_{std::chrono::minutes(1)};
  std::unique_ptr<HostRing> hosts_;
  std::unique_ptr<SymbolFetcher> fetcher_;
  std::vector<std::unique_ptr<VenueLink>> links_;
  std::set<std::string> refused_;  ///< symbols the venue won't have, until its next list: told as not heard
  std::set<std::string> voided_;   ///< symbols that stood in one message with them
  Status reported_;
  core::Timestamp last_alive_;
  core::Timestamp heard_until_;  ///< by all connections together, those of the past included
  bool running_ = false;
};

void ExchangeFeed::Impl::start() {
  if (running_) return;
  running_ = true;
  const std::vector<VenueHost> hosts = options_.hosts.empty() ? protocol_->default_hosts() : options_.hosts;
  context_.hosts = hosts;
  hosts_ = std::make_unique<HostRing>(context_.upstreams, net::Service::stream, context_.venue_id(),
                                      urls_of(hosts, &VenueHost::ws_url));
  fetcher_ = std::make_unique<SymbolFetcher>(context_, urls_of(hosts, &VenueHost::rest_url), options_.symbol_refresh,
                                             random_());
  fetcher_->on_list = [this](std::vector<core::ListedPair> pairs) { take_list(std::move(pairs)); };
  fetcher_->on_changed = [this] { report(); };
  fetcher_->start();
  flush();
  distribute();
}

void ExchangeFeed::Impl::stop() {
  if (!running_) return;
  flush_timer_.cancel();
  refusal_timer_.cancel();
  note_heard();
  for (const auto& link : links_) link->stop();
  links_.clear();
  forget_refused([](const std::string&) { return true; });
  fetcher_.reset();
  running_ = false;
  report();
  context_.port.flush();
}

void ExchangeFeed::Impl::take_list(std::vector<core::ListedPair> pairs) {
  // Who is listed still is asked for again, and heard when that is done.
  if (!refusal_timer_.running()) {
    for (const core::ListedPair& pair : pairs) refused_.erase(pair.venue_symbol);
  }
  context_.port.push_event(core::SymbolList{context_.venue, std::move(pairs)});
  distribute();
}

// Nobody wants them any more: their silence is over.
void ExchangeFeed::Impl::forget_refused(const std::function<bool(const std::string&)>& is_over) {
  std::vector<std::string> over;
  std::copy_if(refused_.begin(), refused_.end(), std::back_inserter(over), is_over);
  if (over.empty()) return;
  for (const std::string& symbol : over) refused_.erase(symbol);
  context_.port.push_event(
      core::LinkHeard{context_.venue, std::move(over), true, {}, context_.clock.now(), core::GapCause::mute, true});
}

void ExchangeFeed::Impl::set_symbols(std::shared_ptr<const core::SymbolTable> symbols) {
  context_.symbols = std::move(symbols);
  forget_refused([this](const std::string& symbol) { return !context_.symbols->find(symbol).valid(); });
  if (running_) distribute();
}

// Pairs stay where they are; new ones fill the room that is left, then new connections.
void ExchangeFeed::Impl::distribute() {
  if (!context_.symbols) return;
  std::set<std::string> missing;
  for (std::string& symbol : context_.symbols->symbols()) {
    if (!refused_.contains(symbol)) missing.insert(std::move(symbol));
  }
  std::vector<std::set<std::string>> shares;
  for (const auto& link : links_) {
    std::set<std::string>& share = shares.emplace_back();
    for (const std::string& symbol : link->symbols()) {
      if (missing.erase(symbol) > 0) share.insert(symbol);
    }
  }
  const std::size_t room = std::max<std::size_t>(1, protocol_->limits().symbols_per_connection);
  for (std::size_t i = 0; !missing.empty(); ++i) {
    if (i == shares.size()) shares.emplace_back();
    while (shares[i].size() < room && !missing.empty()) shares[i].insert(missing.extract(missing.begin()));
  }
  while (links_.size() < shares.size())
    links_.push_back(std::make_unique<VenueLink>(context_, *hosts_, *this, random_()));
  for (std::size_t i = shares.size(); i-- > 0;) {
    if (!shares[i].empty()) {
      links_[i]->set_symbols(std::move(shares[i]));
    } else {
      links_[i]->stop();
      links_.erase(links_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  report();
}

void ExchangeFeed::Impl::on_link_alive() {
  const core::Timestamp now = context_.clock.now();
  if (last_alive_.is_set() && now - last_alive_ < context_.scaled(kAlivePeriod)) return;
  last_alive_ = now;
  context_.port.push_event(core::FeedAlive{context_.venue, now});
}

void ExchangeFeed::Impl::on_link_refusal(VenueLink& link, const std::string& detail) {
  // A venue that refuses all the time must not fill the log or the queue of events.
  if (refusal_log_.allow(context_.clock.now())) {
    kLog.warn("{}: the venue refuses: {} ({} more since the last such line)", context_.venue_id(), detail,
              refusal_log_.held_back());
    report("refused: " + detail);
  }
  const std::size_t before = refused_.size();
  for (const std::string& symbol : link.symbols()) {
    if (!names_symbol(detail, symbol) || !refused_.insert(symbol).second) continue;
    for (std::string& other : link.asked_with(symbol)) voided_.insert(std::move(other));
  }
  if (refused_.size() == before) return;
  link.doubt(refused_);
  link.doubt(voided_);
  // Some venues void a whole request for one bad symbol in it: the others are asked for again.
  refusal_timer_.start(context_.scaled(kRefusalPause), [this] {
    distribute();
    for (const auto& each : links_) each->subscribe_again(voided_);
    voided_.clear();
  });
}

void ExchangeFeed::Impl::flush() {
  const core::Timestamp now = context_.clock.now();
  if (context_.held_up(now)) {
    for (const auto& link : links_) link->held_up(context_.turned_at, now);
  }
  context_.turned_at = now;
  if (context_.symbols) intake_.tell_missing(now, *context_.symbols);
  context_.port.flush();
  flush_timer_.start(kFlushPeriod, [this] { flush(); });
}

ExchangeFeed::Impl::Status ExchangeFeed::Impl::status() const {
  if (!running_) return {FeedState::stopped, reported_.host, {}};
  if (!links_.empty()) return status_of_links();
  if (fetcher_->state() != FeedState::live) return {fetcher_->state(), fetcher_->host(), fetcher_->detail()};
  return {FeedState::idle, fetcher_->host(), "no pair of this venue is wanted"};
}

ExchangeFeed::Impl::Status ExchangeFeed::Impl::status_of_links() const {
  const auto lighter = [](const auto& a, const auto& b) { return weight(a->state()) < weight(b->state()); };
  const VenueLink& best = **std::min_element(links_.begin(), links_.end(), lighter);
  const VenueLink& worst = **std::max_element(links_.begin(), links_.end(), lighter);
  Status status{best.state(), best.host(), best.detail()};
  if (best.state() == FeedState::live && worst.state() != FeedState::live) {
    const auto live =
        std::count_if(links_.begin(), links_.end(), [](const auto& link) { return link->state() == FeedState::live; });
    status.detail = fmt::format("{} of {} connections live; one is {}: {}", live, links_.size(),
                                core::to_string(worst.state()), worst.detail());
  }
  std::set<std::string> silent;
  for (const auto& link : links_) silent.insert(link->silent().begin(), link->silent().end());
  if (!silent.empty()) {
    const std::size_t named = std::min(silent.size(), kNamedSilent);
    status.detail.append(status.detail.empty() ? "" : "; ");
    status.detail +=
        fmt::format("silent against their own rate: {}",
                    fmt::join(silent.begin(), std::next(silent.begin(), static_cast<std::ptrdiff_t>(named)), " "));
    if (silent.size() > named) status.detail += fmt::format(" and {} more", silent.size() - named);
  }
  if (!refused_.empty()) {
    status.detail.append(status.detail.empty() ? "" : "; ").append("refused by the venue, until its next list:");
    for (const std::string& symbol : refused_) status.detail.append(" ").append(symbol);
  }
  return status;
}

void ExchangeFeed::Impl::note_heard() {
  for (const auto& link : links_) heard_until_ = std::max(heard_until_, link->heard_until());
}

// One event and one line for each change, whatever it was.
void ExchangeFeed::Impl::report(std::string note) {
  Status now = status();
  if (!note.empty()) now.detail = std::move(note);
  if (now == reported_) return;
  const std::string line =
      fmt::format("{}: {}{}{}{}{}", context_.venue_id(), core::to_string(now.state), now.host.empty() ? "" : " at ",
                  now.host, now.detail.empty() ? "" : ": ", now.detail);
  if (now.state != reported_.state || now.host != reported_.host) {
    // Stopped by the venue, not by us: as good as a trouble.
    const bool refused = now.state == FeedState::stopped && running_;
    state_log_.changed(refused ? FeedState::backing_off : now.state, line, now.detail);
  }
  reported_ = now;
  note_heard();
  core::GapCause cause = core::GapCause::disconnect;
  for (const auto& link : links_) {
    if (link->state() == FeedState::live) continue;
    if (link->gap_cause() == core::GapCause::maintenance || cause == core::GapCause::disconnect)
      cause = link->gap_cause();
  }
  context_.port.push_event(core::FeedStatus{context_.venue, now.state, std::move(now.host), std::move(now.detail),
                                            context_.clock.now(), heard_until_, cause});
}

ExchangeFeed::ExchangeFeed(std::unique_ptr<VenueProtocol> protocol, core::VenueId venue, runtime::EventLoop& loop,
                           runtime::FeedPort& port, const runtime::Clock& clock, ExchangeFeedOptions options)
    : impl_(std::make_shared<Impl>(std::move(protocol), venue, loop, port, clock, std::move(options))) {}

ExchangeFeed::~ExchangeFeed() {
  stop();
}

core::VenueId ExchangeFeed::venue() const {
  return impl_->venue();
}

void ExchangeFeed::start() {
  impl_->loop().post([weak = std::weak_ptr(impl_)] {
    if (const auto impl = weak.lock()) impl->start();
  });
}

void ExchangeFeed::stop() {
  impl_->loop().run_and_wait([this] { impl_->stop(); });
}

void ExchangeFeed::know_trade(core::InstrumentId instrument, std::uint64_t id, core::Timestamp at) {
  impl_->loop().post([weak = std::weak_ptr(impl_), instrument, id, at] {
    if (const auto impl = weak.lock()) impl->know_trade(instrument, id, at);
  });
}

void ExchangeFeed::set_symbols(std::shared_ptr<const core::SymbolTable> symbols) {
  impl_->loop().post([weak = std::weak_ptr(impl_), symbols = std::move(symbols)]() mutable {
    if (const auto impl = weak.lock()) impl->set_symbols(std::move(symbols));
  });
}

const core::FeedCounters& ExchangeFeed::counters() const {
  return impl_->counters();
}

}  // namespace tickspan::feeds
