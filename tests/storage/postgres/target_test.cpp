#include "storage/postgres/target.hpp"

#include <gtest/gtest.h>

#include "storage/postgres/sqlstate.hpp"

namespace tickspan::storage::test {
namespace {

using postgres::parse_target;

TEST(PostgresTarget, ShowsWhereAndNeverWho) {
  const std::pair<const char*, const char*> cases[] = {
      {"postgresql://tick:hunter2@db.example:5433/market", "postgresql://db.example:5433/market"},
      {"postgres://tick:hunter2@db.example/market", "postgresql://db.example/market"},
      {"postgresql://db.example/market?user=tick&password=hunter2", "postgresql://db.example/market"},
      {"postgresql://tick:hunter2@[::1]:5432/market", "postgresql://::1:5432/market"},
      {"postgresql://tick:hunter2@one,two:5433/market", "postgresql://one,two:,5433/market"},
      {"postgresql://tick:hunter2@%2Fvar%2Frun/market", "postgresql:///var/run/market"},
      {"postgresql://tick:hunter2%40%2F@db.example/market?sslmode=verify-full", "postgresql://db.example/market"},
      {"postgresql://tick:hunter2?x@db.example/market", "postgresql://db.example/market"},
      {"postgresql:///market", "postgresql://localhost/market"},
  };
  for (const auto& [url, location] : cases) {
    const auto target = parse_target(url, "store.url");
    ASSERT_TRUE(target) << url << ": " << target.error().context;
    EXPECT_EQ(target->location, location);
    EXPECT_EQ(target->url, url);
  }
}

// Whatever is wrong with a URL, nothing of it is repeated: all of these have `hunter2` where a careless hand puts it.
TEST(PostgresTarget, ARefusedUrlIsNotRepeated) {
  for (const char* url : {"postgresql://tick:hunter2@x@db.example/market",   // bare @ in the password
                          "postgresql://tick:x/hunter2@db.example/market",   // bare /
                          "postgresql://tick:hunter2/x@db.example/market",   //
                          "postgresql://tick:hunter2%zz@db.example/market",  // no percent form
                          "postgresql://tick:hunter2%00@db.example/market",  //
                          "postgresql://tick:hunter2\n@db.example/market",   //
                          "postgresql://hunter2 @db.example:port/market",    // a port that is none
                          "postgresql://db.example/market?hunter2=1",        // an unknown setting
                          "postgresql://db.example/password%3Dhunter2",      // taken apart again by libpq
                          "postgresql://db.example/postgresql%3A%2F%2Fa%3Ahunter2%40b", "postgresql://[hunter2/market",
                          "tick:hunter2@db.example", "host=db password=hunter2", "hunter2", ""}) {
    const auto target = parse_target(url, "store.url");
    ASSERT_FALSE(target) << url;
    EXPECT_EQ(target.error().code, core::ErrorCode::invalid_argument);
    EXPECT_TRUE(target.error().context.starts_with("store.url: ")) << target.error().context;
    EXPECT_EQ(target.error().context.find("hunter2"), std::string::npos) << target.error().context;
  }
}

TEST(PostgresTarget, MessagesAreScrubbed) {
  const auto target = parse_target("postgresql://tick:hunt%20er2@db/market?sslpassword=k3y", "store.url");
  ASSERT_TRUE(target) << target.error().context;
  EXPECT_EQ(target->scrubbed("no 'hunt er2',\nnor k3yk3y, hunt er2\n"), "no '***', nor ******, ***");
}

TEST(PostgresSqlstate, TellsWhatIsWorthARetry) {
  struct Case {
    const char* state;
    core::ErrorCode code;
    bool retryable, lost;
  };
  using core::ErrorCode;
  for (const auto& [state, code, retryable, lost] :
       {Case{"", ErrorCode::unavailable, true, true}, Case{"08006", ErrorCode::unavailable, true, true},
        Case{"57P01", ErrorCode::unavailable, true, true}, Case{"57P03", ErrorCode::unavailable, true, true},
        Case{"57014", ErrorCode::timeout, true, false}, Case{"40001", ErrorCode::unavailable, true, false},
        Case{"40P01", ErrorCode::unavailable, true, false}, Case{"55P03", ErrorCode::unavailable, true, false},
        Case{"53300", ErrorCode::unavailable, true, true}, Case{"25006", ErrorCode::unavailable, true, true},
        Case{"28P01", ErrorCode::forbidden, false, false}, Case{"3D000", ErrorCode::not_found, false, false},
        Case{"42501", ErrorCode::forbidden, false, false}, Case{"22021", ErrorCode::invalid_argument, false, false},
        Case{"23502", ErrorCode::invalid_argument, false, false}, Case{"42P01", ErrorCode::io_error, false, false},
        Case{"XX001", ErrorCode::io_error, false, false}, Case{"99999", ErrorCode::io_error, true, false}}) {
    const auto verdict = postgres::judge(state);
    EXPECT_EQ(verdict.code, code) << state;
    EXPECT_EQ(verdict.retryable, retryable) << state;
    EXPECT_EQ(verdict.connection_lost, lost) << state;
    EXPECT_FALSE(verdict.way_out.empty()) << state;
  }
}

}  // namespace
}  // namespace tickspan::storage::test
