#include "wire/topic.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace tickspan::wire {
namespace {

constexpr std::array<std::pair<TopicKind, std::string_view>, 5> kKinds = {{{TopicKind::price, "price"},
                                                                           {TopicKind::ticker, "ticker"},
                                                                           {TopicKind::trades, "trades"},
                                                                           {TopicKind::candles, "candles"},
                                                                           {TopicKind::bench, "bench"}}};
constexpr std::size_t kMaxName = 200;

using Resolved = tl::expected<Topic, TopicProblem>;

tl::unexpected<TopicProblem> refuse(std::string code, std::string message, std::vector<std::string> near = {}) {
  return tl::unexpected<TopicProblem>(TopicProblem{std::move(code), std::move(message), std::move(near)});
}

tl::unexpected<TopicProblem> malformed(std::string_view name) {
  return refuse("invalid_channel",
                "'" + std::string(name) +
                    "' is not a channel; allowed: price:BASE/QUOTE, ticker:BASE/QUOTE, price:*, ticker:*/QUOTE, "
                    "trades:VENUE:BASE/QUOTE, candles:BASE/QUOTE:INTERVAL");
}

std::string_view kind_name(TopicKind kind) {
  for (const auto& [value, name] : kKinds) {
    if (value == kind) return name;
  }
  return "price";
}

// The part of `text` up to `separator`, which is taken off; the whole of it when there is none.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return part;
}

tl::expected<core::AssetId, TopicProblem> resolve_asset(std::string_view name, const core::Catalogue& catalogue) {
  const core::AssetId id = catalogue.resolve(name);
  if (id.valid()) return id;
  return refuse("unknown_asset", "unknown asset '" + std::string(name) + "'", catalogue.near_matches(name));
}

tl::expected<void, TopicProblem> resolve_pair(std::string_view pair, const core::Catalogue& catalogue, Topic& topic) {
  const std::size_t slash = pair.find('/');
  const auto base = resolve_asset(pair.substr(0, slash), catalogue);
  if (!base) return tl::unexpected(base.error());
  const auto quote = resolve_asset(pair.substr(slash + 1), catalogue);
  if (!quote) return tl::unexpected(quote.error());
  topic.base = *base;
  topic.quote = *quote;
  return {};
}

Resolved resolve_latest(std::string_view name, std::string_view rest, const core::Catalogue& catalogue, Topic topic) {
  if (rest.starts_with('*')) {
    if (rest != "*" && !rest.starts_with("*/")) return malformed(name);
    const auto quote = resolve_asset(rest == "*" ? std::string_view("usd") : rest.substr(2), catalogue);
    if (!quote) return tl::unexpected(quote.error());
    topic.quote = *quote;
    return topic;
  }
  if (rest.find('/') == std::string_view::npos) return malformed(name);
  if (const auto pair = resolve_pair(rest, catalogue, topic); !pair) return tl::unexpected(pair.error());
  return topic;
}

// A venue lists its pairs some time after the start: until it has, any pair may turn out to be there.
tl::expected<void, TopicProblem> check_traded(const Topic& topic, const core::Catalogue& catalogue) {
  bool listed = false;
  std::vector<std::string> near;
  for (const core::Instrument& instrument : catalogue.instruments()) {
    if (instrument.venue != topic.venue) continue;
    if (instrument.base == topic.base && instrument.quote == topic.quote) return {};
    listed = true;
    if (instrument.base != topic.base || near.size() == 3) continue;
    Topic other = topic;
    other.quote = instrument.quote;
    near.push_back(topic_name(other, catalogue));
  }
  if (!listed) return {};
  return refuse("unknown_pair",
                catalogue.venue(topic.venue).id + " does not trade " + public_name(catalogue, topic.base) + '/' +
                    public_name(catalogue, topic.quote),
                std::move(near));
}

Resolved resolve_trades(std::string_view name, std::string_view rest, const core::Catalogue& catalogue, Topic topic) {
  const std::string_view venue = take(rest, ':');
  if (venue.empty() || rest.find('/') == std::string_view::npos) return malformed(name);
  topic.venue = catalogue.find_venue(venue);
  if (!topic.venue.valid() || catalogue.venue(topic.venue).polled) {
    std::vector<std::string> near;
    for (const core::Venue& known : catalogue.venues()) {
      if (!known.polled) near.push_back(known.id);
    }
    return refuse("unknown_venue", "'" + std::string(venue) + "' is not an exchange that is listened to",
                  std::move(near));
  }
  if (const auto pair = resolve_pair(rest, catalogue, topic); !pair) return tl::unexpected(pair.error());
  if (const auto traded = check_traded(topic, catalogue); !traded) return tl::unexpected(traded.error());
  return topic;
}

Resolved resolve_candles(std::string_view name, std::string_view rest, const core::Catalogue& catalogue, Topic topic) {
  const std::string_view pair = take(rest, ':');
  if (pair.find('/') == std::string_view::npos || rest.empty()) return malformed(name);
  const auto interval = core::parse_interval(rest);
  if (!interval) {
    std::vector<std::string> all;
    for (const core::Interval known : core::kIntervals) all.emplace_back(core::to_string(known));
    return refuse("invalid_channel", "'" + std::string(rest) + "' is not an interval", std::move(all));
  }
  topic.interval = *interval;
  if (const auto resolved = resolve_pair(pair, catalogue, topic); !resolved) return tl::unexpected(resolved.error());
  if (topic.quote != catalogue.find_id("usd")) {
    Topic usd = topic;
    usd.quote = catalogue.find_id("usd");
    return refuse("unknown_pair", "candles are streamed in usd only; GET /api/v1/candles has other quotes",
                  usd.quote.valid() ? std::vector{topic_name(usd, catalogue)} : std::vector<std::string>{});
  }
  return topic;
}

Resolved resolve_bench(std::string_view name, std::string_view rest, std::uint32_t channels, Topic topic) {
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), topic.base.value);
  if (error != std::errc{} || end != rest.data() + rest.size() || topic.base.value >= channels) return malformed(name);
  return topic;
}

bool usable_in_names(std::string_view symbol) {
  return !symbol.empty() && std::all_of(symbol.begin(), symbol.end(), [](char c) {
    return c > ' ' && c < 0x7F && std::string_view("/:,*\"\\?&#%+").find(c) == std::string_view::npos;
  });
}

}  // namespace

tl::expected<Topic, TopicProblem> resolve_topic(std::string_view name, const core::Catalogue& catalogue,
                                                std::uint32_t bench_channels) {
  if (name.size() > kMaxName)
    return refuse("invalid_channel", "a channel name has at most " + std::to_string(kMaxName) + " bytes");
  std::string_view rest = name;
  const std::string kind = core::to_lower(take(rest, ':'));
  const auto known =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& entry) { return entry.second == kind; });
  if (known == kKinds.end() || rest.empty()) return malformed(name);
  Topic topic;
  topic.kind = known->first;
  switch (topic.kind) {
    case TopicKind::price:
    case TopicKind::ticker:
      return resolve_latest(name, rest, catalogue, topic);
    case TopicKind::trades:
      return resolve_trades(name, rest, catalogue, topic);
    case TopicKind::candles:
      return resolve_candles(name, rest, catalogue, topic);
    case TopicKind::bench:
      return resolve_bench(name, rest, bench_channels, topic);
  }
  return malformed(name);
}

core::Result<Topic> parse_topic(std::string_view name, const core::Catalogue& catalogue, std::uint32_t bench_channels) {
  auto resolved = resolve_topic(name, catalogue, bench_channels);
  if (resolved) return *resolved;
  std::string context = std::move(resolved.error().message);
  for (std::size_t i = 0; i < resolved.error().near.size(); ++i) {
    context += i == 0 ? "; near: " : ", ";
    context += resolved.error().near[i];
  }
  const bool invalid = resolved.error().code == "invalid_channel";
  return core::fail(invalid ? core::ErrorCode::invalid_argument : core::ErrorCode::not_found, std::move(context));
}

const std::string& public_name(const core::Catalogue& catalogue, core::AssetId id) {
  const core::Asset& asset = catalogue.asset(id);
  return usable_in_names(asset.symbol) && catalogue.resolve(asset.symbol) == id ? asset.symbol : asset.id;
}

std::string topic_name(const Topic& topic, const core::Catalogue& catalogue) {
  std::string name(kind_name(topic.kind));
  name += ':';
  if (topic.kind == TopicKind::bench) return name + std::to_string(topic.base.value);
  if (topic.kind == TopicKind::trades) {
    name += catalogue.venue(topic.venue).id;
    name += ':';
  }
  const std::string& quote = public_name(catalogue, topic.quote);
  if (topic.is_wildcard()) {
    name += '*';
    if (quote == "usd") return name;
  } else {
    name += public_name(catalogue, topic.base);
  }
  name += '/';
  name += quote;
  if (topic.kind == TopicKind::candles) {
    name += ':';
    name += core::to_string(topic.interval);
  }
  return name;
}

void InterestTable::add(const Topic& topic) {
  const std::lock_guard lock(mutex_);
  auto& entry = listeners_.try_emplace(topic.key(), topic, 0U).first->second;
  if (++entry.second == 1) version_.fetch_add(1, std::memory_order_release);
}

void InterestTable::remove(const Topic& topic) {
  const std::lock_guard lock(mutex_);
  const auto it = listeners_.find(topic.key());
  if (it == listeners_.end() || --it->second.second > 0) return;
  listeners_.erase(it);
  version_.fetch_add(1, std::memory_order_release);
}

std::shared_ptr<const InterestTable::Set> InterestTable::current() const {
  auto set = std::make_shared<Set>();
  const std::lock_guard lock(mutex_);
  set->reserve(listeners_.size());
  for (const auto& [key, entry] : listeners_) set->emplace(key, entry.first);
  return set;
}

}  // namespace tickspan::wire
