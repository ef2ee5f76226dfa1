#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <type_traits>

namespace tickspan::runtime {

/// A bounded ring between exactly one producer and one consumer thread; no locks, values only.
/// **Threading**: push() on the producer's thread, pop_into() on the consumer's, size() on any (a momentary figure).
/// **Limits**: holds up to `capacity` items, rounded up to a power of two; a full ring refuses.
template <typename T>
requires std::is_trivially_copyable_v<T>
class SpscRing {
 public:
  explicit SpscRing(std::size_t capacity)
      : mask_(std::bit_ceil(capacity < 2 ? 2 : capacity) - 1), slots_(std::make_unique_for_overwrite<T[]>(mask_ + 1)) {}

  std::size_t capacity() const { return mask_ + 1; }

  [[nodiscard]] bool push(const T& value) noexcept {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - cached_head_ > mask_) {
      cached_head_ = head_.load(std::memory_order_acquire);
      if (tail - cached_head_ > mask_) return false;
    }
    slots_[tail & mask_] = value;
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  /// Moves up to `max` items to `out`; returns how many.
  std::size_t pop_into(T* out, std::size_t max) noexcept {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (cached_tail_ == head) cached_tail_ = tail_.load(std::memory_order_acquire);
    std::size_t count = cached_tail_ - head;
    if (count > max) count = max;
    for (std::size_t i = 0; i < count; ++i) out[i] = slots_[(head + i) & mask_];
    head_.store(head + count, std::memory_order_release);
    return count;
  }

  std::size_t size() const noexcept {
    const std::size_t head = head_.load(std::memory_order_acquire);
    return tail_.load(std::memory_order_acquire) - head;
  }
  bool empty() const noexcept { return size() == 0; }

 private:
  const std::size_t mask_;
  std::unique_ptr<T[]> slots_;
  alignas(64) std::atomic<std::size_t> tail_{0};  // written by the producer
  std::size_t cached_head_ = 0;                   // producer's
  alignas(64) std::atomic<std::size_t> head_{0};  // written by the consumer
  std::size_t cached_tail_ = 0;                   // consumer's
};

}  // namespace tickspan::runtime
