#include "net/connection_limits.hpp"

#include "core/assert.hpp"

namespace tickspan::net {

bool ConnectionLimits::enter(std::atomic<std::size_t>& count, std::size_t limit) {
  std::size_t present = count.load(std::memory_order_relaxed);
  while (present < limit) {
    if (count.compare_exchange_weak(present, present + 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

bool ConnectionLimits::enter_client(std::uint64_t client) {
  Stripe& home = stripe(client);
  const std::lock_guard lock(home.mutex);
  std::uint32_t& count = home.clients[client];
  if (count >= max_per_address_) return false;  // never of a new entry: the limit is at least one
  ++count;
  return true;
}

void ConnectionLimits::leave_client(std::uint64_t client) {
  Stripe& home = stripe(client);
  const std::lock_guard lock(home.mutex);
  const auto it = home.clients.find(client);
  TS_ASSERT(it != home.clients.end(), "a client leaves once for each time it came");
  if (--it->second == 0) home.clients.erase(it);
}

ConnectionLimits::Admission ConnectionLimits::admit(std::optional<std::uint64_t> client) {
  Admission out;
  Place place;
  if (max_per_address_ > 0 && client && !enter_client(*client)) {
    out.refusal = Refusal::address;
  } else if (!enter(connections_, max_connections_)) {
    if (max_per_address_ > 0 && client) leave_client(*client);
    out.refusal = Refusal::connections;
  } else if (max_per_address_ > 0) {
    place.client_ = client;
  }
  place.refused_ = out.refusal;
  if (out.refusal != Refusal::none && !enter(refusals_, kMaxRefusals)) return out;
  place.limits_ = this;
  out.place.emplace(std::move(place));
  return out;
}

bool ConnectionLimits::Place::take_client(std::uint64_t client) {
  if (limits_ == nullptr || client_ || limits_->max_per_address_ == 0) return true;
  if (!limits_->enter_client(client)) return false;
  client_ = client;
  return true;
}

void ConnectionLimits::Place::release_client() {
  if (limits_ != nullptr && client_) limits_->leave_client(*client_);
  client_.reset();
}

void ConnectionLimits::Place::release() {
  release_client();
  if (ConnectionLimits* limits = std::exchange(limits_, nullptr)) {
    (refused_ == Refusal::none ? limits->connections_ : limits->refusals_).fetch_sub(1, std::memory_order_relaxed);
  }
}

std::size_t ConnectionLimits::clients() const {
  std::size_t count = 0;
  for (const Stripe& stripe : stripes_) {
    const std::lock_guard lock(stripe.mutex);
    count += stripe.clients.size();
  }
  return count;
}

}  // namespace tickspan::net
