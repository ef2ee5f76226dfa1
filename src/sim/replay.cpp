#include "sim/replay.hpp"

#include <cctype>
#include <cstdio>

#include "sim/recording.hpp"

namespace tickspan::sim {
namespace {

using core::Tick;

/// Calls `visit` with each run of letters until it returns true.
template <typename Visit>
bool any_word(std::string_view text, const Visit& visit) {
  const auto in_word = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && in_word(text[end])) ++end;
    if (end > i && visit(text.substr(i, end - i))) return true;
    i = end + 1;
  }
  return false;
}

/// `wss://ws.okx.com:8443/ws` is of `okx`: the label before the last one.
std::string domain_name(std::string_view url) {
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  std::string_view host = url.substr(0, url.find_first_of(":/?"));
  const auto last = host.rfind('.');
  if (last != std::string_view::npos) host = host.substr(0, last);
  const auto before = host.rfind('.');
  return std::string(before == std::string_view::npos ? host : host.substr(before + 1));
}

Tick with_receive_time(const Tick& tick, core::Timestamp at) {
  if (tick.kind() == core::TickKind::trade) {
    return Tick(Tick::Trade{tick.instrument(), at, tick.event_time(), tick.price(), tick.amount(), tick.trade_id(),
                            tick.side()});
  }
  return Tick(
      Tick::Quote{tick.instrument(), at, tick.event_time(), tick.bid(), tick.ask(), tick.bid_size(), tick.ask_size()});
}

void append_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    if (byte < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      out += escape;
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_field(std::string& out, std::string_view key, std::string_view text) {
  append_text(out.append(out.size() > 1 ? "," : ""), key);
  append_text(out.append(":"), text);
}

void append_field(std::string& out, std::string_view key, std::uint64_t number) {
  append_text(out.append(out.size() > 1 ? "," : ""), key);
  out.append(":").append(std::to_string(number));
}

}  // namespace

std::string to_json(const ReplayResult& result) {
  std::string out = "{";
  append_field(out, "file", result.file);
  append_field(out, "venue", result.venue);
  append_field(out, "protocol", result.protocol);
  append_field(out, "frames", result.frames);
  std::string data = "{";
  for (const auto& [type, count] : result.data) append_field(data, type, count);
  out.append(",\"data\":").append(data).append("}");
  append_field(out, "trades", result.trades);
  append_field(out, "quotes", result.quotes);
  append_field(out, "control", result.control);
  append_field(out, "undecodable", result.undecodable);
  if (result.not_decoded != 0) append_field(out, "not_decoded", result.not_decoded);
  if (!result.note.empty()) append_field(out, "note", result.note);
  if (!result.first_undecodable.empty()) append_field(out, "first_undecodable", result.first_undecodable);
  if (result.error) append_field(out, "error", result.error->context);
  return out.append("}");
}

/// One file at work.
struct Replayer::Run {
  ReplayResult result;
  Source* source = nullptr;
  bool chosen = false;         // whether the venue is settled
  core::Timestamp first_at;    // receive time of the first frame, recorded clock
  core::Timestamp started_at;  // when that frame was handed on, our clock
};

Replayer::Replayer(std::vector<std::unique_ptr<feeds::VenueProtocol>> decoders, ReplayHooks hooks,
                   ReplayOptions options, const runtime::Clock& clock)
    : hooks_(std::move(hooks)), options_(options), clock_(clock) {
  for (auto& decoder : decoders) sources_.push_back({std::move(decoder), {}});
}

core::Result<ReplayResult> Replayer::run(const std::string& path) {
  auto reader = RecordingReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  Run run;
  run.result.file = path;
  RecordedFrame frame;
  for (;;) {
    auto more = (*reader)->next(frame);
    if (!more) run.result.error = more.error();
    if (!more || !*more) break;
    if (frame.kind == "open") choose_by_url(run, frame.payload);
    if (frame.kind != "recv") continue;
    if (!run.chosen) choose_by_path(run);
    if (!take_frame(run, frame.at, frame.payload)) {
      run.result.stopped = true;
      break;
    }
  }
  if (!run.chosen) choose_by_path(run);
  return std::move(run.result);
}

Replayer::Source* Replayer::find_source(std::string_view venue) {
  for (auto& source : sources_) {
    if (source.protocol->venue().id == venue) return &source;
  }
  return nullptr;
}

void Replayer::choose_by_url(Run& run, std::string_view url) {
  run.chosen = true;
  run.source = nullptr;
  // Only address and path: a query names symbols, not the venue.
  any_word(url.substr(0, url.find('?')), [&](std::string_view word) {
    run.source = find_source(word == "okex" ? "okx" : word);  // its name, and that of its hosts, until 2022
    return run.source != nullptr;
  });
  run.result.venue = run.source != nullptr ? run.source->protocol->venue().id : domain_name(url);
  run.result.note = run.source != nullptr ? "" : "no decoder for " + run.result.venue;
}

/// The part of the path nearest to the end that names a venue.
void Replayer::choose_by_path(Run& run) {
  run.chosen = true;
  std::string_view rest = run.result.file;
  while (!rest.empty() && run.source == nullptr) {
    const auto slash = rest.rfind('/');
    any_word(rest.substr(slash == std::string_view::npos ? 0 : slash + 1), [&](std::string_view word) {
      run.source = find_source(word);
      return run.source != nullptr;
    });
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(0, slash);
  }
  if (run.source != nullptr) {
    run.result.venue = run.source->protocol->venue().id;
  } else {
    run.result.note = "no open line, and the path names no venue that there is a decoder for";
  }
}

/// False when a callback asked to stop.
bool Replayer::take_frame(Run& run, core::Timestamp at, std::string_view payload) {
  ReplayResult& result = run.result;
  ++result.frames;
  if (run.source == nullptr) {
    ++result.not_decoded;
    return true;
  }
  if (!pace(run, at)) return false;
  const auto status = decode(*run.source, at, payload);
  if (result.protocol.empty()) result.protocol = decoded_.protocol;
  if (!status && status.error().code == core::ErrorCode::protocol_error) {
    ++result.not_decoded;
    result.note = status.error().context;
  } else if (!status) {
    if (++result.undecodable == 1) result.first_undecodable = status.error().context;
  } else if (decoded_.kind != feeds::FrameKind::data) {
    ++result.control;
  } else {
    const auto [it, inserted] = result.data.try_emplace(std::string(decoded_.type), 0);
    ++it->second;
    return hand_on(result, at);
  }
  return true;
}

/// Unknown symbols are learned, one per pass, and the frame is decoded again.
core::Status Replayer::decode(Source& source, core::Timestamp at, std::string_view payload) {
  for (;;) {
    auto status = source.protocol->decode(payload, at, source.symbols, decoded_);
    if (!status || decoded_.unknown_symbol.empty()) return status;
    const std::string symbol(decoded_.unknown_symbol);
    const auto id =
        hooks_.learn ? hooks_.learn(source.protocol->venue(), symbol) : core::InstrumentId{next_instrument_++};
    if (!id.valid()) return status;
    source.symbols.add(symbol, id);
  }
}

bool Replayer::pace(Run& run, core::Timestamp at) {
  if (options_.speed <= 0 || !at.is_set() || !hooks_.wait) return true;
  if (!run.first_at.is_set()) {
    run.first_at = at;
    run.started_at = clock_.now();
  }
  const auto offset = static_cast<double>((at - run.first_at).count()) / options_.speed;
  const auto left = (run.started_at + core::Duration(static_cast<std::int64_t>(offset))) - clock_.now();
  return left.count() <= 0 || hooks_.wait(left);
}

bool Replayer::hand_on(ReplayResult& result, core::Timestamp at) {
  for (auto& tick : decoded_.ticks) {
    ++(tick.kind() == core::TickKind::trade ? result.trades : result.quotes);
    if (!at.is_set()) tick = with_receive_time(tick, tick.event_time());
  }
  return decoded_.ticks.empty() || !hooks_.on_ticks || hooks_.on_ticks(decoded_.ticks);
}

}  // namespace tickspan::sim
