// c-ares as one of the loop's tenants: it opens sockets and says what it waits for, the loop waits.
#include "net/resolver.hpp"

#include <ares.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <type_traits>

#include "net/loop_timer.hpp"

namespace tickspan::net {
namespace asio = boost::asio;
using namespace std::chrono_literals;
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxEndpoints = 8;
constexpr int kTries = 2;  // of each server; the second waits twice as long
constexpr core::Duration kShortestTry = 100ms;

// What a name server says instead of an answer (RFC 1035, 4.1.1).
constexpr int kServerFailure = 2, kNotImplemented = 4, kRefused = 5;

struct DestroyChannel {
  void operator()(ares_channel channel) const { ares_destroy(channel); }
};
using Channel = std::unique_ptr<std::remove_pointer_t<ares_channel>, DestroyChannel>;

std::string describe(int status) {
  switch (status) {
    case ARES_ENOTFOUND:
      return "there is no such name";
    case ARES_ENODATA:
      return "the name has no address";
    case ARES_ESERVFAIL:
      return "the name server failed (SERVFAIL)";
    case ARES_EREFUSED:
      return "the name server refuses to answer (REFUSED)";
    case ARES_ENOTIMP:
      return "the name server does not answer such questions (NOTIMP)";
    case ARES_ETIMEOUT:
      return "no answer from the name servers in time";
    case ARES_ECONNREFUSED:
      return "no name server can be reached";
    case ARES_EBADRESP:
    case ARES_EFORMERR:
      return "the name server's answer makes no sense";
    default:
      return ares_strerror(status);
  }
}

std::string joined(const std::vector<std::string>& servers) {
  std::string out;
  for (const std::string& server : servers) out.append(out.empty() ? "" : ",").append(server);
  return out;
}

// IPv4 first: a broken IPv6 route is the commoner fault, and would cost a whole attempt's time.
Resolver::Endpoints ordered(const ares_addrinfo& found, std::uint16_t port) {
  Resolver::Endpoints endpoints;
  for (const ares_addrinfo_node* node = found.nodes; node != nullptr; node = node->ai_next) {
    if (node->ai_family == AF_INET) {
      asio::ip::address_v4::bytes_type bytes;
      std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in*>(node->ai_addr)->sin_addr, bytes.size());
      endpoints.emplace_back(asio::ip::address_v4(bytes), port);
    } else if (node->ai_family == AF_INET6) {
      asio::ip::address_v6::bytes_type bytes;
      std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(node->ai_addr)->sin6_addr, bytes.size());
      endpoints.emplace_back(asio::ip::address_v6(bytes), port);
    }
  }
  std::stable_partition(endpoints.begin(), endpoints.end(), [](const auto& e) { return e.address().is_v4(); });
  if (endpoints.size() > kMaxEndpoints) endpoints.resize(kMaxEndpoints);
  return endpoints;
}

}  // namespace

/// One name. Nothing of its owner's runs inside c-ares, which must not be destroyed there: `done` only signals.
class Resolver::Lookup {
 public:
  Lookup(runtime::EventLoop& loop, std::uint16_t port, std::function<void()> done)
      : loop_(loop), port_(port), done_(std::move(done)), deadline_(loop), retry_(loop) {}
  ~Lookup() {
    done_ = nullptr;
    channel_.reset();  // closes its sockets, which the loop must be told of
  }
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

  void start(const std::string& host, const std::vector<std::string>& nameservers, core::Duration patience);
  bool over() const { return status_.has_value(); }
  int status() const { return *status_; }
  Endpoints take_endpoints() { return std::move(endpoints_); }

 private:
  /// A socket of c-ares', watched. Lives as long as the loop's handlers know it.
  struct Watch {
    explicit Watch(Lookup& lookup) : descriptor(lookup.loop_.context()), owner(&lookup) {}
    asio::posix::stream_descriptor descriptor;
    Lookup* owner;  ///< null: the socket is closed
    bool readable = false, writable = false;
    bool reading = false, writing = false;
  };

  int open_channel(const std::vector<std::string>& nameservers, core::Duration patience);
  void process(int readable, int writable);
  void wait_on();
  void wait_for(const std::shared_ptr<Watch>& watch, bool to_read);
  void finish(int status);

  static void on_socket(void* self, ares_socket_t socket, int readable, int writable);
  static void on_result(void* self, int status, int timeouts, ares_addrinfo* found);
  static ares_ssize_t receive(ares_socket_t socket, void* data, std::size_t size, int flags, sockaddr* from,
                              ares_socklen_t* from_size, void* self);
  static const ares_socket_functions kSocketFunctions;

  runtime::EventLoop& loop_;
  const std::uint16_t port_;
  std::function<void()> done_;
  LoopTimer deadline_, retry_;
  std::map<int, std::shared_ptr<Watch>> watches_;
  Channel channel_;
  std::optional<int> status_;
  int server_status_ = ARES_SUCCESS;  // the last server's word that there is no answer from it
  bool timed_out_ = false;
  Endpoints endpoints_;
};

const ares_socket_functions Resolver::Lookup::kSocketFunctions = {
    [](int family, int type, int protocol, void*) {
      return ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    },
    [](ares_socket_t socket, void*) { return ::close(socket); },
    [](ares_socket_t socket, const sockaddr* to, ares_socklen_t size, void*) { return ::connect(socket, to, size); },
    &Lookup::receive,
    [](ares_socket_t socket, const iovec* parts, int count, void*) -> ares_ssize_t {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(parts);
      message.msg_iovlen = static_cast<std::size_t>(count);
      return ::sendmsg(socket, &message, MSG_NOSIGNAL);
    }};

void Resolver::Lookup::start(const std::string& host, const std::vector<std::string>& nameservers,
                             core::Duration patience) {
  if (const int status = open_channel(nameservers, patience); status != ARES_SUCCESS) return finish(status);
  deadline_.start(patience, [this] {
    timed_out_ = true;
    ares_cancel(channel_.get());
    if (!over()) finish(ARES_ETIMEOUT);
    wait_on();
  });
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = ARES_AI_NOSORT;  // the servers' own order, which spreads clients
  ares_getaddrinfo(channel_.get(), host.c_str(), nullptr, &hints, on_result, this);
  wait_on();
}

int Resolver::Lookup::open_channel(const std::vector<std::string>& nameservers, core::Duration patience) {
  static const int kLibrary = ares_library_init(ARES_LIB_INIT_ALL);
  if (kLibrary != ARES_SUCCESS) return kLibrary;
  ares_options options{};
  options.sock_state_cb = on_socket;
  options.sock_state_cb_data = this;
  options.tries = kTries;
  const auto servers = static_cast<core::Duration::rep>(std::max<std::size_t>(nameservers.size(), 1));
  const core::Duration each = std::max(patience / ((1 + 2) * servers), kShortestTry);
  options.timeout = static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(each).count());
  int chosen = ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
  std::string files_then_servers = "fb";
  if (!nameservers.empty()) {
    options.lookups = files_then_servers.data();
    chosen |= ARES_OPT_LOOKUPS;
  }
  ares_channel channel = nullptr;
  if (const int status = ares_init_options(&channel, &options, chosen); status != ARES_SUCCESS) return status;
  channel_.reset(channel);
  ares_set_socket_functions(channel, &kSocketFunctions, this);
  if (nameservers.empty()) return ARES_SUCCESS;
  return ares_set_servers_ports_csv(channel, joined(nameservers).c_str());
}

void Resolver::Lookup::process(int readable, int writable) {
  if (!channel_) return;
  ares_process_fd(channel_.get(), readable, writable);
  wait_on();
}

// After anything that c-ares did: waits for what it now waits for.
void Resolver::Lookup::wait_on() {
  if (over()) {
    deadline_.cancel();
    retry_.cancel();
    channel_.reset();
    if (done_) done_();
    return;
  }
  for (const auto& [socket, watch] : watches_) {
    if (watch->readable && !watch->reading) wait_for(watch, true);
    if (watch->writable && !watch->writing) wait_for(watch, false);
  }
  timeval until_retry{};
  if (ares_timeout(channel_.get(), nullptr, &until_retry) == nullptr) return retry_.cancel();
  const core::Duration delay =
      std::chrono::seconds(until_retry.tv_sec) + std::chrono::microseconds(until_retry.tv_usec);
  retry_.start(delay, [this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); });
}

void Resolver::Lookup::wait_for(const std::shared_ptr<Watch>& watch, bool to_read) {
  (to_read ? watch->reading : watch->writing) = true;
  watch->descriptor.async_wait(
      to_read ? asio::posix::stream_descriptor::wait_read : asio::posix::stream_descriptor::wait_write,
      [watch, to_read](const boost::system::error_code& error) {
        (to_read ? watch->reading : watch->writing) = false;
        if (watch->owner == nullptr || error) return;
        const int socket = watch->descriptor.native_handle();
        watch->owner->process(to_read ? socket : ARES_SOCKET_BAD, to_read ? ARES_SOCKET_BAD : socket);
      });
}

void Resolver::Lookup::finish(int status) {
  status_ = status;
  // c-ares 1.18 keeps to itself what the server said.
  if (status == ARES_ECONNREFUSED && server_status_ != ARES_SUCCESS) status_ = server_status_;
  if (status == ARES_ECANCELLED && timed_out_) status_ = ARES_ETIMEOUT;
}

void Resolver::Lookup::on_socket(void* self, ares_socket_t socket, int readable, int writable) {
  auto& lookup = *static_cast<Lookup*>(self);
  auto& watches = lookup.watches_;
  const auto it = watches.find(socket);
  if (readable == 0 && writable == 0) {
    if (it == watches.end()) return;
    it->second->owner = nullptr;
    it->second->descriptor.release();  // it is c-ares that closes it
    watches.erase(it);
    return;
  }
  const auto watch = it != watches.end() ? it->second : std::make_shared<Watch>(lookup);
  boost::system::error_code unwatched;
  if (it == watches.end()) watch->descriptor.assign(socket, unwatched);
  if (unwatched) return;  // as if nothing came on it: other tries and the deadline go on
  watches[socket] = watch;
  watch->readable = readable != 0;
  watch->writable = writable != 0;
}

void Resolver::Lookup::on_result(void* self, int status, int /*timeouts*/, ares_addrinfo* found) {
  auto& lookup = *static_cast<Lookup*>(self);
  const std::unique_ptr<ares_addrinfo, void (*)(ares_addrinfo*)> owned(found, ares_freeaddrinfo);
  if (lookup.over()) return;
  if (status == ARES_SUCCESS && owned) lookup.endpoints_ = ordered(*owned, lookup.port_);
  lookup.finish(status == ARES_SUCCESS && lookup.endpoints_.empty() ? ARES_ENODATA : status);
}

ares_ssize_t Resolver::Lookup::receive(ares_socket_t socket, void* data, std::size_t size, int flags, sockaddr* from,
                                       ares_socklen_t* from_size, void* self) {
  const ares_ssize_t received = ::recvfrom(socket, data, size, flags, from, from_size);
  const bool datagram = from != nullptr;
  constexpr ares_ssize_t kHeader = 12;
  if (datagram && received >= kHeader) {
    int& said = static_cast<Lookup*>(self)->server_status_;
    switch (static_cast<const unsigned char*>(data)[3] & 0xf) {
      case kServerFailure:
        said = ARES_ESERVFAIL;
        break;
      case kNotImplemented:
        said = ARES_ENOTIMP;
        break;
      case kRefused:
        said = ARES_EREFUSED;
        break;
      default:
        break;
    }
  }
  return received;
}

Resolver::Resolver(runtime::EventLoop& loop) : loop_(loop), done_(loop.context()) {}
Resolver::~Resolver() = default;

void Resolver::cancel() noexcept {
  lookup_.reset();
  done_.cancel();
}

asio::awaitable<core::Result<Resolver::Endpoints>> Resolver::resolve(const std::string& host, std::uint16_t port,
                                                                     const std::vector<std::string>& nameservers,
                                                                     core::Duration patience) {
  boost::system::error_code no_address;
  const asio::ip::address address = asio::ip::make_address(host, no_address);
  if (!no_address) {
    const Endpoints itself(1, asio::ip::tcp::endpoint(address, port));
    co_return itself;
  }
  done_.expires_at(asio::steady_timer::time_point::max());
  lookup_ = std::make_unique<Lookup>(loop_, port, [this] { done_.cancel(); });
  lookup_->start(host, nameservers, patience);
  if (!lookup_->over()) co_await done_.async_wait(kAwait);
  const std::unique_ptr<Lookup> ended = std::move(lookup_);
  if (ended && ended->status() == ARES_SUCCESS) co_return ended->take_endpoints();
  co_return core::fail(core::ErrorCode::unavailable,
                       "cannot resolve " + host + ": " + (ended ? describe(ended->status()) : "given up"), true);
}

}  // namespace tickspan::net
