#include "net/send_batch.hpp"

#ifdef TICKSPAN_IO_URING
#include "net/uring_send_batch.hpp"
#endif

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
#ifdef TICKSPAN_IO_URING
    return make_uring_send_batch();
#else
    return core::fail(core::ErrorCode::unavailable, "this build has no io_uring");
#endif
  }
  return std::make_unique<DirectSendBatch>();
}

}  // namespace tickspan::net
