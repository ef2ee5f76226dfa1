#include "stream/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "stream/close_codes.hpp"
#include "stream/shard.hpp"
#include "wire/messages.hpp"

namespace tickspan::stream {
namespace {

constexpr int kLooksForNear = 5;  // finding what may have been meant walks the catalogue: not for a list of nonsense

using Resolved = tl::expected<wire::Topic, wire::TopicProblem>;

// Whether every name in it is known: a cheap look before the thorough one.
bool plausible(std::string_view channel, const core::Catalogue& catalogue) {
  const std::size_t colon = channel.rfind(':', channel.find('/'));
  auto pair = colon == std::string_view::npos ? channel : channel.substr(colon + 1);
  pair = pair.substr(0, pair.find(':'));
  const std::size_t slash = pair.find('/');
  if (slash == std::string_view::npos) return pair == "*";
  const auto known = [&](std::string_view name) { return name == "*" || catalogue.resolve(name).valid(); };
  return known(pair.substr(0, slash)) && known(pair.substr(slash + 1));
}

Resolved resolve(std::string_view name, const core::Catalogue& catalogue, std::uint32_t bench_channels, int& refused) {
  if (refused >= kLooksForNear && !plausible(name, catalogue)) {
    return tl::unexpected(
        wire::TopicProblem{"unknown_asset", "unknown asset in '" + std::string(name.substr(0, 200)) + "'", {}});
  }
  auto resolved = wire::resolve_topic(name, catalogue, bench_channels);
  if (!resolved) ++refused;
  return resolved;
}

void write_error(wire::JsonWriter& json, const wire::TopicProblem& problem) {
  json.key("error").begin_object().field("code", problem.code).field("message", problem.message);
  if (!problem.near.empty()) {
    json.key("near").begin_array();
    for (const auto& near : problem.near) json.value(near);
    json.end_array();
  }
  json.end_object();
}

const Since* find_since(const Request& request, std::string_view asked, std::string_view canonical) {
  const auto it = std::find_if(request.since.begin(), request.since.end(),
                               [&](const Since& s) { return s.channel == asked || s.channel == canonical; });
  return it == request.since.end() ? nullptr : &*it;
}

}  // namespace

void Session::greet() {
  quiet_since_ = shard().now();
  const auto& options = shard().options();
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object().field("type", "hello").field("server", "tickspan").field("version", TICKSPAN_VERSION);
  json.field("protocol", 1);
  const std::uint64_t number = shard().core().next_session.fetch_add(1, std::memory_order_relaxed);
  json.field("session", fmt::format("{:x}-{:x}", shard().clock_now().ns, number));
  json.field("heartbeat_ms", static_cast<std::int64_t>(options.heartbeat.count()));
  json.key("limits").begin_object();
  json.field("subscriptions", static_cast<std::uint64_t>(options.max_subscriptions));
  json.field("message_bytes", static_cast<std::uint64_t>(options.max_message_bytes));
  json.field("messages_per_second", static_cast<std::uint64_t>(options.messages_per_second));
  json.field("queued_bytes", static_cast<std::uint64_t>(options.max_queued_bytes));
  json.field("history_ms", static_cast<std::int64_t>(options.history_age.count()));
  json.field("history_bytes", static_cast<std::uint64_t>(options.history_bytes));
  json.field("idle_ms", static_cast<std::int64_t>(options.idle.count()));
  json.end_object().field("time", shard().clock_now()).end_object();
  send_text(out);
}

std::string Session::heartbeat() const {
  std::string out;
  wire::JsonWriter(out).begin_object().field("type", "heartbeat").field("time", shard().clock_now()).end_object();
  return out;
}

void Session::push(const wire::Topic&, std::string_view, std::uint64_t, std::string_view json) {
  send_text(json);
}

void Session::push_shared(const wire::Topic&, std::uint64_t, SharedMessage& message) {
  if (!deflates()) return send_text(message.json);
  if (message.deflated.empty()) shard().deflater().append_text_frame(message.deflated, message.json);
  send_framed(message.deflated);
}

void Session::handle_tick() {
  const auto idle = shard().options().idle;
  if (idle.count() == 0 || shard().subscriptions(*this) > 0) {
    quiet_since_ = shard().now();
  } else if (shard().now() - quiet_since_ >= idle) {
    shard().counters().closed_idle.add();
    close(close_code::kLimit, "idle");
  }
}

void Session::handle_message(std::string_view text) {
  quiet_since_ = shard().now();
  const Request request = shard().reader().read(text, shard().options().max_subscriptions);
  if (!request.problem.empty()) return offence(request);
  switch (request.method) {
    case Method::subscribe:
      return subscribe(request);
    case Method::unsubscribe:
      return unsubscribe(request);
    case Method::ping: {
      std::string out;
      wire::JsonWriter json(out);
      json.begin_object().key("id").raw(request.id).key("result").begin_object();
      json.field("time", shard().clock_now()).end_object().end_object();
      return send_text(out);
    }
    case Method::none:
      return;
  }
}

void Session::offence(const Request& request) {
  refuse(request, "bad_request", request.problem);
  if (++offences_ < shard().options().max_offences) return;
  shard().counters().closed_bad.add();
  close(close_code::kBadRequest, "bad_request");
}

void Session::refuse(const Request& request, std::string_view code, std::string_view message) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object().key("id").raw(request.id).key("error").begin_object();
  json.field("code", code).field("message", message).end_object().end_object();
  send_text(out);
}

/// One channel of a subscribe request.
struct Session::Asked {
  std::string_view name;
  Resolved topic;
  std::optional<std::uint64_t> since;
  std::optional<std::vector<wire::Frame>> missed;  // nothing: not known in full
  bool repeated = false;                           // an earlier one of the request is the same channel
};

void Session::subscribe(const Request& request) {
  const auto snapshot = shard().snapshot();
  if (!snapshot || shard().awaits_pipeline())
    return refuse(request, "starting", "no market yet; try again in a second");
  const auto& options = shard().options();
  std::vector<Asked> asked;
  SubscriptionSet added;
  std::size_t count = shard().subscriptions(*this);
  int refused = 0;
  for (const std::string& name : request.channels) {
    asked.push_back({name, resolve(name, *snapshot->catalogue, options.bench_channels, refused), {}, {}, false});
    Asked& a = asked.back();
    if (!a.topic) continue;
    a.repeated = find_subscribed(added, a.topic->key()) != nullptr;
    if (!a.repeated && shard().find(*this, *a.topic) == nullptr) {
      if (count >= options.max_subscriptions) {
        shard().counters().refused_subscriptions.add();
        a.topic = tl::unexpected(
            wire::TopicProblem{"limit", fmt::format("at most {} subscriptions", options.max_subscriptions), {}});
        continue;
      }
      ++count;
    }
    const bool latest = wire::keeps_latest_only(a.topic->kind);
    add_subscribed(added, {*a.topic, latest ? request.max_rate_ms : 0});
  }
  // Before anything is looked up: from here on nothing of these channels passes by unseen.
  shard().subscribe(*this, added);
  const auto present = shard().snapshot();
  answer_subscribe(request, *present, asked);
  for (const Asked& a : asked) {
    if (!a.topic || a.repeated) continue;
    if (a.missed)
      shard().push_missed(*this, *a.topic, *a.since, *a.missed);
    else
      shard().push_fresh(*this, *a.topic, present);
  }
}

void Session::answer_subscribe(const Request& request, const core::MarketSnapshot& snapshot,
                               std::vector<Asked>& asked) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object().key("id").raw(request.id).key("results").begin_array();
  for (Asked& a : asked) {
    json.begin_object().field("channel", a.name);
    if (!a.topic) {
      write_error(json, a.topic.error());
      json.end_object();
      continue;
    }
    const std::string name = wire::topic_name(*a.topic, *snapshot.catalogue);
    const Since* since = find_since(request, a.name, name);
    if (since != nullptr && since->epoch == snapshot.epoch && !wire::keeps_latest_only(a.topic->kind)) {
      a.since = since->seq;
      a.missed = shard().core().history.after(a.topic->key(), since->seq, shard().generation());
    }
    json.key("result").begin_object().field("channel", name).field("recovered", a.missed.has_value());
    json.end_object().end_object();
  }
  json.end_array().end_object();
  send_text(out);
}

void Session::unsubscribe(const Request& request) {
  const auto snapshot = shard().snapshot();
  if (!snapshot || shard().awaits_pipeline())
    return refuse(request, "starting", "no market yet; try again in a second");
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object().key("id").raw(request.id).key("results").begin_array();
  int refused = 0;
  for (const std::string& asked : request.channels) {
    json.begin_object().field("channel", asked);
    const auto topic = resolve(asked, *snapshot->catalogue, shard().options().bench_channels, refused);
    if (!topic) {
      write_error(json, topic.error());
    } else if (shard().unsubscribe(*this, *topic)) {
      json.key("result").begin_object().field("channel", wire::topic_name(*topic, *snapshot->catalogue)).end_object();
    } else {
      write_error(json, {"not_subscribed", "not subscribed to '" + asked + "'", {}});
    }
    json.end_object();
  }
  json.end_array().end_object();
  send_text(out);
}

void Session::on_pipeline(const core::SnapshotPtr& snapshot, std::span<const NamedSubscription> old) {
  const Cork cork(*this);
  SubscriptionSet set;
  std::vector<Resolved> topics;
  for (const NamedSubscription& subscription : old) {
    topics.push_back(wire::resolve_topic(subscription.name, *snapshot->catalogue, shard().options().bench_channels));
    if (topics.back()) add_subscribed(set, {*topics.back(), subscription.rate_ms});
  }
  shard().subscribe(*this, set);
  const auto present = shard().snapshot();  // not from before: the engine did not know of these channels then
  for (std::size_t i = 0; i < old.size(); ++i) {
    std::string data;
    wire::JsonWriter json(data);
    json.begin_object().field("origin", core::to_string(snapshot->origin));
    if (!topics[i]) write_error(json, topics[i].error());
    json.end_object();
    send_text(wire::stream_message(old[i].name, "status", present->position, present->epoch, data));
    if (topics[i]) shard().push_fresh(*this, *topics[i], present);
  }
}

}  // namespace tickspan::stream
