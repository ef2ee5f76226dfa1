#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

struct ssl_ctx_st;
struct ssl_st;

namespace tickspan::test {

/// A certificate for `names` (DNS names and IPv4 addresses) that signs itself, as PEM files in `folder`.
struct Certificate {
  std::string certificate_file;
  std::string key_file;
};
Certificate make_certificate(const std::string& folder, const std::vector<std::string>& names, bool expired = false,
                             long serial = 1);

struct HttpCall {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string header(const std::string& name) const {
    const auto it = headers.find(name);
    return it == headers.end() ? std::string() : it->second;
  }
};

/// The server's end of one accepted connection, blocking, on a thread of its own. Written by hand, without the library
/// under test, so that a script can break every rule.
class Peer {
 public:
  Peer(int socket, ssl_ctx_st* tls);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  bool read_call();  ///< false when the client has gone
  const HttpCall& call() const { return call_; }
  bool wants_websocket() const { return call_.header("upgrade") == "websocket"; }

  bool write(std::string_view bytes);
  bool answer(int status, std::string_view body, const std::vector<std::string>& headers = {});

  bool accept_websocket();
  bool send_text(std::string_view text) { return send_frame(0x1, text); }
  bool send_frame(int opcode, std::string_view payload, bool final = true);
  bool send_close(int code, std::string_view reason);
  struct Frame {
    int opcode = 0;
    std::string payload;
  };
  /// The next frame, whatever it is; nothing when none came in time or the client has gone (then gone() is true).
  std::optional<Frame> receive(std::chrono::milliseconds patience = std::chrono::seconds(5));
  /// The next text; pings are answered on the way, if `answer_pings`.
  std::optional<std::string> receive_text(std::chrono::milliseconds patience = std::chrono::seconds(5),
                                          bool answer_pings = true);
  /// Waits until the client goes, and does nothing else.
  void hold();
  bool gone() const { return gone_; }

  /// Plays the proxy: connects to a port of loopback and pumps bytes both ways until one end closes.
  void tunnel_to(std::uint16_t port);
  void shut_down();

 private:
  std::ptrdiff_t read_some(char* out, std::size_t size);
  bool fill(std::size_t size, std::chrono::milliseconds patience);
  bool wait_readable(std::chrono::milliseconds patience);

  int socket_;
  ssl_st* ssl_ = nullptr;
  std::string buffer_;
  HttpCall call_;
  bool gone_ = false;
};

/// Listens on loopback and runs the script once for each connection. The destructor cuts all of them.
class ScriptedServer {
 public:
  using Script = std::function<void(Peer&)>;
  /// The script is called when a request has been read; with `raw` already when the connection was accepted.
  explicit ScriptedServer(Script script, std::optional<Certificate> tls = {}, bool raw = false);
  ~ScriptedServer();

  std::uint16_t port() const { return port_; }
  /// `http://127.0.0.1:port` and the like.
  std::string url(const std::string& scheme) const { return scheme + "://127.0.0.1:" + std::to_string(port_); }
  int connections() const { return connections_; }

 private:
  void accept_loop();
  void serve(int socket);

  Script script_;
  ssl_ctx_st* tls_ = nullptr;
  bool raw_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::set<Peer*> peers_;              // guarded by mutex_
  std::vector<std::thread> sessions_;  // guarded by mutex_
  std::thread acceptor_;
};

}  // namespace tickspan::test
