#pragma once

#include <charconv>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../support/scripted_server.hpp"
#include "../support/support.hpp"
#include "feeds/exchange_feed.hpp"

namespace tickspan::feeds {

/// A venue whose messages are plain words, so that a test reads like a dialogue: `trade A 101`, `heartbeat`, `ack`,
/// `refuse A is not valid`, `reconnect`; we send `sub A,B` and `unsub A`. `#7 trade A 101` is message 7 of its
/// connection. In its dialect `loud` all of ours is in capitals.
class FakeVenue final : public VenueProtocol {
 public:
  explicit FakeVenue(bool loud = false) : loud_(loud) {}
  VenueLimits limits_;

  const VenueProtocol& dialect(std::string_view name) const override {
    if (name != "loud") return *this;
    if (!other_) other_ = std::make_unique<FakeVenue>(true);
    other_->limits_ = limits_;
    return *other_;
  }

  const core::Venue& venue() const override { return venue_; }
  const VenueLimits& limits() const override { return limits_; }
  std::vector<VenueHost> default_hosts() const override { return {{"ws://127.0.0.1:1", "http://127.0.0.1:1"}}; }
  std::string socket_target() const override { return "/socket"; }
  std::vector<std::string> subscribe(std::span<const std::string> symbols, std::uint64_t) const override {
    return messages(loud_ ? "SUB " : "sub ", symbols);
  }
  std::vector<std::string> unsubscribe(std::span<const std::string> symbols, std::uint64_t) const override {
    return messages(loud_ ? "UNSUB " : "unsub ", symbols);
  }
  std::string ping(std::uint64_t) const override { return {}; }
  std::string symbols_target() const override { return loud_ ? "/SYMBOLS" : "/symbols"; }

  core::Result<std::vector<core::ListedPair>> decode_symbols(std::string_view body) const override {
    if (!body.starts_with("pairs ")) return core::fail(core::ErrorCode::parse_error, "not a list of pairs", true);
    std::vector<core::ListedPair> pairs;
    for (const char symbol : body.substr(6))
      pairs.push_back({std::string(1, symbol), std::string(1, symbol), "usd", true});
    return pairs;
  }

  core::Status decode(std::string_view frame, core::Timestamp received_at, const core::SymbolTable& symbols,
                      Decoded& out) override {
    out.clear();
    if (frame.starts_with('#')) {
      std::from_chars(frame.data() + 1, frame.data() + frame.size(), out.sequence);
      frame.remove_prefix(std::min(frame.size(), frame.find(' ') + 1));
    }
    const std::string_view word = frame.substr(0, frame.find(' '));
    const std::string_view rest = word.size() == frame.size() ? std::string_view{} : frame.substr(word.size() + 1);
    if (word == "trade") {
      out.kind = FrameKind::data;
      core::Tick::Trade trade{symbols.find(rest.substr(0, 1)),
                              received_at,
                              {},
                              core::Decimal{1, 0},
                              core::Decimal{1, 0},
                              0,
                              core::Side::buy};
      std::from_chars(rest.data() + 2, rest.data() + rest.size(), trade.trade_id);
      if (trade.instrument.valid())
        out.ticks.emplace_back(trade);
      else
        out.unknown_symbol = rest.substr(0, 1);
    } else if (word == "heartbeat") {
      out.kind = FrameKind::heartbeat;
    } else if (word == "refuse") {
      out.kind = FrameKind::refusal;
      out.detail = rest;
    } else if (word == "reconnect") {
      out.kind = FrameKind::reconnect;
    } else if (word != "ack") {
      return core::fail(core::ErrorCode::parse_error, "no word of this venue's");
    }
    return {};
  }

 private:
  std::vector<std::string> messages(const std::string& word, std::span<const std::string> symbols) const {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      if (i % limits_.symbols_per_message == 0)
        out.push_back(word + symbols[i]);
      else
        out.back() += "," + symbols[i];
    }
    return out;
  }

  core::Venue venue_{"fake", "Fake", false, "", ""};
  bool loud_;
  mutable std::unique_ptr<FakeVenue> other_;
};

/// What came out of a port, sorted by kind. drain() on the test's thread.
struct Collected {
  std::vector<core::Tick> ticks;
  std::vector<core::FeedStatus> states;
  std::vector<core::FeedAlive> alive;
  std::vector<core::SymbolList> lists;
  std::vector<core::FeedLoss> losses;
  std::vector<core::AggregatorRows> rows;
  std::vector<core::AggregatorRates> rates;
  std::vector<core::ChartPoints> charts;
  std::vector<core::LinkHeard> links;

  void drain(runtime::FeedPort& port) {
    port.drain(1'000'000, [this](const runtime::FeedPort::Item& item) {
      if (item.event == nullptr) return ticks.push_back(item.tick);
      std::visit([this](const auto& event) { add(event); }, *item.event);
    });
  }
  bool saw(core::FeedState state) const {
    for (const auto& each : states) {
      if (each.state == state) return true;
    }
    return false;
  }
  int count(core::FeedState state) const {
    int n = 0;
    for (const auto& each : states) n += each.state == state ? 1 : 0;
    return n;
  }

 private:
  void add(const core::FeedStatus& e) { states.push_back(e); }
  void add(const core::FeedAlive& e) { alive.push_back(e); }
  void add(const core::SymbolList& e) { lists.push_back(e); }
  void add(const core::FeedLoss& e) { losses.push_back(e); }
  void add(const core::AggregatorRows& e) { rows.push_back(e); }
  void add(const core::AggregatorRates& e) { rates.push_back(e); }
  void add(const core::ChartPoints& e) { charts.push_back(e); }
  void add(const core::LinkHeard& e) { links.push_back(e); }
};

}  // namespace tickspan::feeds
