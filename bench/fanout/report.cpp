#include <fmt/format.h>

#include <algorithm>

#include "load.hpp"

namespace tickspan::bench {
namespace {

double per(double amount, double of) {
  return of > 0 ? amount / of : 0;
}

// The 99th percentile's median in the last third of the seconds by that in the first: far over 1 means that it grows.
double growth(const std::vector<Second>& seconds) {
  const std::size_t third = seconds.size() / 3;
  if (third == 0) return 1;
  const auto median = [&](std::size_t from) {
    std::vector<double> values;
    for (std::size_t i = from; i < from + third; ++i) values.push_back(seconds[i].p99_ms);
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(third / 2), values.end());
    return values[third / 2];
  };
  return per(median(seconds.size() - third), std::max(median(0), 0.1));
}

std::string seconds_json(const std::vector<Second>& seconds) {
  std::string json;
  for (const Second& s : seconds)
    json += fmt::format("{}[{:.1f},{},{:.2f},{:.2f},{},{}]", json.empty() ? "" : ",", s.at, s.updates, s.p50_ms,
                        s.p99_ms, s.sockets_kib, s.resident_kib);
  return "[" + json + "]";
}

std::string latency_json(const Histogram& h) {
  return fmt::format(R"({{"samples":{},"p50":{:.3f},"p90":{:.3f},"p99":{:.3f},"p999":{:.3f},"max":{:.3f}}})", h.count(),
                     h.quantile_ms(0.5), h.quantile_ms(0.9), h.quantile_ms(0.99), h.quantile_ms(0.999), h.max_ms());
}

std::string server_json(const LoadResult& r) {
  std::string threads;
  for (const ThreadCpu& thread : r.server_threads)
    threads += fmt::format("{}\"{}/{}\":{:.2f}", threads.empty() ? "" : ",", thread.name, thread.id, thread.seconds);
  std::size_t peak = r.after.resident_kib;
  for (const Second& second : r.per_second) peak = std::max(peak, second.resident_kib);
  const auto grown = [&](std::size_t from, std::size_t to) {
    return per(static_cast<double>(to) - static_cast<double>(from), r.opened);
  };
  return fmt::format(
      R"({{"cpu_s":{:.3f},"cpu_share":{:.3f},"us_per_delivery":{:.4f},"threads":{{{}}},"rss_before_kib":{},"rss_opened_kib":{},)"
      R"("rss_peak_kib":{},"user_kib_per_client":{:.2f}}})",
      r.server_cpu_s, per(r.server_cpu_s, r.seconds), per(r.server_cpu_s * 1e6, static_cast<double>(r.tally.updates)),
      threads, r.before.resident_kib, r.opened_memory.resident_kib, peak,
      grown(r.before.anonymous_kib, r.opened_memory.anonymous_kib));
}

std::string slow_json(const LoadResult& r) {
  return fmt::format(R"({{"clients":{},"closed_4008":{},"closed_other":{},"cut":{},"open":{}}})", r.slow_total,
                     r.slow_closed_4008, r.slow_closed_other, r.slow_reset, r.slow_open);
}

}  // namespace

std::string report(const LoadOptions& options, const LoadResult& r) {
  const Tally& t = r.tally;
  const auto updates = static_cast<double>(t.updates);
  const double expected = options.expect * r.readers * r.seconds;
  std::size_t sockets = std::max(r.after.sockets_kib, r.opened_memory.sockets_kib);
  for (const Second& second : r.per_second) sockets = std::max(sockets, second.sockets_kib);
  std::string json = fmt::format(
      R"({{"clients":{},"opened":{},"refused":{},"lost_connections":{},"opened_per_s":{:.0f},"seconds":{:.3f},)",
      options.clients, r.opened, r.refused, r.lost_connections, per(r.opened, r.open_seconds), r.seconds);
  json += fmt::format(
      R"("deliveries":{},"deliveries_per_s":{:.0f},"delivered":{:.4f},"ticks_per_send":{:.2f},"bytes":{},"reads":{},)",
      t.updates, per(updates, r.seconds), expected > 0 ? updates / expected : 1.0,
      per(static_cast<double>(t.checked_updates), static_cast<double>(r.segments)), t.bytes, t.reads);
  json += fmt::format(R"("latency_ms":{},"growth":{:.2f},)", latency_json(r.latency), growth(r.per_second));
  json += fmt::format(
      R"("checked":{},"lost":{},"repeated":{},"broken":{},"gaps":{},"snapshots":{},"heartbeats":{},"pings":{},"other":{},)",
      t.checked_updates, t.lost, t.repeated, t.broken, t.gaps, t.snapshots, t.heartbeats, t.pings, t.others);
  json += fmt::format(R"("server":{},"load_cpu_share":{:.3f},)", server_json(r), per(r.load_cpu_s, r.seconds));
  json += fmt::format(R"("sockets_before_kib":{},"sockets_peak_kib":{},)", r.before.sockets_kib, sockets);
  if (r.slow_total > 0) json += fmt::format(R"("slow":{},)", slow_json(r));
  if (options.idle > 0)
    json += fmt::format(R"("idle":{{"asked":{},"ready":{},"lost":{},"opened_per_s":{:.0f}}},)", options.idle,
                        r.idle_ready, r.idle_lost, per(r.idle_ready, r.idle_seconds));
  return json + fmt::format(R"("per_second":{}}})", seconds_json(r.per_second));
}

}  // namespace tickspan::bench
