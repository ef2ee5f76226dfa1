#include "feeds/host_ring.hpp"

#include <algorithm>

#include "core/assert.hpp"
#include "net/url.hpp"

namespace tickspan::feeds {
namespace {

constexpr unsigned kFailuresBeforeNext = 2;

}  // namespace

HostRing::HostRing(net::UpstreamDesk& desk, net::Service service, const std::string& source,
                   std::vector<std::string> urls, const net::UpstreamRules& rules) {
  TS_ASSERT(!urls.empty(), "a service has at least one address");
  for (std::string& url : urls) {
    net::Upstream& upstream = service == net::Service::rest ? desk.rest(source, url, rules) : desk.stream(source, url);
    hosts_.push_back({std::move(url), &upstream});
  }
}

net::Upstream& HostRing::upstream(const std::string& url) const {
  const auto it = std::find_if(hosts_.begin(), hosts_.end(), [&](const Host& host) { return host.url == url; });
  TS_ASSERT(it != hosts_.end(), "an address of this service");
  return *it->upstream;
}

const std::string& HostRing::choose() {
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    const std::size_t candidate = (at_ + i) % hosts_.size();
    if (hosts_[candidate].refused || hosts_[candidate].upstream->closed_for().count() > 0) continue;
    at_ = candidate;
    break;
  }
  return current();
}

HostRing::Host* HostRing::find(const std::string& url) {
  const auto it = std::find_if(hosts_.begin(), hosts_.end(), [&](const Host& host) { return host.url == url; });
  return it == hosts_.end() ? nullptr : &*it;
}

bool HostRing::all_refused() const {
  return std::all_of(hosts_.begin(), hosts_.end(), [](const Host& host) { return host.refused; });
}

void HostRing::advance() {
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    at_ = (at_ + 1) % hosts_.size();
    if (!hosts_[at_].refused) return;
  }
}

bool HostRing::refuse(const std::string& url) {
  if (Host* host = find(url)) host->refused = true;
  if (hosts_[at_].refused) advance();
  return !all_refused();
}

void HostRing::fail(const std::string& url) {
  Host* host = find(url);
  if (host == nullptr || ++host->failures < kFailuresBeforeNext) return;
  host->failures = 0;
  if (hosts_[at_].url == url) advance();
}

void HostRing::succeed(const std::string& url) {
  if (Host* host = find(url)) host->failures = 0;
}

void HostRing::forgive() {
  for (Host& host : hosts_) host = {host.url, host.upstream};
  at_ = 0;
}

std::string host_of(const std::string& url) {
  const auto parsed = net::parse_url(url);
  return parsed ? parsed->authority() : net::without_query(url);
}

std::string join_url(const std::string& base, const std::string& target) {
  return (base.ends_with('/') ? base.substr(0, base.size() - 1) : base) + target;
}

}  // namespace tickspan::feeds
