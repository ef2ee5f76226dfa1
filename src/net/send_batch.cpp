#include "net/send_batch.hpp"

namespace tickspan::net {
namespace {

class DirectSendBatch final : public SendBatch {
 public:
  void add(WebSocketPeer& peer, std::string_view frames) override { peer.send_framed(frames); }
  void submit() override {}
};

}  // namespace

core::Result<std::unique_ptr<SendBatch>> make_send_batch(SendMethod method) {
  if (method == SendMethod::io_uring) {
    return core::fail(core::ErrorCode::unavailable, "this build has no io_uring");
  }
  return std::make_unique<DirectSendBatch>();
}

}  // namespace tickspan::net
