#include "net/resolver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <future>

#include "../support/scripted_server.hpp"
#include "../support/support.hpp"
#include "loop_fixture.hpp"
#include "name_server.hpp"
#include "net/http_client.hpp"
#include "net/url.hpp"
#include "net/websocket_client.hpp"

namespace tickspan::net {
namespace {

using namespace std::chrono_literals;
using core::ErrorCode;
using test::answer_to;
using test::NameServer;
using test::Question;
using testing::ElementsAre;
using testing::HasSubstr;
using Packets = std::vector<std::string>;
using Found = core::Result<Resolver::Endpoints>;

/// One lookup under way on a loop.
class Asking {
 public:
  Asking(runtime::EventLoop& loop, std::string host, std::vector<std::string> nameservers, core::Duration patience)
      : loop_(loop), host_(std::move(host)), nameservers_(std::move(nameservers)), resolver_(new Resolver(loop)) {
    loop_.run_and_wait([&] {
      boost::asio::co_spawn(loop_.context(), resolver_->resolve(host_, 443, nameservers_, patience),
                            [this](const std::exception_ptr&, Found found) { found_.set_value(std::move(found)); });
    });
  }
  ~Asking() {
    cancel();
    future_.wait();
    loop_.run_and_wait([&] { resolver_.reset(); });
  }
  void cancel() {
    loop_.run_and_wait([&] { resolver_->cancel(); });
  }
  bool over() const { return future_.wait_for(0s) == std::future_status::ready; }
  Found found() { return future_.get(); }

 private:
  runtime::EventLoop& loop_;
  const std::string host_;
  const std::vector<std::string> nameservers_;
  std::unique_ptr<Resolver> resolver_;
  std::promise<Found> found_;
  std::shared_future<Found> future_ = found_.get_future().share();
};

class ResolverTest : public testing::Test {
 protected:
  /// The addresses, or what the error says.
  std::vector<std::string> resolve(const std::string& host, const std::vector<std::string>& nameservers,
                                   core::Duration patience = 30s) {
    Asking asking(loop_.get(), host, nameservers, patience);
    const Found found = asking.found();
    if (!found) {
      EXPECT_EQ(found.error().code, ErrorCode::unavailable);
      EXPECT_TRUE(found.error().retryable);
      return {found.error().context};
    }
    std::vector<std::string> addresses;
    for (const auto& endpoint : *found) {
      EXPECT_EQ(endpoint.port(), 443);
      addresses.push_back(endpoint.address().to_string());
    }
    return addresses;
  }

  test::RunningLoop loop_;
};

Packets found(const Question& question) {
  return {answer_to(question, question.v6 ? Packets{test::v6(1), test::v6(2)} : Packets{test::v4(7), test::v4(8)})};
}

TEST_F(ResolverTest, FindsBothKindsOfAddressesIPv4First) {
  const NameServer server(found);
  EXPECT_THAT(resolve("venue.test", server.address()), ElementsAre("127.0.0.7", "127.0.0.8", "::1", "::2"));
  EXPECT_EQ(server.asked(), 2);
}

TEST_F(ResolverTest, IPv4ComesFirstWhateverIsAnsweredFirst) {
  const NameServer server([kept = std::string()](const Question& q) mutable {
    if (q.v6) return Packets{found(q).front(), kept};
    kept = found(q).front();
    return Packets{};
  });
  EXPECT_THAT(resolve("venue.test", server.address()), ElementsAre("127.0.0.7", "127.0.0.8", "::1", "::2"));
}

TEST_F(ResolverTest, OneKindIsEnough) {
  const NameServer four([](const Question& q) { return q.v6 ? Packets{answer_to(q, {})} : found(q); });
  EXPECT_THAT(resolve("venue.test", four.address()), ElementsAre("127.0.0.7", "127.0.0.8"));
  const NameServer six([](const Question& q) { return q.v6 ? found(q) : Packets{answer_to(q, {})}; });
  EXPECT_THAT(resolve("venue.test", six.address()), ElementsAre("::1", "::2"));
}

TEST_F(ResolverTest, AddressesAndLocalhostAskNobody) {
  const NameServer mute([](const Question&) { return Packets{}; });
  EXPECT_THAT(resolve("10.1.2.3", mute.address()), ElementsAre("10.1.2.3"));
  EXPECT_THAT(resolve("::1", mute.address()), ElementsAre("::1"));
  EXPECT_EQ(resolve("localhost", mute.address()).front(), "127.0.0.1");
  EXPECT_EQ(resolve("localhost", {}).front(), "127.0.0.1");
  EXPECT_EQ(mute.asked(), 0);
}

TEST_F(ResolverTest, SaysInPlainWordsWhatIsWrong) {
  const struct {
    int code;
    const char* words;
  } refusals[] = {{0, "cannot resolve venue.test: the name has no address"},
                  {2, "cannot resolve venue.test: the name server failed (SERVFAIL)"},
                  {3, "cannot resolve venue.test: there is no such name"},
                  {5, "cannot resolve venue.test: the name server refuses to answer (REFUSED)"}};
  for (const auto& [code, words] : refusals) {
    const NameServer server([code = code](const Question& q) { return Packets{answer_to(q, {}, code)}; });
    EXPECT_THAT(resolve("venue.test", server.address()), ElementsAre(words));
  }
}

TEST_F(ResolverTest, AServerThatFailsGivesWayToTheNext) {
  const NameServer failing([](const Question& q) { return Packets{answer_to(q, {}, 2)}; });
  const NameServer mute([](const Question&) { return Packets{}; });
  const NameServer good(found);
  for (const NameServer* first : {&failing, &mute}) {
    EXPECT_EQ(resolve("venue.test", {first->address()[0], good.address()[0]}, 6s).front(), "127.0.0.7");
    EXPECT_GT(first->asked(), 0);
  }
}

TEST_F(ResolverTest, AMuteServerIsGivenUpInTime) {
  const NameServer mute([](const Question&) { return Packets{}; });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(resolve("venue.test", mute.address(), 600ms),
              ElementsAre("cannot resolve venue.test: no answer from the name servers in time"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  EXPECT_GE(mute.asked(), 4) << "asked twice, for both kinds";
  EXPECT_THAT(resolve("venue.test", {mute.address()[0], mute.address()[0], mute.address()[0]}, 250ms),
              ElementsAre("cannot resolve venue.test: no answer from the name servers in time"));
}

TEST_F(ResolverTest, ANameServerThatIsNotThereIsSaid) {
  std::vector<std::string> address;
  {
    const NameServer gone([](const Question&) { return Packets{}; });
    address = gone.address();
  }
  EXPECT_THAT(resolve("venue.test", address), ElementsAre("cannot resolve venue.test: no name server can be reached"));
}

TEST_F(ResolverTest, AnswersThatMakeNoSenseAreErrors) {
  const auto broken = [](const Question& q, std::size_t cut) {
    const std::string whole = found(q).front();
    return Packets{whole.substr(0, whole.size() - cut)};
  };
  const NameServer cut([&](const Question& q) { return broken(q, 3); });
  EXPECT_THAT(resolve("venue.test", cut.address()),
              ElementsAre("cannot resolve venue.test: the name server's answer makes no sense"));
  // What does not even repeat the question is nobody's answer.
  const NameServer garbage([&](const Question& q) {
    return Packets{"", std::string(11, '\xff'), q.packet.substr(0, 2) + std::string(200, '\xc0'),
                   q.packet.substr(0, 14)};
  });
  EXPECT_THAT(resolve("venue.test", garbage.address(), 600ms),
              ElementsAre("cannot resolve venue.test: no answer from the name servers in time"));
}

TEST_F(ResolverTest, AnAnswerThatIsCutShortIsAskedForOverTcp) {
  const NameServer server([](const Question& q) {
    std::string packet = answer_to(q, {});
    packet[2] = static_cast<char>(packet[2] | 2);
    return Packets{packet};
  });
  EXPECT_THAT(resolve("venue.test", server.address(), 5s),
              ElementsAre("cannot resolve venue.test: no name server can be reached"))
      << "there is none over TCP";
}

TEST_F(ResolverTest, AnAnswerWithAnotherNumberIsIgnored) {
  const NameServer server([](const Question& q) {
    std::string forged = answer_to(q, {q.v6 ? test::v6(66) : test::v4(66)});
    forged[1] = static_cast<char>(forged[1] ^ 1);
    return Packets{forged, found(q).front()};
  });
  EXPECT_THAT(resolve("venue.test", server.address()), ElementsAre("127.0.0.7", "127.0.0.8", "::1", "::2"));
}

TEST_F(ResolverTest, GivingUpEndsALookupAtOnce) {
  const NameServer mute([](const Question&) { return Packets{}; });
  Asking asking(loop_.get(), "venue.test", mute.address(), 1h);
  ASSERT_TRUE(test::eventually([&] { return mute.asked() >= 2; }));
  EXPECT_FALSE(asking.over());
  asking.cancel();
  EXPECT_EQ(asking.found().error().context, "cannot resolve venue.test: given up");
}

TEST_F(ResolverTest, AMuteNameHoldsUpNoOther) {
  const NameServer server([](const Question& q) { return q.name.starts_with("mute") ? Packets{} : found(q); });
  std::vector<std::unique_ptr<Asking>> mute;
  for (int i = 0; i < 20; ++i) mute.push_back(std::make_unique<Asking>(loop_.get(), "mute.test", server.address(), 1h));
  ASSERT_TRUE(test::eventually([&] { return server.asked() >= 40; }));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(resolve("venue.test", server.address()).size(), 4U);
  for (const auto& asking : mute) EXPECT_FALSE(asking->over());
}

TEST_F(ResolverTest, NameServersAreAddressesWithAPort) {
  EXPECT_EQ(parse_nameserver("127.0.0.1"), "127.0.0.1:53");
  EXPECT_EQ(parse_nameserver("127.0.0.1:5353"), "127.0.0.1:5353");
  EXPECT_EQ(parse_nameserver("::1"), "[::1]:53");
  EXPECT_EQ(parse_nameserver("[2001:DB8::1]:5353"), "[2001:db8::1]:5353");
  for (const char* wrong : {"", "dns.test", "dns.test:53", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000", "127.0.0",
                            "[::1", "::1]:53", "[127.0.0.1]:53", "fe80::1%eth0", "127.0.0.1,127.0.0.2", "[::1]53"})
    EXPECT_FALSE(parse_nameserver(wrong)) << wrong;
}

/// The clients over it.
class ClientNamesTest : public ResolverTest {
 protected:
  core::Result<HttpResponse> get(const std::string& url, const std::vector<std::string>& nameservers) {
    std::promise<core::Result<HttpResponse>> promise;
    std::unique_ptr<HttpClient> client;
    ClientOptions options;
    options.nameservers = nameservers;
    loop_.run([&] {
      client = std::make_unique<HttpClient>(loop_.get(), options);
      client->get(url, {}, 30s, [&](core::Result<HttpResponse> result) { promise.set_value(std::move(result)); });
    });
    auto result = promise.get_future().get();
    loop_.run([&] { client.reset(); });
    return result;
  }
};

TEST_F(ClientNamesTest, AHostIsReachedByItsName) {
  test::ScriptedServer web([](test::Peer& peer) { peer.answer(200, peer.call().header("host")); });
  const NameServer server([](const Question& q) { return Packets{answer_to(q, {q.v6 ? test::v6(1) : test::v4(1)})}; });
  const std::string host = "venue.test:" + std::to_string(web.port());
  const auto result = get("http://" + host + "/", server.address());
  ASSERT_TRUE(result) << result.error().context;
  EXPECT_EQ(result->body, host);
}

TEST_F(ClientNamesTest, AnUnknownNameIsAnErrorThatSaysSo) {
  const NameServer server([](const Question& q) { return Packets{answer_to(q, {}, 3)}; });
  const auto result = get("http://venue.test/", server.address());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::unavailable);
  EXPECT_TRUE(result.error().retryable);
  EXPECT_EQ(result.error().context, "cannot resolve venue.test: there is no such name");
}

TEST_F(ClientNamesTest, AClientMayGoWhileItsNameIsLookedUp) {
  const NameServer mute([](const Question&) { return Packets{}; });
  ClientOptions options;
  options.nameservers = mute.address();
  std::promise<core::Result<HttpResponse>> promise;
  std::unique_ptr<HttpClient> client;
  loop_.run([&] {
    client = std::make_unique<HttpClient>(loop_.get(), options);
    client->get("http://venue.test/", {}, 1h, [&](core::Result<HttpResponse> r) { promise.set_value(std::move(r)); });
  });
  ASSERT_TRUE(test::eventually([&] { return mute.asked() >= 2; }));
  loop_.run([&] { client.reset(); });
  EXPECT_EQ(promise.get_future().get().error().code, ErrorCode::cancelled);
}

TEST_F(ClientNamesTest, ThatANameServerIsMuteIsHeardBeforeTheConnectionsDeadline) {
  const NameServer mute([](const Question&) { return Packets{}; });
  ClientOptions options;
  options.nameservers = mute.address();
  options.connect_timeout = 4s;
  const runtime::SystemClock clock;
  std::promise<core::Error> promise;
  std::unique_ptr<WebSocketClient> client;
  loop_.run([&] {
    WebSocketClient::Callbacks calls;
    calls.on_close = [&](core::Error error, int) { promise.set_value(std::move(error)); };
    client = std::make_unique<WebSocketClient>(loop_.get(), clock, options, calls);
    client->connect("ws://venue.test/");
  });
  EXPECT_THAT(promise.get_future().get().context,
              HasSubstr("cannot resolve venue.test: no answer from the name servers in time"));
  loop_.run([&] { client.reset(); });
}

}  // namespace
}  // namespace tickspan::net
