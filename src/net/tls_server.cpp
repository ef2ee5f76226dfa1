#include "net/tls_server.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <ctime>

#include "core/assert.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"

namespace tickspan::net {
namespace {

constexpr runtime::Log kLog{"net"};
constexpr int kWarnDays = 14;
constexpr std::int64_t kDay = 86'400;

// OpenSSL's own would ask at the terminal, and the program would stand still.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

std::string why() {
  std::array<char, 256> text{};
  const unsigned long code = ERR_get_error();
  if (code == 0) return "unknown reason";
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

}  // namespace

core::Result<ServerTlsContext> make_server_tls(const std::string& certificate_file, const std::string& key_file) {
  ERR_clear_error();
  ServerTlsContext context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return core::fail(core::ErrorCode::internal, "cannot set up TLS: " + why());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_default_passwd_cb(context.get(), no_passphrase);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // tickets resume without memory of ours
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1) {
    return core::fail(core::ErrorCode::io_error, "cannot use certificate file '" + certificate_file + "': " + why());
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return core::fail(core::ErrorCode::io_error, "cannot use key file '" + key_file + "': " + why());
  }
  // OpenSSL writes to the descriptor itself, without MSG_NOSIGNAL; a peer that has gone must not end the process.
  std::signal(SIGPIPE, SIG_IGN);
  return context;
}

core::Timestamp not_after(const ServerTlsContext& context) {
  const X509* certificate = SSL_CTX_get0_certificate(context.get());
  std::tm parts{};
  TS_ASSERT(certificate != nullptr, "a context has its certificate from the start");
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return core::Timestamp::from_s(0);
  // Some run out in the year 9999; nanoseconds end before that.
  return core::Timestamp::from_s(std::clamp<std::int64_t>(timegm(&parts), 0, 9'000'000'000));
}

std::optional<std::string> expiry_warning(core::Timestamp end, core::Timestamp now) {
  const std::int64_t left_s = (end.ns - now.ns) / 1'000'000'000;
  if (left_s <= 0) return fmt::format("has expired on {}", core::to_rfc3339(end));
  if (left_s >= kWarnDays * kDay) return {};
  return fmt::format("expires on {}, in {} days", core::to_rfc3339(end), left_s / kDay);
}

core::Result<std::shared_ptr<ServerTls>> ServerTls::load(std::string certificate_file, std::string key_file) {
  std::shared_ptr<ServerTls> tls(new ServerTls(std::move(certificate_file), std::move(key_file)));
  if (auto loaded = tls->reload(); !loaded) return tl::unexpected(loaded.error());
  return tls;
}

core::Status ServerTls::reload() {
  auto fresh = make_server_tls(certificate_file_, key_file_);
  if (!fresh) return tl::unexpected(fresh.error());
  {
    const std::lock_guard lock(mutex_);
    context_.swap(*fresh);
  }
  if (const auto warning = expiry_warning(certificate_end(), runtime::SystemClock().now())) {
    kLog.warn("the certificate in '{}' {}", certificate_file_, *warning);
  }
  return {};
}

ServerTlsContext ServerTls::context() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

}  // namespace tickspan::net
