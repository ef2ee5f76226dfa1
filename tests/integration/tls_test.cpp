// The program over TLS: its certificate is exchanged on SIGHUP, and nobody is thrown out for it.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "../support/scripted_server.hpp"
#include "served.hpp"

namespace tickspan::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

/// One kept connection over TLS that trusts everybody.
class TlsConnection {
 public:
  explicit TlsConnection(int port) : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{15, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), socket_);
    open_ = connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 && SSL_connect(ssl_.get()) == 1;
  }
  ~TlsConnection() {
    ssl_.reset();
    close(socket_);
  }
  TlsConnection(const TlsConnection&) = delete;
  TlsConnection& operator=(const TlsConnection&) = delete;

  /// Of the certificate that was shown; 0 when there was none.
  long serial() const {
    const std::unique_ptr<X509, void (*)(X509*)> certificate(SSL_get1_peer_certificate(ssl_.get()), X509_free);
    return open_ && certificate ? ASN1_INTEGER_get(X509_get0_serialNumber(certificate.get())) : 0;
  }
  /// The first bytes of the answer, over the same connection each time.
  std::string livez() {
    const std::string request = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
    if (SSL_write(ssl_.get(), request.data(), static_cast<int>(request.size())) <= 0) return "";
    char buffer[4096];
    std::string answer;
    while (answer.find("\r\n\r\nok") == std::string::npos) {
      const int count = SSL_read(ssl_.get(), buffer, sizeof buffer);
      if (count <= 0) return "";
      answer.append(buffer, static_cast<std::size_t>(count));
    }
    return answer.substr(0, 15);
  }

 private:
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_{nullptr, SSL_free};
  int socket_ = -1;
  bool open_ = false;
};

class Tls : public testing::Test {
 protected:
  Tls() {
    install(1, "certificate.pem");
    install(1, "key.pem");
  }
  /// Makes a certificate of that serial number, unless there is one, and puts one of its two files in use.
  void install(long serial, const std::string& file) {
    const std::string made = folder_.file(std::to_string(serial));
    if (!fs::exists(made)) {
      fs::create_directory(made);
      make_certificate(made, {"127.0.0.1"}, false, serial);
    }
    fs::copy_file(made + "/" + file, in_use(file), fs::copy_options::overwrite_existing);
  }
  std::string in_use(const std::string& file) const { return folder_.file(file); }
  static std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  }

  TempDir folder_, data_;
};

TEST_F(Tls, ACertificateIsExchangedWhileConnectionsGoOn) {
  Served served(data_.path(), {"--config", dead_venues(folder_.file("t.toml")), "--set", "server.threads=2", "--set",
                               "server.tls_certificate=" + in_use("certificate.pem"), "--set",
                               "server.tls_key=" + in_use("key.pem")});
  ASSERT_TRUE(served.process().says("Open https://")) << served.process().err();
  EXPECT_THAT(served.process().err(), HasSubstr("expires on")) << "it has a day left";
  TlsConnection old(served.port());
  EXPECT_EQ(old.serial(), 1);
  EXPECT_EQ(old.livez(), "HTTP/1.1 200 OK");

  install(2, "certificate.pem");
  install(2, "key.pem");
  EXPECT_EQ(TlsConnection(served.port()).serial(), 1) << "nothing is read before it is asked for";
  served.process().kill(SIGHUP);
  EXPECT_TRUE(eventually([&] { return TlsConnection(served.port()).serial() == 2; })) << served.process().err();
  for (int i = 0; i < 8; ++i) EXPECT_EQ(TlsConnection(served.port()).serial(), 2) << "on every thread";
  EXPECT_EQ(old.livez(), "HTTP/1.1 200 OK");
  EXPECT_EQ(old.serial(), 1);

  // Half of a pair, and no certificate at all: each is said, and changes nothing.
  install(3, "certificate.pem");
  served.process().kill(SIGHUP);
  const std::string complaint = "the certificate stays as it was: ";
  EXPECT_TRUE(eventually([&] { return count(served.process().err(), complaint) == 1; }));
  EXPECT_EQ(TlsConnection(served.port()).serial(), 2);
  std::ofstream(in_use("certificate.pem")) << "broken";
  served.process().kill(SIGHUP);
  EXPECT_TRUE(eventually([&] { return count(served.process().err(), complaint) == 2; }));
  EXPECT_THAT(served.process().err(), HasSubstr("certificate.pem"));
  EXPECT_EQ(TlsConnection(served.port()).serial(), 2);
  EXPECT_EQ(old.livez(), "HTTP/1.1 200 OK");

  install(3, "certificate.pem");
  install(3, "key.pem");
  served.process().kill(SIGHUP);
  EXPECT_TRUE(eventually([&] { return TlsConnection(served.port()).serial() == 3; })) << served.process().err();
  served.process().kill(SIGTERM);
  EXPECT_EQ(served.process().wait(), 0);
}

TEST_F(Tls, WithoutTlsAHangupEndsNothing) {
  Served served(data_.path(), {"--config", dead_venues(folder_.file("t.toml"))});
  ASSERT_TRUE(served.process().says("Open http://")) << served.process().err();
  EXPECT_THAT(served.process().err(), Not(HasSubstr("expires")));
  for (int i = 0; i < 3; ++i) served.process().kill(SIGHUP);
  EXPECT_TRUE(eventually([&] { return served.process().err().find("nothing to reload") != std::string::npos; }));
  EXPECT_EQ(served.get("/livez").status, 200);
  served.process().kill(SIGTERM);
  EXPECT_EQ(served.process().wait(), 0);
}

}  // namespace
}  // namespace tickspan::test
