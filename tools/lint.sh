#!/usr/bin/env bash
# tools/lint.sh BUILD_DIR JOBS: formatting, clang-tidy's blocking set, the dashboard's types and rules.
set -euo pipefail
build=$1 jobs=$2

echo "== clang-format"
git ls-files '*.cpp' '*.hpp' | xargs clang-format-14 --dry-run --Werror

echo "== clang-tidy (blocking set in .clang-tidy)"
# Only sources that changed since they were last found clean are looked at again: the stamps live in the build tree.
stamps=$build/tidy; mkdir -p "$stamps"
headers=$(git ls-files 'src/*.hpp' .clang-tidy | xargs cat | sha256sum | cut -c1-16)
export build stamps headers
check() {
  key=$( { echo "$headers"; cat "$1"; } | sha256sum | cut -c1-32)
  [ -e "$stamps/$key" ] && return 0
  # The compilation database is g++'s; options that clang does not know are dropped.
  if out=$(clang-tidy-14 --quiet -p "$build" --extra-arg=-Wno-unknown-warning-option "$1" 2>/dev/null); then touch "$stamps/$key"; else
    printf '%s\n' "$out"; return 1; fi
}
export -f check
git ls-files 'src/*.cpp' | xargs -P "$jobs" -I{} bash -c 'check {}'

echo "== dashboard"
(cd web && npm run --silent lint)
