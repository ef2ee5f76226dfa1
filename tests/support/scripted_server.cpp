#include "scripted_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>

namespace tickspan::test {
namespace {

void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string accept_key(const std::string& key) {
  const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  unsigned char encoded[64];
  const int size = EVP_EncodeBlock(encoded, digest, SHA_DIGEST_LENGTH);
  return {reinterpret_cast<char*>(encoded), static_cast<std::size_t>(size)};
}

void write_pem(const std::string& path, const std::function<int(FILE*)>& write) {
  FILE* file = std::fopen(path.c_str(), "w");
  require(file != nullptr && write(file) == 1, "cannot write a PEM file");
  std::fclose(file);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

}  // namespace

Certificate make_certificate(const std::string& folder, const std::vector<std::string>& names, bool expired,
                             long serial) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  require(key != nullptr && certificate != nullptr, "cannot make a key");
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), expired ? -2 * 86400 : -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), expired ? -86400 : 86400);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("throw-away"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  std::string alternatives;
  for (const std::string& each : names) {
    const bool address = each.find_first_not_of("0123456789.") == std::string::npos;
    alternatives += (alternatives.empty() ? "" : ",") + std::string(address ? "IP:" : "DNS:") + each;
  }
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  for (const auto& [id, value] :
       {std::pair<int, std::string>{NID_subject_alt_name, alternatives}, {NID_basic_constraints, "CA:TRUE"}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
    require(extension != nullptr, "cannot make a certificate extension");
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  require(X509_sign(certificate, key, EVP_sha256()) > 0, "cannot sign a certificate");
  const Certificate made{folder + "/certificate.pem", folder + "/key.pem"};
  write_pem(made.certificate_file, [&](FILE* file) { return PEM_write_X509(file, certificate); });
  write_pem(made.key_file,
            [&](FILE* file) { return PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr); });
  X509_free(certificate);
  EVP_PKEY_free(key);
  return made;
}

Peer::Peer(int socket, ssl_ctx_st* tls) : socket_(socket) {
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (tls == nullptr) return;
  ssl_ = SSL_new(tls);
  SSL_set_fd(ssl_, socket_);
  gone_ = SSL_accept(ssl_) != 1;
}

Peer::~Peer() {
  if (ssl_ != nullptr) SSL_free(ssl_);
  ::close(socket_);
}

void Peer::shut_down() {
  ::shutdown(socket_, SHUT_RDWR);
}

bool Peer::wait_readable(std::chrono::milliseconds patience) {
  if (ssl_ != nullptr && SSL_pending(ssl_) > 0) return true;
  pollfd watch{socket_, POLLIN, 0};
  return ::poll(&watch, 1, static_cast<int>(patience.count())) > 0;
}

std::ptrdiff_t Peer::read_some(char* out, std::size_t size) {
  const std::ptrdiff_t got =
      ssl_ != nullptr ? SSL_read(ssl_, out, static_cast<int>(size)) : ::recv(socket_, out, size, 0);
  if (got <= 0) gone_ = true;
  return got;
}

bool Peer::fill(std::size_t size, std::chrono::milliseconds patience) {
  char chunk[4096];
  while (buffer_.size() < size) {
    if (gone_ || !wait_readable(patience)) return false;
    const std::ptrdiff_t got = read_some(chunk, sizeof chunk);
    if (got <= 0) return false;
    buffer_.append(chunk, static_cast<std::size_t>(got));
  }
  return true;
}

bool Peer::read_call() {
  std::size_t end;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill(buffer_.size() + 1, std::chrono::seconds(30))) return false;
  }
  const std::string head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  call_ = {};
  std::size_t at = head.find("\r\n");
  const std::string line = head.substr(0, at);
  call_.method = line.substr(0, line.find(' '));
  call_.target = line.substr(call_.method.size() + 1, line.rfind(' ') - call_.method.size() - 1);
  for (at += 2; at < head.size();) {
    const auto stop = head.find("\r\n", at);
    const std::string field = head.substr(at, stop - at);
    const auto colon = field.find(':');
    const auto value = field.find_first_not_of(' ', colon + 1);
    call_.headers[lower(field.substr(0, colon))] = value == std::string::npos ? "" : field.substr(value);
    at = stop + 2;
  }
  return true;
}

bool Peer::write(std::string_view bytes) {
  while (!bytes.empty() && !gone_) {
    const std::ptrdiff_t sent = ssl_ != nullptr ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                                                : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0)
      gone_ = true;
    else
      bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return !gone_;
}

bool Peer::answer(int status, std::string_view body, const std::vector<std::string>& headers) {
  std::string text =
      "HTTP/1.1 " + std::to_string(status) + " Scripted\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  for (const std::string& header : headers) text += header + "\r\n";
  return write(text + "\r\n" + std::string(body));
}

bool Peer::accept_websocket() {
  return write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
      accept_key(call_.header("sec-websocket-key")) + "\r\n\r\n");
}

bool Peer::send_frame(int opcode, std::string_view payload, bool final) {
  std::string frame(1, static_cast<char>((final ? 0x80 : 0) | opcode));
  if (payload.size() < 126) {
    frame += static_cast<char>(payload.size());
  } else {
    const int bytes = payload.size() < 65536 ? 2 : 8;
    frame += static_cast<char>(bytes == 2 ? 126 : 127);
    for (int i = bytes - 1; i >= 0; --i) frame += static_cast<char>((payload.size() >> (8 * i)) & 0xff);
  }
  return write(frame.append(payload));
}

bool Peer::send_close(int code, std::string_view reason) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return send_frame(0x8, payload.append(reason));
}

std::optional<Peer::Frame> Peer::receive(std::chrono::milliseconds patience) {
  if (!fill(2, patience)) return {};
  const auto byte = [this](std::size_t i) { return static_cast<unsigned char>(buffer_[i]); };
  Frame frame{byte(0) & 0x0f, {}};
  std::size_t size = byte(1) & 0x7f;
  std::size_t header = 2;
  if (size >= 126) {
    const std::size_t bytes = size == 126 ? 2 : 8;
    if (!fill(header + bytes, patience)) return {};
    size = 0;
    for (std::size_t i = 0; i < bytes; ++i) size = size << 8 | byte(header + i);
    header += bytes;
  }
  if (!fill(header + 4 + size, patience)) return {};
  for (std::size_t i = 0; i < size; ++i)
    frame.payload += static_cast<char>(byte(header + 4 + i) ^ byte(header + i % 4));
  buffer_.erase(0, header + 4 + size);
  return frame;
}

std::optional<std::string> Peer::receive_text(std::chrono::milliseconds patience, bool answer_pings) {
  while (auto frame = receive(patience)) {
    if (frame->opcode == 0x1) return std::move(frame->payload);
    if (frame->opcode == 0x9 && answer_pings) send_frame(0xa, frame->payload);
    if (frame->opcode == 0x8) {
      send_frame(0x8, frame->payload);
      gone_ = true;
    }
  }
  return {};
}

void Peer::hold() {
  char chunk[4096];
  while (!gone_) {
    if (wait_readable(std::chrono::seconds(1))) read_some(chunk, sizeof chunk);
  }
}

void Peer::tunnel_to(std::uint16_t port) {
  const int other = ::socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = loopback(port);
  if (::connect(other, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    char chunk[16384];
    pollfd watch[2] = {{socket_, POLLIN, 0}, {other, POLLIN, 0}};
    bool open = true;
    while (open && ::poll(watch, 2, -1) > 0) {
      for (int i = 0; i < 2 && open; ++i) {
        if (watch[i].revents == 0) continue;
        const std::ptrdiff_t got = ::recv(watch[i].fd, chunk, sizeof chunk, 0);
        open = got > 0 && ::send(watch[1 - i].fd, chunk, static_cast<std::size_t>(got), MSG_NOSIGNAL) == got;
      }
    }
  }
  ::close(other);
  gone_ = true;
}

ScriptedServer::ScriptedServer(Script script, std::optional<Certificate> tls, bool raw)
    : script_(std::move(script)), raw_(raw) {
  if (tls) {
    tls_ = SSL_CTX_new(TLS_server_method());
    require(SSL_CTX_use_certificate_file(tls_, tls->certificate_file.c_str(), SSL_FILETYPE_PEM) == 1,
            "cannot use the certificate");
    require(SSL_CTX_use_PrivateKey_file(tls_, tls->key_file.c_str(), SSL_FILETYPE_PEM) == 1, "cannot use the key");
  }
  listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  require(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) == 0 && ::listen(listener_, 64) == 0,
          "cannot listen");
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_loop(); });
}

ScriptedServer::~ScriptedServer() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  {
    const std::lock_guard lock(mutex_);
    for (Peer* peer : peers_) peer->shut_down();
  }
  for (std::thread& session : sessions_) session.join();
  if (tls_ != nullptr) SSL_CTX_free(tls_);
}

void ScriptedServer::accept_loop() {
  while (true) {
    const int socket = ::accept(listener_, nullptr, nullptr);
    if (socket < 0) return;
    if (stopping_) {
      ::close(socket);
      return;
    }
    ++connections_;
    const std::lock_guard lock(mutex_);
    sessions_.emplace_back([this, socket] { serve(socket); });
  }
}

void ScriptedServer::serve(int socket) {
  // OpenSSL writes without MSG_NOSIGNAL: a client that has gone must be an error here, not the end of the test.
  sigset_t pipe_only;
  sigemptyset(&pipe_only);
  sigaddset(&pipe_only, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_only, nullptr);
  // The handshake of a client that stalls must not outlive the server.
  timeval patience{5, 0};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  Peer peer(socket, tls_);
  {
    const std::lock_guard lock(mutex_);
    peers_.insert(&peer);
  }
  if (!stopping_ && !peer.gone() && (raw_ || peer.read_call())) script_(peer);
  const std::lock_guard lock(mutex_);
  peers_.erase(&peer);
}

}  // namespace tickspan::test
