#!/usr/bin/env bash
# tools/bench.sh BUILD_DIR: prints every figure, each beside its limit or peer in the same run.
set -euo pipefail
for program in decode_bench engine_bench storage_bench memory_bench; do
  [ -x "$1/bench/$program" ] || continue
  echo "== $program"
  "$1/bench/$program"
done
