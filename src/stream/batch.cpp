#include "stream/batch.hpp"

#include <cstring>

#include "net/ws_codec.hpp"

namespace tickspan::stream {
namespace {

constexpr std::size_t kKeep = 4 * 1024 * 1024;  // one burst's buffers are not held for ever

void empty(std::string& buffer) {
  if (buffer.capacity() > kKeep) buffer = {};
  buffer.clear();
}

}  // namespace

void Batch::start(std::vector<wire::Frame> frames) {
  frames_ = std::move(frames);
  empty(log_);
  empty(deflated_log_);
  parts_.assign(frames_.size(), {});
  deflated_parts_.clear();
}

std::uint32_t Batch::add(wire::Frame frame) {
  frames_.push_back(std::move(frame));
  parts_.emplace_back();
  return size() - 1;
}

void Batch::encode(std::uint32_t index) {
  const std::size_t begin = log_.size();
  net::append_text_frame(log_, *frames_[index].json);
  parts_[index] = {begin, log_.size()};
}

template <typename Take>
void Batch::for_each_run(std::span<const std::uint32_t> frames, Take&& take) const {
  for (std::size_t i = 0; i < frames.size();) {
    Part run = parts_[frames[i++]];
    while (i < frames.size() && parts_[frames[i]].begin == run.end) run.end = parts_[frames[i++]].end;
    take(std::string_view(log_).substr(run.begin, run.size()));
  }
}

void Batch::append(std::string& out, std::span<const std::uint32_t> frames) const {
  for_each_run(frames, [&](std::string_view run) { out += run; });
}

std::size_t Batch::bytes_of(std::span<const std::uint32_t> frames) const {
  std::size_t bytes = 0;
  for (const std::uint32_t index : frames) bytes += parts_[index].size();
  return bytes;
}

void Batch::copy(char* out, std::span<const std::uint32_t> frames) const {
  for_each_run(frames, [&](std::string_view run) {
    std::memcpy(out, run.data(), run.size());
    out += run.size();
  });
}

std::string_view Batch::whole(std::span<const std::uint32_t> frames) const {
  const std::size_t begin = parts_[frames.front()].begin, end = parts_[frames.back()].end;
  // The log holds the frames in order, so what lies between the ends is these frames exactly when the sizes agree.
  return end - begin == bytes_of(frames) ? std::string_view(log_).substr(begin, end - begin) : std::string_view();
}

void Batch::append_deflated(std::string& out, std::span<const std::uint32_t> frames) {
  if (deflated_parts_.size() < frames_.size()) deflated_parts_.resize(frames_.size());
  for (const std::uint32_t index : frames) {
    Part& part = deflated_parts_[index];
    if (part.end == 0) {
      part.begin = deflated_log_.size();
      deflater_.append_text_frame(deflated_log_, *frames_[index].json);
      part.end = deflated_log_.size();
    }
    out.append(deflated_log_, part.begin, part.size());
  }
}

char* Arena::take(std::size_t size) {
  if (size > kBlock / 4) return large_.emplace_back(new char[size]).get();
  if (blocks_.empty() || used_ + size > kBlock) {
    block_ = blocks_.empty() ? 0 : block_ + 1;
    if (block_ == blocks_.size()) blocks_.emplace_back(new char[kBlock]);
    used_ = 0;
  }
  char* const place = blocks_[block_].get() + used_;
  used_ += size;
  return place;
}

void Arena::reset() {
  large_.clear();
  constexpr std::size_t kKeepBlocks = 8;
  if (blocks_.size() > kKeepBlocks) blocks_.resize(kKeepBlocks);
  block_ = used_ = 0;
}

}  // namespace tickspan::stream
