#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

struct evp_pkey_st;
struct x509_st;

namespace tickspan::sim {

/// What is wrong with a certificate that is shown.
enum class CertificateFault : std::uint8_t {
  none,
  expired,     ///< since an hour
  other_name,  ///< it is somebody else's
  untrusted,   ///< nobody who is trusted vouches for it
};
std::optional<CertificateFault> parse_certificate_fault(std::string_view name) noexcept;
inline constexpr std::string_view kCertificateFaults = "none, expired, other_name, untrusted";

/// A self-signed certificate for localhost, 127.0.0.1 and the names that dns_name() gives, with its key, in a directory
/// of its own that goes with the object.
class ThrowAwayCertificate {
 public:
  static core::Result<std::unique_ptr<ThrowAwayCertificate>> create();
  /// Puts another one into shown_file() and shown_key_file(); what clients trust stays.
  core::Status show(CertificateFault fault);
  ~ThrowAwayCertificate();
  ThrowAwayCertificate(const ThrowAwayCertificate&) = delete;
  ThrowAwayCertificate& operator=(const ThrowAwayCertificate&) = delete;

  /// What clients are to trust.
  std::string certificate_file() const { return directory_ + "/certificate.pem"; }
  std::string shown_file() const { return directory_ + "/shown.pem"; }
  std::string shown_key_file() const { return directory_ + "/shown-key.pem"; }

 private:
  explicit ThrowAwayCertificate(std::string directory) : directory_(std::move(directory)) {}
  tl::unexpected<core::Error> not_written() const;

  std::string directory_;
  std::shared_ptr<evp_pkey_st> key_;
  std::shared_ptr<x509_st> trusted_;
};

}  // namespace tickspan::sim
