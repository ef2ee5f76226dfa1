#include "sim/dns_server.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/udp.hpp>

namespace tickspan::sim {
namespace {

namespace asio = boost::asio;
using Udp = asio::ip::udp;

constexpr std::size_t kMaxQuery = 512;  // of one over UDP (RFC 1035, 4.2.1)

}  // namespace

struct DnsServer::Impl : std::enable_shared_from_this<Impl> {
  Impl(runtime::EventLoop& loop, DnsNames names_known) : names(std::move(names_known)), socket(loop.context()) {}

  core::Status bind(const std::string& at, std::uint16_t port, const std::string& told);
  void receive();

  const DnsNames names;
  net::IpAddress address;
  Udp::socket socket;
  Udp::endpoint from;
  std::array<char, kMaxQuery> buffer{};
};

core::Status DnsServer::Impl::bind(const std::string& at, std::uint16_t port, const std::string& told) {
  boost::system::error_code error;
  const auto place = Udp::endpoint(asio::ip::make_address(at, error), port);
  const auto tell = net::parse_ip(told);
  if (error || !tell) return core::fail(core::ErrorCode::invalid_argument, fmt::format("{} is no address", at));
  address = *tell;
  socket.close(error);
  socket.open(place.protocol(), error);
  if (!error) socket.bind(place, error);
  if (!error) socket.non_blocking(true, error);
  if (error) return core::fail(core::ErrorCode::io_error, fmt::format("UDP {}:{}: {}", at, port, error.message()));
  return {};
}

void DnsServer::Impl::receive() {
  socket.async_receive_from(asio::buffer(buffer), from,
                            [self = shared_from_this()](const boost::system::error_code& error, std::size_t size) {
                              if (!self->socket.is_open()) return;
                              const std::string answer =
                                  error ? std::string()
                                        : answer_dns({self->buffer.data(), size}, self->address, self->names);
                              boost::system::error_code lost;  // whoever asked asks again, as over any network
                              if (!answer.empty()) self->socket.send_to(asio::buffer(answer), self->from, 0, lost);
                              self->receive();
                            });
}

DnsServer::DnsServer(runtime::EventLoop& loop, DnsNames names)
    : impl_(std::make_shared<Impl>(loop, std::move(names))) {}
DnsServer::~DnsServer() = default;

core::Status DnsServer::bind(const std::string& address, std::uint16_t port, const std::string& told) {
  return impl_->bind(address, port, told);
}
std::uint16_t DnsServer::port() const {
  boost::system::error_code not_bound;
  return impl_->socket.local_endpoint(not_bound).port();
}
void DnsServer::start() {
  impl_->receive();
}
void DnsServer::stop() {
  boost::system::error_code closed_already;
  impl_->socket.close(closed_already);
}

}  // namespace tickspan::sim
