#include "frames.hpp"

#include <simdjson.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "feeds/binance/binance.hpp"
#include "feeds/bitstamp/bitstamp.hpp"
#include "feeds/bybit/bybit.hpp"
#include "feeds/coinbase/coinbase.hpp"
#include "feeds/kraken/kraken.hpp"
#include "feeds/okx/okx.hpp"
#include "net/ws_codec.hpp"
#include "sim/recording.hpp"

namespace tickspan::bench {
namespace {

namespace ondemand = simdjson::ondemand;

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "feed_bench: %s\n", what.c_str());
  std::exit(1);
}

/// One of the eight: `made_up` stands in where the recordings are not there.
struct Source {
  const char* name;
  std::unique_ptr<feeds::VenueProtocol> (*make)();
  std::vector<const char*> files;
  std::vector<const char*> made_up;
};

const std::vector<Source>& sources() {
  static const std::vector<Source> all = {
      {"binance",
       feeds::make_binance,
       {"binance/ws_btcusdt_20240808.rec.gz"},
       {R"({"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3712309,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}})",
        R"({"stream":"btcusdt@bookTicker","data":{"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}})"}},
      {"binance_us", feeds::make_binance_us, {"binance/ws_ethusdt_20240808.rec.gz"}, {}},
      {"coinbase",
       feeds::make_coinbase,
       {"coinbase/ws_exchange_20210417_a.rec.gz"},
       {R"({"type":"match","trade_id":154999876,"maker_order_id":"a","taker_order_id":"b","side":"sell","size":"0.015","price":"61837.63","product_id":"BTC-USD","sequence":24,"time":"2024-08-08T23:54:15.342000Z"})"}},
      {"coinbase, advanced", feeds::make_coinbase, {"coinbase/ws_advanced_20260809_a.rec.gz"}, {}},
      {"kraken",
       feeds::make_kraken,
       {"kraken/ws_v2_doc_samples.jsonl", "kraken/ws_v1_ticker_20210417.rec", "kraken/ws_v1_trade_20210417.rec"},
       {R"({"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"sell","price":61837.6,"qty":0.00134,"ord_type":"limit","trade_id":4665906,"timestamp":"2024-08-08T23:54:15.342000Z"}]})"}},
      {"okx",
       feeds::make_okx,
       {"okx/ws_v5_20220513.rec.gz", "okx/ws_v5_20210722_conn1.rec.gz"},
       {R"({"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"130639474","px":"61837.9","sz":"0.12060306","side":"buy","ts":"1723161255342"}]})"}},
      {"bybit",
       feeds::make_bybit,
       {"bybit/ws_v5_spot_btc_20260809.rec"},
       {R"({"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1723161255343,"data":[{"T":1723161255342,"s":"BTCUSDT","S":"Buy","v":"0.001","p":"61837.50","i":"2290000000000000001","BT":false}]})"}},
      {"bitstamp",
       feeds::make_bitstamp,
       {"bitstamp/ws_10pairs_20220105.rec.gz"},
       {R"({"data":{"id":214563210,"timestamp":"1723161255","amount":0.01,"amount_str":"0.01000000","price":61837.63,"price_str":"61837.63","type":0,"microtimestamp":"1723161255342000","buy_order_id":1,"sell_order_id":2},"channel":"live_trades_btcusd","event":"trade"})"}},
  };
  return all;
}

std::vector<std::string> read_frames(const std::string& path) {
  auto reader = sim::RecordingReader::open(path);
  if (!reader) die(reader.error().context);
  std::vector<std::string> out;
  sim::RecordedFrame frame;
  for (;;) {
    const auto more = (*reader)->next(frame);
    if (!more) die(more.error().context);
    if (!*more) return out;
    if (frame.kind == "recv" || frame.kind.empty()) out.emplace_back(frame.payload);
  }
}

/// The table grows by what the frames name, so that each symbol is known.
bool decodes_to_ticks(feeds::VenueProtocol& protocol, core::SymbolTable& symbols, std::string_view frame) {
  feeds::Decoded decoded;
  for (int tries = 0; tries < 64; ++tries) {
    if (!protocol.decode(frame, {}, symbols, decoded)) return false;
    if (decoded.unknown_symbol.empty()) break;
    symbols.add(std::string(decoded.unknown_symbol), core::InstrumentId{static_cast<std::uint32_t>(symbols.size())});
  }
  return decoded.kind == feeds::FrameKind::data && !decoded.ticks.empty();
}

VenueFrames load(const Source& source, const std::string& folder) {
  VenueFrames out;
  out.name = source.name;
  out.make = source.make;
  out.symbols = std::make_shared<core::SymbolTable>();
  std::vector<std::string> frames;
  for (const char* file : source.files) {
    if (!std::filesystem::exists(folder + file)) continue;
    for (std::string& frame : read_frames(folder + file)) frames.push_back(std::move(frame));
  }
  if (frames.empty()) frames.assign(source.made_up.begin(), source.made_up.end());
  const auto protocol = source.make();
  for (std::string& frame : frames) {
    const std::size_t size = frame.size();
    frame.append(feeds::kFramePadding, '\0');
    const std::string_view text(frame.data(), size);
    if (!decodes_to_ticks(*protocol, *out.symbols, text)) continue;
    out.bytes += text;
    out.ends.push_back(out.bytes.size());
    net::append_text_frame(out.wire, text);
    out.marks.push_back(out.wire.size());
  }
  out.bytes.append(feeds::kFramePadding, ' ');
  return out;
}

std::size_t touch_value(ondemand::value value) {
  std::size_t sum = 0;
  switch (value.type().value()) {
    case ondemand::json_type::object:
      for (auto field : ondemand::object(value.get_object())) {
        sum += std::string_view(field.unescaped_key()).size();
        sum += touch_value(field.value());
      }
      return sum;
    case ondemand::json_type::array:
      for (auto element : ondemand::array(value.get_array())) sum += touch_value(element.value());
      return sum;
    case ondemand::json_type::string:
      return std::string_view(value.get_string()).size();
    case ondemand::json_type::number:
      return value.raw_json_token().size();
    default:
      return 1;
  }
}

}  // namespace

std::vector<VenueFrames> load_venues(const std::string& folder) {
  std::vector<VenueFrames> out;
  for (const Source& source : sources()) {
    VenueFrames venue = load(source, folder);
    // Without its recording a second connection repeats the first one's frames.
    if (venue.size() == 0 && !out.empty()) {
      const std::string name = venue.name;
      venue = out.back();
      venue.name = name;
    }
    if (venue.size() == 0) die(std::string("no frames of ") + source.name);
    out.push_back(std::move(venue));
  }
  return out;
}

struct BareParser::Impl {
  ondemand::parser parser;
};
BareParser::BareParser() : impl_(std::make_unique<Impl>()) {}
BareParser::~BareParser() = default;

std::size_t BareParser::touch(std::string_view frame) {
  ondemand::document document =
      impl_->parser.iterate(simdjson::padded_string_view(frame.data(), frame.size(), frame.size() + 64));
  ondemand::value root = document.get_value();
  return touch_value(root);
}

}  // namespace tickspan::bench
