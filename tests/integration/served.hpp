#pragma once

#include <string>
#include <vector>

#include "../support/process.hpp"
#include "../support/support.hpp"

namespace tickspan::test {

struct Answer {
  int status = 0;  ///< 0: no connection
  std::string head, body;
};
/// One request over a connection of its own.
Answer get(int port, const std::string& target, const std::string& method = "GET");

/// The text after `"name":` up to the next comma or brace: enough for the flat answers looked at here.
std::string json_field(const std::string& json, const std::string& name);

/// Writes a configuration to `path` whose venues are where nothing listens: connections are refused at once.
std::string dead_venues(const std::string& path, int port = free_port());

/// `tickspan simulate` on a port, its configuration in `config`.
class SimulatedVenues {
 public:
  explicit SimulatedVenues(const std::string& config_path, int port = 0, const std::vector<std::string>& extra = {});
  Process& process() { return process_; }
  int port() const;
  /// The names of those with a stream.
  std::vector<std::string> exchanges() const;
  /// `POST /control/{venue}…`, e.g. "kraken?mute=all".
  void control(const std::string& what) const;

 private:
  Process process_;
};

/// `tickspan serve` on a free port of loopback.
class Served {
 public:
  Served(const std::string& data, const std::vector<std::string>& extra,
         const std::vector<std::string>& environment = {});
  int port() const { return port_; }
  Process& process() { return process_; }
  Answer get(const std::string& target) const { return test::get(port_, target); }
  /// Waits until `/price/{coin}` answers with this state.
  bool shows(const std::string& coin, const std::string& state,
             std::chrono::milliseconds patience = std::chrono::seconds(30)) const;

 private:
  int port_;
  Process process_;
};

}  // namespace tickspan::test
