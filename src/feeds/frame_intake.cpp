#include "feeds/frame_intake.hpp"

#include "feeds/session_context.hpp"

namespace tickspan::feeds {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

bool LogSampler::allow(core::Timestamp now) {
  // A clock that was set back must not silence the log for long.
  if (now < next_ && next_ - now <= period_) {
    ++suppressed_;
    return false;
  }
  next_ = now + period_;
  reported_ = suppressed_;
  suppressed_ = 0;
  return true;
}

bool BrokenRatio::add(bool broken) {
  window_[next_] = broken;
  next_ = (next_ + 1) % kWindow;
  if (filled_ < kWindow) ++filled_;
  return broken && filled_ == kWindow && window_.count() * 2 > kWindow;
}

const Decoded* FrameIntake::take(std::string_view frame, core::Timestamp received_at,
                                 const core::SymbolTable& symbols) {
  counters_.messages.fetch_add(1, kRelaxed);
  counters_.bytes.fetch_add(frame.size(), kRelaxed);
  if (const auto status = protocol_.decode(frame, received_at, symbols, decoded_); !status) {
    counters_.undecodable.fetch_add(1, kRelaxed);
    sample_broken(status.error(), frame, received_at);
    sequence_.distrust(received_at);
    return nullptr;
  }
  if (!decoded_.unknown_symbol.empty()) counters_.unknown_symbols.fetch_add(1, kRelaxed);
  std::uint64_t trades = 0;
  for (const core::Tick& tick : decoded_.ticks) {
    if (tick.kind() == core::TickKind::trade) {
      ++trades;
      if (numbered_) sequence_.add(tick);
    }
    port_.push(tick);  // what the ring can't take is parked or counted by the port itself
  }
  if (trades > 0) counters_.trades.fetch_add(trades, kRelaxed);
  if (decoded_.ticks.size() > trades) counters_.quotes.fetch_add(decoded_.ticks.size() - trades, kRelaxed);
  return &decoded_;
}

void FrameIntake::tell_missing(core::Timestamp now, const core::SymbolTable& symbols) {
  sequence_.collect(now, [&](const TradeSequence::Lost& lost) {
    for (const std::string& symbol : symbols.symbols()) {
      if (symbols.find(symbol) != lost.instrument) continue;
      core::FeedLoss loss{{protocol_.venue().id, symbol, lost.start, lost.end, core::GapCause::overflow}, 0};
      loss.gap.expected = static_cast<std::int64_t>(lost.trades);
      if (missing_log_.allow(now)) {
        kLog.warn("{}: {} trades of {} did not come, by their numbers ({} more such holes since the last such line)",
                  protocol_.venue().id, lost.trades, symbol, missing_log_.held_back());
      }
      return port_.push_event(std::move(loss));
    }
  });
}

void FrameIntake::sample_broken(const core::Error& error, std::string_view frame, core::Timestamp now) {
  if (!broken_log_.allow(now)) return;
  kLog.warn("{}: a frame of {} bytes does not decode: {} ({} more since the last such line): {}", protocol_.venue().id,
            frame.size(), printable(error.context, 200), broken_log_.held_back(), printable(frame, 80));
}

std::string printable(std::string_view text, std::size_t max) {
  std::string out(text.substr(0, max));
  for (char& c : out) {
    if (c < ' ' || c > '~') c = '?';
  }
  return out;
}

}  // namespace tickspan::feeds
