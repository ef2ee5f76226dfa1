#pragma once

#include "net/http_server.hpp"
#include "stream/client.hpp"

namespace tickspan::stream {

/// A client on a WebSocket: proof of life, the limits of what it may send and of what may wait for it.
class SocketClient : public Client, public net::WebSocketHandler {
 public:
  explicit SocketClient(std::shared_ptr<ShardImpl> shard);

  void on_open(net::WebSocketPeer& peer) final;
  void on_message(std::string_view text) final;
  void on_pong(std::string_view) final { awaiting_pong_ = false; }
  void on_drained() final;
  void on_close(std::uint16_t code) final;
  void on_tick() final;
  void after_write() final;

 protected:
  /// The first words.
  virtual void greet() = 0;
  virtual void handle_message(std::string_view /*text*/) {}
  /// Further timers.
  virtual void handle_tick() {}
  /// Sent when nothing else was for a while; empty: nothing is.
  virtual std::string heartbeat() const { return {}; }

  void send_text(std::string_view json);
  /// Bytes that are framed already.
  void send_framed(std::string_view frames);
  void close(std::uint16_t code, std::string_view reason);
  bool open() const { return peer_ != nullptr && !closing_; }
  /// Whether the client takes compressed messages.
  bool deflates() const { return deflates_; }
  void write(Batch& batch, std::span<const std::uint32_t> frames) override;
  void write(std::span<const wire::Frame> frames) override;
  void write_round(Batch& batch, Group& group) override;

  /// While one exists, what is sent is gathered, and goes out as one at its end.
  class Cork {
   public:
    explicit Cork(SocketClient& client);
    ~Cork();
    Cork(const Cork&) = delete;
    Cork& operator=(const Cork&) = delete;

   private:
    SocketClient& client_;
    bool owner_;
    std::string bytes_;
  };

 private:
  bool take_token();
  void append_text(std::string& out, std::string_view json) const;

  net::WebSocketPeer* peer_ = nullptr;
  std::string* cork_ = nullptr;
  SteadyTime last_sent_{}, last_ping_{}, last_token_{};
  float tokens_ = 0;
  bool closing_ = false, awaiting_pong_ = false, deflates_ = false;
};

}  // namespace tickspan::stream
