#pragma once

#include <cstdint>
#include <type_traits>

#include "core/decimal.hpp"
#include "core/ids.hpp"
#include "core/time.hpp"

namespace tickspan::core {

enum class TickKind : std::uint8_t { trade, quote };
enum class Side : std::uint8_t { unknown, buy, sell };  ///< the taker's

/// One market event of one instrument, as a value: trivially copyable, 64 bytes, what travels on the feed rings.
class Tick {
 public:
  struct Trade {
    InstrumentId instrument;
    Timestamp received_at;  ///< this machine's clock, before parsing
    Timestamp event_time;   ///< the venue's clock; not set where the venue sends none
    Decimal price;
    Decimal amount;              ///< in the base asset
    std::uint64_t trade_id = 0;  ///< the venue's, 0 when it has none
    Side side = Side::unknown;
    std::uint32_t fills = 1;  ///< numbers up to trade_id that it stands for; 0: the venue doesn't say
  };
  struct Quote {
    InstrumentId instrument;
    Timestamp received_at;
    Timestamp event_time;
    Decimal bid;
    Decimal ask;
    Decimal bid_size;  ///< zero when the venue sends none
    Decimal ask_size;
  };

  Tick() = default;
  explicit Tick(const Trade& t)
      : received_ns_(t.received_at.ns),
        event_ns_(t.event_time.ns),
        values_{t.price.mantissa, t.amount.mantissa, static_cast<std::int64_t>(t.trade_id), t.fills},
        exponents_{t.price.exponent, t.amount.exponent, 0, 0},
        instrument_(t.instrument.value),
        kind_(TickKind::trade),
        side_(t.side) {}
  explicit Tick(const Quote& q)
      : received_ns_(q.received_at.ns),
        event_ns_(q.event_time.ns),
        values_{q.bid.mantissa, q.ask.mantissa, q.bid_size.mantissa, q.ask_size.mantissa},
        exponents_{q.bid.exponent, q.ask.exponent, q.bid_size.exponent, q.ask_size.exponent},
        instrument_(q.instrument.value),
        kind_(TickKind::quote) {}

  TickKind kind() const { return kind_; }
  InstrumentId instrument() const { return {instrument_}; }
  Timestamp received_at() const { return {received_ns_}; }
  Timestamp event_time() const { return {event_ns_}; }
  Side side() const { return side_; }

  Decimal price() const { return at(0); }
  Decimal amount() const { return at(1); }
  std::uint64_t trade_id() const { return static_cast<std::uint64_t>(values_[2]); }
  std::uint32_t fills() const { return static_cast<std::uint32_t>(values_[3]); }
  Decimal bid() const { return at(0); }
  Decimal ask() const { return at(1); }
  Decimal bid_size() const { return at(2); }
  Decimal ask_size() const { return at(3); }

 private:
  Decimal at(int i) const { return {values_[i], exponents_[i]}; }

  std::int64_t received_ns_ = 0;
  std::int64_t event_ns_ = 0;
  std::int64_t values_[4] = {};
  std::int8_t exponents_[4] = {};
  std::uint32_t instrument_ = InstrumentId::kNone;
  TickKind kind_ = TickKind::trade;
  Side side_ = Side::unknown;
};

static_assert(std::is_trivially_copyable_v<Tick> && sizeof(Tick) <= 64);

}  // namespace tickspan::core
