#include "app/config_keys/key.hpp"

namespace tickspan::app {

std::vector<ConfigKey> stream_keys() {
  return {
      {"stream.max_subscriptions", "Channels that one client can listen to.", "200",
       [](Config& c, const RawValue& v) { return set_count(c.stream.max_subscriptions, v, 1, 100'000); }},
      {"stream.messages_per_second", "Messages that a client may send per second, with bursts of twice that.", "20",
       [](Config& c, const RawValue& v) { return set_count(c.stream.messages_per_second, v, 1, 100'000); }},
      {"stream.message_bytes", "Bytes of one such message.", "65536",
       [](Config& c, const RawValue& v) { return set_count(c.stream.max_message_bytes, v, 1'024, 16'777'216); }},
      {"stream.queued_bytes", "Bytes that may wait for a client that reads too slowly; then it is closed.", "1048576",
       [](Config& c, const RawValue& v) { return set_count(c.stream.max_queued_bytes, v, 65'536, 1'073'741'824); }},
      {"stream.history_bytes", "Bytes of trades and candles kept for clients that come back, of all channels together.",
       "16777216",
       [](Config& c, const RawValue& v) { return set_count(c.stream.history_bytes, v, 0, 17'179'869'184); }},
      {"stream.history_s", "Seconds that they are kept.", "60",
       [](Config& c, const RawValue& v) { return set_seconds(c.stream.history_age, v, 0, 86'400); }},
      {"stream.heartbeat_s", "Seconds without data after which a heartbeat is sent.", "5",
       [](Config& c, const RawValue& v) { return set_seconds(c.stream.heartbeat, v, 1, 3'600); }},
      {"stream.ping_s", "Seconds between pings.", "25",
       [](Config& c, const RawValue& v) { return set_seconds(c.stream.ping_interval, v, 1, 3'600); }},
      {"stream.pong_timeout_s", "Seconds for their answer; then the client is closed.", "10",
       [](Config& c, const RawValue& v) { return set_seconds(c.stream.pong_timeout, v, 1, 3'600); }},
      {"stream.idle_s", "Seconds that a client may stay without a subscription or a message; 0 is for ever.", "60",
       [](Config& c, const RawValue& v) { return set_seconds(c.stream.idle, v, 0, 86'400); }},
  };
}

}  // namespace tickspan::app
