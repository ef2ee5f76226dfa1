#include "net/backoff.hpp"

#include <algorithm>

namespace tickspan::net {

Backoff::Backoff(BackoffOptions options, std::uint64_t seed)
    : options_(options), random_(seed != 0 ? seed : std::random_device{}()) {}

core::Duration Backoff::next() {
  attempts_ = std::min(attempts_ + 1, 30U);
  std::int64_t limit = options_.floor.count();
  for (unsigned i = 0; i < attempts_ && limit < options_.ceiling.count(); ++i) limit *= 2;
  limit = std::max(options_.floor.count(), std::min(limit, options_.ceiling.count()));
  return core::Duration(std::uniform_int_distribution<std::int64_t>(options_.floor.count(), limit)(random_));
}

void Backoff::on_data(core::Timestamp now) {
  if (!flowing_since_.is_set())
    flowing_since_ = now;
  else if (attempts_ > 0 && now - flowing_since_ >= options_.reset_after)
    attempts_ = 0;
}

}  // namespace tickspan::net
