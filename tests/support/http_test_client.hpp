#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tickspan::test {

struct TestResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;                            ///< without chunking; compressed as it came
  std::string header(const std::string& name) const {
    const auto it = headers.find(name);
    return it == headers.end() ? "" : it->second;
  }
};

/// A tiny blocking HTTP/1.1 client over one kept connection to loopback. Throws std::runtime_error when the connection
/// fails or the answer is no HTTP; every read gives up after ten seconds.
class HttpTestClient {
 public:
  explicit HttpTestClient(std::uint16_t port);
  ~HttpTestClient();
  HttpTestClient(const HttpTestClient&) = delete;
  HttpTestClient& operator=(const HttpTestClient&) = delete;

  using Headers = std::vector<std::pair<std::string, std::string>>;
  TestResponse get(const std::string& target, const Headers& headers = {}) { return request("GET", target, headers); }
  TestResponse request(const std::string& method, const std::string& target, const Headers& headers = {},
                       const std::string& body = "");
  /// Bytes as they are, then one response.
  TestResponse raw(std::string_view bytes, bool head = false);

 private:
  TestResponse read_response(bool head);
  bool fill();
  std::string read_line();
  std::string read_exactly(std::size_t count);

  int fd_ = -1;
  std::string buffer_;
};

/// One request on a connection of its own.
TestResponse http_get(std::uint16_t port, const std::string& target, const HttpTestClient::Headers& headers = {});

/// Throws std::runtime_error when `bytes` are no gzip stream.
std::string gunzip(std::string_view bytes);

}  // namespace tickspan::test
