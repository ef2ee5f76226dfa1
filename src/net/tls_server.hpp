#pragma once

#include <memory>
#include <string>

#include "core/result.hpp"

struct ssl_ctx_st;

namespace tickspan::net {

using ServerTlsContext = std::shared_ptr<ssl_ctx_st>;

/// Certificate chain and key from PEM files, TLS 1.2 and later. io_error names the file that does not do.
core::Result<ServerTlsContext> make_server_tls(const std::string& certificate_file, const std::string& key_file);

}  // namespace tickspan::net
