#include "served.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <stdexcept>

namespace tickspan::test {
namespace {

std::vector<std::string> join(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

int connect_to(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{15, 0};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return socket;
  close(socket);
  return -1;
}

}  // namespace

Answer get(int port, const std::string& target, const std::string& method) {
  const int socket = connect_to(port);
  if (socket < 0) return {};
  const std::string request =
      method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  std::string text;
  if (send(socket, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    char buffer[65536];
    for (ssize_t n; (n = recv(socket, buffer, sizeof buffer, 0)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
  }
  close(socket);
  const auto end = text.find("\r\n\r\n");
  if (end == std::string::npos || text.size() < 12) return {};
  return {std::atoi(text.c_str() + 9), text.substr(0, end), text.substr(end + 4)};
}

std::string json_field(const std::string& json, const std::string& name) {
  const auto at = json.find("\"" + name + "\":");
  if (at == std::string::npos) return "";
  const auto begin = at + name.size() + 3;
  if (json[begin] == '"') return json.substr(begin + 1, json.find('"', begin + 1) - begin - 1);
  return json.substr(begin, json.find_first_of(",}]", begin) - begin);
}

std::string dead_venues(const std::string& path, int port) {
  const std::string at = "127.0.0.1:" + std::to_string(port);
  std::ofstream out(path);
  for (const char* name : {"binance", "coinbase", "kraken", "okx", "bybit", "bitstamp"}) {
    out << "[[sources]]\nname = \"" << name << "\"\nws_url = \"ws://" << at << "/" << name << "\"\nrest_url = \"http://"
        << at << "/" << name << "\"\n";
  }
  out << "[[sources]]\nname = \"coingecko\"\nrest_url = \"http://" << at << "/coingecko/api/v3\"\n";
  return path;
}

SimulatedVenues::SimulatedVenues(const std::string& config_path, int port, const std::vector<std::string>& extra)
    : process_(join(join({program(), "simulate", "--listen", "127.0.0.1:" + std::to_string(port)},
                         std::find(extra.begin(), extra.end(), "--assets") == extra.end()
                             ? std::vector<std::string>{"--assets", "20"}
                             : std::vector<std::string>{}),
                    extra)) {
  if (!process_.says("# Listening")) throw std::runtime_error("the simulator did not start: " + process_.err());
  // One aggregator is enough, and another's five seconds would hide what exchanges do not say. One address a venue,
  // too, so that its faults are the whole venue's.
  static const std::regex kAlternate(R"re(alternate_\w+ = "[^"]*"\n)re");
  std::ofstream(config_path) << std::regex_replace(process_.out(), kAlternate, "")
                             << "[[sources]]\nname = \"coinapi\"\nenabled = false\n";
}

std::vector<std::string> SimulatedVenues::exchanges() const {
  static const std::regex kSource(R"re(name = "([a-z_]+)"\nws_url)re");
  const std::string config = process_.out();
  std::vector<std::string> names;
  for (std::sregex_iterator it(config.begin(), config.end(), kSource), end; it != end; ++it) names.push_back((*it)[1]);
  return names;
}

int SimulatedVenues::port() const {
  const std::string text = process_.out();
  return std::atoi(text.c_str() + text.rfind(':') + 1);
}

void SimulatedVenues::control(const std::string& what) const {
  const Answer answer = test::get(port(), "/control/" + what, "POST");
  if (answer.status != 200) throw std::runtime_error("control " + what + ": " + answer.body);
}

Served::Served(const std::string& data, const std::vector<std::string>& extra,
               const std::vector<std::string>& environment)
    : port_(free_port()),
      process_(join({program(), "serve", "--data", data, "--listen", "127.0.0.1:" + std::to_string(port_), "--set",
                     "server.requests_per_second=0"},
                    extra),
               environment) {}

bool Served::shows(const std::string& coin, const std::string& state, std::chrono::milliseconds patience) const {
  return eventually([&] { return json_field(get("/price/" + coin).body, "state") == state; }, patience);
}

}  // namespace tickspan::test
