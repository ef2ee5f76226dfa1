#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalogue.hpp"
#include "core/result.hpp"
#include "core/tick.hpp"
#include "feeds/venue_protocol.hpp"
#include "runtime/clock.hpp"

namespace tickspan::sim {

/// What one recording held. `frames` (received ones) = data frames of all types + control + undecodable + not_decoded.
struct ReplayResult {
  std::string file;
  std::string venue;     ///< empty when neither the file's `open` line nor its path names one
  std::string protocol;  ///< of the venue's protocols the one it is written in: `spot`, `exchange`, `v1`
  std::uint64_t frames = 0;
  std::map<std::string, std::uint64_t, std::less<>> data;  ///< data frames by the venue's own message type
  std::uint64_t trades = 0;
  std::uint64_t quotes = 0;
  std::uint64_t control = 0;      ///< acknowledgements, heartbeats, old trades, refusals
  std::uint64_t undecodable = 0;  ///< frames that break the venue's protocol
  std::uint64_t not_decoded = 0;  ///< frames of a venue or protocol that nothing here decodes; `note` says which
  std::string note;
  std::string first_undecodable;     ///< why the first one was
  std::optional<core::Error> error;  ///< the file is broken; the counts are of what came before
  bool stopped = false;              ///< a callback asked to stop
};

/// One line of JSON, without the line break. `not_decoded` and `note`, `error` only where there is something to say.
std::string to_json(const ReplayResult& result);

struct ReplayHooks {
  /// Gives a venue's symbol seen for the first time its id; not valid() leaves its ticks out. Empty: ids from 0
  /// upwards.
  std::function<core::InstrumentId(const core::Venue& venue, std::string_view symbol)> learn;
  /// The ticks of one frame, in order. Where the file has no receive times the venue's own stand in. False stops.
  std::function<bool(std::span<const core::Tick> ticks)> on_ticks;
  /// Waits that long in real time; false stops. Needed for `speed` > 0.
  std::function<bool(core::Duration)> wait;
};

struct ReplayOptions {
  double speed = 0;  ///< recorded seconds per real second; 0: as fast as possible
};

/// Puts recordings through the decoders it is given.
/// **Threading**: one thread. **Ownership**: owns the decoders and the symbols learned, which last over several files.
/// **Limits**: memory is bounded by the longest line (RecordingReader) and the number of symbols.
class Replayer {
 public:
  Replayer(std::vector<std::unique_ptr<feeds::VenueProtocol>> decoders, ReplayHooks hooks, ReplayOptions options,
           const runtime::Clock& clock);

  /// Fails only when the file cannot be opened; see ReplayResult::error for one that breaks off.
  core::Result<ReplayResult> run(const std::string& path);

 private:
  struct Source {
    std::unique_ptr<feeds::VenueProtocol> protocol;
    core::SymbolTable symbols;
  };
  struct Run;

  Source* find_source(std::string_view venue);
  void choose_by_url(Run& run, std::string_view url);
  void choose_by_path(Run& run);
  bool take_frame(Run& run, core::Timestamp at, std::string_view payload);
  core::Status decode(Source& source, core::Timestamp at, std::string_view payload);
  bool pace(Run& run, core::Timestamp at);
  bool hand_on(ReplayResult& result, core::Timestamp at);

  std::vector<Source> sources_;
  ReplayHooks hooks_;
  ReplayOptions options_;
  const runtime::Clock& clock_;
  feeds::Decoded decoded_;
  std::uint32_t next_instrument_ = 0;
};

}  // namespace tickspan::sim
