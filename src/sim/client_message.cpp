#include "sim/client_message.hpp"

#include <simdjson.h>

namespace tickspan::sim {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

/// The parser lives as long as the elements read from it.
struct Document {
  simdjson::dom::parser parser;
  object root;
};

core::Status read(std::string_view text, Document& document) {
  element root;
  if (document.parser.parse(simdjson::padded_string(text)).get(root)) {
    return core::fail(core::ErrorCode::parse_error, "not JSON");
  }
  if (root.get(document.root)) return core::fail(core::ErrorCode::invalid_argument, "not an object");
  return {};
}

std::string string_field(object from, std::string_view name) {
  std::string_view text;
  return from[name].get(text) ? std::string() : std::string(text);
}

void append_strings(object from, std::string_view name, std::vector<std::string>& out) {
  simdjson::dom::array array;
  if (from[name].get(array)) return;
  for (const element item : array) {
    std::string_view text;
    if (!item.get(text)) out.emplace_back(text);
  }
}

/// Numbers, strings and null as they stand; anything else counts as absent.
std::string scalar_json(object from, std::string_view name, std::string absent) {
  element value;
  if (from[name].get(value) || value.is_object() || value.is_array()) return absent;
  return simdjson::minify(value);
}

}  // namespace

core::Result<BinanceRequest> parse_binance_request(std::string_view text) {
  Document document;
  if (auto status = read(text, document); !status) return tl::unexpected(status.error());
  BinanceRequest request;
  request.method = string_field(document.root, "method");
  request.id = scalar_json(document.root, "id", "null");
  append_strings(document.root, "params", request.params);
  simdjson::dom::array params;
  bool flag = false;
  if (!document.root["params"].get(params) && !params.at(1).get(flag)) request.flag = flag;
  return request;
}

core::Result<CoinbaseRequest> parse_coinbase_request(std::string_view text) {
  Document document;
  if (auto status = read(text, document); !status) return tl::unexpected(status.error());
  CoinbaseRequest request;
  request.type = string_field(document.root, "type");
  std::vector<std::string> shared;
  append_strings(document.root, "product_ids", shared);
  if (const std::string channel = string_field(document.root, "channel"); !channel.empty()) {
    request.advanced = true;
    request.channels.push_back({channel, shared});
    return request;
  }
  simdjson::dom::array channels;
  if (document.root["channels"].get(channels)) return request;
  for (const element item : channels) {
    CoinbaseRequest::Channel channel{{}, shared};
    std::string_view name;
    object own;
    if (!item.get(name)) {
      channel.name = name;
    } else if (!item.get(own)) {
      channel.name = string_field(own, "name");
      append_strings(own, "product_ids", channel.product_ids);
    }
    request.channels.push_back(std::move(channel));
  }
  return request;
}

core::Result<KrakenRequest> parse_kraken_request(std::string_view text) {
  Document document;
  if (auto status = read(text, document); !status) return tl::unexpected(status.error());
  KrakenRequest request;
  request.method = string_field(document.root, "method");
  request.req_id = scalar_json(document.root, "req_id", "");
  object params;
  if (document.root["params"].get(params)) return request;
  request.channel = string_field(params, "channel");
  request.event_trigger = string_field(params, "event_trigger");
  append_strings(params, "symbol", request.symbols);
  bool snapshot = false;
  if (!params["snapshot"].get(snapshot)) request.snapshot = snapshot;
  std::int64_t interval = 0;
  if (!params["interval"].get(interval) && interval > 0 && interval <= 21'600)
    request.interval = static_cast<int>(interval);
  return request;
}

core::Result<OkxRequest> parse_okx_request(std::string_view text) {
  Document document;
  if (auto status = read(text, document); !status) return tl::unexpected(status.error());
  OkxRequest request;
  request.op = string_field(document.root, "op");
  request.id = scalar_json(document.root, "id", "");
  simdjson::dom::array args;
  if (document.root["args"].get(args)) return request;
  for (const element item : args) {
    object argument;
    if (!item.get(argument))
      request.args.push_back({string_field(argument, "channel"), string_field(argument, "instId")});
  }
  return request;
}

core::Result<BybitRequest> parse_bybit_request(std::string_view text) {
  Document document;
  if (auto status = read(text, document); !status) return tl::unexpected(status.error());
  BybitRequest request;
  request.op = string_field(document.root, "op");
  request.req_id = scalar_json(document.root, "req_id", "");
  append_strings(document.root, "args", request.args);
  return request;
}

core::Result<BitstampRequest> parse_bitstamp_request(std::string_view text) {
  Document document;
  if (auto status = read(text, document); !status) return tl::unexpected(status.error());
  BitstampRequest request;
  request.event = string_field(document.root, "event");
  object data;
  if (!document.root["data"].get(data)) request.channel = string_field(data, "channel");
  return request;
}

}  // namespace tickspan::sim
