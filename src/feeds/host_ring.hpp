#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "net/upstream.hpp"

namespace tickspan::feeds {

/// The addresses of one service, tried in order, and what is known of each. An address that refused for good (451, 403)
/// is left out until forgive(); one that merely fails gives way to the next after two failures in a row; one whose
/// breaker refuses is passed over while another's does not.
/// **Threading**: one thread. **Ownership**: the desk must outlive it.
class HostRing {
 public:
  /// `source`: as UpstreamDesk says. `rules`: of REST services.
  HostRing(net::UpstreamDesk& desk, net::Service service, const std::string& source, std::vector<std::string> urls,
           const net::UpstreamRules& rules = {});

  const std::string& current() const { return hosts_[at_].url; }
  /// The address for the next attempt, which is then the current one.
  const std::string& choose();
  /// What is known of one of the addresses, which is asked for leave and told of outcomes.
  net::Upstream& upstream(const std::string& url) const;

  bool all_refused() const;
  /// Final for this address. True when another one is left.
  bool refuse(const std::string& url);
  void fail(const std::string& url);
  void succeed(const std::string& url);
  /// After a long pause every address deserves another try.
  void forgive();

 private:
  struct Host {
    std::string url;
    net::Upstream* upstream;
    bool refused = false;
    unsigned failures = 0;
  };
  Host* find(const std::string& url);
  void advance();

  std::vector<Host> hosts_;
  std::size_t at_ = 0;
};

/// `host` or `host:port` of a URL: what people see.
std::string host_of(const std::string& url);
/// Joins an address and a path that begins with a slash.
std::string join_url(const std::string& base, const std::string& target);

}  // namespace tickspan::feeds
