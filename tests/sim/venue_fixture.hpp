#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "feeds/venue_protocol.hpp"
#include "runtime/clock.hpp"
#include "runtime/metrics.hpp"
#include "sim/listing.hpp"
#include "sim/venues/exchange_server.hpp"

namespace tickspan::sim {

/// A client without a socket: keeps what it was sent.
struct FakeClient final : net::WebSocketPeer {
  void send_text(std::string_view text) override { texts.emplace_back(text); }
  void send_framed(std::shared_ptr<const std::string>) override {}
  void send_framed(std::string_view) override {}
  void send_ping(std::string_view payload) override { pings.emplace_back(payload); }
  void close(std::uint16_t code, std::string_view) override {
    closed_with = code;
    handler->on_close(code);
  }
  void abort() override {
    aborted = true;
    handler->on_close(1006);
  }
  std::size_t queued_bytes() const override { return queued; }
  std::string_view remote_address() const override { return "127.0.0.1"; }

  void say(std::string_view text) { handler->on_message(text); }
  std::size_t count(std::string_view part) const {
    std::size_t n = 0;
    for (const auto& text : texts) n += text.find(part) != std::string::npos ? 1 : 0;
    return n;
  }
  /// The first text that has `part` in it; empty when there is none.
  std::string first(std::string_view part) const {
    for (const auto& text : texts) {
      if (text.find(part) != std::string::npos) return text;
    }
    return {};
  }

  std::shared_ptr<net::WebSocketHandler> handler;
  std::vector<std::string> texts;
  std::vector<std::string> pings;
  std::uint16_t closed_with = 0;
  bool aborted = false;
  std::size_t queued = 0;
};

inline constexpr auto kStart = core::Timestamp::from_s(1'795'000'020);  // on a minute

/// One venue on a manual clock, no sockets.
template <typename Server>
class VenueTest : public ::testing::Test {
 protected:
  explicit VenueTest(const char* id) : pairs(list_pairs(model, {id}, 200)[id]) {}

  std::unique_ptr<FakeClient> connect(const std::string& target) {
    auto client = std::make_unique<FakeClient>();
    net::HttpResponse refusal;
    client->handler = server->accept({}, target, refusal);
    if (client->handler) client->handler->on_open(*client);
    return client;
  }
  void pass(core::Duration time) {
    for (const core::Timestamp end = clock.now() + time; clock.now() < end;) {
      clock.advance(std::chrono::milliseconds(100));
      server->step(clock.now());
    }
  }
  net::HttpResponse get(const std::string& target) {
    RestRequest request;
    request.path = target.substr(0, target.find('?'));
    if (request.path.size() < target.size()) request.query = net::parse_query(target.substr(request.path.size() + 1));
    while (request.path.size() > 1 && request.path.back() == '/') request.path.pop_back();  // as the simulator does
    request.now = clock.now();
    return server->rest(request);
  }
  const PairMarket& pair(const std::string& base, const std::string& quote) {
    for (const auto& p : pairs) {
      if (p.spec().base_code == base && p.spec().quote_code == quote) return p;
    }
    throw std::runtime_error("no such pair");
  }

  /// Decodes all that a client got, as the real feed would. Fails the test on any frame that does not decode.
  struct Heard {
    std::vector<core::Tick> trades;
    std::size_t quotes = 0;
    std::size_t data = 0, control = 0, heartbeats = 0, refusals = 0;
  };
  Heard decode(feeds::VenueProtocol& protocol, const FakeClient& client) { return decode(protocol, protocol, client); }
  /// `spoken`: the dialect in which it is asked.
  Heard decode(feeds::VenueProtocol& protocol, const feeds::VenueProtocol& spoken, const FakeClient& client) {
    core::SymbolTable symbols;
    const auto listed = spoken.decode_symbols(get(spoken.symbols_target()).body);
    EXPECT_TRUE(listed.has_value()) << listed.error().context;
    EXPECT_EQ(listed->size(), pairs.size());
    for (std::uint32_t i = 0; i < listed->size(); ++i) {
      EXPECT_TRUE((*listed)[i].trading);
      symbols.add((*listed)[i].venue_symbol, core::InstrumentId{i});
    }
    Heard heard;
    feeds::Decoded decoded;
    for (const auto& text : client.texts) {
      const std::string padded = text + std::string(feeds::kFramePadding, '\0');
      const auto status =
          protocol.decode(std::string_view(padded).substr(0, text.size()), clock.now(), symbols, decoded);
      EXPECT_TRUE(status.has_value()) << text;
      EXPECT_TRUE(decoded.unknown_symbol.empty()) << text;
      heard.data += decoded.kind == feeds::FrameKind::data ? 1 : 0;
      heard.control += decoded.kind == feeds::FrameKind::control ? 1 : 0;
      heard.heartbeats += decoded.kind == feeds::FrameKind::heartbeat ? 1 : 0;
      heard.refusals += decoded.kind == feeds::FrameKind::refusal ? 1 : 0;
      for (const auto& tick : decoded.ticks) {
        if (tick.kind() == core::TickKind::trade) {
          heard.trades.push_back(tick);
        } else {
          ++heard.quotes;
        }
      }
    }
    return heard;
  }
  /// What the market did in (after, until].
  std::vector<SimTrade> truth(const PairMarket& market, core::Timestamp from, core::Timestamp until) {
    std::vector<SimTrade> trades;
    for (TradeWalk walk(market, market.first_trade_at(from)); walk.time() <= until; walk.next())
      trades.push_back(walk.trade());
    return trades;
  }

  runtime::ManualClock clock{kStart};
  runtime::Metrics metrics;
  MarketModel model{7, 1, 100};
  std::vector<PairMarket> pairs;
  std::unique_ptr<Server> server = std::make_unique<Server>(VenueContext{model, clock, metrics}, pairs);
};

}  // namespace tickspan::sim
