#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace tickspan::sim {

/// What clients of the simulated venues send. Parsing only; whether it makes sense is the venue's business.
/// Errors: parse_error for what is no JSON, invalid_argument for JSON of another shape.

struct BinanceRequest {
  std::string method;
  std::vector<std::string> params;
  std::optional<bool> flag;  ///< of SET_PROPERTY
  std::string id = "null";   ///< as JSON
};
core::Result<BinanceRequest> parse_binance_request(std::string_view text);

struct CoinbaseRequest {
  struct Channel {
    std::string name;
    std::vector<std::string> product_ids;  ///< its own and the root's
  };
  std::string type;
  std::vector<Channel> channels;
  bool advanced = false;  ///< Advanced Trade's form: one `channel`, here the only one of `channels`
};
core::Result<CoinbaseRequest> parse_coinbase_request(std::string_view text);

struct KrakenRequest {
  std::string method;
  std::string channel;
  std::vector<std::string> symbols;
  std::string event_trigger;
  std::optional<bool> snapshot;
  int interval = 1;
  std::string req_id;  ///< as JSON; empty: none
};
core::Result<KrakenRequest> parse_kraken_request(std::string_view text);

struct OkxRequest {
  struct Argument {
    std::string channel;
    std::string symbol;  ///< `instId`
  };
  std::string op;
  std::string id;  ///< as JSON; empty: none
  std::vector<Argument> args;
};
core::Result<OkxRequest> parse_okx_request(std::string_view text);

struct BybitRequest {
  std::string op;
  std::string req_id;  ///< as JSON; empty: none
  std::vector<std::string> args;
};
core::Result<BybitRequest> parse_bybit_request(std::string_view text);

struct BitstampRequest {
  std::string event;
  std::string channel;
};
core::Result<BitstampRequest> parse_bitstamp_request(std::string_view text);

}  // namespace tickspan::sim
