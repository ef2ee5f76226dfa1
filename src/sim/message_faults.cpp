#include "sim/message_faults.hpp"

#include <chrono>
#include <utility>

namespace tickspan::sim {
namespace {

constexpr std::size_t kGiant = 5 << 20;  // bytes of padding
constexpr std::size_t kMostLate = 100'000;

bool turn(std::uint64_t count, unsigned every) {
  return every != 0 && count % every == 0;
}

std::string giant(std::string_view json) {
  const std::size_t brace = json.find_first_of("{[");
  if (brace == std::string_view::npos) return std::string(json);
  std::string out(json.substr(0, brace + 1));
  out.append(kGiant, ' ');
  out += json.substr(brace + 1);
  return out;
}

}  // namespace

std::string garbled(std::string_view json) {
  std::string out(json);
  if (const auto colon = out.find(':'); colon != std::string::npos) out[colon] = ';';
  return out;
}

std::string with_wrong_type(std::string_view json) {
  const std::size_t colon = json.find(":\"");
  const std::size_t end = colon == std::string_view::npos ? colon : json.find('"', colon + 2);
  if (end == std::string_view::npos) return std::string(json);
  return std::string(json.substr(0, colon + 1)) + "[null]" + std::string(json.substr(end + 1));
}

void MessageFaults::pass(std::string_view text, bool market_data, const VenueFaults& faults, core::Timestamp now,
                         const Send& send) {
  if (faults.mute || (market_data && faults.no_data)) return;
  if (!market_data) return post(text, faults, now, send);
  ++count_;
  if (turn(count_, faults.drop_every)) return;
  if (held_.empty() && turn(count_, faults.reorder_every)) {
    held_ = text;
    return;
  }
  spoil(text, faults, now, send);
  if (turn(count_, faults.duplicate_every)) spoil(text, faults, now, send);
  if (!held_.empty()) spoil(std::exchange(held_, {}), faults, now, send);
}

void MessageFaults::spoil(std::string_view text, const VenueFaults& faults, core::Timestamp now, const Send& send) {
  if (turn(count_, faults.malformed_every)) return post(text.substr(0, text.size() / 2), faults, now, send);
  if (turn(count_, faults.garbled_every)) return post(garbled(text), faults, now, send);
  if (turn(count_, faults.wrong_types_every)) return post(with_wrong_type(text), faults, now, send);
  if (turn(count_, faults.giant_every)) return post(giant(text), faults, now, send);
  post(text, faults, now, send);
}

void MessageFaults::post(std::string_view text, const VenueFaults& faults, core::Timestamp now, const Send& send) {
  // What is late keeps its place in the order, also when the fault ends.
  if ((faults.delay_ms == 0 && late_.empty()) || late_.size() >= kMostLate) return send(text);
  late_.push_back({now + std::chrono::milliseconds(faults.delay_ms), std::string(text)});
}

void MessageFaults::release(core::Timestamp now, const Send& send) {
  while (!late_.empty() && late_.front().due <= now) {
    const Late first = std::move(late_.front());
    late_.pop_front();
    send(first.text);
  }
}

}  // namespace tickspan::sim
