#!/usr/bin/env bash
# tools/soak.sh BUILD_DIR MINUTES: the seeded tests again, with many more rounds, until the time is up.
set -euo pipefail
end=$(( $(date +%s) + $2 * 60 ))
round=0
while [ "$(date +%s)" -lt "$end" ]; do
  round=$((round + 1))
  echo "== round $round"
  TICKSPAN_SOAK_ROUNDS=$((100 * round)) TICKSPAN_SOAK_SECONDS=300 TICKSPAN_SEED=$RANDOM TICKSPAN_SEEDS=20000 TICKSPAN_FIRST_SEED=$((20000 * round)) timeout $(( end - $(date +%s) + 300 )) \
    ctest --test-dir "$1" --output-on-failure -L 'unit|contract|integration' -LE 'e2e|style' --no-tests=error
done
