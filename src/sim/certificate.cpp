#include "sim/certificate.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace tickspan::sim {
namespace {

struct Free {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
  void operator()(std::FILE* p) const { std::fclose(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

bool add_extension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

X509_NAME* named(X509_NAME* name, const char* text) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text);
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, bytes, -1, -1, 0) == 1 ? name : nullptr;
}

/// Two days long, so that nobody is tempted to use it for anything else. Without an issuer it vouches for itself.
Owned<X509> make_certificate(EVP_PKEY* key, CertificateFault fault, X509* issuer = nullptr) {
  Owned<X509> certificate(X509_new());
  if (!certificate) return nullptr;
  X509* x = certificate.get();
  std::uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return nullptr;
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1);
  const bool expired = fault == CertificateFault::expired;
  X509_gmtime_adj(X509_getm_notBefore(x), expired ? -48 * 3600 : -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), expired ? -3600 : 48 * 3600);
  X509_NAME* const name =
      named(X509_get_subject_name(x), issuer == nullptr ? "Tickspan simulated venues" : "Tickspan simulated venue");
  const char* const hosts = fault == CertificateFault::other_name
                                ? "DNS:other.invalid"
                                : "DNS:localhost,DNS:*.tickspan.test,IP:127.0.0.1,IP:::1";
  const bool ok = name != nullptr && X509_set_pubkey(x, key) == 1 &&
                  X509_set_issuer_name(x, issuer == nullptr ? name : X509_get_subject_name(issuer)) == 1 &&
                  (issuer != nullptr || (add_extension(x, NID_basic_constraints, "critical,CA:TRUE") &&
                                         add_extension(x, NID_key_usage, "critical,digitalSignature,keyCertSign"))) &&
                  add_extension(x, NID_subject_key_identifier, "hash") &&
                  add_extension(x, NID_subject_alt_name, hosts) && X509_sign(x, key, EVP_sha256()) > 0;
  return ok ? std::move(certificate) : nullptr;
}

/// Replaces what is there whole: a reader sees the old file or the new one.
template <typename Write>
bool put_private(const std::string& path, Write write) {
  const std::string made = path + ".new";
  std::error_code ignored;  // there mostly is none
  std::filesystem::remove(made, ignored);
  const int fd = ::open(made.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  const Owned<std::FILE> out(fd < 0 ? nullptr : ::fdopen(fd, "w"));
  return out && write(out.get()) == 1 && std::fflush(out.get()) == 0 && std::rename(made.c_str(), path.c_str()) == 0;
}

bool put_certificate(const std::string& path, X509* certificate) {
  return put_private(path, [&](std::FILE* out) { return PEM_write_X509(out, certificate); });
}

}  // namespace

std::optional<CertificateFault> parse_certificate_fault(std::string_view name) noexcept {
  if (name == "none") return CertificateFault::none;
  if (name == "expired") return CertificateFault::expired;
  if (name == "other_name") return CertificateFault::other_name;
  if (name == "untrusted") return CertificateFault::untrusted;
  return {};
}

core::Result<std::unique_ptr<ThrowAwayCertificate>> ThrowAwayCertificate::create() {
  std::error_code error;
  std::string directory = (std::filesystem::temp_directory_path(error) / "tickspan-sim-XXXXXX").string();
  if (error || ::mkdtemp(directory.data()) == nullptr) {
    return core::fail(core::ErrorCode::io_error, fmt::format("cannot create {}: {}", directory, std::strerror(errno)));
  }
  std::unique_ptr<ThrowAwayCertificate> result(new ThrowAwayCertificate(directory));
  result->key_ = std::shared_ptr<EVP_PKEY>(EVP_EC_gen("P-256"), EVP_PKEY_free);
  Owned<X509> certificate = result->key_ ? make_certificate(result->key_.get(), CertificateFault::none) : nullptr;
  if (!certificate) return core::fail(core::ErrorCode::internal, "OpenSSL cannot make a certificate");
  if (!put_certificate(result->certificate_file(), certificate.get())) return result->not_written();
  result->trusted_ = std::shared_ptr<X509>(certificate.release(), X509_free);
  if (auto shown = result->show(CertificateFault::none); !shown) return tl::unexpected(shown.error());
  return result;
}

tl::unexpected<core::Error> ThrowAwayCertificate::not_written() const {
  return core::fail(core::ErrorCode::io_error,
                    fmt::format("cannot write the throw-away certificate into {}", directory_));
}

core::Status ThrowAwayCertificate::show(CertificateFault fault) {
  const bool trusted = fault != CertificateFault::untrusted;
  const std::shared_ptr<EVP_PKEY> key = trusted ? key_ : std::shared_ptr<EVP_PKEY>(EVP_EC_gen("P-256"), EVP_PKEY_free);
  std::shared_ptr<X509> certificate = trusted_;
  if (fault != CertificateFault::none)
    certificate = key ? make_certificate(key.get(), fault, trusted ? trusted_.get() : nullptr) : nullptr;
  if (!certificate) return core::fail(core::ErrorCode::internal, "OpenSSL cannot make a certificate");
  const auto write_key = [&](std::FILE* out) {
    return PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  };
  if (!put_private(shown_key_file(), write_key) || !put_certificate(shown_file(), certificate.get()))
    return not_written();
  return {};
}

ThrowAwayCertificate::~ThrowAwayCertificate() {
  std::error_code ignored;  // a left-over in the temporary directory hurts nobody
  std::filesystem::remove_all(directory_, ignored);
}

}  // namespace tickspan::sim
