#include "stream/request.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstring>
#include <optional>

#include "wire/json_writer.hpp"

namespace tickspan::stream {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kMaxId = 128;
constexpr std::uint64_t kMaxRateMs = 60'000;

// Only what can be echoed as it came: a number, a string, null.
std::optional<std::string> read_id(const dom::element& id) {
  std::string out;
  wire::JsonWriter json(out);
  if (std::int64_t n = 0; id.get(n) == simdjson::SUCCESS) {
    json.value(n);
  } else if (std::uint64_t u = 0; id.get(u) == simdjson::SUCCESS) {
    json.value(u);
  } else if (double d = 0; id.get(d) == simdjson::SUCCESS) {
    json.value(d);
  } else if (std::string_view text; id.get(text) == simdjson::SUCCESS && text.size() <= kMaxId) {
    json.value(text);
  } else if (id.is_null()) {
    json.null();
  } else {
    return {};
  }
  return out;
}

bool read_channels(const dom::object& params, std::size_t max_channels, Request& out) {
  dom::array channels;
  if (params["channels"].get(channels) != simdjson::SUCCESS || channels.size() == 0) {
    out.problem = "params.channels must be a list of channel names";
    return false;
  }
  if (channels.size() > max_channels) {
    out.problem = fmt::format("at most {} channels in one message", max_channels);
    return false;
  }
  for (const dom::element channel : channels) {
    std::string_view name;
    if (channel.get(name) != simdjson::SUCCESS) {
      out.problem = "params.channels must hold strings only";
      return false;
    }
    out.channels.emplace_back(name);
  }
  return true;
}

bool read_since(const dom::object& params, std::size_t max_channels, Request& out) {
  dom::element element;
  if (params["since"].get(element) != simdjson::SUCCESS || element.is_null()) return true;
  dom::object since;
  if (element.get(since) != simdjson::SUCCESS || since.size() > max_channels) {
    out.problem = "params.since must be an object of channel: {epoch, seq}";
    return false;
  }
  for (const auto& [channel, place] : since) {
    Since entry;
    std::string_view epoch;
    if (place["epoch"].get(epoch) != simdjson::SUCCESS || place["seq"].get(entry.seq) != simdjson::SUCCESS) {
      out.problem = "params.since must be an object of channel: {epoch, seq}";
      return false;
    }
    entry.channel = channel;
    entry.epoch = epoch;
    out.since.push_back(std::move(entry));
  }
  return true;
}

bool read_rate(const dom::object& params, Request& out) {
  dom::element element;
  if (params["max_rate_ms"].get(element) != simdjson::SUCCESS || element.is_null()) return true;
  std::uint64_t rate = 0;
  if (element.get(rate) != simdjson::SUCCESS || rate > kMaxRateMs) {
    out.problem = fmt::format("params.max_rate_ms must be a whole number from 0 to {}", kMaxRateMs);
    return false;
  }
  out.max_rate_ms = static_cast<std::uint32_t>(rate);
  return true;
}

void read_method(const dom::object& message, Request& out) {
  std::string_view method;
  if (message["method"].get(method) != simdjson::SUCCESS) {
    out.problem = "method is missing; allowed: subscribe, unsubscribe, ping";
  } else if (method == "subscribe") {
    out.method = Method::subscribe;
  } else if (method == "unsubscribe") {
    out.method = Method::unsubscribe;
  } else if (method == "ping") {
    out.method = Method::ping;
  } else {
    out.problem = fmt::format("unknown method '{}'; allowed: subscribe, unsubscribe, ping", method.substr(0, 40));
  }
}

}  // namespace

struct RequestReader::Impl {
  dom::parser parser;
  std::string padded;
};

RequestReader::RequestReader() : impl_(std::make_unique<Impl>()) {}
RequestReader::~RequestReader() = default;

Request RequestReader::read(std::string_view text, std::size_t max_channels) {
  Request out;
  auto& buffer = impl_->padded;
  buffer.assign(text);
  buffer.append(simdjson::SIMDJSON_PADDING, '\0');
  dom::element document;
  const auto error = impl_->parser.parse(buffer.data(), text.size(), false).get(document);
  if (error != simdjson::SUCCESS) {
    out.problem = fmt::format("not JSON: {}", simdjson::error_message(error));
    return out;
  }
  dom::object message;
  if (document.get(message) != simdjson::SUCCESS) {
    out.problem = "a message must be an object";
    return out;
  }
  if (dom::element id; message["id"].get(id) == simdjson::SUCCESS) {
    auto read = read_id(id);
    if (read)
      out.id = std::move(*read);
    else
      out.problem = "id must be a number or a short string";
  }
  if (out.problem.empty()) read_method(message, out);
  if (!out.problem.empty() || out.method == Method::ping) return out;
  dom::object params;
  if (message["params"].get(params) != simdjson::SUCCESS) {
    out.problem = "params is missing";
    return out;
  }
  if (!read_channels(params, max_channels, out)) return out;
  if (out.method == Method::subscribe && read_since(params, max_channels, out)) read_rate(params, out);
  return out;
}

}  // namespace tickspan::stream
