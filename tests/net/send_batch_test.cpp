#include "net/send_batch.hpp"

#include <gmock/gmock.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <thread>

#include "../support/scripted_server.hpp"
#include "../support/support.hpp"
#include "../support/ws_test_client.hpp"
#include "net/websocket_client.hpp"
#include "net/ws_codec.hpp"

namespace tickspan::net {
namespace {

using test::WsTestClient;

struct Socket final : WebSocketHandler {
  void on_open(WebSocketPeer& p) override { peer = &p; }
  void on_message(std::string_view) override {}
  void on_drained() override { ++drained; }
  void on_close(std::uint16_t code) override {
    peer = nullptr;
    closed_with = code;
  }
  WebSocketPeer* peer = nullptr;  ///< on the loop's thread
  std::atomic<int> closed_with{0}, drained{0};
};

// On the loop's thread.
struct Sockets final : HttpServer::Handler {
  void on_request(HttpRequest, HttpServer::Respond respond) override { respond({}); }
  std::shared_ptr<WebSocketHandler> on_upgrade(const HttpRequest&, HttpResponse&) override {
    return all.emplace_back(std::make_shared<Socket>());
  }
  std::vector<std::shared_ptr<Socket>> all;
};

class SendBatchTest : public ::testing::TestWithParam<SendMethod> {
 protected:
  void SetUp() override {
    auto made = make_send_batch(GetParam());
    if (!made) GTEST_SKIP() << made.error().context;
    batch_ = std::move(*made);
    loop_.start();
    start(server_, {});
  }
  void TearDown() override {
    tls_server_.reset();
    server_.reset();
    loop_.stop();
  }
  void start(std::unique_ptr<HttpServer>& server, HttpServerOptions options) {
    options.address = "127.0.0.1";
    server = std::make_unique<HttpServer>(loop_, options, sockets_, metrics_);
    ASSERT_TRUE(server->start());
  }
  std::unique_ptr<WsTestClient> connect(int receive_buffer = 0) {
    return std::make_unique<WsTestClient>(server_->port(), "/", receive_buffer);
  }
  std::shared_ptr<Socket> socket(std::size_t i) {
    std::shared_ptr<Socket> found;
    loop_.run_and_wait([&] { found = sockets_.all.at(i); });
    return found;
  }
  // The same to every open peer.
  void send(std::string_view text) {
    const std::string frame = encode_text_frame(text);
    loop_.run_and_wait([&] { send_framed(frame); });
  }
  void send_framed(std::string_view frame) {
    for (const auto& s : sockets_.all) {
      if (s->peer != nullptr) batch_->add(*s->peer, frame);
    }
    batch_->submit();
  }

  runtime::Metrics metrics_;
  runtime::EventLoop loop_{"test-batch"};
  Sockets sockets_;
  std::unique_ptr<SendBatch> batch_;
  std::unique_ptr<HttpServer> server_, tls_server_;
};

TEST_P(SendBatchTest, EverybodyGetsEverythingInOrder) {
  std::vector<std::unique_ptr<WsTestClient>> clients(300);
  for (auto& client : clients) client = connect();
  for (int turn = 0; turn < 20; ++turn) {
    loop_.run_and_wait([&] {
      std::vector<std::string> frames;  // a batch may not look at them after submit()
      for (std::size_t i = 0; i < sockets_.all.size(); ++i) {
        frames.push_back(encode_text_frame(std::to_string(turn)) + encode_text_frame(std::to_string(i)));
      }
      for (std::size_t i = 0; i < frames.size(); ++i) batch_->add(*sockets_.all[i]->peer, frames[i]);
      batch_->submit();
    });
  }
  for (std::size_t i = 0; i < clients.size(); ++i) {
    for (int turn = 0; turn < 20; ++turn) {
      ASSERT_EQ(clients[i]->read_text(), std::to_string(turn));
      ASSERT_EQ(clients[i]->read_text(), std::to_string(i));
    }
  }
}

TEST_P(SendBatchTest, AnEmptyTurnDoesNothing) {
  loop_.run_and_wait([&] { batch_->submit(); });
  const auto client = connect();
  send("after");
  EXPECT_EQ(client->read_text(), "after");
}

TEST_P(SendBatchTest, AFullSocketKeepsTheRestAndDrains) {
  const auto slow = connect(4096);
  const auto quick = connect();
  const auto socket_of_slow = socket(0);
  int turns = 0;
  std::size_t queued = 0;
  const auto text = [](int turn) { return std::to_string(turn) + std::string(50'000, 'x'); };
  // Until a short write, one that was refused altogether, and some that had to wait behind them.
  for (; queued < 300'000 && turns < 1000; ++turns) {
    send(text(turns));
    ASSERT_EQ(quick->read_text(), text(turns));
    loop_.run_and_wait([&] { queued = socket_of_slow->peer->queued_bytes(); });
  }
  ASSERT_GE(queued, 300'000U);
  for (int turn = 0; turn < turns; ++turn) ASSERT_EQ(slow->read_text(), text(turn));
  EXPECT_TRUE(test::eventually([&] { return socket_of_slow->drained > 0; }));
  send("again");
  EXPECT_EQ(slow->read_text(), "again");
  EXPECT_EQ(socket_of_slow->closed_with, 0);
}

TEST_P(SendBatchTest, ADeadPeerIsReportedAndHurtsNoOther) {
  auto first = connect();
  auto dying = connect();
  auto last = connect();
  const auto dead = socket(1);
  send("one");
  EXPECT_EQ(first->read_text(), "one");
  const std::string frame = encode_text_frame("two");
  // The loop hears nothing of the reset before the batch does.
  loop_.run_and_wait([&] {
    dying.reset();  // with "one" unread: a reset
    send_framed(frame);
    EXPECT_NE(dead->peer, nullptr) << "no handler is called from within the batch";
  });
  EXPECT_TRUE(test::eventually([&] { return dead->closed_with != 0; }));
  EXPECT_EQ(dead->closed_with, 1006);
  EXPECT_EQ(first->read_text(), "two");
  EXPECT_EQ(last->read_text(), "one");
  EXPECT_EQ(last->read_text(), "two");
}

TEST_P(SendBatchTest, APeerThatLeavesBetweenAddAndSubmit) {
  auto aborted = connect();
  auto closed = connect();
  auto other = connect();
  const std::string frame = encode_text_frame("news");
  loop_.run_and_wait([&] {
    for (const auto& s : sockets_.all) batch_->add(*s->peer, frame);
    sockets_.all[0]->peer->abort();
    sockets_.all[1]->peer->close(4001, "enough");
    batch_->submit();
  });
  EXPECT_EQ(closed->read_close(), 4001);
  EXPECT_EQ(other->read_text(), "news");
  EXPECT_EQ(aborted->read_close(), 1006);
  const auto gone = socket(0);
  EXPECT_TRUE(test::eventually([&] { return gone->closed_with != 0; }));
}

TEST_P(SendBatchTest, NothingFollowsAClose) {
  auto closed = connect();
  auto other = connect();
  loop_.run_and_wait([&] { sockets_.all[0]->peer->close(4001, "enough"); });
  send("news");
  EXPECT_EQ(other->read_text(), "news");
  const auto frame = closed->read_frame();
  EXPECT_EQ(frame.opcode, 8);
  EXPECT_EQ(frame.close_code, 4001);
}

TEST_P(SendBatchTest, PlainAndTlsInOneBatch) {
  const test::TempDir folder;
  const auto certificate = test::make_certificate(folder.path(), {"127.0.0.1"});
  HttpServerOptions options;
  options.tls_certificate_file = certificate.certificate_file;
  options.tls_key_file = certificate.key_file;
  start(tls_server_, options);
  const auto plain = connect();

  runtime::EventLoop client_loop("test-tls-client");
  client_loop.start();
  const runtime::SystemClock clock;
  ClientOptions client_options;
  client_options.tls.ca_file = certificate.certificate_file;
  std::atomic<bool> open{false};
  std::atomic<int> received{0};
  WebSocketClient::Callbacks callbacks;
  callbacks.on_open = [&] { open = true; };
  callbacks.on_message = [&](std::string_view text, core::Timestamp) {
    if (text == std::to_string(received)) ++received;
  };
  callbacks.on_close = [](const core::Error&, int) {};
  std::optional<WebSocketClient> client;
  client_loop.run_and_wait([&] {
    client.emplace(client_loop, clock, client_options, callbacks);
    client->connect("wss://127.0.0.1:" + std::to_string(tls_server_->port()) + "/");
  });
  EXPECT_TRUE(test::eventually([&] { return open.load(); }));
  for (int i = 0; i < 100; ++i) send(std::to_string(i));
  for (int i = 0; i < 100; ++i) ASSERT_EQ(plain->read_text(), std::to_string(i));
  EXPECT_TRUE(test::eventually([&] { return received == 100; }));
  client_loop.run_and_wait([&] { client.reset(); });
  client_loop.stop();
}

INSTANTIATE_TEST_SUITE_P(Methods, SendBatchTest, ::testing::Values(SendMethod::direct, SendMethod::io_uring),
                         [](const auto& tested) {
                           return std::string(tested.param == SendMethod::direct ? "Direct" : "IoUring");
                         });

// ---- io_uring alone ----

// A peer whose descriptor is one end of a pair.
class PairPeer final : public WebSocketPeer {
 public:
  PairPeer() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_.data()), 0); }
  ~PairPeer() override {
    for (const int end : ends_) ::close(end);
  }
  PairPeer(const PairPeer&) = delete;
  PairPeer& operator=(const PairPeer&) = delete;
  std::string read() {
    std::string bytes(1 << 20, '\0');
    const ssize_t count = ::recv(ends_[1], bytes.data(), bytes.size(), 0);
    bytes.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return bytes;
  }
  void hang_up() { ::shutdown(ends_[1], SHUT_RDWR); }

  void send_text(std::string_view) override {}
  void send_framed(std::shared_ptr<const std::string> frames) override { directly += *frames; }
  void send_framed(std::string_view frames) override { directly += frames; }
  void send_ping(std::string_view) override {}
  void close(std::uint16_t, std::string_view) override {}
  void abort() override { aborted = true; }
  std::size_t queued_bytes() const override { return 0; }
  std::string_view remote_address() const override { return {}; }
  int idle_descriptor() const override { return idle ? ends_[0] : -1; }
  void sent(std::string_view, int result) override { results.push_back(result); }

  bool idle = true, aborted = false;
  std::string directly;
  std::vector<int> results;

 private:
  std::array<int, 2> ends_{-1, -1};
};

class UringSendBatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = make_send_batch(SendMethod::io_uring);
    if (!made) GTEST_SKIP() << made.error().context;
    batch_ = std::move(*made);
  }
  std::unique_ptr<SendBatch> batch_;
};

TEST_F(UringSendBatchTest, WritesToIdleSocketsItself) {
  PairPeer idle, busy, gone, full;
  busy.idle = false;
  gone.hang_up();
  const std::string frame(300, 'f'), large(10'000'000, 'l');
  batch_->add(idle, frame);
  batch_->add(busy, frame);
  batch_->add(gone, frame);
  batch_->add(full, large);
  batch_->submit();
  EXPECT_THAT(idle.results, ::testing::ElementsAre(300));
  EXPECT_EQ(idle.read(), frame);
  EXPECT_THAT(busy.results, ::testing::IsEmpty());
  EXPECT_EQ(busy.directly, frame);
  EXPECT_THAT(gone.results, ::testing::ElementsAre(-EPIPE));
  ASSERT_EQ(full.results.size(), 1U);
  EXPECT_GT(full.results[0], 0);
  EXPECT_LT(full.results[0], 10'000'000);
  for (int i = 0; i < 3 && full.results.back() != -EAGAIN; ++i) {
    batch_->add(full, large);
    batch_->submit();
  }
  EXPECT_EQ(full.results.back(), -EAGAIN) << "a full socket is not waited for";
  EXPECT_EQ(idle.directly + gone.directly + full.directly, "");
}

// From here on this thread's `call` fails with EPERM, as where a container forbids it.
bool forbid(unsigned call) {
  std::array<sock_filter, 4> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog filter{program.size(), program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST_F(UringSendBatchTest, SaysThatTheKernelRefuses) {
  bool could_forbid = false;
  core::Result<std::unique_ptr<SendBatch>> made;
  std::thread([&] {
    could_forbid = forbid(SYS_io_uring_setup);
    made = make_send_batch(SendMethod::io_uring);
  }).join();
  if (!could_forbid) GTEST_SKIP() << "system calls can't be filtered here";
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, core::ErrorCode::unavailable);
  EXPECT_THAT(made.error().context, ::testing::HasSubstr("Operation not permitted"));
}

void write_where_forbidden(SendBatch& batch, unsigned call) {
  std::array<PairPeer, 3> peers;
  bool could_forbid = false;
  std::thread([&] {
    could_forbid = forbid(call);
    for (int turn = 0; turn < 2; ++turn) {
      for (PairPeer& peer : peers) batch.add(peer, turn == 0 ? "one" : "two");
      batch.submit();
    }
  }).join();
  if (!could_forbid) GTEST_SKIP() << "system calls can't be filtered here";
  for (const PairPeer& peer : peers) {
    EXPECT_EQ(peer.directly, "onetwo");
    EXPECT_THAT(peer.results, ::testing::IsEmpty());
    EXPECT_FALSE(peer.aborted);
  }
}

TEST_F(UringSendBatchTest, GoesOnWithoutWhenTheRingCannotBeEnabled) {
  write_where_forbidden(*batch_, SYS_io_uring_register);
}

TEST_F(UringSendBatchTest, GoesOnWithoutWhenTheKernelTakesNoMore) {
  write_where_forbidden(*batch_, SYS_io_uring_enter);
}

}  // namespace
}  // namespace tickspan::net
