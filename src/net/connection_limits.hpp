#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

namespace tickspan::net {

/// Why a connection is not let in.
enum class Refusal : std::uint8_t { none, connections, address };

/// How many connections there may be, in all and for one client address, over all the servers that share it.
/// **Threading**: any.
/// **Ownership**: outlives its places.
/// **Limits**: one entry for each address that has a connection.
class ConnectionLimits {
 public:
  /// `per_address` 0: no limit. What names a client: client_key() of its address.
  ConnectionLimits(std::size_t connections, std::size_t per_address)
      : max_connections_(connections), max_per_address_(per_address) {}
  ConnectionLimits(const ConnectionLimits&) = delete;
  ConnectionLimits& operator=(const ConnectionLimits&) = delete;

  /// What a connection holds of the limits; given back with it.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept
        : limits_(std::exchange(other.limits_, nullptr)),
          client_(std::exchange(other.client_, {})),
          refused_(other.refused_) {}
    Place& operator=(Place&&) = delete;
    ~Place() { release(); }
    void release();
    /// Let in only to be told that it can't stay, and why.
    Refusal refused() const { return refused_; }
    bool has_client() const { return client_.has_value(); }
    /// Counts the client that a proxy named, from here on. False: that client has its share.
    bool take_client(std::uint64_t client);
    void release_client();

   private:
    friend class ConnectionLimits;
    ConnectionLimits* limits_ = nullptr;
    std::optional<std::uint64_t> client_;
    Refusal refused_ = Refusal::none;
  };

  struct Admission {
    Refusal refusal = Refusal::none;
    std::optional<Place> place;  ///< with a refusal: to tell it; nothing when too many are being told already
  };
  /// `client` nothing: it is a proxy's, whose clients count when they are known.
  Admission admit(std::optional<std::uint64_t> client);

  std::size_t connections() const { return connections_.load(std::memory_order_relaxed); }
  std::size_t max_connections() const { return max_connections_; }
  std::size_t max_per_address() const { return max_per_address_; }
  /// Clients that hold a connection.
  std::size_t clients() const;

  /// Connections over the limit that are being told so at any time; the rest is cut without a word.
  static constexpr std::size_t kMaxRefusals = 256;

 private:
  struct Stripe {
    mutable std::mutex mutex;
    std::unordered_map<std::uint64_t, std::uint32_t> clients;  // guarded by mutex
  };
  static bool enter(std::atomic<std::size_t>& count, std::size_t limit);
  Stripe& stripe(std::uint64_t client) { return stripes_[(client * 0x9E3779B97F4A7C15ULL) >> 58U]; }
  bool enter_client(std::uint64_t client);
  void leave_client(std::uint64_t client);

  const std::size_t max_connections_;
  const std::size_t max_per_address_;
  std::atomic<std::size_t> connections_{0}, refusals_{0};
  std::array<Stripe, 64> stripes_;
};

}  // namespace tickspan::net
