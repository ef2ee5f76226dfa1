#include "history/sha256.hpp"

#include <openssl/evp.h>

#include "core/assert.hpp"

namespace tickspan::history {

struct Sha256::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {
  const bool ready = impl_->context != nullptr && EVP_DigestInit_ex(impl_->context, EVP_sha256(), nullptr) == 1;
  TS_ASSERT(ready, "SHA-256 is part of OpenSSL");
}
Sha256::~Sha256() {
  EVP_MD_CTX_free(impl_->context);
}
void Sha256::add(std::string_view bytes) {
  const bool added = EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size()) == 1;
  TS_ASSERT(added, "a digest takes any bytes");
}
std::string Sha256::finish() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  const bool ended = EVP_DigestFinal_ex(impl_->context, digest, &size) == 1;
  TS_ASSERT(ended, "a digest ends once");
  std::string out;
  for (unsigned int i = 0; i < size; ++i) {
    out.push_back("0123456789abcdef"[digest[i] >> 4]);
    out.push_back("0123456789abcdef"[digest[i] & 15]);
  }
  return out;
}

}  // namespace tickspan::history
