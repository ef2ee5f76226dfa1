#pragma once

#include <memory>
#include <string>

#include "core/result.hpp"

namespace tickspan::sim {

/// A self-signed certificate for localhost and 127.0.0.1 with its key, in a directory of its own that goes with the
/// object.
class ThrowAwayCertificate {
 public:
  static core::Result<std::unique_ptr<ThrowAwayCertificate>> create();
  ~ThrowAwayCertificate();
  ThrowAwayCertificate(const ThrowAwayCertificate&) = delete;
  ThrowAwayCertificate& operator=(const ThrowAwayCertificate&) = delete;

  std::string certificate_file() const { return directory_ + "/certificate.pem"; }
  std::string key_file() const { return directory_ + "/key.pem"; }

 private:
  explicit ThrowAwayCertificate(std::string directory) : directory_(std::move(directory)) {}
  std::string directory_;
};

}  // namespace tickspan::sim
