#include "net/tls_server.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <csignal>

namespace tickspan::net {
namespace {

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

}  // namespace tickspan::net
