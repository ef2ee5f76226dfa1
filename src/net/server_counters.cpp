#include "net/server_counters.hpp"

#include "net/ws_codec.hpp"

namespace tickspan::net {
namespace {

class Family {
 public:
  Family(runtime::Metrics& metrics, std::string name, std::string help)
      : metrics_(metrics), name_(std::move(name)), help_(std::move(help)) {}
  runtime::Counter& operator()(const char* reason) { return metrics_.counter(name_, help_, {{"reason", reason}}); }

 private:
  runtime::Metrics& metrics_;
  const std::string name_, help_;
};

Family refused(runtime::Metrics& m, const std::string& prefix) {
  return {m, prefix + "_refused_total", "Connections and streams refused at a limit"};
}
Family timeouts(runtime::Metrics& m, const std::string& prefix) {
  return {m, prefix + "_timeouts_total", "Connections ended by a time limit"};
}
Family bad_requests(runtime::Metrics& m, const std::string& prefix) {
  return {m, prefix + "_bad_requests_total", "Requests that were not HTTP or too large"};
}
Family failures(runtime::Metrics& m, const std::string& prefix) {
  return {m, prefix + "_websocket_failures_total", "WebSockets ended for a message that was too large or malformed"};
}

}  // namespace

ServerCounters::ServerCounters(runtime::Metrics& m, const std::string& prefix)
    : refused_connections_(net::refused(m, prefix)("connections")),
      refused_address_(net::refused(m, prefix)("address")),
      header_(timeouts(m, prefix)("header")),
      body_(timeouts(m, prefix)("body")),
      idle_(timeouts(m, prefix)("idle")),
      write_(timeouts(m, prefix)("write")),
      close_(timeouts(m, prefix)("close")),
      malformed_(bad_requests(m, prefix)("malformed")),
      header_bytes_(bad_requests(m, prefix)("header_bytes")),
      body_bytes_(bad_requests(m, prefix)("body_bytes")),
      message_bytes_(failures(m, prefix)("message_bytes")),
      protocol_(failures(m, prefix)("protocol")) {}

void ServerCounters::refused(Refusal why) {
  (why == Refusal::address ? refused_address_ : refused_connections_).add();
}

void ServerCounters::timed_out(Timeout what) {
  switch (what) {
    case Timeout::header:
      return header_.add();
    case Timeout::body:
      return body_.add();
    case Timeout::idle:
      return idle_.add();
    case Timeout::write:
      return write_.add();
    case Timeout::close:
      return close_.add();
  }
}

void ServerCounters::bad_request(int status) {
  (status == 413 ? body_bytes_ : status == 414 || status == 431 ? header_bytes_ : malformed_).add();
}

void ServerCounters::failed_websocket(std::uint16_t close_code) {
  (close_code == ws_close::kTooBig ? message_bytes_ : protocol_).add();
}

}  // namespace tickspan::net
