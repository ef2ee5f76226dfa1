#!/usr/bin/env bash
# tools/bench.sh BUILD_DIR: prints every figure, each beside its limit or peer in the same run.
set -euo pipefail
here=$(dirname "$0")
for program in decode_bench feed_bench engine_bench storage_bench postgres_bench send_bench; do
  [ -x "$1/bench/$program" ] || continue
  echo "== $program"
  "$1/bench/$program"
done
echo "== resident memory, 300 coins, one minute"
"$here/bench_memory.sh" "$1"
echo "== fan-out, once and short; \`make bench-fanout\` takes medians"
"$here/bench_fanout.py" --build "$1" --quick
