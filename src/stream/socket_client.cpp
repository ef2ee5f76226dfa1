#include "stream/socket_client.hpp"

#include <algorithm>
#include <utility>

#include "net/ws_codec.hpp"
#include "stream/close_codes.hpp"
#include "stream/shard.hpp"

namespace tickspan::stream {
namespace {

constexpr std::size_t kWorthDeflating = 64;  // a heartbeat or an acknowledgement gains nothing

}  // namespace

SocketClient::Cork::Cork(SocketClient& client) : client_(client), owner_(client.cork_ == nullptr) {
  if (owner_) client_.cork_ = &bytes_;
}

SocketClient::Cork::~Cork() {
  if (!owner_) return;
  client_.cork_ = nullptr;
  if (!bytes_.empty()) client_.send_framed(bytes_);
}

SocketClient::SocketClient(std::shared_ptr<ShardImpl> shard) : Client(std::move(shard)) {}

void SocketClient::on_open(net::WebSocketPeer& peer) {
  peer_ = &peer;
  deflates_ = peer.deflates();
  shard().update_now();
  last_sent_ = last_ping_ = last_token_ = shard().now();
  tokens_ = 2 * static_cast<float>(shard().options().messages_per_second);
  shard().add(*this);
  const Cork cork(*this);
  greet();
}

void SocketClient::on_close(std::uint16_t) {
  peer_ = nullptr;
  shard().remove(*this);
}

bool SocketClient::take_token() {
  const auto rate = static_cast<float>(shard().options().messages_per_second);
  const std::chrono::duration<float> passed = shard().now() - last_token_;
  last_token_ = shard().now();
  tokens_ = std::min(2 * rate, tokens_ + passed.count() * rate);
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

void SocketClient::on_message(std::string_view text) {
  if (!open()) return;
  shard().update_now();
  if (!take_token()) {
    shard().counters().closed_limit.add();
    return close(close_code::kLimit, "limit");
  }
  // What the turn under way holds for this client belongs before the answer.
  shard().flush(*this);
  const Cork cork(*this);
  handle_message(text);
}

void SocketClient::on_drained() {
  if (!open()) return;
  shard().update_now();
  set_lagging(false);
  shard().flush(*this);
  if (flush_parked()) shard().watch_rate(*this);
}

void SocketClient::on_tick() {
  if (!open()) return;
  const auto& options = shard().options();
  const auto now = shard().now();
  if (awaiting_pong_ && now - last_ping_ >= options.pong_timeout) {
    shard().counters().closed_no_pong.add();
    return close(close_code::kNoPong, "no_pong");
  }
  if (!awaiting_pong_ && now - last_ping_ >= options.ping_interval) {
    last_ping_ = now;
    awaiting_pong_ = true;
    peer_->send_ping({});
  }
  handle_tick();
  if (!open() || lagging() || now - last_sent_ + options.timer_step * 5 < options.heartbeat) return;
  if (const auto message = heartbeat(); !message.empty()) {
    shard().flush(*this);
    send_text(message);
  }
}

void SocketClient::append_text(std::string& out, std::string_view json) const {
  if (deflates_ && json.size() >= kWorthDeflating)
    shard().deflater().append_text_frame(out, json);
  else
    net::append_text_frame(out, json);
}

void SocketClient::send_text(std::string_view json) {
  if (cork_ != nullptr) return append_text(*cork_, json);
  std::string& frame = shard().scratch();
  append_text(frame, json);
  send_framed(frame);
}

void SocketClient::send_framed(std::string_view frames) {
  if (!open()) return;
  if (cork_ != nullptr) {
    cork_->append(frames);
    return;
  }
  peer_->send_framed(frames);
  after_write();
}

void SocketClient::after_write() {
  if (!open()) return;
  last_sent_ = shard().now();
  const std::size_t queued = peer_->queued_bytes();
  set_lagging(queued > 0);
  if (queued <= shard().options().max_queued_bytes) return;
  shard().counters().closed_slow.add();
  close(close_code::kSlow, "slow");
}

void SocketClient::close(std::uint16_t code, std::string_view reason) {
  if (!open()) return;
  if (cork_ != nullptr && !cork_->empty()) peer_->send_framed(std::exchange(*cork_, {}));
  closing_ = true;
  peer_->close(code, reason);
}

void SocketClient::write(Batch& batch, std::span<const std::uint32_t> frames) {
  if (!open()) return;
  std::string& gathered = shard().scratch();
  if (deflates_)
    batch.append_deflated(gathered, frames);
  else
    batch.append(gathered, frames);
  send_framed(gathered);
}

void SocketClient::write(std::span<const wire::Frame> frames) {
  if (!open()) return;
  std::string& gathered = shard().scratch();
  for (const wire::Frame& frame : frames) append_text(gathered, *frame.json);
  send_framed(gathered);
}

void SocketClient::write_round(Batch& batch, Group& group) {
  if (!open()) return;
  if (group.members().size() == 1 && shard().writes_directly()) return write(batch, group.frames());
  const auto bytes = deflates_ ? group.deflated(batch) : group.bytes(batch, shard().arena());
  if (cork_ != nullptr) return send_framed(bytes);
  shard().write_later(*this, *peer_, bytes);
}

}  // namespace tickspan::stream
