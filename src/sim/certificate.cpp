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

/// Two days long, so that nobody is tempted to use it for anything else.
Owned<X509> make_certificate(EVP_PKEY* key) {
  Owned<X509> certificate(X509_new());
  if (!certificate) return nullptr;
  X509* x = certificate.get();
  std::uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return nullptr;
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), 48 * 3600);
  X509_NAME* name = X509_get_subject_name(x);
  const auto* text = reinterpret_cast<const unsigned char*>("Tickspan simulated venues");
  const bool ok = X509_set_pubkey(x, key) == 1 &&
                  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1 &&
                  X509_set_issuer_name(x, name) == 1 && add_extension(x, NID_basic_constraints, "critical,CA:TRUE") &&
                  add_extension(x, NID_key_usage, "critical,digitalSignature,keyCertSign") &&
                  add_extension(x, NID_subject_key_identifier, "hash") &&
                  add_extension(x, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1") &&
                  X509_sign(x, key, EVP_sha256()) > 0;
  return ok ? std::move(certificate) : nullptr;
}

Owned<std::FILE> create_private(const std::string& path) {
  const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  return Owned<std::FILE>(fd < 0 ? nullptr : ::fdopen(fd, "w"));
}

}  // namespace

core::Result<std::unique_ptr<ThrowAwayCertificate>> ThrowAwayCertificate::create() {
  std::error_code error;
  std::string directory = (std::filesystem::temp_directory_path(error) / "tickspan-sim-XXXXXX").string();
  if (error || ::mkdtemp(directory.data()) == nullptr) {
    return core::fail(core::ErrorCode::io_error, fmt::format("cannot create {}: {}", directory, std::strerror(errno)));
  }
  std::unique_ptr<ThrowAwayCertificate> result(new ThrowAwayCertificate(directory));
  const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  const auto certificate = key ? make_certificate(key.get()) : nullptr;
  if (!certificate) return core::fail(core::ErrorCode::internal, "OpenSSL cannot make a certificate");
  const auto key_out = create_private(result->key_file());
  const auto certificate_out = create_private(result->certificate_file());
  if (!key_out || !certificate_out ||
      PEM_write_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      PEM_write_X509(certificate_out.get(), certificate.get()) != 1 || std::fflush(key_out.get()) != 0 ||
      std::fflush(certificate_out.get()) != 0) {
    return core::fail(core::ErrorCode::io_error,
                      fmt::format("cannot write the throw-away certificate into {}", directory));
  }
  return result;
}

ThrowAwayCertificate::~ThrowAwayCertificate() {
  std::error_code ignored;  // a left-over in the temporary directory hurts nobody
  std::filesystem::remove_all(directory_, ignored);
}

}  // namespace tickspan::sim
