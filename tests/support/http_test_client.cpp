#include "http_test_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace tickspan::test {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

HttpTestClient::HttpTestClient(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const timeval patience{10, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const std::string reason = std::strerror(errno);
    close(fd_);
    throw std::runtime_error("cannot connect to port " + std::to_string(port) + ": " + reason);
  }
}

HttpTestClient::~HttpTestClient() {
  close(fd_);
}

TestResponse HttpTestClient::request(const std::string& method, const std::string& target, const Headers& headers,
                                     const std::string& body) {
  std::string bytes = method + ' ' + target + " HTTP/1.1\r\nHost: localhost\r\n";
  for (const auto& [name, value] : headers) bytes += name + ": " + value + "\r\n";
  if (!body.empty()) bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return raw(bytes + "\r\n" + body, method == "HEAD");
}

TestResponse HttpTestClient::raw(std::string_view bytes, bool head) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) break;  // the server may answer and close before it has read everything
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return read_response(head);
}

bool HttpTestClient::fill() {
  char chunk[65536];
  ssize_t count;
  do {
    count = recv(fd_, chunk, sizeof chunk, 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) throw std::runtime_error(std::string("reading failed: ") + std::strerror(errno));
  buffer_.append(chunk, static_cast<std::size_t>(count));
  return count > 0;
}

std::string HttpTestClient::read_line() {
  for (;;) {
    if (const auto end = buffer_.find("\r\n"); end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 2);
      return line;
    }
    if (!fill()) throw std::runtime_error("the connection ended inside a header");
  }
}

std::string HttpTestClient::read_exactly(std::size_t count) {
  while (buffer_.size() < count) {
    if (!fill()) throw std::runtime_error("the connection ended inside a body");
  }
  std::string bytes = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return bytes;
}

TestResponse HttpTestClient::read_response(bool head) {
  TestResponse response;
  const std::string status = read_line();
  if (!status.starts_with("HTTP/1.1 ")) throw std::runtime_error("no HTTP: " + status);
  response.status = std::stoi(status.substr(9));
  for (std::string line = read_line(); !line.empty(); line = read_line()) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) throw std::runtime_error("no header field: " + line);
    response.headers[lower(line.substr(0, colon))] = line.substr(std::min(line.size(), colon + 2));
  }
  if (head || response.status == 101 || response.status == 204 || response.status == 304) return response;
  if (response.header("transfer-encoding") == "chunked") {
    for (;;) {
      const std::size_t size = std::stoul(read_line(), nullptr, 16);
      response.body += read_exactly(size);
      read_line();
      if (size == 0) return response;
    }
  }
  if (!response.headers.contains("content-length")) throw std::runtime_error("an answer without a length");
  response.body = read_exactly(std::stoul(response.header("content-length")));
  return response;
}

TestResponse http_get(std::uint16_t port, const std::string& target, const HttpTestClient::Headers& headers) {
  return HttpTestClient(port).get(target, headers);
}

std::string gunzip(std::string_view bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) throw std::runtime_error("zlib cannot start");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  char chunk[65536];
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk);
    stream.avail_out = sizeof chunk;
    result = inflate(&stream, Z_NO_FLUSH);
    out.append(chunk, sizeof chunk - stream.avail_out);
  }
  inflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("no gzip stream");
  return out;
}

}  // namespace tickspan::test
