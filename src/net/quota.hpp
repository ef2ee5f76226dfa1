#pragma once

#include <optional>

#include "core/time.hpp"
#include "net/http_message.hpp"

namespace tickspan::net {

/// What a peer says is left of what it allows us. Counted as the peer counts: calls, weights or credits.
struct Quota {
  double remaining = 0;
  double limit = 0;          ///< of the whole window; 0: not said
  core::Timestamp reset_at;  ///< when all of it is there again; not set: not said
};

struct QuotaRules {
  double weight_per_minute = 0;  ///< what X-MBX-USED-WEIGHT-1M counts up to; 0: that header is not looked at
};

/// Reads the headers of any answer; the scarcest of what they name. Nothing where none of them makes sense.
///
/// `X-RateLimit-{Limit,Remaining,Reset}` (Reset: seconds to wait, Unix seconds or a date) and
/// `X-RateLimit-Quota-{Allocated,Remaining}` of CoinAPI, unless overage is enabled; `RateLimit-{Limit,Remaining,Reset}`
/// and the one `RateLimit` of the IETF drafts (`limit=…, remaining=…, reset=…` or `"name";r=…;t=…`);
/// `X-MBX-USED-WEIGHT-1M` of Binance, whose minutes are those of the clock.
std::optional<Quota> parse_quota(const Headers& headers, core::Timestamp now, const QuotaRules& rules = {});

}  // namespace tickspan::net
