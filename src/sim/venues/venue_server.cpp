#include "sim/venues/venue_server.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace tickspan::sim {

std::optional<std::string> RestRequest::find(std::string_view name) const {
  const auto it = std::find_if(query.begin(), query.end(), [&](const auto& field) { return field.first == name; });
  return it == query.end() ? std::nullopt : std::optional(it->second);
}

std::string RestRequest::get(std::string_view name, std::string_view fallback) const {
  return find(name).value_or(std::string(fallback));
}

std::optional<std::int64_t> RestRequest::integer(std::string_view name, std::int64_t fallback, std::int64_t least,
                                                 std::int64_t most) const {
  const auto text = find(name);
  if (!text) return fallback;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || value < least || value > most) return {};
  return value;
}

net::HttpResponse json_response(std::string body, int status) {
  net::HttpResponse response;
  response.status = status;
  response.headers.set("Content-Type", "application/json; charset=utf-8");
  response.body = std::move(body);
  return response;
}

int RequestBudget::take(core::Timestamp now, double cost) {
  if (last_.is_set() && now > last_) {
    left_ = std::min(capacity_, left_ + std::chrono::duration<double>(now - last_).count() * per_second_);
  }
  last_ = now;
  if (left_ >= cost) {
    left_ -= cost;
    return 0;
  }
  return std::max(1, static_cast<int>(std::ceil((cost - left_) / per_second_)));
}

void VenueServer::set_faults(const VenueFaults& faults) {
  if (!faults.freeze) frozen_at_ = {};
  if (faults.freeze && !faults_.freeze) frozen_at_ = context_.clock.now();
  faults_ = faults;
}

std::shared_ptr<net::WebSocketHandler> VenueServer::accept(const net::HttpRequest&, std::string_view,
                                                           net::HttpResponse& refusal) {
  refusal = json_response(R"({"error":"no streams here"})", 404);
  return nullptr;
}

}  // namespace tickspan::sim
