#pragma once

#include <functional>
#include <string>
#include <vector>

#include "feeds/host_ring.hpp"
#include "feeds/session_context.hpp"
#include "net/backoff.hpp"
#include "net/http_client.hpp"
#include "net/loop_timer.hpp"

namespace tickspan::feeds {

/// Asks a venue for its list of pairs over REST: at once, again after each failure, then daily.
/// **Threading**: the feed's loop. **Ownership**: context must outlive it. **Limits**: a body of 64 MiB.
class SymbolFetcher {
 public:
  SymbolFetcher(SessionContext& context, std::vector<std::string> rest_urls, core::Duration refresh,
                std::uint64_t seed);
  ~SymbolFetcher();

  std::function<void(std::vector<core::ListedPair>)> on_list;
  std::function<void()> on_changed;  ///< its state or detail is another one

  void start();
  core::FeedState state() const { return state_; }
  const std::string& detail() const { return detail_; }
  std::string host() const { return host_of(hosts_.current()); }

 private:
  void fetch();
  void come_back(const core::Error& error);
  void take(const std::string& url, core::Result<net::HttpResponse> result);
  core::Result<std::vector<core::ListedPair>> list_of(const std::string& url, core::Result<net::HttpResponse> result);
  void failed(const std::string& url, const core::Error& error, core::Duration pause);
  void set_state(core::FeedState state, std::string detail);

  SessionContext& context_;
  HostRing hosts_;
  net::Backoff backoff_;
  net::HttpClient http_;
  net::LoopTimer timer_;
  core::Duration refresh_;
  net::Upstream* asked_ = nullptr;  ///< while a request is under way
  core::FeedState state_ = core::FeedState::idle;
  std::string detail_;
};

}  // namespace tickspan::feeds
