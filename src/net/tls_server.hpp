#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/result.hpp"
#include "core/time.hpp"

struct ssl_ctx_st;

namespace tickspan::net {

using ServerTlsContext = std::shared_ptr<ssl_ctx_st>;

/// Certificate chain and key from PEM files, TLS 1.2 and later. io_error names the file that does not do.
core::Result<ServerTlsContext> make_server_tls(const std::string& certificate_file, const std::string& key_file);

/// When the certificate that it shows first runs out.
core::Timestamp not_after(const ServerTlsContext& context);
/// What is to be said about a certificate that runs out at `end`: nothing while there is time.
std::optional<std::string> expiry_warning(core::Timestamp end, core::Timestamp now);

/// The certificate that servers show, which can be exchanged while they run: connections that are open keep theirs.
/// Shared by the servers of all threads, so that a session begun with one is resumed with another.
/// **Threading**: any.
class ServerTls {
 public:
  /// Errors as make_server_tls().
  static core::Result<std::shared_ptr<ServerTls>> load(std::string certificate_file, std::string key_file);

  /// Reads the files again. An error leaves everything as it was.
  core::Status reload();
  ServerTlsContext context() const;
  core::Timestamp certificate_end() const { return not_after(context()); }
  const std::string& certificate_file() const { return certificate_file_; }

 private:
  ServerTls(std::string certificate_file, std::string key_file)
      : certificate_file_(std::move(certificate_file)), key_file_(std::move(key_file)) {}

  const std::string certificate_file_, key_file_;
  mutable std::mutex mutex_;
  ServerTlsContext context_;  // guarded by mutex_
};

}  // namespace tickspan::net
