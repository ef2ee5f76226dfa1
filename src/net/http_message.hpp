#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tickspan::net {

/// Header fields in order; names compare without case.
class Headers {
 public:
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string name, std::string value);
  /// The first field of that name; nothing when absent.
  std::optional<std::string_view> find(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// Used on both sides: what our server received, what our client sends.
struct HttpRequest {
  std::string method = "GET";
  std::string target;  ///< path and query as sent: `/price/bitcoin?currency=usd`
  Headers headers;
  std::string body;
  std::string remote_address;  ///< server side: the peer's, or what a configured proxy says it is
  bool keep_alive = true;

  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
  std::string_view query() const;  ///< without the question mark
};

struct HttpResponse {
  int status = 200;
  Headers headers;
  std::string body;
  /// When set, sent instead of `body`: one encoded answer shared by many requests.
  std::shared_ptr<const std::string> shared_body;

  std::string_view content() const { return shared_body ? std::string_view(*shared_body) : std::string_view(body); }
};

/// `key=value` pairs of a query, percent-decoded, `+` as a space, in order. Broken escapes are kept as they stand.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);
std::string percent_decode(std::string_view text, bool plus_is_space);
std::string percent_encode(std::string_view text);
std::string_view reason_phrase(int status);

}  // namespace tickspan::net
