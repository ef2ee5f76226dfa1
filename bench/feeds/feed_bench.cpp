// How many messages one feed thread takes: eight venues on loopback repeat their recorded frames; the program's own
// feeds read them (socket, WebSocket, session, decoder, ring), a consumer empties the ring. Beside it, in the same run,
// the decoders alone and a bare simdjson pass over the same frames.
//
//   feed_bench [--rate MESSAGES] [--seconds S] [--recordings FOLDER]
//
// First at the given rate (200,000 a second): has it all been read, and how far behind was it at worst? Then as fast as
// it goes. The processor time of the feed thread is told, too: it does not depend on who else is on the machine.

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "feeds/exchange_feed.hpp"
#include "frames.hpp"
#include "runtime/clock.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/feed_port.hpp"
#include "venues.hpp"

namespace {

using namespace tickspan;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

struct Options {
  double rate = 200'000;
  double seconds = 10;
  std::string recordings;
};

double thread_seconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// The engine's end of the ring: takes what is there, sleeps when there is nothing.
class Consumer {
 public:
  Consumer() : port_(65'536, [this] { wake(); }), thread_([this] { run(); }) {}
  ~Consumer() {
    stop_ = true;
    wake();
    thread_.join();
  }
  runtime::FeedPort& port() { return port_; }
  std::uint64_t ticks() const { return ticks_.load(); }

 private:
  void wake() {
    woken_.store(true);
    woken_.notify_one();
  }
  void run() {
    runtime::set_thread_name("consumer");
    while (!stop_) {
      std::uint64_t count = 0;
      while (port_.drain(256, [&](const runtime::FeedPort::Item& item) { count += item.event == nullptr ? 1 : 0; }) >
             0) {
      }
      ticks_ += count;
      woken_.store(false);
      if (port_.prepare_wait() && !stop_) woken_.wait(false);
    }
  }

  std::atomic<bool> woken_{false}, stop_{false};
  std::atomic<std::uint64_t> ticks_{0};
  runtime::FeedPort port_;
  std::thread thread_;
};

/// The feed thread with its eight feeds.
class Feeds {
 public:
  Feeds(const std::vector<bench::VenueFrames>& venues, const bench::VenueBank& bank, runtime::FeedPort& port) {
    loop_.start();
    loop_.run_and_wait([this] { pthread_getcpuclockid(pthread_self(), &cpu_); });
    for (std::size_t i = 0; i < venues.size(); ++i) {
      feeds::ExchangeFeedOptions options;
      const std::string at = fmt::format("127.0.0.1:{}", bank.port(i));
      options.hosts = {{"ws://" + at, "http://127.0.0.1:9"}};  // nobody lists pairs there
      options.seed = i + 1;
      feeds_.push_back(std::make_unique<feeds::ExchangeFeed>(
          venues[i].make(), core::VenueId{static_cast<std::uint16_t>(i)}, loop_, port, clock_, std::move(options)));
      feeds_.back()->start();
      feeds_.back()->set_symbols(venues[i].symbols);
    }
  }
  ~Feeds() {
    for (const auto& feed : feeds_) feed->stop();
    loop_.stop();
  }
  std::uint64_t messages() const { return sum(&core::FeedCounters::messages); }
  std::uint64_t sum(std::atomic<std::uint64_t> core::FeedCounters::*counter) const {
    std::uint64_t out = 0;
    for (const auto& feed : feeds_) out += (feed->counters().*counter).load();
    return out;
  }
  double cpu() const { return thread_seconds(cpu_); }

 private:
  runtime::SystemClock clock_;
  runtime::EventLoop loop_{"feed-0"};
  clockid_t cpu_{};
  std::vector<std::unique_ptr<feeds::ExchangeFeed>> feeds_;
};

struct Measured {
  double messages = 0, seconds = 0, cpu = 0;
  std::uint64_t worst_behind = 0, left = 0;
  std::uint64_t lost = 0, parked = 0;  ///< at the ring
  double rate() const { return messages / seconds; }
  double cpu_ns() const { return cpu / messages * 1e9; }
};

Measured measure(const Feeds& feeds, bench::VenueBank& bank, const runtime::FeedPort& port, double rate,
                 double seconds) {
  Measured out;
  const std::uint64_t lost = port.lost_trades(), parked = port.parked_quotes();
  const bool paced = rate < bench::VenueBank::kUnpaced;
  const std::uint64_t first = feeds.messages(), due = bank.due();
  const double cpu = feeds.cpu();
  const auto begin = Clock::now();
  bank.set_rate(rate);
  for (auto now = begin; now - begin < std::chrono::duration<double>(seconds); now = Clock::now()) {
    std::this_thread::sleep_for(5ms);
    // The due count first: it grows meanwhile, so that the figure is never too good.
    const std::uint64_t wanted = bank.due() - due, done = feeds.messages() - first;
    if (paced && wanted > done) out.worst_behind = std::max(out.worst_behind, wanted - done);
  }
  out.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  out.messages = static_cast<double>(feeds.messages() - first);
  out.cpu = feeds.cpu() - cpu;
  bank.set_rate(0);
  std::this_thread::sleep_for(100ms);
  out.left = paced ? bank.due() - due - (feeds.messages() - first) : 0;
  out.lost = port.lost_trades() - lost;
  out.parked = port.parked_quotes() - parked;
  return out;
}

/// All frames of all venues in turns, as often as fits into some time; messages a second.
template <typename Work>
double pass(const std::vector<bench::VenueFrames>& venues, Work work) {
  std::size_t most = 0;
  for (const auto& venue : venues) most = std::max(most, venue.size());
  const double begin = thread_seconds(CLOCK_THREAD_CPUTIME_ID);
  std::uint64_t done = 0;
  double used = 0;
  do {
    for (std::size_t i = 0; i < most; ++i) {
      for (std::size_t v = 0; v < venues.size(); ++v) work(v, venues[v].at(i % venues[v].size()));
    }
    done += most * venues.size();
    used = thread_seconds(CLOCK_THREAD_CPUTIME_ID) - begin;
  } while (used < 0.25);
  return static_cast<double>(done) / used;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

Options parse(int argc, char** argv) {
  Options options;
  const char* shared = std::getenv("TICKSPAN_SHARED");
  options.recordings = std::string(shared != nullptr ? shared : "../shared") + "/recordings/";
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--rate") options.rate = std::atof(argv[i + 1]);
    if (name == "--seconds") options.seconds = std::atof(argv[i + 1]);
    if (name == "--recordings") options.recordings = std::string(argv[i + 1]) + "/";
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const auto venues = bench::load_venues(options.recordings);
  std::size_t frames = 0, bytes = 0;
  for (const auto& venue : venues) {
    fmt::print("  {:28} {:6} frames, {:5} bytes on average\n", venue.name, venue.size(),
               venue.ends.back() / venue.size());
    frames += venue.size();
    bytes += venue.ends.back() / venue.size();
  }
  fmt::print("eight venues, {} frames that carry ticks, repeated in turns: {} bytes a message\n", frames,
             bytes / venues.size());

  bench::BareParser bare;
  std::vector<std::unique_ptr<feeds::VenueProtocol>> protocols;
  for (const auto& venue : venues) protocols.push_back(venue.make());
  feeds::Decoded decoded;
  std::size_t sink = 0;
  std::vector<double> parse_rates, decode_rates;
  const auto bare_pass = [&] {
    parse_rates.push_back(pass(venues, [&](std::size_t, std::string_view frame) { sink += bare.touch(frame); }));
    decode_rates.push_back(pass(venues, [&](std::size_t v, std::string_view frame) {
      if (protocols[v]->decode(frame, {}, *venues[v].symbols, decoded)) sink += decoded.ticks.size();
    }));
  };

  Consumer consumer;
  bench::VenueBank bank(venues);
  Feeds feeds(venues, bank, consumer.port());
  for (int i = 0; i < 500 && !bank.connected(); ++i) std::this_thread::sleep_for(10ms);
  if (!bank.connected()) {
    fmt::print(stderr, "feed_bench: not all feeds connect\n");
    return 1;
  }
  std::this_thread::sleep_for(1500ms);  // what there is to ask for is asked
  measure(feeds, bank, consumer.port(), options.rate, 1);
  for (int i = 0; i < 3; ++i) bare_pass();
  const Measured paced = measure(feeds, bank, consumer.port(), options.rate, options.seconds);
  for (int i = 0; i < 3; ++i) bare_pass();
  const Measured flat_out = measure(feeds, bank, consumer.port(), bench::VenueBank::kUnpaced, options.seconds);
  for (int i = 0; i < 3; ++i) bare_pass();

  double load[1] = {};
  getloadavg(load, 1);
  const double parse_rate = median(parse_rates), decode_rate = median(decode_rates);
  const bool kept_up = paced.left == 0 && paced.lost == 0 && paced.rate() > options.rate * 0.99;
  fmt::print(
      "offered {:.0f} messages/s for {:.0f} s: {:.0f} taken, {} left at the end, {} behind at worst ({:.1f} ms): {}\n",
      options.rate, paced.seconds, paced.rate(), paced.left, paced.worst_behind,
      static_cast<double>(paced.worst_behind) / options.rate * 1e3, kept_up ? "kept up" : "FELL BEHIND");
  fmt::print("  feed thread busy {:.0f} %; at the ring {} trades lost, {} quotes parked\n",
             paced.cpu / paced.seconds * 100, paced.lost, paced.parked);
  fmt::print(
      "as fast as it goes: {:.0f} messages/s, {:.0f} ns of the feed thread each: {:.0f} messages/s of a whole core\n",
      flat_out.rate(), flat_out.cpu_ns(), 1e9 / flat_out.cpu_ns());
  fmt::print(
      "decoders alone: {:.0f} messages/s ({:.0f} ns); bare simdjson, all values: {:.0f} messages/s ({:.0f} ns)\n",
      decode_rate, 1e9 / decode_rate, parse_rate, 1e9 / parse_rate);
  fmt::print("ratio to the bare pass: whole path {:.2f}, decoders {:.2f}; load {:.1f}{}\n",
             1e9 / flat_out.cpu_ns() / parse_rate, decode_rate / parse_rate, load[0],
             sink == 0 ? " (nothing read)" : "");
  fmt::print("  {} ticks, {} undecodable, {} reconnects; flat out {} trades lost at the ring\n", consumer.ticks(),
             feeds.sum(&core::FeedCounters::undecodable), feeds.sum(&core::FeedCounters::disconnects), flat_out.lost);
  return kept_up ? 0 : 1;
}
