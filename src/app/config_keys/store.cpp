#include "app/config_keys/key.hpp"

namespace tickspan::app {

std::vector<ConfigKey> store_keys() {
  return {
      {"store.dir", "Where the database lives; empty is $XDG_DATA_HOME/tickspan or ~/.local/share/tickspan.", "\"\"",
       [](Config& c, const RawValue& v) { return set_text(c.data_dir, v); }},
      {"store.ticks", "Whether single trades are kept, besides candles.", "false",
       [](Config& c, const RawValue& v) { return set_bool(c.store_ticks, v); }},
      {"store.queue_rows", "Rows that may wait for the database.", "65536",
       [](Config& c, const RawValue& v) { return set_int(c.store_queue_rows, v, 1'000, 10'000'000); }},
      {"store.batch_rows", "Rows in one transaction at most.", "10000",
       [](Config& c, const RawValue& v) { return set_int(c.store_batch_rows, v, 1, 1'000'000); }},
      {"store.batch_ms", "How long the first row of a transaction may wait, in milliseconds.", "500",
       [](Config& c, const RawValue& v) { return set_int(c.store_batch_ms, v, 1, 60'000); }},
      {"store.readers", "Threads that answer history requests.", "2",
       [](Config& c, const RawValue& v) { return set_int(c.store_readers, v, 1, 64); }},
  };
}

}  // namespace tickspan::app
