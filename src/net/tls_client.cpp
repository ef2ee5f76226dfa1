#include "net/tls_client.hpp"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>

namespace tickspan::net {
namespace ssl = boost::asio::ssl;

core::Result<ssl::context> make_client_tls(const ClientTls& tls) {
  ssl::context context(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  context.set_verify_mode(tls.verify ? ssl::verify_peer : ssl::verify_none);
  boost::system::error_code error;
  if (!tls.ca_file.empty()) {
    context.load_verify_file(tls.ca_file, error);
    if (error)
      return core::fail(core::ErrorCode::invalid_argument, "cannot read certificate authorities from " + tls.ca_file);
  } else if (tls.verify) {
    context.set_default_verify_paths(error);
    if (error) return core::fail(core::ErrorCode::io_error, "cannot load the system's certificate authorities");
  }
  return context;
}

core::Status prepare_client_tls(SSL* ssl, const std::string& host, bool verify) {
  boost::system::error_code not_an_address;
  boost::asio::ip::make_address(host, not_an_address);
  const bool address = !not_an_address;
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  bool ok = SSL_set_alpn_protos(ssl, kHttp11, sizeof(kHttp11) - 1) == 0;
  // An address is never sent as SNI (RFC 6066) and is matched against the certificate's address entries.
  if (!address) ok = ok && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
  if (verify && address) ok = ok && X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  if (verify && !address) {
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    ok = ok && SSL_set1_host(ssl, host.c_str()) == 1;
  }
  if (!ok) return core::fail(core::ErrorCode::internal, "cannot prepare TLS for " + host);
  return {};
}

std::string describe_tls_failure(SSL* ssl, const boost::system::error_code& error) {
  const long verdict = SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK)
    return std::string("the certificate is not trusted: ") + X509_verify_cert_error_string(verdict);
  return error.message();
}

}  // namespace tickspan::net
