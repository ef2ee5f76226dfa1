#pragma once

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "fixture.hpp"

namespace tickspan::stream::model {

using Text = std::shared_ptr<const std::string>;

/// One life of the engine, and all it ever published: the truth that clients are held against.
/// **Threading**: the test's, but for what snapshots() gives.
class Pipeline {
 public:
  /// One lossless channel; `texts[n]` is the message of seq n+1, null where the number was left out.
  struct Lossless {
    wire::Topic topic;
    bool listening = false;
    std::vector<Text> texts;
    std::uint64_t seq() const { return texts.size(); }
  };

  Pipeline(std::string name, core::Origin origin, bool with_eth, std::uint32_t bench_channels);

  const std::string& epoch() const { return epoch_; }
  std::string_view origin() const { return core::to_string(origin_); }
  bool with_eth() const { return with_eth_; }
  /// For Hub::reset(): null while `available` is false. Whoever asks on another thread while `lure` is set is held up
  /// for a moment with the snapshot in its hands, until the lure is gone: so the time between two looks becomes long.
  std::function<core::SnapshotPtr()> snapshots();
  std::atomic<bool> available{true}, lure{false}, lured{false};

  /// As the engine does it: what nobody listens to is not published, and after a pause a number is left out.
  void follow(const wire::InterestTable::Set& interest);
  void follow_all();
  bool publishes_all() const { return all_; }

  /// The next messages of a channel that is published; nothing otherwise.
  void append(const std::string& channel, std::size_t count, std::size_t padding, std::vector<wire::Frame>& out);
  /// Swaps in another price; `out` gets its frames as far as they are wanted at that moment.
  void set_price(const std::string& asset, std::uint64_t price, const wire::InterestTable& interest,
                 std::vector<wire::Frame>& out);

  const std::map<std::string, Lossless>& lossless() const { return lossless_; }
  /// The text published, null when there was none of that number.
  Text latest_text(const std::string& channel, std::uint64_t seq) const;
  /// In force at a position; 0 when the asset is not known.
  double price_at(const std::string& asset, std::uint64_t position) const;
  /// The position of its last change.
  std::uint64_t last_change(const std::string& asset) const;
  std::vector<std::string> coins() const;
  std::uint64_t position() const { return engine_.position(); }

 private:
  const std::string epoch_;
  const core::Origin origin_;
  const bool with_eth_;
  bool all_ = false;
  FakeEngine engine_;
  std::thread::id owner_ = std::this_thread::get_id();
  std::map<std::string, Lossless> lossless_;
  std::map<std::string, std::map<std::uint64_t, Text>> latest_;
  std::map<std::string, std::map<std::uint64_t, double>> prices_;
};

}  // namespace tickspan::stream::model
