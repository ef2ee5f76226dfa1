#include "model_client.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <utility>

namespace tickspan::stream::model {
namespace {

namespace dom = simdjson::dom;
using std::chrono::steady_clock;

constexpr std::size_t kTraceLines = 60;
constexpr std::size_t kTraceWidth = 220;

dom::parser& parser() {
  static dom::parser one;
  return one;
}

std::string text_of(const dom::element& object, const char* key) {
  std::string_view out;
  return object[key].get(out) == simdjson::SUCCESS ? std::string(out) : std::string();
}

// `price:btc/usd` -> `btc`
std::string asset_of(std::string_view channel) {
  const auto colon = channel.find(':');
  return std::string(channel.substr(colon + 1, channel.find('/') - colon - 1));
}

std::string wildcard_of(std::string_view channel) {
  return std::string(channel.substr(0, channel.find(':'))) + ":*";
}

std::string quoted_list(const std::vector<ModelClient::Asked>& asked) {
  std::string out;
  for (const auto& a : asked) out += (out.empty() ? "\"" : ",\"") + a.spelling + "\"";
  return out;
}

}  // namespace

bool is_lossless(std::string_view channel) {
  return !channel.starts_with("price:") && !channel.starts_with("ticker:");
}

bool is_wildcard(std::string_view channel) {
  return channel.ends_with(":*");
}

struct ModelClient::Push {
  std::string channel, type;
  std::uint64_t seq = 0;
  std::size_t epoch = 0;
  dom::element data;
  std::string_view text;
};

ModelClient::ModelClient(const Book& book, Memory& memory, std::string name, std::uint16_t port, int receive_buffer)
    : book_(book), memory_(memory), name_(std::move(name)), socket_(port, "/api/v1/stream", receive_buffer) {
  ever_slow = receive_buffer > 0;
}

void ModelClient::note(std::string_view what, std::string_view text) const {
  trace_.push_back(std::string(what) + ' ' + std::string(text.substr(0, kTraceWidth)));
  if (trace_.size() > kTraceLines) trace_.pop_front();
}

std::string ModelClient::trace() const {
  std::string out;
  for (const auto& line : trace_) out += "  " + line + '\n';
  return out;
}

void ModelClient::violation(const std::string& what) const {
  throw Violation(name_ + ": " + what + "\n" + trace());
}

// ---- what the client says ----

void ModelClient::send(Request request, const std::string& text) {
  request.id = next_id_++;
  request.pipeline = book_.newest();
  request.at = steady_clock::now();
  const std::string whole = fmt::format(R"({{"id":{},"method":"{}"{}}})", request.id, request.method, text);
  note("->", whole);
  requests_.push_back(std::move(request));
  socket_.send_text(whole);
}

void ModelClient::subscribe(const std::vector<Asked>& asked, std::uint32_t max_rate_ms) {
  std::string since;
  for (const Asked& a : asked) {
    if (!a.since) continue;
    since += fmt::format(R"({}"{}":{{"epoch":"{}","seq":{}}})", since.empty() ? "" : ",", a.spelling, a.since->epoch,
                         a.since->seq);
  }
  std::string params = fmt::format(R"("channels":[{}])", quoted_list(asked));
  if (!since.empty()) params += fmt::format(R"(,"since":{{{}}})", since);
  if (max_rate_ms > 0) params += fmt::format(R"(,"max_rate_ms":{})", max_rate_ms);
  send({0, "subscribe", asked, max_rate_ms, 0, {}}, fmt::format(R"(,"params":{{{}}})", params));
}

void ModelClient::unsubscribe(const std::vector<Asked>& asked) {
  send({0, "unsubscribe", asked, 0, 0, {}}, fmt::format(R"(,"params":{{"channels":[{}]}})", quoted_list(asked)));
}

void ModelClient::ping() {
  send({0, "ping", {}, 0, 0, {}}, "");
}

void ModelClient::say_goodbye() {
  note("->", "close 1000");
  polite_ = true;
  socket_.send_close(1000);
}

std::vector<std::string> ModelClient::channels() const {
  std::vector<std::string> out;
  for (const auto& [name, subscription] : subscriptions_) out.push_back(name);
  return out;
}

// ---- what it hears ----

bool ModelClient::pump(std::size_t max_bytes) {
  if (closed()) return false;
  bool any = false;
  try {
    any = socket_.pump([this](std::string_view text) { on_text(text); }, max_bytes);
  } catch (const Violation&) {
    throw;
  } catch (const std::runtime_error& error) {
    violation(error.what());
  }
  if (closed()) check_close();
  return any;
}

void ModelClient::check_close() {
  const std::uint16_t code = *socket_.closed();
  note("<-", fmt::format("close {}", code));
  if (polite_ && (code == 1000 || code == 1006)) return;
  if (end_expected_) {
    if (code == 4000 || (code == 1006 && (!end_strict_ || !greeted_ || ever_slow))) return;
  }
  // A client that took nothing for two seconds is cut, and may not have been told.
  if (book_.slow_possible && (code == 4008 || (code == 1006 && ever_slow))) return;
  violation(fmt::format("closed with {}", code));
}

void ModelClient::on_text(std::string_view text) {
  note("<-", text);
  dom::element message;
  if (parser().parse(text.data(), text.size()).get(message) != simdjson::SUCCESS) violation("not JSON");
  const std::string type = text_of(message, "type");
  if (!greeted_) {
    if (type != "hello") violation("the first message is not hello");
    greeted_ = true;
    return;
  }
  if (dom::element id; message["id"].get(id) == simdjson::SUCCESS) return on_answer(text);
  if (type == "heartbeat") return;
  Push push;
  push.channel = text_of(message, "channel");
  push.type = type;
  push.text = text;
  if (push.channel.empty()) violation("a message of no kind");
  if (message["seq"].get(push.seq) != simdjson::SUCCESS) violation("no seq");
  if (message["data"].get(push.data) != simdjson::SUCCESS) violation("no data");
  push.epoch = epoch_index(text_of(message, "epoch"));
  on_push(push);
}

std::size_t ModelClient::epoch_index(const std::string& epoch) const {
  for (std::size_t i = 0; i < book_.pipelines.size(); ++i) {
    if (book_.pipelines[i]->epoch() == epoch) return i;
  }
  violation("an epoch that never was: " + epoch);
}

ModelClient::Subscription& ModelClient::subscription_of(const std::string& channel) {
  const auto it = subscriptions_.find(channel);
  if (it == subscriptions_.end()) violation("not subscribed to " + channel);
  return it->second;
}

void ModelClient::on_push(const Push& push) {
  if (push.type == "status") return on_status(push);
  if (push.type == "gap") return on_gap(push);
  if (push.type == "snapshot") return on_snapshot(push);
  if (push.type != "update") violation("an unknown type");
  return is_lossless(push.channel) ? on_lossless_update(push) : on_latest_update(push);
}

// ---- answers ----

bool ModelClient::unknown_asset_possible(const Request& request, const std::string& channel) const {
  if (channel.find("eth/") == std::string::npos) return false;
  for (std::size_t i = request.pipeline > 0 ? request.pipeline - 1 : 0; i < book_.pipelines.size(); ++i) {
    if (!pipeline(i).with_eth()) return true;
  }
  return false;
}

void ModelClient::on_answer(std::string_view text) {
  dom::element answer;
  if (parser().parse(text.data(), text.size()).get(answer) != simdjson::SUCCESS) violation("not JSON");
  std::uint64_t id = 0;
  if (requests_.empty()) violation("an answer to nothing");
  const Request request = std::move(requests_.front());
  requests_.pop_front();
  if (answer["id"].get(id) != simdjson::SUCCESS || id != request.id) violation("answers out of order");
  if (dom::element error; answer["error"].get(error) == simdjson::SUCCESS) {
    if (text_of(error, "code") != "starting" || !book_.starting_possible) violation("refused");
    return;
  }
  if (request.method == "ping") return;
  dom::array results;
  if (answer["results"].get(results) != simdjson::SUCCESS || results.size() != request.asked.size())
    violation("not one result for each channel");
  std::size_t at = 0;
  for (const dom::element result : results) {
    const Asked& asked = request.asked[at++];
    if (text_of(result, "channel") != asked.spelling) violation("results out of order");
    const bool known = subscriptions_.contains(asked.channel);
    if (dom::element error; result["error"].get(error) == simdjson::SUCCESS) {
      const std::string code = text_of(error, "code");
      if (code == "unknown_asset" && unknown_asset_possible(request, asked.channel)) continue;
      if (code == "not_subscribed" && request.method == "unsubscribe" && !known) continue;
      violation(asked.channel + " refused with " + code);
    }
    dom::element given;
    if (result["result"].get(given) != simdjson::SUCCESS) violation("neither result nor error");
    if (text_of(given, "channel") != asked.channel) violation("not the canonical name of " + asked.spelling);
    if (request.method == "unsubscribe") {
      if (!known) violation("unsubscribed from what was not subscribed to: " + asked.channel);
      subscriptions_.erase(asked.channel);
      continue;
    }
    bool recovered = false;
    if (given["recovered"].get(recovered) != simdjson::SUCCESS) violation("recovered is missing");
    on_subscribed(request, asked, recovered);
  }
}

void ModelClient::on_subscribed(const Request& request, const Asked& asked, bool recovered) {
  Subscription subscription;
  subscription.rate_ms = request.rate_ms;
  subscription.since = request.at;
  saw_wildcard_ = saw_wildcard_ || is_wildcard(asked.channel);
  if (recovered) {
    if (!asked.since || !is_lossless(asked.channel))
      violation("recovered, but nothing was asked for: " + asked.channel);
    const std::size_t epoch = epoch_index(asked.since->epoch);
    // One life of the engine may have followed another between the request and its answer.
    if (epoch + 1 < request.pipeline) violation("recovered from an epoch long gone");
    if (asked.since->seq > pipeline(epoch).lossless().at(asked.channel).seq())
      violation("recovered from a number that never was");
    subscription.awaiting = false;
    subscription.epoch = epoch;
    subscription.last = asked.since->seq;
  } else if (asked.since && asked.since_is_true && book_.history_ample && request.pipeline == book_.newest() &&
             !book_.starting_possible && asked.since->epoch == pipeline(book_.newest()).epoch()) {
    subscription.unforgotten = asked.since->seq;
  }
  subscriptions_[asked.channel] = subscription;
}

// ---- pushes ----

void ModelClient::on_status(const Push& push) {
  Subscription& subscription = subscription_of(push.channel);
  if (subscription.epoch && push.epoch <= *subscription.epoch) violation("a status of no new epoch");
  if (text_of(push.data, "origin") != pipeline(push.epoch).origin()) violation("the origin of another pipeline");
  if (dom::element error; push.data["error"].get(error) == simdjson::SUCCESS) {
    if (pipeline(push.epoch).with_eth() || push.channel.find("eth/") == std::string::npos)
      violation("a channel got lost: " + push.channel);
    subscriptions_.erase(push.channel);
    return;
  }
  const auto updates = subscription.updates;
  subscription.awaiting = true;
  subscription.epoch = push.epoch;
  subscription.gap_until.reset();
  subscription.allowance += 2;
  subscription.updates = updates;
}

void ModelClient::on_gap(const Push& push) {
  Subscription& subscription = subscription_of(push.channel);
  if (!is_lossless(push.channel)) violation("a gap of latest values");
  if (subscription.awaiting) violation("a gap before the snapshot");
  if (push.epoch != *subscription.epoch) violation("a gap of another epoch");
  if (push.seq <= subscription.last) violation("a gap of what has been received");
  // Numbers that the engine left out while nobody listened may be told as a gap, too.
  const auto& texts = pipeline(push.epoch).lossless().at(push.channel).texts;
  if (push.seq > texts.size()) violation("a gap into the future");
  const auto from = texts.begin() + static_cast<std::ptrdiff_t>(subscription.last);
  const auto to = texts.begin() + static_cast<std::ptrdiff_t>(push.seq);
  const auto published = [](const Text& text) { return text != nullptr; };
  if (!book_.gaps_possible && std::any_of(from, to, published)) violation("a gap without a cause");
  if (book_.catches_up && std::all_of(from, to, published)) violation("a gap of what is in the history");
  subscription.awaiting = true;
  subscription.gap_until = push.seq;
}

void ModelClient::on_snapshot(const Push& push) {
  Subscription& subscription = subscription_of(push.channel);
  if (subscription.epoch && push.epoch != *subscription.epoch) violation("a snapshot of another epoch, and no status");
  if (is_lossless(push.channel)) return on_lossless_snapshot(push, subscription);
  on_latest_snapshot(push, subscription);
}

void ModelClient::on_lossless_snapshot(const Push& push, Subscription& subscription) {
  const auto& truth = pipeline(push.epoch).lossless().at(push.channel);
  if (push.seq > truth.seq()) violation("a snapshot from the future");
  if (!subscription.awaiting) {
    // Told anew only because the engine left a number out while nobody listened.
    if (!subscription.fresh || push.seq <= subscription.last) violation("a snapshot nobody asked for");
    for (std::uint64_t seq = subscription.last + 1; seq <= push.seq; ++seq) {
      if (truth.texts[seq - 1]) violation(fmt::format("a snapshot hides the loss of {}", seq));
    }
  }
  if (const auto since = std::exchange(subscription.unforgotten, std::nullopt); since && push.epoch == book_.newest()) {
    // Over a number that was left out nobody can be brought.
    const auto from = truth.texts.begin() + static_cast<std::ptrdiff_t>(std::min(*since, push.seq));
    const auto to = truth.texts.begin() + static_cast<std::ptrdiff_t>(push.seq);
    if (std::all_of(from, to, [](const Text& text) { return text != nullptr; }))
      violation("not recovered, though nothing was forgotten");
  }
  if (subscription.gap_until && push.seq != *subscription.gap_until) violation("the snapshot is not the gap's");
  const auto floor = floors_.find(push.channel);
  if (floor != floors_.end() && floor->second.epoch == push.epoch && push.seq < floor->second.seq)
    violation("a snapshot older than what has been received");
  check_recent(push, truth);
  subscription.awaiting = false;
  subscription.epoch = push.epoch;
  subscription.gap_until.reset();
  subscription.fresh = true;
  subscription.last = push.seq;
  floors_[push.channel] = {push.epoch, push.seq};
  memory_[push.channel] = {pipeline(push.epoch).epoch(), push.seq};
}

// The newest messages up to the snapshot's number, as far as they are kept, none left out between them.
void ModelClient::check_recent(const Push& push, const Pipeline::Lossless& truth) const {
  dom::array rows;
  if (push.data.get(rows) != simdjson::SUCCESS) violation("the snapshot is no list");
  const std::size_t most = push.channel.starts_with("candles:") ? 1 : 50;
  if (rows.size() > most) violation("too long a snapshot");
  const auto nothing_between = [&](std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t seq = from + 1; seq < to; ++seq) {
      if (truth.texts[seq - 1]) violation(fmt::format("the snapshot lacks {}", seq));
    }
  };
  std::uint64_t before = 0, kept = 0;
  for (const dom::element row : rows) {
    std::uint64_t n = 0;
    if (row["n"].get(n) != simdjson::SUCCESS) violation("a row of no message");
    if (n <= before || n > push.seq || !truth.texts[n - 1]) violation(fmt::format("a row of {}", n));
    if (before > 0) nothing_between(before, n);
    before = n;
  }
  if (before > 0) nothing_between(before, push.seq + 1);
  std::uint64_t newest = push.seq;
  while (newest > 0 && !truth.texts[newest - 1]) --newest;
  while (kept < most && kept < newest && truth.texts[newest - 1 - kept]) ++kept;
  // Of a life that is over the messages are forgotten, even if nobody has been told yet.
  if (book_.history_ample && push.epoch == book_.newest() && rows.size() < kept)
    violation("the snapshot holds less than there is");
}

void ModelClient::on_lossless_update(const Push& push) {
  Subscription& subscription = subscription_of(push.channel);
  if (subscription.awaiting) violation("an update before the snapshot");
  if (push.epoch != *subscription.epoch) violation("an update of another epoch, and no status");
  if (push.seq != subscription.last + 1)
    violation(fmt::format("{} after {} on {}", push.seq, subscription.last, push.channel));
  const auto& truth = pipeline(push.epoch).lossless().at(push.channel);
  if (push.seq > truth.seq() || !truth.texts[push.seq - 1] || *truth.texts[push.seq - 1] != push.text)
    violation("not the message that was published");
  subscription.last = push.seq;
  subscription.fresh = false;
  Floor& floor = floors_[push.channel];
  if (floor.epoch != push.epoch || floor.seq < push.seq) floor = {push.epoch, push.seq};
  memory_[push.channel] = {pipeline(push.epoch).epoch(), push.seq};
}

void ModelClient::raise_floor(const std::string& channel, std::size_t epoch, std::uint64_t seq, bool strictly) {
  const auto [it, created] = floors_.try_emplace(channel, Floor{epoch, seq});
  if (created) return;
  Floor& floor = it->second;
  if (epoch < floor.epoch) violation("an epoch gone by");
  if (epoch == floor.epoch && (seq < floor.seq || (strictly && seq == floor.seq)))
    violation(fmt::format("{}: {} after {}", channel, seq, floor.seq));
  floor = {epoch, seq};
}

void ModelClient::check_row(const Push& push, const std::string& asset, double price) const {
  const double truth = pipeline(push.epoch).price_at(asset, push.seq);
  if (price != truth) violation(fmt::format("{} stood at {} at {}, not at {}", asset, truth, push.seq, price));
}

void ModelClient::on_latest_snapshot(const Push& push, Subscription& subscription) {
  if (!subscription.awaiting) violation("a snapshot nobody asked for");
  if (push.seq > pipeline(push.epoch).position()) violation("a snapshot from the future");
  subscription.awaiting = false;
  subscription.epoch = push.epoch;
  double price = 0;
  if (!is_wildcard(push.channel)) {
    if (push.data["price"].get(price) != simdjson::SUCCESS) violation("a snapshot without a price");
    check_row(push, asset_of(push.channel), price);
    return raise_floor(push.channel, push.epoch, push.seq, false);
  }
  dom::array rows;
  const auto coins = pipeline(push.epoch).coins();
  if (push.data.get(rows) != simdjson::SUCCESS || rows.size() != coins.size())
    violation("not all coins are in the snapshot");
  for (const dom::element row : rows) {
    const std::string pair = text_of(row, "pair");
    if (row["price"].get(price) != simdjson::SUCCESS) violation("a row without a price");
    check_row(push, pair.substr(0, pair.find('/')), price);
    raise_floor(push.channel.substr(0, push.channel.find(':') + 1) + pair, push.epoch, push.seq, false);
  }
}

void ModelClient::on_latest_update(const Push& push) {
  bool covered = false;
  for (const std::string& by : {push.channel, wildcard_of(push.channel)}) {
    const auto it = subscriptions_.find(by);
    if (it != subscriptions_.end() && !it->second.awaiting && it->second.epoch == push.epoch) covered = true;
  }
  if (!covered) violation("an update of what is not subscribed to (in this epoch)");
  const Text truth = pipeline(push.epoch).latest_text(push.channel, push.seq);
  if (!truth || *truth != push.text) violation("not the message that was published");
  raise_floor(push.channel, push.epoch, push.seq, true);
  if (const auto exact = subscriptions_.find(push.channel); exact != subscriptions_.end())
    check_rate(push.channel, exact->second);
}

void ModelClient::check_rate(const std::string& channel, Subscription& subscription) const {
  ++subscription.updates;
  if (subscription.rate_ms == 0 || saw_wildcard_) return;
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - subscription.since);
  if (subscription.updates > static_cast<std::uint64_t>(passed.count()) / subscription.rate_ms + subscription.allowance)
    violation(fmt::format("{} updates of {} in {} ms, one in {} was asked for", subscription.updates, channel,
                          passed.count(), subscription.rate_ms));
}

// ---- the end ----

std::string ModelClient::missing() const {
  if (!greeted_) return "no hello";
  if (!requests_.empty()) return "no answer to " + std::to_string(requests_.front().id);
  const Pipeline& newest = pipeline(book_.newest());
  const auto stale = [&](const std::string& kind, const std::string& asset) {
    const auto floor = floors_.find(kind + asset + "/usd");
    return floor == floors_.end() || floor->second.epoch != book_.newest() ||
           floor->second.seq < newest.last_change(asset);
  };
  for (const auto& [channel, subscription] : subscriptions_) {
    if (subscription.awaiting) return "no snapshot of " + channel;
    if (subscription.epoch != book_.newest()) return channel + " is of an old epoch";
    const std::string kind = channel.substr(0, channel.find(':') + 1);
    if (is_lossless(channel)) {
      const auto& texts = newest.lossless().at(channel).texts;
      for (std::uint64_t seq = subscription.last + 1; seq <= texts.size(); ++seq) {
        if (texts[seq - 1]) return fmt::format("{} of {}", seq, channel);
      }
    } else if (!is_wildcard(channel)) {
      if (stale(kind, asset_of(channel))) return "the last value of " + channel;
    } else {
      for (const std::string& asset : newest.coins()) {
        if (stale(kind, asset)) return fmt::format("the last value of {} on {}", asset, channel);
      }
    }
  }
  return {};
}

}  // namespace tickspan::stream::model
