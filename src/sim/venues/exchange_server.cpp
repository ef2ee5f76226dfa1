#include "sim/venues/exchange_server.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tickspan::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxQueued = 8 << 20;  // bytes a client may leave unread
constexpr core::Duration kQuotePeriod = 250ms;
constexpr core::Duration kLongestCatchUp = 5min;  // after a longer sleep the trades between are not sent late

bool same(const core::Decimal& a, const core::Decimal& b) {
  return a.mantissa == b.mantissa && a.exponent == b.exponent;
}

bool same(const SimQuote& a, const SimQuote& b) {
  return same(a.bid, b.bid) && same(a.ask, b.ask) && same(a.bid_size, b.bid_size) && same(a.ask_size, b.ask_size);
}

}  // namespace

void Session::on_open(net::WebSocketPeer& peer) {
  peer_ = &peer;
  opened_at = last_sent = last_ping = last_pong = exchange_.now();
  exchange_.opened(*this);
}

void Session::on_message(std::string_view text) {
  if (exchange_.faults().mute) return;
  exchange_.received(*this, text);
}

void Session::on_pong(std::string_view) {
  last_pong = exchange_.now();
}

void Session::on_close(std::uint16_t) {
  peer_ = nullptr;
  closed_ = true;
  exchange_.closed();
}

void Session::send(std::string_view text, bool market_data) {
  if (peer_ == nullptr || closing_) return;
  faults_.pass(text, market_data, exchange_.faults(), exchange_.context_.clock.now(),
               [this](std::string_view out) { put(out); });
}

void Session::send_late() {
  faults_.release(exchange_.context_.clock.now(), [this](std::string_view out) { put(out); });
}

void Session::put(std::string_view text) {
  if (peer_ == nullptr || closing_ || dead_ || exchange_.faults().mute) return;
  exchange_.messages_.add();
  last_sent = exchange_.now();
  peer_->send_text(text);
  if (peer_ != nullptr && peer_->queued_bytes() > kMaxQueued) abort();
}

void Session::ping(std::string_view payload) {
  last_ping = exchange_.now();
  if (peer_ != nullptr && !dead_ && !exchange_.faults().mute) peer_->send_ping(payload);
}

void Session::close(std::uint16_t code, std::string_view reason) {
  if (peer_ == nullptr || closing_) return;
  closing_ = true;
  peer_->close(code, reason);
}

void Session::die() {
  if (peer_ == nullptr || std::exchange(dead_, true)) return;
  peer_->go_deaf();
}

void Session::abort() {
  if (peer_ != nullptr) peer_->abort();
}

ExchangeServer::ExchangeServer(std::string id, const VenueContext& context, const std::vector<PairMarket>& pairs)
    : VenueServer(id, context),
      pairs_(pairs),
      interest_(pairs.size(), 0),
      walks_(pairs.size()),
      last_quotes_(pairs.size()),
      next_quotes_(pairs.size()),
      messages_(context.metrics.counter("tickspan_sim_messages_total", "Stream messages sent by simulated venues",
                                        {{"venue", id}})) {}

VenueServer::Totals ExchangeServer::totals() const {
  const auto open =
      std::count_if(sessions_.begin(), sessions_.end(), [](const auto& session) { return session->open(); });
  return {static_cast<std::size_t>(open), messages_.value(), trades_sent_, refused_};
}

std::shared_ptr<net::WebSocketHandler> ExchangeServer::accept(const net::HttpRequest&, std::string_view target,
                                                              net::HttpResponse& refusal) {
  if (faults_.maintenance) {
    refusal = json_response(R"({"error":"maintenance"})", 503);
    return nullptr;
  }
  auto session = std::make_shared<Session>(*this, pairs_.size());
  if (!prepare(*session, target)) {
    refusal = json_response(R"({"error":"no streams here"})", 404);
    return nullptr;
  }
  sessions_.push_back(session);
  return session;
}

std::optional<std::size_t> ExchangeServer::find_pair(std::string_view symbol) const {
  const auto it = by_symbol_.find(std::string(symbol));
  return it == by_symbol_.end() ? std::nullopt : std::optional(it->second);
}

std::optional<std::size_t> ExchangeServer::offered(std::string_view symbol) {
  const auto pair = find_pair(symbol);
  if (pair && (faults_.no_pairs == 0 || (*pair + 1) % faults_.no_pairs != 0)) return pair;
  ++refused_;
  return {};
}

void ExchangeServer::listen(Session& session, std::size_t pair, std::uint8_t bits) {
  session.subscribed = true;
  session.channels[pair] |= bits;
  interest_[pair] |= bits;
  if (!walks_[pair]) walks_[pair].emplace(pairs_[pair], pairs_[pair].first_trade_at(context_.clock.now()));
}

void ExchangeServer::ignore(Session& session, std::size_t pair, std::uint8_t bits) {
  session.channels[pair] = static_cast<std::uint8_t>(session.channels[pair] & ~bits);
  recount(pair);
}

void ExchangeServer::recount(std::size_t pair) {
  std::uint8_t bits = 0;
  for (const auto& session : sessions_) {
    if (!session->closed()) bits |= session->channels[pair];
  }
  interest_[pair] = bits;
  if (bits == 0) walks_[pair].reset();
}

void ExchangeServer::closed() {
  sweep_needed_ = true;
}

/// Sessions go here and not in on_close(), which may come in the middle of a broadcast.
void ExchangeServer::sweep() {
  if (!sweep_needed_) return;
  sweep_needed_ = false;
  // One whose handshake came to nothing was never opened: then nobody else holds it any more.
  std::erase_if(sessions_, [](const auto& session) {
    return session->closed() || (!session->open() && session.use_count() == 1);
  });
  for (std::size_t i = 0; i < pairs_.size(); ++i) recount(i);
}

void ExchangeServer::step_pair(std::size_t pair, core::Timestamp now) {
  due_.clear();
  auto& walk = walks_[pair];
  for (; walk->time() <= now; walk->next()) {
    if (faults_.sequence_gaps != 0 && walk->id() % faults_.sequence_gaps == 0) continue;
    due_.push_back(told(walk->trade(frozen_at_)));
  }
  if (faults_.mute_pairs != 0 && pair % faults_.mute_pairs == 0) return;
  if (!due_.empty()) {
    trades_sent_ += due_.size();
    traded(pair, due_);
  }
  if ((interest_[pair] & quote_bits_) == 0 || (due_.empty() && now < next_quotes_[pair])) return;
  next_quotes_[pair] = now + kQuotePeriod;
  const SimQuote quote = quote_at(pair, now);
  if (same(quote, last_quotes_[pair])) return;
  last_quotes_[pair] = quote;
  quoted(pair, quote);
}

void ExchangeServer::step(core::Timestamp now) {
  sweep();
  if (last_step_.is_set() && now - last_step_ > kLongestCatchUp) {
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      if (walks_[i]) walks_[i].emplace(pairs_[i], pairs_[i].first_trade_at(now));
    }
  }
  if (!last_step_.is_set()) next_second_ = now.floor_to(1s) + 1s;
  last_step_ = now;
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    if (interest_[i] != 0 && walks_[i]) step_pair(i, now);
  }
  if (now >= next_second_) {
    next_second_ = now.floor_to(1s) + 1s;
    sweep_needed_ = true;
    every_second(now);
  }
  tend_sessions();
}

void ExchangeServer::tend_sessions() {
  const core::Timestamp own = now();
  for (std::size_t i = 0; i < sessions_.size(); ++i) {
    const auto session = sessions_[i];
    if (!session->open()) continue;
    session->send_late();
    if (faults_.maintenance)
      session->close(1012, "maintenance");
    else if (faults_.drop_after_s != 0 && own - session->opened_at >= std::chrono::seconds(faults_.drop_after_s))
      session->abort();
    else if (faults_.half_open_after_s != 0 &&
             own - session->opened_at >= std::chrono::seconds(faults_.half_open_after_s))
      session->die();
    else if (!session->dead())
      tend(*session, own);
  }
}

SimQuote ExchangeServer::quote_at(std::size_t pair, core::Timestamp at) const {
  SimQuote quote = pairs_[pair].quote(at, frozen_at_);
  const auto shift = static_cast<std::int8_t>(faults_.price_shift);
  quote.bid.exponent = static_cast<std::int8_t>(quote.bid.exponent + shift);
  quote.ask.exponent = static_cast<std::int8_t>(quote.ask.exponent + shift);
  return quote;
}

SimTrade ExchangeServer::told(SimTrade trade) const {
  trade.time = trade.time + skew();
  trade.price.exponent = static_cast<std::int8_t>(trade.price.exponent + faults_.price_shift);
  return trade;
}

bool ExchangeServer::drop_connections(std::string_view pair) {
  const PairMarket* const market = named(pair);
  if (!pair.empty() && market == nullptr) return false;
  const auto all = sessions_;
  for (const auto& session : all) {
    if (market == nullptr || session->channels[static_cast<std::size_t>(market - pairs_.data())] != 0) session->abort();
  }
  return true;
}

const PairMarket* ExchangeServer::named(std::string_view pair) const {
  const auto found = std::find_if(pairs_.begin(), pairs_.end(), [&](const PairMarket& p) {
    return p.spec().base_code + "/" + p.spec().quote_code == pair;
  });
  return found == pairs_.end() ? nullptr : &*found;
}

SimTrade ExchangeServer::last_trade(std::size_t pair) const {
  const std::uint64_t next = pairs_[pair].first_trade_at(context_.clock.now());
  return told(TradeWalk(pairs_[pair], std::max<std::uint64_t>(1, next - 1)).trade(frozen_at_));
}

}  // namespace tickspan::sim
