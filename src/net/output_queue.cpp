#include "net/output_queue.hpp"

#include <array>

namespace tickspan::net {
namespace {

constexpr std::size_t kMaxParts = 32;
constexpr std::size_t kJoin = 4096;  // small pieces are joined up to this, so that a queue isn't a list of crumbs

}  // namespace

// Takes what the socket accepts at once off the front of `bytes`.
bool OutputQueue::write_now(SocketStream& stream, std::string_view& bytes) {
  while (!bytes.empty()) {
    const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    const auto outcome = stream.write({&part, 1});
    if (outcome.status == SocketStream::Status::closed) return false;
    if (outcome.status != SocketStream::Status::ok) return true;
    written_ += outcome.bytes;
    bytes.remove_prefix(outcome.bytes);
  }
  return true;
}

bool OutputQueue::send(SocketStream& stream, std::string_view bytes) {
  if (empty() && !write_now(stream, bytes)) return false;
  append(bytes);
  return true;
}

void OutputQueue::keep(std::string_view bytes, std::size_t written) {
  written_ += written;
  append(bytes.substr(written));
}

void OutputQueue::append(std::string_view bytes) {
  if (bytes.empty()) return;
  bytes_ += bytes.size();
  if (!items_.empty() && !items_.back().shared && items_.back().own.size() + bytes.size() <= kJoin) {
    items_.back().own.append(bytes);
  } else {
    items_.push_back({std::string(bytes), nullptr});
  }
}

bool OutputQueue::send_shared(SocketStream& stream, std::shared_ptr<const std::string> bytes) {
  std::string_view rest(*bytes);
  if (empty() && !write_now(stream, rest)) return false;
  const std::size_t offset = bytes->size() - rest.size();
  push_shared(std::move(bytes), offset);
  return true;
}

void OutputQueue::push(std::string bytes) {
  if (bytes.empty()) return;
  bytes_ += bytes.size();
  items_.push_back({std::move(bytes), nullptr});
}

// An offset is only possible in front of an empty queue: that is where a direct write stopped half way.
void OutputQueue::push_shared(std::shared_ptr<const std::string> bytes, std::size_t offset) {
  if (bytes->size() == offset) return;
  if (empty()) offset_ = offset;
  bytes_ += bytes->size() - offset;
  items_.push_back({{}, std::move(bytes)});
}

bool OutputQueue::flush(SocketStream& stream) {
  while (bytes_ > 0) {
    std::array<iovec, kMaxParts> parts;
    std::size_t count = 0;
    for (std::size_t i = head_; i < items_.size() && count < kMaxParts; ++i) {
      auto view = items_[i].view();
      if (i == head_) view.remove_prefix(offset_);
      parts[count++] = {const_cast<char*>(view.data()), view.size()};
    }
    const auto outcome = stream.write({parts.data(), count});
    if (outcome.status == SocketStream::Status::closed) return false;
    if (outcome.status != SocketStream::Status::ok) return true;
    advance(outcome.bytes);
  }
  return true;
}

void OutputQueue::advance(std::size_t count) {
  written_ += count;
  bytes_ -= count;
  while (count > 0) {
    const std::size_t left = items_[head_].view().size() - offset_;
    if (count < left) {
      offset_ += count;
      return;
    }
    count -= left;
    items_[head_] = {};
    ++head_;
    offset_ = 0;
  }
  if (bytes_ == 0) return clear();
  if (head_ > 64 && head_ * 2 > items_.size()) {
    items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

void OutputQueue::clear() {
  std::vector<Item>().swap(items_);
  head_ = offset_ = bytes_ = 0;
}

}  // namespace tickspan::net
