// What reaches the simulator over HTTP. The first byte chooses a venue or the control panel, the second the method, the
// rest is path and query below it.
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "core/assert.hpp"
#include "sim/control.hpp"
#include "sim/listing.hpp"
#include "sim/venues/binance.hpp"
#include "sim/venues/bitstamp.hpp"
#include "sim/venues/bybit.hpp"
#include "sim/venues/coinapi.hpp"
#include "sim/venues/coinbase.hpp"
#include "sim/venues/coingecko.hpp"
#include "sim/venues/kraken.hpp"
#include "sim/venues/okx.hpp"

namespace {

using namespace tickspan;
using namespace tickspan::sim;

constexpr std::size_t kControl = 8;

struct World {
  World() {
    venues.push_back(std::make_unique<BinanceServer>(context, pairs["binance"]));
    venues.push_back(std::make_unique<CoinbaseServer>(context, pairs["coinbase"]));
    venues.push_back(std::make_unique<KrakenServer>(context, pairs["kraken"]));
    venues.push_back(std::make_unique<OkxServer>(context, pairs["okx"]));
    venues.push_back(std::make_unique<BybitServer>(context, pairs["bybit"]));
    venues.push_back(std::make_unique<BitstampServer>(context, pairs["bitstamp"]));
    venues.push_back(std::make_unique<CoinApiServer>(context));
    venues.push_back(std::make_unique<CoinGeckoServer>(context));
  }

  runtime::ManualClock clock{core::Timestamp::from_s(1'795'000'020)};
  runtime::Metrics metrics;
  MarketModel model{7, 1, 5};
  VenueContext context{model, clock, metrics};
  std::map<std::string, std::vector<PairMarket>> pairs =
      list_pairs(model, {"binance", "coinbase", "kraken", "okx", "bybit", "bitstamp"}, 1);
  ControlPanel::Venues venues;
  ControlPanel panel{model, clock, venues, [](CertificateFault) { return core::Status(); }, true};
};

void check_answer(const net::HttpResponse& answer) {
  TS_ASSERT(answer.status >= 200 && answer.status < 600, "a status");
  TS_ASSERT(!answer.body.empty(), "always in words");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  World world;  // faults and budgets are of one input
  const std::string_view target(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t chosen = data[0] % (kControl + 1);
  if (chosen == kControl) {
    net::HttpRequest request;
    request.method = data[1] == 0 ? "GET" : "POST";
    request.target = "/control" + std::string(target);
    request.remote_address = "127.0.0.1";
    check_answer(world.panel.answer(request));
    return 0;
  }
  RestRequest request;
  const std::string_view path = target.substr(0, target.find('?'));
  request.path = "/" + net::percent_decode(path, false);
  if (path.size() < target.size()) request.query = net::parse_query(target.substr(path.size() + 1));
  request.with_key = true;
  request.now = world.clock.now();
  check_answer(world.venues[chosen]->rest(request));
  return 0;
}
