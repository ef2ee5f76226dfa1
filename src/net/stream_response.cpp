#include "net/stream_response.hpp"

#include <fmt/format.h>

#include "net/http_response.hpp"

namespace tickspan::net {
namespace {

constexpr std::size_t kCopyLimit = 4096;

}  // namespace

void StreamResponse::send_head() {
  const auto connection = connection_.lock();
  if (head_sent_ || !connection || connection->closed()) return;
  head_sent_ = true;
  HttpResponse response;
  response.status = status;
  response.headers = headers;
  if (!response.headers.find("Content-Type")) response.headers.add("Content-Type", "text/event-stream");
  if (!response.headers.find("Cache-Control")) response.headers.add("Cache-Control", "no-store");
  if (!response.headers.find("X-Accel-Buffering")) response.headers.add("X-Accel-Buffering", "no");
  ResponseHead head;
  head.keep_alive = chunked_;
  head.chunked = chunked_;
  head.until_close = !chunked_;
  head.date = connection->server().date();
  connection->send(encode_head(response, head));
}

void StreamResponse::write(std::shared_ptr<const std::string> bytes) {
  const auto connection = connection_.lock();
  if (closed_ || bytes->empty() || !connection || connection->closed()) return;
  send_head();
  if (!chunked_) return connection->send_shared(std::move(bytes));
  std::string head = fmt::format("{:x}\r\n", bytes->size());
  if (bytes->size() <= kCopyLimit) {
    head += *bytes;
    head += "\r\n";
    return connection->send(head);
  }
  connection->output().push(std::move(head));
  connection->output().push_shared(std::move(bytes));
  connection->output().push("\r\n");
  connection->flush();
}

std::size_t StreamResponse::queued_bytes() const {
  const auto connection = connection_.lock();
  return connection ? connection->queued_bytes() : 0;
}

void StreamResponse::close() {
  const auto connection = connection_.lock();
  if (closed_ || !connection || connection->closed()) return;
  send_head();
  closed_ = true;
  if (chunked_) connection->send("0\r\n\r\n");
  connection->close_when_written();
}

void StreamResponse::finish() {
  closed_ = true;
  const auto told = std::move(on_close);
  on_close = nullptr;
  on_drained = nullptr;
  if (told) told();
}

}  // namespace tickspan::net
