#pragma once

// Internal to the clients: names OpenSSL and Asio types, so only their .cpp files include it.

#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>
#include <string>

#include "core/result.hpp"
#include "net/http_client.hpp"

namespace tickspan::net {

/// TLS 1.2 and up, trusting the system's authorities, or those of `ca_file` alone.
core::Result<boost::asio::ssl::context> make_client_tls(const ClientTls& tls);

/// SNI, the name to verify, and HTTP/1.1 by ALPN, for one connection.
core::Status prepare_client_tls(SSL* ssl, const std::string& host, bool verify);

/// Why a TLS handshake failed: the certificate's fault by name where it was that.
std::string describe_tls_failure(SSL* ssl, const boost::system::error_code& error);

}  // namespace tickspan::net
