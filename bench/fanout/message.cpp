#include "message.hpp"

#include <algorithm>
#include <utility>

#include "wire/messages.hpp"

namespace tickspan::bench {
namespace {

constexpr std::int64_t kTurn = 1'000'000;
constexpr std::int64_t kFar = 3'600'000'000'000;

}  // namespace

MessageMaker::MessageMaker(std::string epoch, std::size_t bytes) : epoch_(std::move(epoch)), bytes_(bytes) {}

std::string MessageMaker::make(std::string_view channel, std::uint64_t seq, std::int64_t ts_ns) {
  constexpr std::string_view kEnvelope = R"({"channel":"","type":"update","seq":,"epoch":"","data":})";
  constexpr std::string_view kData = R"({"ts_ns":,"pad":""})";
  const std::string time = std::to_string(ts_ns);
  const std::size_t size =
      kEnvelope.size() + channel.size() + std::to_string(seq).size() + epoch_.size() + kData.size() + time.size();
  data_ = R"({"ts_ns":)";
  data_ += time;
  data_ += R"(,"pad":")";
  if (size < bytes_) data_.append(bytes_ - size, '.');
  data_ += R"("})";
  return wire::stream_message(channel, "update", seq, epoch_, data_);
}

std::uint64_t Pacer::take(std::int64_t now_ns) {
  turn_ns_ = now_ns;
  const auto due = static_cast<std::uint64_t>(static_cast<double>(now_ns - start_ns_) * 1e-9 * rate_);
  return due > taken_ ? due - std::exchange(taken_, due) : 0;
}

std::int64_t Pacer::next_ns() const {
  if (rate_ <= 0) return turn_ns_ + kFar;
  const double due = static_cast<double>(taken_ + 1) / rate_ * 1e9;
  return std::max(start_ns_ + static_cast<std::int64_t>(due) + 1, turn_ns_ + kTurn);
}

}  // namespace tickspan::bench
