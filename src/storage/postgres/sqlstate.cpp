#include "storage/postgres/sqlstate.hpp"

#include <array>

namespace tickspan::storage::postgres {
namespace {

using core::ErrorCode;

struct Rule {
  std::string_view prefix;  // the first that fits decides
  Verdict verdict;
};

constexpr std::string_view kStart = "see whether the server runs and can be reached";
constexpr std::string_view kRights = "give this user the rights that the operations page lists";
constexpr std::string_view kLater = "it is tried again";

constexpr std::array kRules = {
    Rule{"08", {ErrorCode::unavailable, true, kStart, true}},
    Rule{"57014", {ErrorCode::timeout, true, "see what else the server is busy with", false}},
    Rule{"57P", {ErrorCode::unavailable, true, "the server is stopping or starting", true}},
    Rule{"53100", {ErrorCode::no_space, true, "free some space on the server's disk", false}},
    Rule{"53300", {ErrorCode::unavailable, true, "raise the server's max_connections", true}},
    Rule{"53", {ErrorCode::unavailable, true, "the server is short of memory or another resource", false}},
    Rule{"40", {ErrorCode::unavailable, true, kLater, false}},
    Rule{"55P03", {ErrorCode::unavailable, true, "another program holds the lock", false}},
    Rule{"55", {ErrorCode::unavailable, true, kLater, false}},
    Rule{"25P0", {ErrorCode::unavailable, true, kLater, true}},
    Rule{"25006", {ErrorCode::unavailable, true, "name the primary in store.url, not a replica", true}},
    Rule{"28", {ErrorCode::forbidden, false, "check user and password in store.url", false}},
    Rule{"3D", {ErrorCode::not_found, false, "make the database (createdb) or correct store.url", false}},
    Rule{"42501", {ErrorCode::forbidden, false, kRights, false}},
    Rule{"22", {ErrorCode::invalid_argument, false, "the rows are refused", false}},
    Rule{"23", {ErrorCode::invalid_argument, false, "the rows are refused", false}},
    Rule{"0A000", {ErrorCode::unavailable, true, kLater, true}},  // a cached plan that a migration has overtaken
    Rule{"26000", {ErrorCode::unavailable, true, kLater, true}},  // a prepared statement that a proxy has lost
    Rule{"42P05", {ErrorCode::unavailable, true, kLater, true}},  // or that is there already
    Rule{"42", {ErrorCode::io_error, false, "the schema is not the one this program made", false}},
    Rule{"58", {ErrorCode::io_error, true, "see the server's log and its disk", false}},
    Rule{"XX", {ErrorCode::io_error, false, "see the server's log; restore a backup if it is damaged", false}},
};

}  // namespace

Verdict judge(std::string_view sqlstate) {
  if (sqlstate.empty()) return {ErrorCode::unavailable, true, kStart, true};
  for (const Rule& rule : kRules) {
    if (sqlstate.starts_with(rule.prefix)) return rule.verdict;
  }
  return {ErrorCode::io_error, true, "see the server's log", false};
}

}  // namespace tickspan::storage::postgres
