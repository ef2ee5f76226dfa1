#include "net/uring_send_batch.hpp"

#include <liburing.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "runtime/log.hpp"

namespace tickspan::net {
namespace {

constexpr runtime::Log kLog{"net"};
constexpr unsigned kEntries = 256;  // sends per system call

// The best first. Each needs a newer kernel than the one behind it; all start disabled, so that the thread that submits
// need not be the one that makes the ring.
constexpr std::array<unsigned, 3> kFlags{
    IORING_SETUP_R_DISABLED | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
    IORING_SETUP_R_DISABLED | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN,
    IORING_SETUP_R_DISABLED,
};

/// Gathers sends and gives some hundred of them to the kernel in one call. Each is non-blocking and is over when the
/// call returns: nothing is under way between two calls.
class UringSendBatch final : public SendBatch {
 public:
  UringSendBatch() = default;
  UringSendBatch(const UringSendBatch&) = delete;
  UringSendBatch& operator=(const UringSendBatch&) = delete;
  ~UringSendBatch() override {
    if (made_) io_uring_queue_exit(&ring_);
  }

  /// 0 or a negated errno.
  int init() {
    int result = -EINVAL;
    for (const unsigned flags : kFlags) {
      result = io_uring_queue_init(kEntries, &ring_, flags);
      if (result != -EINVAL) break;
    }
    made_ = result == 0;
    return result;
  }

  void add(WebSocketPeer& peer, std::string_view frames) override {
    entries_[count_++] = {&peer, frames};
    if (count_ == entries_.size()) submit();
  }

  void submit() override {
    const std::span<Entry> batch(entries_.data(), std::exchange(count_, 0));
    if (batch.empty()) return;
    if (!enabled_) enable();
    unsigned queued = 0;
    for (Entry& entry : batch) {
      if (prepare(entry)) ++queued;
    }
    run(batch, queued);
  }

 private:
  struct Entry {
    WebSocketPeer* peer = nullptr;  ///< null: done
    std::string_view frames;
  };

  void enable() {
    enabled_ = true;
    // io_uring_enable_rings() is in the header of liburing 2.3, but not in its library.
    if (::syscall(SYS_io_uring_register, ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0) < 0) give_up(-errno);
  }

  void give_up(int result) {
    kLog.error("io_uring fails ({}): from here on every write is a call of its own", std::strerror(-result));
    broken_ = true;
  }

  // Asks only now whether the peer is fit for it: it may have been closed since it was added.
  bool prepare(Entry& entry) {
    const int descriptor = broken_ ? -1 : entry.peer->idle_descriptor();
    io_uring_sqe* const sqe = descriptor < 0 ? nullptr : io_uring_get_sqe(&ring_);
    if (sqe == nullptr) {
      std::exchange(entry.peer, nullptr)->send_framed(entry.frames);
      return false;
    }
    // The result can't count more; the rest is kept like that of any short write.
    const auto size = std::min<std::size_t>(entry.frames.size(), std::numeric_limits<int>::max());
    io_uring_prep_send(sqe, descriptor, entry.frames.data(), size, MSG_NOSIGNAL | MSG_DONTWAIT);
    io_uring_sqe_set_data(sqe, &entry);
    return true;
  }

  void run(std::span<Entry> batch, unsigned queued) {
    while (queued > 0) {
      const int result = io_uring_submit_and_wait(&ring_, queued);
      queued -= reap();
      if (queued == 0 || result >= 0 || result == -EINTR) continue;
      give_up(result);
      return write_rest(batch);
    }
  }

  unsigned reap() {
    unsigned head = 0, seen = 0;
    io_uring_cqe* cqe = nullptr;
    io_uring_for_each_cqe(&ring_, head, cqe) {
      auto& entry = *static_cast<Entry*>(io_uring_cqe_get_data(cqe));
      std::exchange(entry.peer, nullptr)->sent(entry.frames, cqe->res);
      ++seen;
    }
    io_uring_cq_advance(&ring_, seen);
    return seen;
  }

  // The kernel takes sends in order: the last of them it has not looked at. Of one that it took without an answer
  // nobody can say what has been written.
  void write_rest(std::span<Entry> batch) {
    unsigned untouched = io_uring_sq_ready(&ring_);
    for (auto it = batch.rbegin(); it != batch.rend(); ++it) {
      WebSocketPeer* const peer = std::exchange(it->peer, nullptr);
      if (peer == nullptr) continue;
      if (untouched == 0) {
        peer->abort();
      } else {
        --untouched;
        peer->send_framed(it->frames);
      }
    }
  }

  io_uring ring_{};
  std::array<Entry, kEntries> entries_;
  std::size_t count_ = 0;
  bool made_ = false, enabled_ = false, broken_ = false;
};

}  // namespace

core::Result<std::unique_ptr<SendBatch>> make_uring_send_batch() {
  auto batch = std::make_unique<UringSendBatch>();
  if (const int result = batch->init(); result < 0) {
    return core::fail(core::ErrorCode::unavailable,
                      std::string("the kernel refuses an io_uring: ") + std::strerror(-result));
  }
  return batch;
}

}  // namespace tickspan::net
