#!/usr/bin/env bash
# tools/soak.sh BUILD_DIR MINUTES: random faults for half of the time, each stretch with a seed of its own; then the
# program killed again and again, and the seeded tests with many more rounds. SEED=N is the first stretch's.
set -euo pipefail
build=$1
seconds=$(( $2 * 60 ))
root=$(cd "$(dirname "$0")/.." && pwd)
export TICKSPAN_SHARED="$root/../shared" TICKSPAN_SOURCE="$root"
TICKSPAN_BINARY=$(cd "$build" && pwd)/tickspan
export TICKSPAN_BINARY
began=$(date +%s)
left() { echo $(( began + seconds * $1 / 100 - $(date +%s) )); }

seed=${SEED:-$RANDOM}
echo "== faults: prices, gaps, memory and descriptors while venues fail at random"
while [ "$(left 55)" -gt 30 ]; do
  stretch=$(( $(left 55) < 1800 ? $(left 55) : 1800 ))
  TICKSPAN_SEED=$seed TICKSPAN_SOAK_SECONDS=$stretch "$build/tests/integration_test" --gtest_brief=1 --gtest_filter='Faults.*'
  seed=$(( (seed * 1103515245 + 12345) % 2147483648 ))
done

# A round takes about two seconds, and there are four settings of durability and store.
rounds=$(( $(left 85) / 8 ))
if [ "$rounds" -gt 0 ]; then
  echo "== kills: $rounds of each kind"
  TICKSPAN_SOAK_ROUNDS=$rounds "$build/tests/kill_test" --gtest_brief=1
fi

round=0
while [ "$(left 100)" -gt 0 ]; do
  round=$(( round + 1 ))
  echo "== seeds, round $round"
  TICKSPAN_SEED=$RANDOM TICKSPAN_SEEDS=20000 TICKSPAN_FIRST_SEED=$(( 20000 * round )) TICKSPAN_SOAK_ROUNDS=$(( 100 * round )) \
    timeout $(( $(left 100) + 300 )) ctest --test-dir "$build" --output-on-failure -L 'unit|contract' --no-tests=error
done
echo "== soaked for $(( $(date +%s) - began )) s"
