#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "net/http_message.hpp"
#include "sim/certificate.hpp"
#include "sim/venues/exchange_server.hpp"

namespace tickspan::sim {

/// `/control`: looks at the simulated market and breaks its venues, for tests and demonstrations. docs/simulator.md
/// lists what there is. Answers callers on this machine only.
/// **Threading**: loop thread.
class ControlPanel {
 public:
  using Venues = std::vector<std::unique_ptr<VenueServer>>;
  using ShowCertificate = std::function<core::Status(CertificateFault)>;
  /// `named`: venues are looked up by name, so that there is something wrong about a name to be said.
  ControlPanel(const MarketModel& model, const runtime::Clock& clock, Venues& venues, ShowCertificate show, bool named)
      : model_(model), clock_(clock), venues_(venues), show_(std::move(show)), named_(named) {}
  net::HttpResponse answer(const net::HttpRequest& request);

 private:
  VenueServer* find(std::string_view id);
  net::HttpResponse overview() const;
  net::HttpResponse true_price(const net::HttpRequest& request) const;
  net::HttpResponse true_trades(const net::HttpRequest& request);
  net::HttpResponse change_certificate(const net::HttpRequest& request);
  net::HttpResponse change(VenueServer& venue, std::string_view action, const net::HttpRequest& request);

  const MarketModel& model_;
  const runtime::Clock& clock_;
  Venues& venues_;
  const ShowCertificate show_;
  const bool named_;
};

}  // namespace tickspan::sim
