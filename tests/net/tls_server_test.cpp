#include "net/tls_server.hpp"

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <atomic>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <future>

#include "../support/scripted_server.hpp"
#include "../support/support.hpp"
#include "../support/ws_test_client.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/websocket_client.hpp"

namespace tickspan::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// Gives large answers and echoes messages a hundredfold.
class TlsHandler final : public HttpServer::Handler, public WebSocketHandler {
 public:
  void on_request(HttpRequest request, HttpServer::Respond respond) override {
    HttpResponse response;
    response.body = request.body + std::string(3'000'000, 'b') + std::string(request.path());
    respond(std::move(response));
  }
  std::shared_ptr<WebSocketHandler> on_upgrade(const HttpRequest&, HttpResponse&) override {
    return {this, [](WebSocketHandler*) {}};
  }
  void on_open(WebSocketPeer& peer) override { peer_ = &peer; }
  void on_message(std::string_view text) override {
    for (int i = 0; i < 100; ++i) peer_->send_text(std::string(text) + std::to_string(i));
  }
  void on_close(std::uint16_t code) override { closed_with = code; }
  std::atomic<int> closed_with{0};

 private:
  WebSocketPeer* peer_ = nullptr;
};

class TlsServerTest : public ::testing::Test {
 protected:
  TlsServerTest() : certificate_(test::make_certificate(folder_.path(), {"127.0.0.1"})) {}
  void SetUp() override {
    loop_.start();
    HttpServerOptions options;
    options.address = "127.0.0.1";
    options.tls_certificate_file = certificate_.certificate_file;
    options.tls_key_file = certificate_.key_file;
    server_ = std::make_unique<HttpServer>(loop_, options, handler_, metrics_);
    ASSERT_TRUE(server_->start());
    client_options_.tls.ca_file = certificate_.certificate_file;
  }
  void TearDown() override {
    server_.reset();
    loop_.stop();
  }
  std::string url(const std::string& scheme, const std::string& path) const {
    return scheme + "://127.0.0.1:" + std::to_string(server_->port()) + path;
  }

  test::TempDir folder_;
  const test::Certificate certificate_;
  runtime::Metrics metrics_;
  runtime::EventLoop loop_{"test-tls"};
  TlsHandler handler_;
  std::unique_ptr<HttpServer> server_;
  ClientOptions client_options_;
};

TEST_F(TlsServerTest, AnswersLargeBodies) {
  std::optional<HttpClient> client;
  for (int i = 0; i < 3; ++i) {
    std::promise<core::Result<HttpResponse>> answer;
    loop_.run_and_wait([&] {
      if (!client) client.emplace(loop_, client_options_);
      client->get(url("https", "/x"), {}, 10s, [&](auto result) { answer.set_value(std::move(result)); });
    });
    const auto result = answer.get_future().get();
    ASSERT_TRUE(result) << result.error().context;
    EXPECT_EQ(result->content().size(), 3'000'002U);
  }
  loop_.run_and_wait([&] { client.reset(); });
}

TEST_F(TlsServerTest, SpeaksWebSocket) {
  const runtime::SystemClock clock;
  std::atomic<int> received{0};
  std::atomic<bool> closed{false};
  WebSocketClient::Callbacks callbacks;
  std::optional<WebSocketClient> client;
  callbacks.on_open = [&] { client->send_text(std::string(5000, 'x')); };
  callbacks.on_message = [&](std::string_view text, core::Timestamp) {
    if (text == std::string(5000, 'x') + std::to_string(received)) ++received;
  };
  callbacks.on_close = [&](const core::Error&, int) { closed = true; };
  loop_.run_and_wait([&] {
    client.emplace(loop_, clock, client_options_, callbacks);
    client->connect(url("wss", "/ws"));
  });
  EXPECT_TRUE(test::eventually([&] { return received == 100; }));
  loop_.run_and_wait([&] { client->close(); });
  EXPECT_TRUE(test::eventually([&] { return closed && handler_.closed_with != 0; }));
  EXPECT_EQ(handler_.closed_with, 1000);
  loop_.run_and_wait([&] { client.reset(); });
}

TEST_F(TlsServerTest, EndsWhoDoesNotSpeakTls) {
  test::RawConnection plain(server_->port());
  plain.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(plain.read_all().find("HTTP/1.1"), std::string::npos);
}

TEST_F(TlsServerTest, NamesTheFileThatDoesNotDo) {
  const auto no_certificate = make_server_tls("/nowhere/c.pem", certificate_.key_file);
  ASSERT_FALSE(no_certificate);
  EXPECT_THAT(no_certificate.error().context, HasSubstr("/nowhere/c.pem"));
  const auto no_key = make_server_tls(certificate_.certificate_file, "/nowhere/k.pem");
  ASSERT_FALSE(no_key);
  EXPECT_THAT(no_key.error().context, HasSubstr("/nowhere/k.pem"));
  const test::TempDir other;
  const auto foreign = test::make_certificate(other.path(), {"127.0.0.1"});
  EXPECT_FALSE(make_server_tls(certificate_.certificate_file, foreign.key_file));
}

TEST_F(TlsServerTest, ShowsANewCertificateAfterReloadAndKeepsTheOldOneWhenItCannot) {
  const auto shown = [&] {
    const auto text = metrics_.serialize();
    const auto at = text.find("tickspan_net_server_tls_not_after_seconds{");
    return at == std::string::npos ? 0.0 : std::stod(text.substr(text.find(' ', at) + 1));
  };
  const double before = shown();
  const double now = static_cast<double>(std::time(nullptr));
  EXPECT_NEAR(before, now + 86400, 600);
  const test::TempDir other;
  const auto expired = test::make_certificate(other.path(), {"127.0.0.1"}, true);
  std::filesystem::copy_file(expired.certificate_file, certificate_.certificate_file,
                             std::filesystem::copy_options::overwrite_existing);
  const auto half = server_->reload_tls();
  ASSERT_FALSE(half) << "the key is the old one";
  EXPECT_THAT(half.error().context, HasSubstr(certificate_.key_file));
  EXPECT_EQ(shown(), before);
  std::filesystem::copy_file(expired.key_file, certificate_.key_file,
                             std::filesystem::copy_options::overwrite_existing);
  ASSERT_TRUE(server_->reload_tls());
  EXPECT_NEAR(shown(), now - 86400, 600);
}

TEST(ServerTls, WarnsBeforeACertificateRunsOut) {
  const auto now = core::Timestamp::from_s(1'780'000'000);
  const auto in_days = [&](int days) { return expiry_warning(now + std::chrono::hours(24 * days), now); };
  EXPECT_THAT(in_days(-1).value_or(""), HasSubstr("has expired on 2026-"));
  EXPECT_THAT(in_days(0).value_or(""), HasSubstr("has expired"));
  EXPECT_THAT(in_days(13).value_or(""), HasSubstr("in 13 days"));
  EXPECT_FALSE(in_days(14));
  EXPECT_FALSE(in_days(365));
}

TEST(ServerTls, AKeyWithAPassphraseIsRefusedWithoutAsking) {
  const test::TempDir folder;
  const auto made = test::make_certificate(folder.path(), {"127.0.0.1"});
  FILE* file = std::fopen(made.key_file.c_str(), "r");
  EVP_PKEY* key = PEM_read_PrivateKey(file, nullptr, nullptr, nullptr);
  std::fclose(file);
  file = std::fopen(made.key_file.c_str(), "w");
  const unsigned char word[] = "secret";
  PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(), word, 6, nullptr, nullptr);
  std::fclose(file);
  EVP_PKEY_free(key);
  const auto loaded = ServerTls::load(made.certificate_file, made.key_file);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().context, HasSubstr(made.key_file));
}

}  // namespace
}  // namespace tickspan::net
