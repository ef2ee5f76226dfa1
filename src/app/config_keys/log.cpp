#include "app/config_keys/key.hpp"

namespace tickspan::app {

std::vector<ConfigKey> log_keys() {
  return {
      {"log.level", "What goes to stderr: debug, info, warn or error.", "\"info\"",
       [](Config& c, const RawValue& v) {
         return set_choice(c.log_level, v, {"debug", "info", "warn", "error"});
       }},
  };
}

}  // namespace tickspan::app
