#!/usr/bin/env bash
# tools/fuzz.sh SECONDS JOBS: builds the fuzz targets and runs each for SECONDS from its seeds. A crash ends it with an error
# and leaves the input beside the corpus.
set -euo pipefail
seconds=$1 jobs=$2
cmake --preset fuzz --log-level=WARNING
cmake --build build/fuzz -j "$jobs"
for target in build/fuzz/fuzz/*_fuzz; do
  name=$(basename "$target" _fuzz)
  corpus=build/fuzz/corpus/$name; mkdir -p "$corpus"
  seeds=(); [ -d "tests/fuzz/seeds/$name" ] && seeds=("tests/fuzz/seeds/$name")
  echo "== $name for $seconds s"
  "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="build/fuzz/$name-" -print_final_stats=1 \
    "$corpus" "${seeds[@]}" > "build/fuzz/$name.log" 2>&1 || { tail -n 40 "build/fuzz/$name.log"; exit 1; }
  grep -E 'number_of_executed_units|peak_rss_mb' "build/fuzz/$name.log"
done
